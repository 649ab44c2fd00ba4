"""The site's seal: Ed25519 over bytes that people keep (receipts, checkpoints), so that nobody can make them up."""

import base64
import hashlib
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from challenge.settings import settings


@lru_cache
def _key() -> Ed25519PrivateKey:
    """Kept in `var/seal.pem`, readable by the service alone; made when there is none."""
    path = settings().var_dir / "seal.pem"
    if path.exists():
        loaded = load_pem_private_key(path.read_bytes(), None)
        if not isinstance(loaded, Ed25519PrivateKey):
            raise TypeError(f"{path} holds no Ed25519 key")
        return loaded
    made = Ed25519PrivateKey.generate()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return made


def key_id() -> str:
    """The first 16 hexadecimal digits of the SHA-256 of the public key."""
    return hashlib.sha256(_public()).hexdigest()[:16]


def _public() -> bytes:
    return _key().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def public_key_pem() -> str:
    return _key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def seal(content: bytes) -> str:
    """`<key id>:<signature>` over the content."""
    return f"{key_id()}:{base64.b64encode(_key().sign(content)).decode()}"


def is_sealed(content: bytes, mark: str) -> bool:
    """Whether this site's present key made the seal."""
    name, _sep, signature = mark.partition(":")
    if name != key_id():
        return False
    try:
        _key().public_key().verify(base64.b64decode(signature), content)
    except (InvalidSignature, ValueError):
        return False
    return True

"""The certificate that signs, as anybody may know it: read from its public file, never with its key."""

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from challenge.settings import Settings

FOLDER = "signing"


def fingerprint(config: Settings) -> str:
    """SHA-256 of the signing certificate in hexadecimal; empty where none can be read."""
    path = (
        Path(config.signing_certificate)
        if config.signing_certificate
        else config.var_dir / FOLDER / "signing.pem"
    )
    try:
        first = x509.load_pem_x509_certificates(path.read_bytes())[0]
    except (OSError, ValueError, IndexError):
        return ""
    return first.fingerprint(hashes.SHA256()).hex()

"""Signatures: PAdES in the PDF (RSA, so that the file stays PDF 1.7), Ed25519 over the JSON of receipts.

The key is parsed once and stays in the process that signs; no web process needs it.
"""

import asyncio
import base64
import contextlib
import io
import logging
import os
import secrets
import shutil
from collections.abc import Coroutine, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from asn1crypto import x509 as asn1_x509  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from challenge.foundation.errors import Unavailable
from challenge.foundation.i18n import Text, _

__all__ = [
    "Pair",
    "SealKey",
    "Verdict",
    "check_seal",
    "load_or_make_pair",
    "load_or_make_seal_key",
    "seal",
    "sign",
    "validate",
]

# what is wrong is told in the verdict; the libraries would print a traceback for every stranger's file
for _name_of_logger in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_name_of_logger).setLevel(logging.CRITICAL)

KEY_BITS = 3072
FOLDER = "signing"
DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")
SEAL_PREFIX = "ed25519:"
T = TypeVar("T")


class NoKey(Unavailable):
    """Nothing can be signed: no key is set, or the one that is set cannot be used."""


@dataclass(frozen=True)
class Pair:
    """The key that signs, its certificate, and the certificates above it up to the root."""

    key: rsa.RSAPrivateKey = field(repr=False)
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def root(self) -> x509.Certificate:
        return self.chain[-1] if self.chain else self.certificate

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the root: what an organization publishes so that others can trust its notices."""
        return fingerprint_of(self.root)

    @property
    def certificate_fingerprint(self) -> str:
        """SHA-256 of the certificate that signs."""
        return fingerprint_of(self.certificate)

    @property
    def is_current(self) -> bool:
        return self.certificate.not_valid_after_utc > datetime.now(UTC)

    @cached_property
    def signer(self) -> "Signer":
        return Signer(self)


class Signer(signers.Signer):
    """pyHanko's own signer parses the key for every signature, which costs six times the signature."""

    def __init__(self, pair: Pair) -> None:
        registry = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        registry.register_multiple([_asn1(each) for each in pair.chain])
        super().__init__(prefer_pss=True, cert_registry=registry, signing_cert=_asn1(pair.certificate))
        self.key = pair.key

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        if dry_run:
            return bytes(self.key.key_size // 8)
        return self.key.sign(data, self.padding(), hashes.SHA256())

    def padding(self) -> padding.PSS:
        parameters = self.get_signature_mechanism_for_digest("sha256")["parameters"]
        return padding.PSS(padding.MGF1(hashes.SHA256()), int(parameters["salt_length"].native))


# ---------------------------------------------------------------- signing and validating


def sign(pdf: bytes, pair: Pair) -> bytes:
    """The PDF with an invisible signature that allows no later change."""
    metadata = signers.PdfSignatureMetadata(
        field_name="Signature",
        md_algorithm="sha256",
        name=name_of(pair.certificate),
        subfilter=fields.SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
    )
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    signed: io.BytesIO = _at_once(signers.PdfSigner(metadata, pair.signer).async_sign_pdf(writer))
    return signed.getvalue()


@dataclass(frozen=True)
class Verdict:
    is_intact: bool
    """One signature, over the whole file, and nothing was changed since."""
    is_trusted: bool
    """The signer's certificate leads to a root we were told to trust."""
    signer: str = ""
    fingerprint: str = ""
    """SHA-256 of the certificate that signed."""
    signed_at: datetime | None = None
    reasons: tuple[Text, ...] = ()

    @property
    def is_good(self) -> bool:
        return self.is_intact and self.is_trusted


def validate(pdf: bytes, trusted: Iterable[x509.Certificate]) -> Verdict:
    """Never raises for a bad file: what is wrong stands in `reasons`."""
    try:
        reader = PdfFileReader(io.BytesIO(pdf))
        signatures = reader.embedded_signatures
    except Exception:  # pyHanko raises many kinds on bytes that are no PDF
        return Verdict(False, False, reasons=(_("This is not a readable PDF."),))
    if not signatures:
        return Verdict(False, False, reasons=(_("This PDF carries no signature."),))
    if len(signatures) > 1:
        return Verdict(False, False, reasons=(_("This PDF carries more than one signature."),))
    context = ValidationContext(trust_roots=[_asn1(each) for each in trusted], allow_fetching=False)
    try:
        status = _at_once(async_validate_pdf_signature(signatures[0], context))
    except Exception:
        return Verdict(False, False, reasons=(_("The signature of this PDF cannot be read."),))
    covers = status.coverage == SignatureCoverageLevel.ENTIRE_FILE
    reasons = []
    if not (status.intact and status.valid):
        reasons.append(_("The content was changed after it was signed."))
    elif not covers:
        reasons.append(_("Something was added after it was signed."))
    elif not status.docmdp_ok:
        reasons.append(_("The signature does not allow the changes that were made."))
    if not status.trusted:
        reasons.append(_("The signer’s certificate is not one that we trust."))
    return Verdict(
        is_intact=bool(status.intact and status.valid and covers and status.docmdp_ok),
        is_trusted=bool(status.trusted),
        signer=str(status.signing_cert.subject.native.get("common_name", "")),
        fingerprint=status.signing_cert.sha256.hex(),
        signed_at=status.signer_reported_dt,
        reasons=tuple(reasons),
    )


def _at_once(work: Coroutine[Any, Any, T]) -> T:
    """Run pyHanko's coroutines to their end: in this thread, or aside when a loop already runs here."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as aside:
        return aside.submit(asyncio.run, work).result()


# ---------------------------------------------------------------- keys


def load_or_make_pair(
    key: str | Path,
    certificate: str | Path,
    var_dir: Path,
    *,
    organization: str = "Challenge",
    may_make: bool = True,
    passphrase: bytes | None = None,
) -> Pair:
    """The pair of the settings: PEM key and certificate (chain below it), or one PKCS#12 file as key.

    Without either, and where allowed, a root and a signing certificate are made once and kept in `var_dir`.
    Raises `NoKey`.
    """
    if key:
        return _given_pair(Path(key), Path(certificate) if certificate else None, passphrase)
    folder = var_dir / FOLDER
    if not (folder / "signing.pem").exists():
        if not may_make:
            raise NoKey(
                _("Nothing can be signed: set CHALLENGE_SIGNING_KEY and CHALLENGE_SIGNING_CERTIFICATE.")
            )
        _make_folder(folder, organization)
    return _given_pair(folder / "signing.key.pem", folder / "signing.pem", None)


def _given_pair(key_file: Path, certificate_file: Path | None, passphrase: bytes | None) -> Pair:
    try:
        content = key_file.read_bytes()
        above = certificate_file.read_bytes() if certificate_file else b""
        if b"-----BEGIN" in content:
            key = serialization.load_pem_private_key(content, passphrase)
            first, *rest = x509.load_pem_x509_certificates(above or content)
        else:
            opened = pkcs12.load_pkcs12(content, passphrase)
            if opened.key is None or opened.cert is None:
                raise ValueError("no key or certificate inside")
            key, first = opened.key, opened.cert.certificate
            rest = [each.certificate for each in opened.additional_certs]
            rest += x509.load_pem_x509_certificates(above) if above else []
    except (OSError, ValueError, TypeError) as fault:
        raise NoKey(
            _("The signing key {file} cannot be used: {fault}", file=str(key_file), fault=str(fault)[:200])
        ) from fault
    if not isinstance(key, rsa.RSAPrivateKey) or first.public_key() != key.public_key():
        raise NoKey(
            _(
                "The signing key {file} must be an RSA key that belongs to its certificate.",
                file=str(key_file),
            )
        )
    return Pair(key, first, _ordered(first, rest))


def _ordered(first: x509.Certificate, rest: Sequence[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """The chain from the issuer of `first` upwards, whatever the order in the file."""
    by_subject = {each.subject: each for each in rest}
    chain: list[x509.Certificate] = []
    below = first
    while below.issuer != below.subject and below.issuer in by_subject:
        below = by_subject.pop(below.issuer)
        chain.append(below)
    return tuple(chain)


def _make_folder(folder: Path, organization: str) -> None:
    """Made aside and moved into place at once, so that two processes that start together agree on one."""
    aside = folder.with_name(f"{folder.name}.{secrets.token_hex(6)}")
    aside.mkdir(parents=True, mode=0o700)
    root_key, root = _make_root(organization)
    key, leaf = _make_leaf(organization, root_key, root)
    _write(aside / "root.key.pem", _pem_key(root_key))
    _write(aside / "root.pem", _pem(root), mode=0o644)
    _write(aside / "signing.key.pem", _pem_key(key))
    _write(aside / "signing.pem", _pem(leaf) + _pem(root), mode=0o644)
    _write(aside / "seal.key.pem", _pem_key(ed25519.Ed25519PrivateKey.generate()))
    try:
        aside.rename(folder)
    except OSError:  # another process was first
        shutil.rmtree(aside)
        if not (folder / "signing.pem").exists():
            raise


def _make_root(organization: str) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    name = _name(organization, f"{organization} root")
    usage = _usage(key_cert_sign=True, crl_sign=True)
    certificate = (
        _certificate(name, name, key.public_key(), years=20)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    return key, certificate


def _make_leaf(
    organization: str, root_key: rsa.RSAPrivateKey, root: x509.Certificate
) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    name = _name(organization, f"{organization} notices")
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
    certificate = (
        _certificate(name, root.subject, key.public_key(), years=5)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True, content_commitment=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([DOCUMENT_SIGNING]), critical=False)
        .add_extension(authority, critical=False)
        .sign(root_key, hashes.SHA256())
    )
    return key, certificate


def _certificate(
    subject: x509.Name, issuer: x509.Name, public: rsa.RSAPublicKey, *, years: int
) -> x509.CertificateBuilder:
    # the machine's clock, not ours: readers judge a certificate by the real time
    start = datetime.now(UTC) - timedelta(hours=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=365 * years))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _name(organization: str, common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization[:64]),
            x509.NameAttribute(NameOID.COMMON_NAME, common[:64]),
        ]
    )


def _usage(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _pem_key(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Never readable by others, not even for the moment between making and closing the file."""
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(opened, "wb") as file:
        file.write(content)


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))


def fingerprint_of(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex()


def name_of(certificate: x509.Certificate) -> str:
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else ""


# ---------------------------------------------------------------- seals of receipts


@dataclass(frozen=True)
class SealKey:
    key: ed25519.Ed25519PrivateKey = field(repr=False)

    @property
    def public(self) -> str:
        """The public key as text, to be published beside the fingerprint of the root."""
        return _text(self.key.public_key().public_bytes_raw())


def load_or_make_seal_key(var_dir: Path, path: str | Path = "") -> SealKey:
    """The Ed25519 key (PEM) at `path`, or the one kept in `var_dir`, made at first use. Raises `NoKey`."""
    file = Path(path) if path else var_dir / FOLDER / "seal.key.pem"
    if not path and not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with contextlib.suppress(FileExistsError):  # another process was first
            _write(file, _pem_key(ed25519.Ed25519PrivateKey.generate()))
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), None)
    except (OSError, ValueError, TypeError) as fault:
        raise NoKey(
            _("The signing key {file} cannot be used: {fault}", file=str(file), fault=str(fault)[:200])
        ) from fault
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise NoKey(_("The seal key {file} must be an Ed25519 key.", file=str(file)))
    return SealKey(key)


def seal(content: bytes, key: SealKey) -> str:
    return SEAL_PREFIX + _text(key.key.sign(content))


def check_seal(content: bytes, sealed: str, public: str) -> bool:
    """Whether the key with that public text sealed exactly these bytes."""
    try:
        signature = _octets(sealed.removeprefix(SEAL_PREFIX))
        ed25519.Ed25519PublicKey.from_public_bytes(_octets(public)).verify(signature, content)
    except (InvalidSignature, ValueError):
        return False
    return sealed.startswith(SEAL_PREFIX)


def _text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _octets(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)

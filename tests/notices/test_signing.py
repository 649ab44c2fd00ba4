"""Signatures: one changed byte is found, strangers are not trusted, keys stay private."""

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12

from challenge.notices import pdf, proof, signing
from challenge.notices.signing import Pair
from tests.builders.notices import a_notice


@pytest.fixture(scope="module")
def var_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("var")


@pytest.fixture(scope="module")
def pair(var_dir: Path) -> Pair:
    return signing.load_or_make_pair("", "", var_dir, organization="United Ocean Programme")


@pytest.fixture(scope="module")
def plain() -> bytes:
    return pdf.typeset(a_notice()).pdf


@pytest.fixture(scope="module")
def signed(plain: bytes, pair: Pair) -> bytes:
    return signing.sign(plain, pair)


def test_a_signed_notice_is_intact_and_trusted(signed: bytes, pair: Pair) -> None:
    verdict = signing.validate(signed, [pair.root])
    assert verdict.is_good
    assert verdict.signer == "United Ocean Programme notices"
    assert verdict.fingerprint == signing.fingerprint_of(pair.certificate)
    assert verdict.reasons == ()
    assert verdict.signed_at is not None
    assert verdict.signed_at <= datetime.now(UTC)


def test_the_signed_file_is_still_the_same_pdf_a(signed: bytes, plain: bytes) -> None:
    assert signed.startswith(plain)
    marks = proof.marks(signed)
    assert (marks.part, marks.conformance, marks.is_tagged) == ("3", "A", True)
    assert signed.startswith(b"%PDF-1.7")
    assert all(mark.is_good for mark in marks.all)


@pytest.mark.parametrize("place", [0.02, 0.4, 0.75])
def test_one_changed_byte_is_found(signed: bytes, plain: bytes, pair: Pair, place: float) -> None:
    changed = bytearray(signed)
    changed[int(len(plain) * place)] ^= 0x01
    assert not signing.validate(bytes(changed), [pair.root]).is_intact


def test_something_added_after_signing_is_found(signed: bytes, pair: Pair) -> None:
    verdict = signing.validate(signed + b"\n% one more line\n", [pair.root])
    assert not verdict.is_intact
    assert [str(reason) for reason in verdict.reasons] == ["Something was added after it was signed."]


def test_a_second_signature_is_no_longer_our_notice(signed: bytes, plain: bytes, pair: Pair) -> None:
    assert not signing.validate(plain, [pair.root]).is_intact
    assert [str(r) for r in signing.validate(plain, [pair.root]).reasons] == [
        "This PDF carries no signature."
    ]


def test_a_strangers_signature_is_intact_and_not_trusted(plain: bytes, pair: Pair, tmp_path: Path) -> None:
    stranger = signing.load_or_make_pair("", "", tmp_path, organization="United Ocean Programme")
    verdict = signing.validate(signing.sign(plain, stranger), [pair.root])
    assert verdict.is_intact
    assert not verdict.is_trusted
    assert [str(r) for r in verdict.reasons] == ["The signer’s certificate is not one that we trust."]


@pytest.mark.parametrize("content", [b"", b"not a pdf", b"%PDF-1.7\n%%EOF", b"\x00" * 5000])
def test_a_file_that_is_no_pdf_gets_a_reason(content: bytes, pair: Pair) -> None:
    verdict = signing.validate(content, [pair.root])
    assert (verdict.is_intact, verdict.is_trusted) == (False, False)
    assert [str(r) for r in verdict.reasons] == ["This is not a readable PDF."]


async def test_signing_and_validating_work_inside_a_running_loop(plain: bytes, pair: Pair) -> None:
    assert signing.validate(signing.sign(plain, pair), [pair.root]).is_good


def test_private_keys_are_for_their_owner_only(var_dir: Path, pair: Pair) -> None:
    folder = var_dir / "signing"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {
        "root.key.pem": 0o600,
        "root.pem": 0o644,
        "seal.key.pem": 0o600,
        "signing.key.pem": 0o600,
        "signing.pem": 0o644,
    }
    assert "PrivateKey" not in repr(pair)


def test_the_made_pair_is_kept(var_dir: Path, pair: Pair) -> None:
    again = signing.load_or_make_pair("", "", var_dir)
    assert again.fingerprint == pair.fingerprint
    assert again.key.key_size == 3072
    assert again.is_current


def test_a_given_pem_pair_is_used(var_dir: Path, pair: Pair) -> None:
    folder = var_dir / "signing"
    given = signing.load_or_make_pair(folder / "signing.key.pem", folder / "signing.pem", Path("/nowhere"))
    assert given.certificate == pair.certificate
    assert given.root == pair.root


def test_a_given_pkcs12_is_used(plain: bytes, pair: Pair, tmp_path: Path) -> None:
    file = tmp_path / "bought.p12"
    encryption = serialization.BestAvailableEncryption(b"word")
    file.write_bytes(
        pkcs12.serialize_key_and_certificates(b"n", pair.key, pair.certificate, pair.chain, encryption)
    )
    given = signing.load_or_make_pair(file, "", tmp_path, passphrase=b"word")
    assert signing.validate(signing.sign(plain, given), [pair.root]).is_good


def test_no_key_in_production_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(signing.NoKey) as refused:
        signing.load_or_make_pair("", "", tmp_path, may_make=False)
    assert str(refused.value.text) == (
        "Nothing can be signed: set CHALLENGE_SIGNING_KEY and CHALLENGE_SIGNING_CERTIFICATE."
    )
    assert list(tmp_path.iterdir()) == []


def test_an_elliptic_key_is_refused_because_it_would_leave_pdf_a(tmp_path: Path, pair: Pair) -> None:
    file = tmp_path / "ec.pem"
    file.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    certificate = tmp_path / "cert.pem"
    certificate.write_bytes(pair.certificate.public_bytes(serialization.Encoding.PEM))
    with pytest.raises(signing.NoKey, match="must be an RSA key"):
        signing.load_or_make_pair(file, certificate, tmp_path)


def test_a_seal_holds_for_these_bytes_and_this_key_only(var_dir: Path, tmp_path: Path) -> None:
    key = signing.load_or_make_seal_key(var_dir)
    sealed = signing.seal(b'{"number":"R-0183-2"}', key)
    assert sealed.startswith("ed25519:")
    assert signing.check_seal(b'{"number":"R-0183-2"}', sealed, key.public)
    assert not signing.check_seal(b'{"number":"R-0183-3"}', sealed, key.public)
    other = signing.load_or_make_seal_key(tmp_path)
    assert not signing.check_seal(b'{"number":"R-0183-2"}', sealed, other.public)
    assert not signing.check_seal(b'{"number":"R-0183-2"}', "ed25519:??", key.public)
    assert signing.load_or_make_seal_key(var_dir).public == key.public

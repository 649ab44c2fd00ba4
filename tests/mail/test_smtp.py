"""TLS and passwords against a real server."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from ipaddress import IPv4Address
from pathlib import Path

import aiosmtplib
import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from challenge.mail.transports import Outgoing, open_transport
from challenge.mail.transports.smtp import SmtpTransport


def outgoing() -> Outgoing:
    content = EmailMessage()
    content["From"], content["To"], content["Subject"] = "a@example.org", "b@example.org", "A word"
    content.set_content("Good news")
    return Outgoing("one", "a@example.org", "b@example.org", content)


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A certificate for 127.0.0.1 that this process trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tests")])
    moment = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(moment - timedelta(days=1))
        .not_valid_after(moment + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "both.pem").write_bytes(secret + pem)
    (tmp_path / "trusted.pem").write_bytes(pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    return context


class Box:
    """Takes everything, and notes whether it came under TLS and from whom."""

    def __init__(self) -> None:
        self.got: list[tuple[bool, str]] = []

    async def handle_DATA(self, _server: SMTP, session: Session, _envelope: Envelope) -> str:
        is_tls = session.ssl is not None
        self.got.append((is_tls, getattr(session.auth_data, "login", b"").decode()))
        return "250 OK"


def knows(
    _server: SMTP, _session: Session, _envelope: Envelope, _how: str, data: LoginPassword
) -> AuthResult:
    is_right = data.password == b"p@ss/word"
    return AuthResult(success=is_right, handled=is_right, auth_data=data)


async def serving(
    box: Box, *, tls: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None
) -> asyncio.Server:
    def made() -> SMTP:
        return SMTP(
            box, tls_context=starttls, require_starttls=starttls is not None,
            authenticator=knows, auth_require_tls=False, hostname="tests",
        )  # fmt: skip

    return await asyncio.get_running_loop().create_server(made, "127.0.0.1", 0, ssl=tls)


def port_of(server: asyncio.Server) -> int:
    port: int = server.sockets[0].getsockname()[1]
    return port


async def test_starttls_is_taken_where_it_is_offered(certificate: ssl.SSLContext) -> None:
    box = Box()
    server = await serving(box, starttls=certificate)
    await open_transport(f"smtp://127.0.0.1:{port_of(server)}").send(outgoing())
    await open_transport(f"smtp://ada:p%40ss%2Fword@127.0.0.1:{port_of(server)}").send(outgoing())
    assert box.got == [(True, ""), (True, "ada")]
    server.close()


async def test_smtps_speaks_tls_from_the_first_byte(certificate: ssl.SSLContext) -> None:
    box = Box()
    server = await serving(box, tls=certificate)
    await open_transport(f"smtps://ada:p%40ss%2Fword@127.0.0.1:{port_of(server)}").send(outgoing())
    assert [login for _tls, login in box.got] == ["ada"]
    server.close()


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    box = Box()
    server = await serving(box, tls=certificate)
    with pytest.raises(aiosmtplib.SMTPConnectError):
        await open_transport(f"smtps://127.0.0.1:{port_of(server)}").send(outgoing())
    assert box.got == []
    server.close()


async def test_a_server_without_starttls_gets_nothing_when_it_is_asked_for() -> None:
    box = Box()
    server = await serving(box)
    with pytest.raises(aiosmtplib.SMTPException):
        await open_transport(f"smtp://127.0.0.1:{port_of(server)}?starttls=always").send(outgoing())
    assert box.got == []
    server.close()


async def test_a_wrong_password_is_a_trouble_that_says_no_password() -> None:
    server = await serving(Box())
    says = await open_transport(f"smtp://ada:canary@127.0.0.1:{port_of(server)}").check()
    assert says == "The mail server does not take us in (SMTPAuthenticationError)."
    server.close()


@pytest.mark.parametrize(
    ("url", "starttls"),
    [
        ("smtp://mail.example.org", None),
        ("smtp://ada:secret@mail.example.org:587", True),
        ("smtp://mail.example.org?starttls=never", False),
        ("smtps://ada:secret@mail.example.org", False),
    ],
)
def test_a_password_is_never_sent_in_the_clear_to_another_machine(url: str, starttls: bool | None) -> None:
    made = SmtpTransport(url)
    assert made.starttls is starttls


@pytest.mark.parametrize(
    "url", ["", "mail.example.org", "smtp://", "imap://mail.example.org", "smtp://h?starttls=maybe"]
)
def test_an_address_of_another_shape_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"folder:path|always or never"):
        open_transport(url)

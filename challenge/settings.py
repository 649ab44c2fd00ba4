"""Every environment variable, typed, frozen, read once."""

import secrets
from functools import lru_cache
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="CHALLENGE_", frozen=True, extra="ignore")

    environment: Literal["development", "production"] = "development"
    var_dir: Path = Field(
        Path("var"), description="where development keeps its database, files, mail and keys"
    )
    database_url: str = Field("", description="sqlite:///path or postgresql://user@host/db")
    storage_url: str = Field("", description="folder:path, s3://bucket/prefix?endpoint=..., memory:")
    mail_url: str = Field("", description="folder:path, smtp://host:port, smtps://user:pass@host:port")
    mail_from: str = Field("challenge@localhost", description="the sender of every message")
    scanner_url: str = Field("none:", description="none:, clamd://host:port, clamd:///path/to/socket")
    accept_unscanned: bool = Field(False, description="production without a virus scanner, on purpose")
    secret_key: str = Field("", description="at least 32 characters; required in production")
    secret_key_previous: str = Field("", description="the key before the last rotation, accepted 14 days")
    base_url: str = Field("http://127.0.0.1:8000", description="the address people see")
    files_url: str = Field("", description="another address of this site, without cookies, for showing files")
    trusted_proxies: str = Field("", description="addresses whose X-Forwarded-For counts, comma separated")
    signing_key: str = Field("", description="PEM or PKCS#12 file of the key that signs notices")
    signing_certificate: str = Field("", description="PEM file of the certificate that signs notices")
    second_factor: Literal["staff", "reviewers", "all"] = Field(
        "reviewers", description="who needs a second factor once that is offered"
    )
    languages: str = Field(
        "en,fr,es,ar", description="languages offered, comma separated, first is the default"
    )
    metrics_token: str = Field("", description="bearer token that /metrics asks for when set")
    upload_limit_mb: int = Field(50, description="largest file the plain upload form takes, in MiB")
    file_limit_mb: int = Field(
        2048, description="largest file at all, sent in parts, where a question does not say less, in MiB"
    )
    quota_mb: int = Field(5120, description="all files of one proposal together, in MiB")
    upload_grace_minutes: int = Field(
        30, description="for files of which the sending began before a deadline"
    )
    slot_reopening_hours: int = Field(
        48, description="for replacing a file of a submitted proposal that the check refused"
    )
    downloads: Literal["signed", "proxied"] = Field(
        "signed", description="links to the store that end soon, or every byte through the application"
    )

    @field_validator("base_url", "files_url")
    @classmethod
    def _no_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @model_validator(mode="after")
    def _apart(self) -> "Settings":
        if self.files_url and urlsplit(self.files_url).netloc in ("", urlsplit(self.base_url).netloc):
            raise ValueError(
                "CHALLENGE_FILES_URL must be an address with another host than CHALLENGE_BASE_URL"
            )
        return self

    @model_validator(mode="after")
    def _safe_in_production(self) -> "Settings":
        if self.environment != "production":
            return self
        faults = []
        if len(self.secret_key) < 32:
            faults.append("CHALLENGE_SECRET_KEY must have at least 32 characters in production")
        if not self.is_https:
            faults.append("CHALLENGE_BASE_URL must begin with https:// in production")
        if self.scanner_url == "none:" and not self.accept_unscanned:
            faults.append("set CHALLENGE_SCANNER_URL, or CHALLENGE_ACCEPT_UNSCANNED=true")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def is_https(self) -> bool:
        return urlsplit(self.base_url).scheme == "https"

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.var_dir}/challenge.db"

    @property
    def storage(self) -> str:
        return self.storage_url or f"folder:{self.var_dir}/files"

    @property
    def upload_origin(self) -> str:
        """Where browsers send parts of files when that is not this application, for the pages' policy."""
        parts = urlsplit(self.storage)
        if parts.scheme != "s3":
            return ""
        asked = parse_qs(parts.query)
        address = next(iter(asked.get("public_endpoint") or asked.get("endpoint") or []), "")
        if not address:
            return "https://*.amazonaws.com"
        found = urlsplit(address)
        return f"{found.scheme}://{found.netloc}"

    @property
    def mail(self) -> str:
        return self.mail_url or f"folder:{self.var_dir}/mail"

    @property
    def offered_languages(self) -> tuple[str, ...]:
        return tuple(code.strip() for code in self.languages.split(",") if code.strip())

    def key(self) -> bytes:
        """The secret key; in development one is made and kept in `var/` so that sessions survive a restart."""
        if self.secret_key:
            return self.secret_key.encode()
        return _kept_key(str(self.var_dir))


@lru_cache
def _kept_key(var_dir: str) -> bytes:
    path = Path(var_dir) / "secret.key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text().strip().encode()


@lru_cache
def settings() -> Settings:
    return Settings()

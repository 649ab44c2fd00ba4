from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from challenge.foundation.clock import now
from challenge.foundation.db import Table, enum_column, json_column


class RoleName(StrEnum):
    APPLICANT = "applicant"
    TEAM_MEMBER = "team_member"
    REVIEWER = "reviewer"
    CHAIR = "chair"
    MANAGER = "manager"
    OBSERVER = "observer"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Scope(StrEnum):
    SITE = "site"
    PROGRAMME = "programme"
    CALL = "call"
    PANEL = "panel"


class Person(Table, table=True):
    """Somebody with an address. No role counts before the address is confirmed."""

    email: str = Field(unique=True, max_length=254)
    name: str = Field(max_length=200)
    language: str = Field(default="en", max_length=10)
    zone: str = Field(default="UTC", max_length=64)
    password_hash: str | None = Field(default=None, max_length=200)
    email_confirmed_at: datetime | None = None
    is_active: bool = True
    created_at: datetime = Field(default_factory=now)


class Role(Table, table=True):
    """One role of one person, held for the site, a programme, a call or a panel (`scope_id`)."""

    __table_args__ = (UniqueConstraint("person_id", "name", "scope", "scope_id"),)

    person_id: UUID = Field(foreign_key="person.id", index=True)
    name: RoleName = Field(sa_column=enum_column(RoleName))
    scope: Scope = Field(sa_column=enum_column(Scope))
    scope_id: UUID | None = Field(default=None, index=True)
    granted_at: datetime = Field(default_factory=now)
    granted_by_id: UUID | None = Field(default=None, foreign_key="person.id")


class Session(SQLModel, table=True):
    """A signed-in browser. The key is the SHA-256 of the cookie, so that a copy of the table opens nothing."""

    key: str = Field(primary_key=True, max_length=64)
    person_id: UUID = Field(foreign_key="person.id", index=True)
    created_at: datetime = Field(default_factory=now)
    seen_at: datetime = Field(default_factory=now)
    proved_at: datetime | None = None
    browser: str = Field(default="", max_length=120)


class Attempt(Table, table=True):
    """One counted try (sign-in, link, verification), so that limits hold for all workers together."""

    __table_args__ = (Index("ix_attempt_purpose_key_at", "purpose", "key", "at"),)

    purpose: str = Field(max_length=30)
    key: str = Field(max_length=64)
    at: datetime = Field(default_factory=now)
    failed: bool = True


class LinkPurpose(StrEnum):
    SIGN_IN = "sign_in"
    CONFIRM = "confirm"
    RESET = "reset"
    INVITATION = "invitation"


class Link(Table, table=True):
    """A mailed link. Only its POST does something, once, for one purpose."""

    token_hash: str = Field(unique=True, max_length=64)
    purpose: LinkPurpose = Field(sa_column=enum_column(LinkPurpose))
    person_id: UUID = Field(foreign_key="person.id", index=True)
    thing_id: UUID | None = None
    next: str = Field(default="", max_length=300)
    created_at: datetime = Field(default_factory=now)
    expires_at: datetime
    used_at: datetime | None = None


class Token(Table, table=True):
    """A key for programs: what it may do is its scopes and the person's rights at that moment."""

    person_id: UUID = Field(foreign_key="person.id", index=True)
    name: str = Field(max_length=120)
    token_hash: str = Field(unique=True, max_length=64)
    scopes: list[str] = Field(sa_column=json_column())
    created_at: datetime = Field(default_factory=now)
    expires_at: datetime
    used_at: datetime | None = None
    revoked_at: datetime | None = None


class Organization(Table, table=True):
    """The body an applicant or a partner belongs to."""

    name: str = Field(max_length=300)
    organization_type: str = Field(max_length=80)
    country: str = Field(max_length=2)
    founded_on: date | None = None
    is_invented: bool = False
    created_at: datetime = Field(default_factory=now)


class IdempotentAnswer(Table, table=True):
    """The first answer to a POST that carried an Idempotency-Key, kept 24 hours with the effect it had."""

    __table_args__ = (UniqueConstraint("person_id", "key"),)

    person_id: UUID = Field(foreign_key="person.id")
    key: str = Field(max_length=255)
    request_digest: str = Field(max_length=64)
    status: int
    body: dict[str, Any] = Field(sa_column=json_column())
    created_at: datetime = Field(default_factory=now)

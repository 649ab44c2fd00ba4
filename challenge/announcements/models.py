from datetime import datetime
from uuid import UUID

from sqlmodel import Field

from challenge.foundation.clock import now
from challenge.foundation.db import Table, json_column
from challenge.foundation.i18n import Texts


class Announcement(Table, table=True):
    """The public results of a stage: introduction in every language; the winners come from the decisions."""

    call_id: UUID = Field(foreign_key="call.id", index=True)
    stage_id: UUID = Field(foreign_key="stage.id", unique=True)
    introduction: Texts = Field(default_factory=dict, sa_column=json_column())
    published_at: datetime = Field(index=True)
    made_by_id: UUID | None = Field(default=None, foreign_key="person.id")


class Story(Table, table=True):
    """What became of a winning idea. Tied to a proposal, or to an earlier edition of the call."""

    call_id: UUID | None = Field(default=None, foreign_key="call.id", index=True)
    proposal_id: UUID | None = Field(default=None, foreign_key="proposal.id")
    slug: str = Field(unique=True, max_length=80)
    title: Texts = Field(sa_column=json_column())
    body: Texts = Field(sa_column=json_column())
    picture_alt: Texts = Field(default_factory=dict, sa_column=json_column())
    edition: str = Field(default="", max_length=80)
    published_at: datetime | None = Field(default=None, index=True)
    created_at: datetime = Field(default_factory=now)

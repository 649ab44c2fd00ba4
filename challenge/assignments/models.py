from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from challenge.foundation.clock import now
from challenge.foundation.db import Table


class Assignment(Table, table=True):
    """Reviewer x proposal in one stage. Removed, it stays in the record with the moment and the reason."""

    __table_args__ = (
        UniqueConstraint("proposal_id", "person_id", "stage_id"),
        Index("ix_assignment_tally", "proposal_id", "stage_id", "removed_at"),
    )

    proposal_id: UUID = Field(foreign_key="proposal.id")
    person_id: UUID = Field(foreign_key="person.id", index=True)
    panel_id: UUID = Field(foreign_key="panel.id", index=True)
    stage_id: UUID = Field(foreign_key="stage.id", index=True)
    assigned_at: datetime = Field(default_factory=now)
    assigned_by_id: UUID | None = Field(default=None, foreign_key="person.id")
    removed_at: datetime | None = None
    removed_because: str = Field(default="", max_length=300)

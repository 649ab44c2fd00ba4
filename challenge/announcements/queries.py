from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, func, select

from challenge.announcements.models import Announcement, Story
from challenge.calls import vocabularies
from challenge.calls.models import Call
from challenge.decisions import queries as decisions
from challenge.decisions.queries import Winner
from challenge.forms import queries as forms
from challenge.forms.definition import Json, Question
from challenge.forms.kinds import kind_of
from challenge.foundation import clock
from challenge.foundation.db import Db, rows
from challenge.foundation.errors import NotFound
from challenge.foundation.i18n import Texts, pick
from challenge.proposals.models import Proposal, ProposalState


@dataclass(frozen=True, slots=True)
class Told:
    """A winner as the results page tells it: facts, and the answers that were asked for publication."""

    winner: Winner
    types: list[str]
    answers: list[tuple[str, str]] = field(default_factory=list)
    """Label and text of the public questions but the title."""


@dataclass(frozen=True, slots=True)
class Results:
    announcement: Announcement | None
    winners: list[Told]
    received: int
    eligible: int
    amounts: list[tuple[str, Decimal]]
    """The sum of the awards by currency."""
    kinds: list[tuple[str, int]]
    """How many awards hold each type."""
    stories: Sequence["StoryLine"]

    @property
    def awarded(self) -> int:
        return len(self.winners)


async def announcement_of(db: Db, stage_id: UUID) -> Announcement | None:
    return (await db.exec(select(Announcement).where(Announcement.stage_id == stage_id))).first()


async def published_announcement(db: Db, call_id: UUID) -> Announcement:
    """The newest results of a call that are public, or 404: the same as for a call without any."""
    found = await db.exec(
        select(Announcement)
        .where(Announcement.call_id == call_id, col(Announcement.published_at) <= clock.now())
        .order_by(col(Announcement.published_at).desc())
    )
    announcement = found.first()
    if announcement is None:
        raise NotFound
    return announcement


async def published_results(db: Db, call_id: UUID) -> Results:
    """What everybody reads of a call's results, from the moment of publication."""
    announcement = await published_announcement(db, call_id)
    return await results_of(db, call_id, announcement.stage_id, clock.now(), announcement)


async def results_of(
    db: Db, call_id: UUID, stage_id: UUID, moment: datetime, announcement: Announcement | None = None
) -> Results:
    """The results as they stand at that moment. The caller has asked whether they may be read."""
    winners = await decisions.winners(db, stage_id, moment)
    public = await forms.public_answers(db, [winner.sheet_id for winner in winners])
    told = [
        Told(
            winner,
            [_type(code) for code in winner.types or ()],
            _texts(public.get(winner.sheet_id, []), winner),
        )
        for winner in winners
    ]
    received, eligible = await _counts(db, stage_id)
    amounts: dict[str, Decimal] = {}
    for winner in winners:
        if winner.amount is not None:
            amounts[winner.currency] = amounts.get(winner.currency, Decimal(0)) + winner.amount
    kinds = Counter(code for winner in winners for code in winner.types or ())
    return Results(
        announcement,
        told,
        received,
        eligible,
        sorted(amounts.items()),
        [(_type(code), count) for code, count in kinds.most_common()],
        await stories(db, call_id=call_id),
    )


def _type(code: str) -> str:
    return vocabularies.label("award-types", code)


def _texts(answers: Sequence[tuple[Question, Json]], winner: Winner) -> list[tuple[str, str]]:
    found = []
    for question, value in answers:
        if question.code == "title" or question.kind == "file":
            continue
        shown = kind_of(question).shown(value, question)
        if shown["form"] == "text":
            found.append((pick(question.label), str(shown["text"])))
        elif shown["form"] == "list":
            found.append((pick(question.label), ", ".join(str(item) for item in shown["items"])))
    return [(label, text) for label, text in found if text.strip()]


async def _counts(db: Db, stage_id: UUID) -> tuple[int, int]:
    """Received and admitted proposals of a stage: numbers alone."""
    row = (
        await rows(
            db,
            sa.select(
                func.count(), func.count(sa.case((col(Proposal.is_eligible).is_not(False), col(Proposal.id))))
            ).where(col(Proposal.stage_id) == stage_id, col(Proposal.state) == ProposalState.SUBMITTED),
        )
    )[0]
    return int(row[0]), int(row[1])


# ---------------------------------------------------------------- stories


@dataclass(frozen=True, slots=True)
class StoryLine:
    slug: str
    title: Texts
    body: Texts
    edition: str
    published_at: datetime
    call_slug: str | None
    call_title: Any


async def stories(db: Db, *, call_id: UUID | None = None, limit: int = 60) -> list[StoryLine]:
    """The published stories, the newest first."""
    statement = (
        sa.select(
            col(Story.slug), col(Story.title), col(Story.body), col(Story.edition), col(Story.published_at),
            col(Call.slug), col(Call.title),
        )
        .outerjoin(Call, col(Call.id) == Story.call_id)
        .where(col(Story.published_at) <= clock.now())
        .order_by(col(Story.published_at).desc(), col(Story.slug))
        .limit(limit)
    )  # fmt: skip
    if call_id is not None:
        statement = statement.where(col(Story.call_id) == call_id)
    return [StoryLine(*row) for row in await rows(db, statement)]


async def the_story(db: Db, slug: str) -> tuple[Story, Call | None]:
    """A published story with the call it belongs to, or 404."""
    found = await rows(
        db,
        sa.select(Story, Call)
        .outerjoin(Call, col(Call.id) == Story.call_id)
        .where(col(Story.slug) == slug, col(Story.published_at) <= clock.now()),
    )
    if not found:
        raise NotFound
    story, call = found[0]
    return story, call

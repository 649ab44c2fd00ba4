"""Staff doors for programs: the proposals of a call, publishing a call."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from litestar.params import FromQuery, Parameter

from challenge.accounts.gate import Can, Db, FromPath, Me
from challenge.calls import actions as call_actions
from challenge.calls import queries as calls
from challenge.calls import rules as call_rules
from challenge.desk import queries
from challenge.desk.filters import PAGE, Filter
from challenge.forms import queries as forms
from challenge.foundation import clock
from challenge.foundation.api import Body, Items, api_get, api_post, cursor, read_cursor
from challenge.rubrics import queries as rubrics


class ProposalOut(Body):
    id: UUID
    number: str
    title: str
    organization: str
    country: str
    language: str
    state: str
    reviews_assigned: int
    reviews_submitted: int
    requested: Decimal | None = None
    currency: str = ""
    mean_score: Decimal | None = None
    submitted_at: datetime | None = None


class PublishedOut(Body):
    slug: str
    state: str
    published_at: datetime | None = None


@api_get("/calls/{slug:str}/proposals", needs=Can.READ_PROPOSALS)
async def proposals(
    db: Db,
    me: Me,
    slug: FromPath[str],
    next: FromQuery[str] = "",
    standing: Annotated[str, Parameter(query="state")] = "",
    q: FromQuery[str] = "",
    language: FromQuery[str] = "",
    country: FromQuery[str] = "",
) -> Items[ProposalOut]:
    """The submitted proposals of a call that you may see, by number, fifty at a time; `next` continues."""
    opening = await calls.the_desk_call(db, me, slug, Can.READ_PROPOSALS)
    wanted = Filter.read({"state": standing, "q": q, "language": language, "country": country})
    stage = call_rules.current_stage(opening.stages, clock.now())
    place = read_cursor(next)
    after = (place[0], UUID(place[1])) if place else None
    rows = await queries.lines(db, me, opening.call.id, wanted, stage, limit=PAGE + 1, after=after)
    shown = rows[:PAGE]
    return Items(
        items=[_out(row) for row in shown],
        next=cursor([shown[-1].number, str(shown[-1].id)]) if len(rows) > PAGE else None,
    )


def _out(row: queries.Line) -> ProposalOut:
    return ProposalOut(
        id=row.id,
        number=row.number,
        title=row.title,
        organization=row.organization,
        country=row.country,
        language=row.language,
        state=row.standing,
        reviews_assigned=row.assigned,
        reviews_submitted=row.reviewed,
        requested=row.requested,
        currency=row.currency,
        mean_score=None if row.score is None else round(Decimal(str(row.score)), 2),
        submitted_at=row.submitted_at,
    )


@api_post("/calls/{slug:str}/publication", needs=Can.MANAGE_CALLS)
async def publish(db: Db, me: Me, slug: FromPath[str]) -> PublishedOut:
    """Let everybody see a draft. Refused with the first thing that is missing."""
    opening = await calls.the_desk_call(db, me, slug, Can.MANAGE_CALLS)
    call = await call_actions.publish(
        db,
        opening,
        forms=await forms.codes_of(db, opening.call.id),
        rubrics=await rubrics.codes_of(db, opening.call.id),
        by=me,
    )
    await db.commit()
    return PublishedOut(slug=call.slug, state=call.state.value, published_at=call.published_at)


doors: list[Any] = [proposals, publish]

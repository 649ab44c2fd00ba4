"""Staff: the proposals of a call as a list and as a file, and one of them with everything staff may see."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from challenge.accounts.gate import Can, Db, Form, FromPath, Me
from challenge.accounts.viewer import Viewer
from challenge.calls import queries as calls
from challenge.calls import rules as call_rules
from challenge.calls.desk import desk_values
from challenge.calls.queries import Opening
from challenge.desk import inputs, queries
from challenge.desk.filters import PAGE, Filter
from challenge.eligibility import actions as eligibility
from challenge.eligibility.models import RulingResult
from challenge.files.previews import can_show
from challenge.forms import queries as forms
from challenge.forms.definition import DECLARATIONS
from challenge.forms.kinds import kind_of
from challenge.forms.rules import is_asked
from challenge.foundation import clock
from challenge.foundation.db import Db as Session
from challenge.foundation.errors import NotNow, refuse_if
from challenge.foundation.i18n import Text, _, country_name, pick
from challenge.foundation.sheets import as_csv
from challenge.foundation.web import Page, SeeOther, as_file, back_to, get, page, post
from challenge.proposals import archives
from challenge.proposals import queries as proposals
from challenge.proposals.models import Facet, Proposal, ProposalState
from challenge.proposals.words import flag_notes
from challenge.reviews import queries as reviews
from challenge.rubrics import queries as rubrics


@get("/desk/calls/{slug:str}/proposals", needs=Can.READ_PROPOSALS)
async def list_page(db: Db, me: Me, slug: FromPath[str], query: dict[str, Any]) -> Page:
    opening = await calls.the_desk_call(db, me, slug, Can.READ_PROPOSALS)
    wanted = Filter.read(query)
    stage = call_rules.current_stage(opening.stages, clock.now())
    call_id = opening.call.id
    found = await queries.counts(db, me, call_id, wanted, stage)
    rows = await queries.lines(db, me, call_id, wanted, stage)
    tracks = await calls.tracks_of(db, call_id)
    return page(
        "desk/proposals.html",
        **desk_values(opening, me, "proposals"),
        wanted=wanted,
        counts=found,
        rows=rows,
        tracks=tracks,
        countries=sorted(((code, country_name(code)) for code in found.countries), key=lambda pair: pair[1]),
        currency=next((row.currency for row in rows if row.currency), ""),
        asked=stage.reviews_per_proposal if stage else 0,
        first=(wanted.page - 1) * PAGE + 1,
        last=(wanted.page - 1) * PAGE + len(rows),
        pages=_pages(wanted, found.found),
        page_count=-(-found.found // PAGE),
    )


def _pages(wanted: Filter, total: int) -> list[dict[str, Any]]:
    """The first, the last, and those around the present one; a gap is a page without an address."""
    last = -(-total // PAGE)
    if last < 2:
        return []
    shown = sorted({1, last, *(n for n in range(wanted.page - 2, wanted.page + 3) if 1 <= n <= last)})
    found: list[dict[str, Any]] = []
    for before, n in zip([0, *shown], shown, strict=False):
        if n - before > 1:
            found.append({"label": "…"})
        found.append({"label": n, "href": wanted.query(page=n), "current": n == wanted.page})
    return found


HEAD = (
    "number", "title", "organization", "country", "track", "language", "state", "requested", "currency",
    "reviews_assigned", "reviews_submitted", "mean_score", "submitted_at",
)  # fmt: skip


@get("/desk/calls/{slug:str}/proposals.csv", needs=Can.READ_PROPOSALS)
async def export(db: Db, me: Me, slug: FromPath[str], query: dict[str, Any]) -> Any:
    opening = await calls.the_desk_call(db, me, slug, Can.READ_PROPOSALS)
    stage = call_rules.current_stage(opening.stages, clock.now())
    rows = await queries.lines(db, me, opening.call.id, Filter.read(query), stage, limit=None)
    content = as_csv(
        HEAD,
        (
            (
                row.number, row.title, row.organization, row.country, pick(row.track), row.language, row.standing,
                row.requested, row.currency, row.assigned, row.reviewed,
                None if row.score is None else f"{float(row.score):.2f}",
                row.submitted_at.isoformat() if row.submitted_at else None,
            )
            for row in rows
        ),
    )  # fmt: skip
    return as_file(content, f"{slug}-proposals.csv", "text/csv")


@get("/desk/calls/{slug:str}/files.zip", needs=Can.READ_PROPOSALS)
async def all_files(request: archives.Visit, db: Db, me: Me, slug: FromPath[str]) -> Any:
    opening = await calls.the_desk_call(db, me, slug, Can.READ_PROPOSALS)
    which = sa.and_(col(Proposal.call_id) == opening.call.id, proposals.sees_from_outside(me, Facet.FILES))
    archive = await archives.archive_of(db, me, which, is_staff=True)
    return await archives.answer(request, archive, f"{slug}-files.zip", me, chain=opening.call.id)


# ---------- one proposal ----------


@get("/desk/calls/{slug:str}/proposals/{proposal_id:uuid}", needs=Can.READ_PROPOSALS)
async def show(db: Db, me: Me, slug: FromPath[str], proposal_id: FromPath[UUID]) -> Page:
    opening = await calls.the_desk_call(db, me, slug, Can.READ_PROPOSALS)
    return await _show(db, me, opening, proposal_id, inputs.NewRuling())


async def _show(
    db: Session, me: Viewer, opening: Opening, proposal_id: UUID, typed: inputs.NewRuling
) -> Page:
    proposal, organization, track = await queries.the_desk_proposal(db, me, opening, proposal_id)
    facets = await proposals.facets_for(db, me, proposal.id)
    stage = proposals.stage_of(opening, proposal)
    seen = await reviews.submitted_reviews(db, me, proposal.id, stage.id) if facets & Facet.REVIEWS else []
    scope = {"call_id": opening.call.id, "programme_id": opening.programme.id}
    documents = await proposals.attachments_of(db, proposal.id) if facets & Facet.FILES else []
    return page(
        "desk/proposal.html",
        status=422 if typed.errors else 200,
        **desk_values(opening, me, "proposals"),
        proposal=proposal,
        organization=organization,
        track=track,
        stage=stage,
        sections=await _sections(db, proposal) if facets & Facet.BODY else [],
        kind_of=kind_of,
        documents=documents,
        previewed={document.id for _a, document in documents if can_show(document.name, document.state)},
        notes={
            document.id: flag_notes(document.flags, names_authors=bool(facets & Facet.IDENTITY))
            for _a, document in documents
        },
        names={str(document.id): document.name for _attachment, document in documents},
        receipts=await queries.receipts_of(db, proposal.id),
        team=await proposals.team_of(db, proposal.id) if facets & Facet.IDENTITY else [],
        rulings=await queries.rulings_on(db, proposal.id),
        reviews=seen,
        may_read_reviews=bool(facets & Facet.REVIEWS),
        rubric=rubrics.rubric_of(await rubrics.newest_rubric(db, opening.call.id, stage.rubric_code))
        if seen
        else None,
        may_rule=me.can(Can.RULE_ELIGIBILITY, **scope),
        why_not_rule=why_not_rule(proposal),
        conditions=opening.call.facts.get("eligibility") or [],
        typed=typed,
        errors=typed.errors,
    )


async def _sections(db: Session, proposal: Proposal) -> list[dict[str, Any]]:
    """The answers section by section, without those that only the team reads."""
    form = forms.definition_of(await forms.version_of_sheet(db, proposal.sheet_id))
    answers = await forms.answers_of(db, proposal.sheet_id)
    labels = {section.code: section.label for section in form.sections}
    return [
        {
            "code": code,
            "label": labels.get(code) or (str(_("Declarations")) if code == DECLARATIONS else code),
            "questions": [
                {"question": q, "value": answers.get(q.code), "number": form.numbers[q.code]}
                for q in questions
                if q.seen_by != "team" and is_asked(q, answers)
            ],
        }
        for code, questions in form.by_section.items()
        if questions
    ]


def why_not_rule(proposal: Proposal) -> Text | None:
    if proposal.state == ProposalState.WITHDRAWN:
        return _("This proposal is withdrawn; there is nothing to rule on.")
    return None


@post("/desk/calls/{slug:str}/proposals/{proposal_id:uuid}/rulings", needs=Can.RULE_ELIGIBILITY)
async def rule(
    db: Db, me: Me, form: Form, slug: FromPath[str], proposal_id: FromPath[UUID]
) -> Page | SeeOther:
    opening = await calls.the_desk_call(db, me, slug, Can.RULE_ELIGIBILITY)
    proposal, _organization, _track = await queries.the_desk_proposal(db, me, opening, proposal_id)
    typed = inputs.NewRuling.read(form)
    refuse_if(why_not_rule(proposal), NotNow)
    if typed.errors or typed.result is None:
        return await _show(db, me, opening, proposal_id, typed)
    await eligibility.rule(db, proposal, typed.result, note=typed.note, by=me)
    await db.commit()
    return back_to(f"/desk/calls/{slug}/proposals/{proposal.id}#rulings", say=SAID[typed.result])


SAID = {
    RulingResult.ELIGIBLE: _("Ruled eligible."),
    RulingResult.ADMITTED_WITH_REMARK: _("Admitted with a remark."),
    RulingResult.NOT_ELIGIBLE: _(
        "Ruled not eligible. The applicant hears of it with the decisions, not now."
    ),
}


doors: list[Any] = [list_page, export, all_files, show, rule]

"""Staff decide: one proposal, the first so many at once, and the second person's signature."""

from typing import Any
from uuid import UUID

from litestar import Request

from challenge.accounts.gate import Can, Db, Form, FromPath, Me
from challenge.accounts.queries import the_person
from challenge.calls import queries as calls
from challenge.calls import vocabularies
from challenge.calls.desk import desk_values
from challenge.calls.models import Stage
from challenge.calls.queries import Opening
from challenge.decisions import actions, inputs, queries, rules
from challenge.decisions.models import Outcome
from challenge.foundation import clock
from challenge.foundation.errors import Clash, refuse_if
from challenge.foundation.i18n import LANGUAGES, _, _n
from challenge.foundation.web import Page, SeeOther, back_to, get, page, post
from challenge.scoring import queries as scoring

Asked = Request[Any, Any, Any]


def _types() -> list[tuple[str, str]]:
    found = vocabularies.vocabulary("award-types")
    return [(term.code, found.label(term.code)) for term in found.choices]


def _currency(opening: Opening) -> str:
    return str((opening.call.facts.get("awards") or {}).get("currency") or "")


async def _why_not_decide(db: Any, stage: Stage) -> Any:
    return rules.why_not_decide(
        is_released=await queries.release_of(db, stage.id) is not None,
        is_ranked=await scoring.is_frozen(db, stage.id),
        has_reason=True,
    )


@get("/desk/calls/{slug:str}/decisions", needs=Can.READ_DECISIONS)
async def list_page(db: Db, me: Me, slug: FromPath[str]) -> Page:
    opening = await calls.the_desk_call(db, me, slug, Can.READ_DECISIONS)
    stage = rules.decision_stage(opening.stages)
    ranking, placed = await queries.in_ranking_order(db, me, stage.id)
    signature = await queries.sign_off_of(db, stage.id)
    release = await queries.release_of(db, stage.id)
    signer = await the_person(db, signature.signed_by_id) if signature else None
    scope = {"call_id": opening.call.id, "programme_id": opening.programme.id}
    awards = opening.call.facts.get("awards") or {}
    return page(
        "decisions/list.html",
        **desk_values(opening, me, "decisions"),
        placed=placed,
        ranking=ranking,
        outcome_words=rules.OUTCOME_WORDS,
        counts=rules.counts_of(one.decided.outcome for one in placed),
        signature=signature,
        signer=signer.name if signer else "",
        release=release,
        is_out=rules.is_out(release, clock.now()),
        may_decide=me.can(Can.MAKE_DECISIONS, **scope),
        why_not=await _why_not_decide(db, stage),
        award_count=awards.get("number") or "",
        reserve_count=(awards.get("reserve_list") or {}).get("size") or 0,
    )


# ---------- one proposal ----------


@get("/desk/calls/{slug:str}/decisions/{proposal_id:uuid}", needs=Can.READ_DECISIONS)
async def show(db: Db, me: Me, slug: FromPath[str], proposal_id: FromPath[UUID]) -> Page:
    opening = await calls.the_desk_call(db, me, slug, Can.READ_DECISIONS)
    stage = rules.decision_stage(opening.stages)
    proposal = await queries.the_decidable(db, me, stage.id, proposal_id)
    decision, award = await queries.decision_on(db, stage.id, proposal.id)
    _ranking, placed = await queries.in_ranking_order(db, me, stage.id)
    place = next((one.place for one in placed if one.decided.proposal_id == proposal.id), None)
    typed = inputs.Decided.of(
        decision, award, language=proposal.language, place=place, currency=_currency(opening)
    )
    return await _show(db, me, opening, stage, proposal, typed)


async def _show(
    db: Any, me: Any, opening: Opening, stage: Stage, proposal: Any, typed: inputs.Decided, status: int = 200
) -> Page:
    _ranking, placed = await queries.in_ranking_order(db, me, stage.id)
    scope = {"call_id": opening.call.id, "programme_id": opening.programme.id}
    return page(
        "decisions/show.html",
        status,
        **desk_values(opening, me, "decisions"),
        proposal=proposal,
        one=next(one for one in placed if one.decided.proposal_id == proposal.id),
        typed=typed,
        errors=typed.errors,
        types=_types(),
        outcomes=[(outcome.value, rules.OUTCOME_WORDS[outcome]) for outcome in Outcome],
        may_decide=me.can(Can.MAKE_DECISIONS, **scope),
        why_not=await _why_not_decide(db, stage),
        is_signed=await queries.sign_off_of(db, stage.id) is not None,
        languages_known=LANGUAGES,
    )


@post("/desk/calls/{slug:str}/decisions/{proposal_id:uuid}", needs=Can.MAKE_DECISIONS)
async def decide(
    db: Db, me: Me, form: Form, slug: FromPath[str], proposal_id: FromPath[UUID]
) -> Page | SeeOther:
    opening = await calls.the_desk_call(db, me, slug, Can.MAKE_DECISIONS)
    stage = rules.decision_stage(opening.stages)
    proposal = await queries.the_decidable(db, me, stage.id, proposal_id)
    typed = inputs.Decided.read(form, types=[code for code, _label in _types()], languages=LANGUAGES)
    if typed.errors or typed.outcome is None:
        return await _show(db, me, opening, stage, proposal, typed, 422)
    present, _award = await queries.decision_on(db, stage.id, proposal.id)
    if (present.version if present else 0) != typed.version:
        raise Clash
    await actions.decide(
        db,
        stage,
        proposal,
        typed.outcome,
        reason=typed.reason,
        feedback=typed.feedback,
        feedback_language=typed.feedback_language,
        types=typed.types,
        amount=typed.amount_value,
        currency=typed.currency if typed.amount_value is not None else "",
        by=me,
        **typed.places,
    )
    await db.commit()
    return back_to(
        f"/desk/calls/{slug}/decisions", _("The decision on {number} is saved.", number=proposal.number)
    )


# ---------- the first so many ----------


@get("/desk/calls/{slug:str}/decisions/bulk", needs=Can.MAKE_DECISIONS)
async def bulk(db: Db, me: Me, request: Asked, slug: FromPath[str]) -> Page:
    opening = await calls.the_desk_call(db, me, slug, Can.MAKE_DECISIONS)
    typed = inputs.Bulk.asked(request.query_params)
    typed.currency = _currency(opening)
    return await _bulk(db, me, opening, typed, 422 if typed.errors else 200)


async def _bulk(db: Any, me: Any, opening: Opening, typed: inputs.Bulk, status: int) -> Page:
    stage = rules.decision_stage(opening.stages)
    _ranking, placed = await queries.in_ranking_order(db, me, stage.id)
    why_not = await _why_not_decide(db, stage)
    if why_not is None and await queries.hidden_count(db, me, stage.id):
        why_not = rules.CONFLICTED
    return page(
        "decisions/bulk.html",
        status,
        **desk_values(opening, me, "decisions"),
        groups=rules.bulk_groups(placed, typed.award_count, typed.reserve_count),
        outcome_words=rules.OUTCOME_WORDS,
        typed=typed,
        errors=typed.errors,
        types=_types(),
        why_not=why_not,
    )


@post("/desk/calls/{slug:str}/decisions/bulk", needs=Can.MAKE_DECISIONS)
async def decide_all(db: Db, me: Me, form: Form, slug: FromPath[str]) -> Page | SeeOther:
    opening = await calls.the_desk_call(db, me, slug, Can.MAKE_DECISIONS)
    stage = rules.decision_stage(opening.stages)
    refuse_if(rules.CONFLICTED if await queries.hidden_count(db, me, stage.id) else None)
    _ranking, placed = await queries.in_ranking_order(db, me, stage.id)
    given = inputs.Bulk.asked(form)
    groups = rules.bulk_groups(placed, given.award_count, given.reserve_count)
    typed = inputs.Bulk.read(form, [code for code, _label in _types()], list(groups))
    if typed.errors:
        return await _bulk(db, me, opening, typed, 422)
    count = 0
    for outcome, members in groups.items():
        for place, one in enumerate(members, 1):
            proposal = await queries.the_decidable(db, me, stage.id, one.decided.proposal_id)
            await actions.decide(
                db,
                stage,
                proposal,
                outcome,
                reason=typed.reasons[outcome],
                place=place if outcome == Outcome.AWARD else None,
                reserve_place=place,
                feedback=one.decided.feedback or "",
                types=typed.types,
                amount=typed.amount_value,
                currency=typed.currency if typed.amount_value is not None else "",
                by=me,
            )
            count += 1
    await db.commit()
    return back_to(
        f"/desk/calls/{slug}/decisions", _n("One decision is saved.", "{n} decisions are saved.", count)
    )


# ---------- the second person ----------


@get("/desk/calls/{slug:str}/decisions/signature", needs=Can.READ_DECISIONS)
async def signature(db: Db, me: Me, slug: FromPath[str]) -> Page:
    opening = await calls.the_desk_call(db, me, slug, Can.READ_DECISIONS)
    stage = rules.decision_stage(opening.stages)
    hidden = await queries.hidden_count(db, me, stage.id)
    everything = await queries.all_decisions(db, stage.id)
    present = await queries.sign_off_of(db, stage.id)
    signer = await the_person(db, present.signed_by_id) if present else None
    scope = {"call_id": opening.call.id, "programme_id": opening.programme.id}
    return page(
        "decisions/signature.html",
        **desk_values(opening, me, "decisions"),
        decided=[one for one in await queries.decided(db, me, stage.id) if one.outcome is not None],
        digest="" if hidden else await queries.decisions_digest(db, stage.id),
        outcome_words=rules.OUTCOME_WORDS,
        present=present,
        signer=signer.name if signer else "",
        may_sign=me.can(Can.SIGN_DECISIONS, **scope),
        why_not=rules.why_not_sign(
            [decision for decision, _award, _number in everything],
            undecided=await queries.undecided_count(db, stage.id),
            signer=me.person_id,
            is_released=await queries.release_of(db, stage.id) is not None,
            hidden=hidden,
        ),
    )


@post("/desk/calls/{slug:str}/decisions/signature", needs=Can.SIGN_DECISIONS)
async def sign(db: Db, me: Me, form: Form, slug: FromPath[str]) -> SeeOther:
    opening = await calls.the_desk_call(db, me, slug, Can.SIGN_DECISIONS)
    stage = rules.decision_stage(opening.stages)
    if form.get("digest") and form.get("digest") != await queries.decisions_digest(db, stage.id):
        raise Clash(_("A decision was changed since you opened the list. Read it again and sign then."))
    await actions.sign(db, stage, by=me)
    await db.commit()
    return back_to(f"/desk/calls/{slug}/release", _("Signed. The decisions can be released now."))


doors: list[Any] = [list_page, show, decide, bulk, decide_all, signature, sign]

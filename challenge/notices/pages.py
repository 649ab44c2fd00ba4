"""A team reads its decision, everybody checks a notice, staff release decisions and look after notices."""

from typing import Any
from uuid import UUID

from litestar import Request, Response
from sqlmodel import col, select

from challenge.accounts import actions as accounts
from challenge.accounts import queries as people
from challenge.accounts.gate import Can, Db, Form, FromPath, Me, client_address
from challenge.accounts.models import Organization
from challenge.calls import queries as calls
from challenge.calls import vocabularies
from challenge.calls.desk import around, desk_values
from challenge.calls.queries import Opening
from challenge.decisions import queries as decisions
from challenge.decisions import rules as decision_rules
from challenge.decisions.models import Outcome
from challenge.files import queries as files
from challenge.forms import queries as forms
from challenge.foundation import clock, i18n
from challenge.foundation.errors import NotFound, Unprocessable
from challenge.foundation.i18n import _
from challenge.foundation.web import SAFE_METHODS, Page, SeeOther, as_file, back_to, get, page, post, visit_of
from challenge.notices import actions, inputs, queries, receipts, rules
from challenge.notices.documents import Document
from challenge.notices.kinds import KINDS
from challenge.notices.models import Notice
from challenge.proposals.models import Facet, Revision
from challenge.proposals.queries import stage_of, the_proposal

Asked = Request[Any, Any, Any]


# ---------------------------------------------------------------- the team


@get("/proposals/{proposal_id:uuid}/decision", needs=Can.WRITE_PROPOSALS)
async def decision(db: Db, me: Me, proposal_id: FromPath[UUID]) -> Page:
    announced = await decisions.announced_decision(db, me, proposal_id)
    if announced is None:
        raise NotFound
    proposal = await the_proposal(db, me, proposal_id, Facet.DECISION)
    opening = await calls.opening_of(db, proposal.call_id)
    return page(
        "notices/decision.html",
        **around(opening),
        proposal=proposal,
        decision=announced,
        award_types=[vocabularies.label(rules.AWARD_TYPES, code) for code in announced.types],
        outcome_word=decision_rules.OUTCOME_WORDS[announced.outcome],
        is_award=announced.outcome == Outcome.AWARD,
        notice=await queries.current_notice(db, me, proposal_id),
        remarks=await queries.remarks_to_applicant(db, me, proposal_id),
        dates={
            name: rules.as_day(day)
            for name, day in (opening.call.facts.get("dates") or {}).items()
            if name in ("accept_by", "complaint_until") and day
        },
    )


@get("/proposals/{proposal_id:uuid}/notice.pdf", needs=Can.WRITE_PROPOSALS)
async def notice_file(db: Db, me: Me, proposal_id: FromPath[UUID]) -> Response[bytes]:
    notice = await queries.current_notice(db, me, proposal_id)
    if notice is None:
        raise NotFound
    document = await queries.document_of(db, notice)
    return as_file(await files.content(document), document.name, document.media_type)


@get("/proposals/{proposal_id:uuid}/receipt.pdf", needs=Can.WRITE_PROPOSALS)
async def receipt_file(db: Db, me: Me, proposal_id: FromPath[UUID]) -> Response[bytes]:
    proposal = await the_proposal(db, me, proposal_id, Facet.DECISION)
    revision = (
        await db.exec(
            select(Revision)
            .where(Revision.proposal_id == proposal.id)
            .order_by(col(Revision.n).desc())
            .limit(1)
        )
    ).first()
    if revision is None:
        raise NotFound
    opening = await calls.opening_of(db, proposal.call_id)
    version = await forms.version_of_sheet(db, proposal.sheet_id)
    made = receipts.document(
        proposal,
        revision,
        forms.definition_of(version),
        call=opening.call,
        programme=opening.programme,
        stage=stage_of(opening, proposal),
        organization=await db.get(Organization, proposal.organization_id)
        if proposal.organization_id
        else None,
        sent_by=await people.the_person(db, revision.submitted_by_id),
        lang=i18n.language(),
    )
    return as_file(await _printed(made), f"receipt-{revision.receipt_number}.pdf", "application/pdf")


async def _printed(document: Document) -> bytes:
    from challenge.notices import pdf  # costs start-up: only who prints pays

    try:
        return await pdf.render_in_worker(document)
    except pdf.Unprintable as fault:
        raise Unprocessable(fault.text) from fault


# ---------------------------------------------------------------- everybody


@get("/verify", open=True)
async def verify(request: Asked, db: Db) -> Page | SeeOther:
    """The form; with a code or the digest of a file, the answer."""
    asked = request.query_params
    if "sha256" in asked:
        return await _answer_for_file(request, db, inputs.digest_of(asked.get("sha256")))
    if "code" not in asked:
        return await _answer(None, is_asked=False)
    if code := inputs.code_of(asked.get("code")):
        return back_to(f"/verify/{code}")
    await _count(request, db)
    return await _answer(None, str(asked.get("code") or "")[:60])


@get("/verify/{code:str}", open=True)
async def checked(request: Asked, db: Db, code: FromPath[str]) -> Page:
    await _count(request, db)
    found = await queries.checked_notice(db, inputs.code_of(code) or "-")
    return await _answer(found, code[:60], is_same_file=request.query_params.get("file") == "same")


@post("/verify", open=True)
async def verify_file(request: Asked, db: Db, form: Form) -> Page | SeeOther:
    """A PDF for those without JavaScript: it is hashed and forgotten."""
    return await _answer_for_file(request, db, await inputs.digest_of_file(form.get("file")))


async def _answer_for_file(request: Asked, db: Any, digest: str) -> Page | SeeOther:
    await _count(request, db)
    found = await queries.notice_with_digest(db, digest) if digest else None
    return back_to(f"/verify/{found.code}?file=same") if found else await _answer(None)


async def _answer(
    found: queries.Checked | None, typed: str = "", *, is_asked: bool = True, is_same_file: bool = False
) -> Page:
    """One answer for a code that nobody has, for one that is not out yet, and for a file nobody knows."""
    return page(
        "notices/verify.html",
        404 if is_asked and found is None else 200,
        typed=typed,
        notice=found,
        is_unknown=is_asked and found is None,
        is_same_file=is_same_file,
    )


async def _count(request: Asked, db: Any) -> None:
    """Thirty looks a minute from one address: codes are too long to guess, and this keeps it so.

    Behind a page that only reads, the count stands in a transaction of its own.
    """
    address, visit = client_address(request), visit_of(request)
    await accounts.limit(db, "verify", address, rules.VERIFY_LIMIT, rules.VERIFY_WINDOW)
    if visit.method not in SAFE_METHODS:
        await accounts.count(db, "verify", address)
        await db.commit()
        return
    async with visit.database.writing() as counting:
        await accounts.count(counting, "verify", address)
        await counting.commit()


# ---------------------------------------------------------------- the desk: release


@get("/desk/calls/{slug:str}/release", needs=Can.READ_DECISIONS)
async def rehearsal(db: Db, me: Me, slug: FromPath[str]) -> Page:
    opening = await calls.the_desk_call(db, me, slug, Can.READ_DECISIONS)
    return await _rehearsal(db, me, opening, inputs.Moment.of(clock.now(), opening.call.zone))


async def _rehearsal(db: Any, me: Any, opening: Opening, typed: inputs.Moment, status: int = 200) -> Page:
    stage = decision_rules.decision_stage(opening.stages)
    contradictions = await queries.rehearsal(db, me, opening, stage.id)
    going = await queries.addressed(db, me, stage.id)
    signature = await decisions.sign_off_of(db, stage.id)
    release = await decisions.release_of(db, stage.id)
    signer = await people.the_person(db, signature.signed_by_id) if signature else None
    is_current = signature is not None and signature.digest == await decisions.decisions_digest(db, stage.id)
    why_not = decision_rules.why_not_release(
        signature,
        is_current=is_current,
        release=release,
        hidden=await decisions.hidden_count(db, me, stage.id),
    )
    stopping = [one for one in contradictions if one.stops]
    if why_not is None and stopping:
        why_not = _("Put right what is listed under “Does not fit” first.")
    scope = {"call_id": opening.call.id, "programme_id": opening.programme.id}
    return page(
        "notices/release.html",
        status,
        **desk_values(opening, me, "decisions"),
        stage=stage,
        letters=rules.letters_by_outcome(going),
        contradictions=contradictions,
        signature=signature,
        signer=signer.name if signer else "",
        release=release,
        is_out=decision_rules.is_out(release, clock.now()),
        why_not=why_not,
        typed=typed,
        errors=typed.errors,
        may_release=me.can(Can.RELEASE, **scope),
    )


@post("/desk/calls/{slug:str}/release", needs=Can.RELEASE)
async def release(db: Db, me: Me, form: Form, slug: FromPath[str]) -> Page | SeeOther:
    opening = await calls.the_desk_call(db, me, slug, Can.RELEASE)
    typed = inputs.Moment.read(form, opening.call.zone, clock.now())
    if typed.errors:
        return await _rehearsal(db, me, opening, typed, 422)
    stage = decision_rules.decision_stage(opening.stages)
    await actions.release(db, opening, stage, at=typed.at, by=me)
    await db.commit()
    return back_to(
        f"/desk/calls/{slug}/notices",
        _("Released. The notices are being made and signed.")
        if typed.at is None
        else _("The release is set. The notices are made now and leave at the moment you chose."),
    )


# ---------------------------------------------------------------- the desk: notices


@get("/desk/calls/{slug:str}/notices", needs=Can.READ_DECISIONS)
async def list_page(db: Db, me: Me, slug: FromPath[str]) -> Page:
    opening = await calls.the_desk_call(db, me, slug, Can.READ_DECISIONS)
    stage = decision_rules.decision_stage(opening.stages)
    made = await queries.notices_of(db, me, opening.call.id)
    scope = {"call_id": opening.call.id, "programme_id": opening.programme.id}
    return page(
        "notices/list.html",
        **desk_values(opening, me, "notices"),
        notices=made,
        drafts=[] if made else await queries.addressed(db, me, stage.id),
        release=await decisions.release_of(db, stage.id),
        kinds={kind.code: kind.title for kind in KINDS},
        outcomes=decision_rules.OUTCOME_WORDS,
        moment=clock.now(),
        may_issue=me.can(Can.ISSUE_NOTICES, **scope),
    )


@get("/desk/calls/{slug:str}/notices/drafts/{decision_id:uuid}", needs=Can.READ_DECISIONS)
async def draft(db: Db, me: Me, slug: FromPath[str], decision_id: FromPath[UUID]) -> Response[bytes]:
    """The letter as it would be now, marked as a draft and not signed."""
    opening = await calls.the_desk_call(db, me, slug, Can.READ_DECISIONS)
    stage = decision_rules.decision_stage(opening.stages)
    drafts = await actions.previews(db, opening, stage, only=decision_id, by=me)
    if not drafts:
        raise NotFound
    name = f"{drafts[0].notice.number}.pdf"
    return as_file(await _printed(drafts[0].document), name, "application/pdf", inline=True)


@get("/desk/calls/{slug:str}/notices/{notice_id:uuid}/file", needs=Can.READ_DECISIONS)
async def desk_file(db: Db, me: Me, slug: FromPath[str], notice_id: FromPath[UUID]) -> Response[bytes]:
    opening = await calls.the_desk_call(db, me, slug, Can.READ_DECISIONS)
    notice = await queries.the_notice(db, me, opening.call.id, notice_id)
    document = await queries.document_of(db, notice)
    return as_file(await files.content(document), document.name, document.media_type)


@get("/desk/calls/{slug:str}/notices/{notice_id:uuid}/revocation", needs=Can.ISSUE_NOTICES)
async def revocation(db: Db, me: Me, slug: FromPath[str], notice_id: FromPath[UUID]) -> Page:
    opening = await calls.the_desk_call(db, me, slug, Can.ISSUE_NOTICES)
    notice = await queries.the_notice(db, me, opening.call.id, notice_id)
    return _changing(opening, me, notice, "revocation", "", rules.why_not_replace(notice, clock.now()))


@post("/desk/calls/{slug:str}/notices/{notice_id:uuid}/revocation", needs=Can.ISSUE_NOTICES)
async def revoke(
    db: Db, me: Me, form: Form, slug: FromPath[str], notice_id: FromPath[UUID]
) -> Page | SeeOther:
    opening = await calls.the_desk_call(db, me, slug, Can.ISSUE_NOTICES)
    notice = await queries.the_notice(db, me, opening.call.id, notice_id)
    reason = str(form.get("reason") or "")
    if not reason.strip() and rules.why_not_replace(notice, clock.now()) is None:
        refusal = rules.why_not_revoke(notice, reason, clock.now())
        return _changing(opening, me, notice, "revocation", reason, None, {"reason": refusal}, 422)
    await actions.revoke(db, opening.call, notice, reason, by=me)
    await db.commit()
    return back_to(
        f"/desk/calls/{slug}/notices",
        _("{number} is revoked. The recipient gets a mail.", number=notice.number),
    )


@get("/desk/calls/{slug:str}/notices/{notice_id:uuid}/replacement", needs=Can.ISSUE_NOTICES)
async def replacement(db: Db, me: Me, slug: FromPath[str], notice_id: FromPath[UUID]) -> Page:
    opening = await calls.the_desk_call(db, me, slug, Can.ISSUE_NOTICES)
    notice = await queries.the_notice(db, me, opening.call.id, notice_id)
    return _changing(opening, me, notice, "replacement", "", rules.why_not_replace(notice, clock.now()))


@post("/desk/calls/{slug:str}/notices/{notice_id:uuid}/replacement", needs=Can.ISSUE_NOTICES)
async def replace(db: Db, me: Me, slug: FromPath[str], notice_id: FromPath[UUID]) -> SeeOther:
    opening = await calls.the_desk_call(db, me, slug, Can.ISSUE_NOTICES)
    notice = await queries.the_notice(db, me, opening.call.id, notice_id)
    stage = next(stage for stage in opening.stages if stage.id == notice.stage_id)
    made = await actions.replace(db, opening, stage, notice, by=me)
    await db.commit()
    return back_to(
        f"/desk/calls/{slug}/notices",
        _(
            "{number} takes the place of {old}; it is being made and signed.",
            number=made.number,
            old=notice.number,
        ),
    )


def _changing(
    opening: Opening,
    me: Any,
    notice: Notice,
    what: str,
    reason: str,
    why_not: Any,
    errors: dict[str, Any] | None = None,
    status: int = 200,
) -> Page:
    return page(
        f"notices/{what}.html",
        status,
        **desk_values(opening, me, "notices"),
        notice=notice,
        record=notice.record,
        reason=reason,
        why_not=why_not,
        errors=errors or {},
    )


doors: list[Any] = [
    decision, notice_file, receipt_file, verify, checked, verify_file, rehearsal, release, list_page, draft,
    desk_file, revocation, revoke, replacement, replace,
]  # fmt: skip

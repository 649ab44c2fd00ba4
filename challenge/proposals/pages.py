"""Everything an applicant does on pages: begin, write, attach, check, send, withdraw, reopen, and work as a team."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar import Request, Response

from challenge.accounts.gate import Can, Db, Form, FromPath, Me, Viewer
from challenge.audit import queries as audit_queries
from challenge.calls import queries as calls
from challenge.calls import rules as call_rules
from challenge.calls import words as call_words
from challenge.calls.desk import around
from challenge.calls.queries import Opening
from challenge.calls.vocabularies import vocabulary
from challenge.files import uploads as sending
from challenge.forms import inputs as form_inputs
from challenge.forms import rules as form_rules
from challenge.forms.actions import Clashing, Saved
from challenge.forms.definition import DECLARATIONS, Question
from challenge.forms.kinds import kind_of
from challenge.forms.kinds.place import countries
from challenge.forms.kinds.text import PlainText
from challenge.foundation import clock
from challenge.foundation.errors import NotFound, Unprocessable, refuse_if
from challenge.foundation.i18n import Text, _, format_date, format_time, pick, zone_name
from challenge.foundation.web import (
    Page,
    SeeOther,
    as_file,
    back_to,
    get,
    page,
    post,
)
from challenge.proposals import (
    actions,
    archives,
    history,
    inputs,
    outside,
    queries,
    receipts,
    replacements,
    rules,
    showing,
    uploads,
    versions,
    words,
)
from challenge.proposals.around import deadline_of, path_of, values_of
from challenge.proposals.models import Proposal, ProposalState
from challenge.proposals.moments import InZone
from challenge.proposals.queries import Work
from challenge.rubrics import queries as rubrics
from challenge.rubrics.definition import Rubric

HERE = "/proposals/{proposal_id:uuid}"
Asked = Request[Any, Any, Any]


# ---------- begin ----------


@get(["/calls/{slug:str}/apply", "/calls/{slug:str}/start"], open=True)
async def apply(db: Db, me: Me, slug: FromPath[str]) -> Page:
    opening = await calls.the_call(db, me, slug)
    spoken = me.language if me.language in opening.call.languages else opening.call.languages[0]
    return await _apply(db, me, opening, inputs.NewProposal(language=spoken))


async def _apply(db: Db, me: Viewer, opening: Opening, typed: inputs.NewProposal, status: int = 200) -> Page:
    moment = clock.now()
    stage = call_rules.current_stage(opening.stages, moment)
    own = await queries.own_proposals(db, me, opening.call.id) if me.is_anyone else []
    return page(
        "proposals/apply.html",
        status=status,
        **around(opening),
        stage=stage,
        refusal=call_rules.why_not_apply(opening.call, stage, moment),
        deadline=deadline_of(opening, stage, me) if stage else None,
        conditions=opening.call.facts.get("eligibility") or [],
        tracks=await calls.tracks_of(db, opening.call.id),
        spoken=words.language_choices(opening.call),
        own=[words.line(each, moment) for each in own],
        typed=typed,
        errors=typed.errors,
    )


@post(["/calls/{slug:str}/apply", "/calls/{slug:str}/start"], needs=Can.WRITE_PROPOSALS)
async def start(db: Db, me: Me, form: Form, slug: FromPath[str]) -> Page | SeeOther:
    opening = await calls.the_call(db, me, slug)
    stage = call_rules.current_stage(opening.stages, clock.now())
    refuse_if(call_rules.why_not_apply(opening.call, stage, clock.now()))
    typed = inputs.NewProposal.read(form, opening.call, await calls.tracks_of(db, opening.call.id))
    if typed.errors or stage is None:
        return await _apply(db, me, opening, typed, status=422)
    proposal = await actions.begin(
        db, opening, stage, language=typed.language, track_id=typed.track_id, by=me
    )
    await db.commit()
    return back_to(
        f"/proposals/{proposal.id}", say=_("Your proposal is begun. Everything is saved as you type.")
    )


@get("/proposals", needs=Can.WRITE_PROPOSALS)
async def list_page(db: Db, me: Me) -> Page:
    moment = clock.now()
    return page(
        "proposals/list.html",
        lines=[words.line(own, moment) for own in await queries.own_proposals(db, me)],
        zone=me.zone,
    )


# ---------- one proposal ----------


@get(HERE, needs=Can.WRITE_PROPOSALS)
async def overview(db: Db, me: Me, proposal_id: FromPath[UUID]) -> Page:
    work = await queries.the_work(db, me, proposal_id)
    refusal, problems = await actions.why_not_submit(
        db, work.proposal, work.opening, work.stage, by=me, content=work.content
    )
    wrong = work.content.problems(work.call, final=False)
    progress = form_rules.progress(work.definition, work.content.answers)
    sections = words.section_lines(work.content, progress, wrong, path_of(work))
    members = await queries.members_of(db, proposal_id)
    entries = await audit_queries.entries_about(db, proposal_id)
    is_draft = work.proposal.state == ProposalState.DRAFT
    revisions = await queries.revisions_of(db, proposal_id)
    return page(
        "proposals/overview.html",
        **await values_of(db, me, work),
        sections=sections,
        complete=sum(each.is_complete for each in sections),
        asks_organization=rules.asks_organization(work.call),
        organization_fault=rules.why_not_organization(work.call, work.content.organization),
        documents=words.documents(work.content, may_remove=False, stage=work.stage),
        members=members,
        waiting=await queries.invited_to(db, proposal_id, clock.now()),
        why_not_submit=(refusal or words.why_not_yet(_to_write(work, problems))) if is_draft else None,
        events=words.happened(entries, {m.person_id: m.name for m in members}, me.person_id)[:8],
        revision=revisions[0] if revisions else None,
        reopened=await queries.reopenings_of(db, work.proposal),
        timetable=await _timetable(db, work),
    )


async def _timetable(db: Db, work: Work) -> list[dict[str, Any]]:
    milestones = await calls.milestones_of(db, work.call.id)
    lines = call_words.timetable(milestones, work.opening.stages, work.call, clock.now())
    return [{**each, "title": pick(each["title"])} for each in lines]


# ---------- the organization ----------


@get(HERE + "/organization", needs=Can.WRITE_PROPOSALS)
async def organization(db: Db, me: Me, proposal_id: FromPath[UUID]) -> Page:
    work = await queries.the_work(db, me, proposal_id)
    return await _organization(db, me, work, inputs.TypedOrganization.of(work.content.organization))


async def _organization(
    db: Db, me: Viewer, work: Work, typed: inputs.TypedOrganization, status: int = 200
) -> Page:
    kinds = [(term.code, vocabulary("organization-types").label(term.code)) for term in _organization_types()]
    return page(
        "proposals/organization.html",
        status=status,
        **await values_of(db, me, work),
        kinds=kinds,
        countries=[(choice.code, choice.label) for choice in countries(me.language)],
        needs_age=any(
            check.get("kind") == "organization-age" for check in work.call.facts.get("eligibility") or []
        ),
        typed=typed,
        errors=typed.errors,
    )


def _organization_types() -> Any:
    return vocabulary("organization-types").choices


@post(HERE + "/organization", needs=Can.WRITE_PROPOSALS)
async def name_organization(db: Db, me: Me, form: Form, proposal_id: FromPath[UUID]) -> Page | SeeOther:
    work = await queries.the_work(db, me, proposal_id, to_change=True)
    typed = inputs.TypedOrganization.read(form, clock.now().date())
    if typed.errors:
        return await _organization(db, me, work, typed, status=422)
    await actions.name_organization(
        db,
        work,
        name=typed.name,
        organization_type=typed.organization_type,
        country=typed.country,
        founded_on=typed.founded_on,
        by=me,
    )
    await db.commit()
    return back_to(path_of(work), say=_("The organization is saved."))


# ---------- write ----------


@get(HERE + "/edit", needs=Can.WRITE_PROPOSALS)
async def edit_first(db: Db, me: Me, proposal_id: FromPath[UUID]) -> SeeOther:
    work = await queries.the_work(db, me, proposal_id)
    wrong = set(work.content.problems(work.call, final=False))
    progress = form_rules.progress(work.definition, work.content.answers)
    return back_to(f"{path_of(work)}/edit/{rules.first_unfinished(work.definition, progress, wrong)}")


@get(HERE + "/edit/{section:str}", needs=Can.WRITE_PROPOSALS)
async def edit(request: Asked, db: Db, me: Me, proposal_id: FromPath[UUID], section: FromPath[str]) -> Page:
    work = await queries.the_work(db, me, proposal_id)
    problems = work.content.problems(work.call, final=False)
    return await _section(
        db, me, work, section, problems=problems, more=request.query_params.get("more") or ""
    )


async def _section(
    db: Db,
    me: Viewer,
    work: Work,
    section: str,
    *,
    problems: dict[str, list[Text]],
    status: int = 200,
    summary: bool = False,
    clashes: list[dict[str, Any]] | None = None,
    more: str = "",
) -> Page:
    codes = [each.code for each in work.definition.sections]
    if section not in codes:
        raise NotFound
    questions = work.definition.questions_of(section)
    values = await values_of(db, me, work)
    is_open = values["refusal"] is None
    rubric = await _rubric(db, work)
    here = {q.code: problems[q.code] for q in questions if q.code in problems}
    return page(
        "proposals/section.html",
        status=status,
        **values,
        section=work.definition.sections[codes.index(section)],
        place=codes.index(section) + 1,
        of=len(codes),
        questions=questions,
        asked=words.asked_list(work.content, section, values["numbers"]),
        judged=words.judged(rubric, questions),
        problems=here,
        summary=words.problem_list(work.content, here, "", values["numbers"]) if summary else [],
        clashes={each["question"].code: each for each in clashes or []},
        saves=_saves(work, me),
        more=more,
        documents=words.documents(work.content, may_remove=is_open, stage=work.stage),
        has_files=any(question.kind == "file" for question in questions),
        uploads_path=f"{path_of(work)}/uploads",
        upload_action=lambda code: f"{path_of(work)}/files?question={code}",
    )


async def _rubric(db: Db, work: Work) -> Rubric | None:
    try:
        return rubrics.rubric_of(await rubrics.newest_rubric(db, work.call.id, work.stage.rubric_code))
    except NotFound:
        return None


def _saves(work: Work, me: Viewer) -> dict[str, dict[str, Any]]:
    return {
        code: {
            "version": kept.version,
            "time": format_time(kept.saved_at, me.zone),
            "history_href": f"{path_of(work)}/history/{code}",
        }
        for code, kept in work.content.kept.items()
    }


@post(HERE + "/edit/{section:str}", needs=Can.WRITE_PROPOSALS)
async def save_section(
    db: Db, me: Me, form: Form, proposal_id: FromPath[UUID], section: FromPath[str]
) -> Page | SeeOther:
    work = await queries.the_work(db, me, proposal_id, to_change=True)
    return await _save(db, me, work, form, section, asked="", goes_on=True)


@post(HERE + "/files", needs=Can.WRITE_PROPOSALS)
async def upload(request: Asked, db: Db, me: Me, form: Form, proposal_id: FromPath[UUID]) -> Page | SeeOther:
    """Take in files, and save the answers that came along: nothing of a page is lost when a file is refused."""
    work = await queries.the_work(db, me, proposal_id, to_change=True)
    code = request.query_params.get("question") or inputs.typed(form, "question")
    question = work.definition.by_code.get(code)
    if question is None or question.kind != "file":
        raise Unprocessable(_("This form has no such question for files."))
    return await _save(db, me, work, form, question.section, asked=code, goes_on=False)


async def _save(
    db: Db, me: Viewer, work: Work, form: Any, section: str, *, asked: str, goes_on: bool
) -> Page | SeeOther:
    """Save answers, take files out and in, then go on, or show what needs another look. Never loses a word."""
    typed = inputs.read_answers(form, work.definition, section, work.content.answers)
    saved = await actions.save_answers(
        db,
        work.proposal,
        typed.values,
        typed.known,
        opening=work.opening,
        stage=work.stage,
        by=me,
        keeps_all=any(name.startswith(inputs.KEEP) for name in form),
    )
    for document_id in inputs.removed_files(form, work.definition):
        await actions.remove_file(db, work, document_id, by=me)
    await db.commit()
    uploads = inputs.uploads(form, work.definition, asked)
    refused = await _receive(db, me, work, uploads) if uploads else {}
    work = await queries.the_work(db, me, work.proposal.id)
    here = f"{path_of(work)}/edit/{section}"
    if saved.clashes:
        return await _section(
            db,
            me,
            work,
            section,
            status=409,
            problems={**work.content.problems(work.call, final=False), **refused},
            clashes=await _clashes(db, me, work, saved),
        )
    if refused:
        return await _section(db, me, work, section, problems=refused, status=422, summary=True)
    more, less = form_inputs.wants_more(form), form_inputs.wants_less(form)
    if more is not None:
        return back_to(f"{here}?more={more}#{more.split('.')[0]}")
    if less is not None:
        return back_to(f"{here}#{less.split('.')[0]}", say=_("Removed. The rest is saved."))
    if not goes_on:
        if uploads:
            return back_to(f"{here}#{asked}", say=_("The file is stored."))
        return back_to(
            f"{here}#{asked}", say=_("Choose a file first; everything else is saved."), kind="wait"
        )
    if inputs.typed(form, "then") == "overview":
        return back_to(path_of(work), say=_("Everything is saved."))
    problems = work.content.problems(work.call, final=False)
    if any(work.definition.question(code).section == section for code in problems):
        return await _section(db, me, work, section, problems=problems, status=422, summary=True)
    following = rules.next_section(work.definition, section)
    return back_to(f"{path_of(work)}/edit/{following}" if following else f"{path_of(work)}/preview")


async def _receive(db: Db, me: Viewer, work: Work, uploads: list[tuple[str, Any]]) -> dict[str, list[Text]]:
    """Take files in, each for itself; the sentences about those that were refused, by question."""
    refused: dict[str, list[Text]] = {}
    await queries.own_proposal(db, me, work.proposal.id, to_change=True)
    for code, file in uploads:
        try:
            await actions.add_file(db, work, work.definition.question(code), file.filename, file.file, by=me)
        except Unprocessable as refusal:
            refused.setdefault(code, []).append(refusal.errors.get("file", refusal.text))
    await db.commit()
    return refused


async def _clashes(db: Db, me: Viewer, work: Work, saved: Saved) -> list[dict[str, Any]]:
    names = await queries.names_of(db, {c.saved_by_id for c in saved.clashes if c.saved_by_id})
    return [_clash(me, work.definition.question(c.question), c, names) for c in saved.clashes]


def _clash(me: Viewer, question: Question, clash: Clashing, names: dict[UUID, str]) -> dict[str, Any]:
    """Two versions of one answer as the page shows them, and the inputs that hold mine."""
    mine, theirs = words.readable(question, clash.sent), words.readable(question, clash.kept)
    pieces = words.differences(theirs, mine)
    return {
        "question": question,
        "version": clash.version,
        "mine": words.side(pieces, "ins"),
        "theirs": words.side(pieces, "del"),
        "mine_small": _("{words}, now", words=words.words_in(mine)),
        "theirs_small": _(
            "{who}, {time}, {words}",
            who=words.called(names, clash.saved_by_id, me.person_id),
            time=words.Plain(format_time(clash.saved_at, me.zone)),
            words=words.words_in(theirs),
        ),
        "fields": form_inputs.fields_of(question, clash.sent),
        "both": isinstance(kind_of(question), PlainText),
    }


@post(HERE + "/answers", needs=Can.WRITE_PROPOSALS)
async def autosave(db: Db, me: Me, form: Form, proposal_id: FromPath[UUID]) -> Response[dict[str, Any]]:
    """What the page sends while people type. Too long is stored too; a stale text gets both back."""
    work = await queries.the_work(db, me, proposal_id, to_change=True)
    values = inputs.without_files(work.definition, form_inputs.read_asked(form, work.definition))
    saved = await actions.save_answers(
        db,
        work.proposal,
        values,
        inputs.versions_known(form),
        opening=work.opening,
        stage=work.stage,
        by=me,
    )
    await db.commit()
    told: dict[str, Any] = {
        "saved_at": call_words.iso_of(clock.now()),
        "versions": saved.versions,
        "limits": words.limits(work.definition, values),
        "live": form_rules.live(work.definition, values),
    }
    if saved.clashes:
        names = await queries.names_of(db, {c.saved_by_id for c in saved.clashes if c.saved_by_id})
        told["clash"] = {
            c.question: _clash_for_script(work.definition.question(c.question), c, names)
            for c in saved.clashes
        }
    return Response(told, status_code=409 if saved.clashes else 200)


def _clash_for_script(question: Question, clash: Clashing, names: dict[UUID, str]) -> dict[str, Any]:
    """Text where one field holds the answer, else the fields that hold it, by name, and its words to read."""
    is_text = isinstance(kind_of(question), PlainText)
    told: dict[str, Any] = {
        "yours": clash.sent if is_text else form_inputs.fields_of(question, clash.sent),
        "theirs": clash.kept if is_text else form_inputs.fields_of(question, clash.kept),
        "yours_said": words.readable(question, clash.sent),
        "theirs_said": words.readable(question, clash.kept),
        "version": clash.version,
        "at": call_words.iso_of(clash.saved_at),
    }
    if clash.saved_by_id in names:
        told["by"] = names[clash.saved_by_id]
    return told


# ---------- check and send ----------


@get(HERE + "/preview", needs=Can.WRITE_PROPOSALS)
async def preview(db: Db, me: Me, proposal_id: FromPath[UUID]) -> Page:
    return await _preview(db, me, await queries.the_work(db, me, proposal_id))


async def _preview(db: Db, me: Viewer, work: Work, *, status: int = 200, tried: bool = False) -> Page:
    values = await values_of(db, me, work)
    refusal, problems = await actions.why_not_submit(
        db, work.proposal, work.opening, work.stage, by=me, content=work.content
    )
    declared = work.definition.questions_of(DECLARATIONS)
    listed = problems if tried else _to_write(work, problems)
    asked = list(form_rules.asked_questions(work.definition, work.content.answers))
    return page(
        "proposals/preview.html",
        status=status,
        **values,
        tried=tried,
        listed=words.problem_list(work.content, listed, path_of(work), values["numbers"]),
        problems=problems if tried else {},
        why_not_submit=refusal or words.why_not_yet(listed),
        optional_left=words.empty_optional(work.content),
        on_their_way=[
            document.name for document, _upload in await sending.open_uploads(db, work.proposal.id)
        ],
        sections=[
            (section, [q for q in asked if q.section == section.code]) for section in work.definition.sections
        ],
        declarations=declared,
        saves=_saves(work, me),
        documents=words.documents(work.content, may_remove=False, stage=work.stage),
        asks_organization=rules.asks_organization(work.call),
        word_count=form_rules.word_count(work.definition, work.content.answers),
    )


def _to_write(work: Work, problems: dict[str, list[Text]]) -> dict[str, list[Text]]:
    """Without the declarations: those are ticked on the very page where one submits."""
    declared = {question.code for question in work.definition.questions_of(DECLARATIONS)}
    return {code: texts for code, texts in problems.items() if code not in declared}


@post(HERE + "/submission", needs=Can.WRITE_PROPOSALS)
async def submission(db: Db, me: Me, form: Form, proposal_id: FromPath[UUID]) -> Page | SeeOther:
    work = await queries.the_work(db, me, proposal_id, to_change=True)
    if work.proposal.state == ProposalState.SUBMITTED:
        return back_to(f"{path_of(work)}/receipt", say=_already(work.proposal, me), kind="wait")
    typed = inputs.read_answers(form, work.definition, DECLARATIONS, work.content.answers)
    if typed.values:
        await actions.declare(
            db, work.proposal, typed.values, _present(work), opening=work.opening, stage=work.stage, by=me
        )
        work = Work(work.proposal, work.opening, work.stage, await queries.content_of(db, work.proposal))
    try:
        await actions.submit(
            db, work.proposal, opening=work.opening, stage=work.stage, by=me, content=work.content
        )
    except Unprocessable:
        await db.commit()
        return await _preview(db, me, work, status=422, tried=True)
    await db.commit()
    return back_to(
        f"{path_of(work)}/receipt",
        say=_(
            "Submitted. We received your proposal whole. A copy of this receipt went to {email}.",
            email=me.email,
        ),
    )


def _present(work: Work) -> dict[str, int]:
    """A tick is given with the very act of submitting: the newest one counts."""
    return {code: kept.version for code, kept in work.content.kept.items()}


def _already(proposal: Proposal, me: Viewer) -> Text:
    moment = proposal.submitted_at or proposal.changed_at
    return _(
        "This proposal was already submitted on {moment}. Nothing was sent twice.",
        moment=InZone(moment, me.zone),
    )


@get(HERE + "/receipt", needs=Can.WRITE_PROPOSALS)
async def receipt(request: Asked, db: Db, me: Me, proposal_id: FromPath[UUID]) -> Page:
    work = await queries.the_work(db, me, proposal_id)
    revisions = await queries.revisions_of(db, proposal_id)
    wanted = request.query_params.get("n", "")
    revision = next((r for r in revisions if not wanted or str(r.n) == wanted), None)
    if revision is None:
        raise NotFound
    people = await queries.names_of(db, {revision.submitted_by_id})
    return page(
        "proposals/receipt.html",
        **await values_of(db, me, work),
        revision=revision,
        revisions=revisions,
        sent_by=people.get(revision.submitted_by_id, ""),
        received_time=format_time(revision.submitted_at, me.zone, seconds=True),
        received_date=_day_in(revision.submitted_at, me.zone),
        early=words.before_deadline(revision.submitted_at, work.stage),
        arrived_late=words.arrived_late(revision.manifest, me.zone),
        milestones=[
            each
            for each in await calls.milestones_of(db, work.call.id)
            if each.date > revision.submitted_at.date()
        ][:3],
        is_current=revision is revisions[0] and work.proposal.state == ProposalState.SUBMITTED,
        size=words.size,
    )


def _day_in(moment: datetime, zone: str) -> str:
    day = format_date(moment.astimezone(ZoneInfo(zone)).date())
    return f"{day} {zone_name(zone, moment)}"


@get(HERE + "/receipt.json", needs=Can.WRITE_PROPOSALS)
async def receipt_file(request: Asked, db: Db, me: Me, proposal_id: FromPath[UUID]) -> Response[bytes]:
    work = await queries.the_work(db, me, proposal_id)
    wanted = request.query_params.get("n", "")
    revision = await queries.the_revision(db, proposal_id, int(wanted) if wanted.isdecimal() else None)
    record = receipts.record(revision, work.content)
    content = json.dumps(record, ensure_ascii=False, indent=1).encode()
    return as_file(content, f"receipt-{revision.receipt_number}.json", "application/json")


# ---------- withdraw, reopen ----------


@get(HERE + "/withdrawal", needs=Can.WRITE_PROPOSALS)
async def withdrawal(db: Db, me: Me, proposal_id: FromPath[UUID]) -> Page:
    work = await queries.the_work(db, me, proposal_id)
    values = await values_of(db, me, work)
    refusal = rules.why_not_withdraw(work.proposal, values["decision"] is not None)
    return page("proposals/withdrawal.html", **{**values, "refusal": refusal})


@post(HERE + "/withdrawal", needs=Can.WRITE_PROPOSALS)
async def withdraw(db: Db, me: Me, proposal_id: FromPath[UUID]) -> SeeOther:
    work = await queries.the_work(db, me, proposal_id, to_change=True)
    is_decided = await outside.decision_of(db, me, work.proposal) is not None
    await actions.withdraw(db, work.proposal, opening=work.opening, is_decided=is_decided, by=me)
    await db.commit()
    return back_to(path_of(work), say=_("Your proposal is withdrawn. Your text and your files are kept."))


@get(HERE + "/reopening", needs=Can.WRITE_PROPOSALS)
async def reopening(db: Db, me: Me, proposal_id: FromPath[UUID]) -> Page:
    work = await queries.the_work(db, me, proposal_id)
    values = await values_of(db, me, work)
    refusal = rules.why_not_reopen(work.proposal, work.call, work.stage, clock.now())
    return page("proposals/reopening.html", **{**values, "refusal": refusal})


@post(HERE + "/reopening", needs=Can.WRITE_PROPOSALS)
async def reopen(db: Db, me: Me, proposal_id: FromPath[UUID]) -> SeeOther:
    work = await queries.the_work(db, me, proposal_id, to_change=True)
    await actions.reopen(db, work.proposal, opening=work.opening, stage=work.stage, by=me)
    await db.commit()
    return back_to(
        path_of(work),
        say=_("Open again. Send it once more before the deadline, or it does not count."),
        kind="wait",
    )


# ---------- the team ----------


@get(HERE + "/team", needs=Can.WRITE_PROPOSALS)
async def team(db: Db, me: Me, proposal_id: FromPath[UUID]) -> Page:
    return await _team(db, me, await queries.the_work(db, me, proposal_id), inputs.Invitation())


async def _team(db: Db, me: Viewer, work: Work, typed: inputs.Invitation, status: int = 200) -> Page:
    return page(
        "proposals/team.html",
        status=status,
        **await values_of(db, me, work),
        members=await queries.members_of(db, work.proposal.id),
        waiting=await queries.invited_to(db, work.proposal.id, clock.now()),
        why_not_invite=call_rules.why_not_apply(work.call, work.stage, clock.now()),
        typed=typed,
        errors=typed.errors,
    )


@post(HERE + "/team", needs=Can.WRITE_PROPOSALS)
async def invite(db: Db, me: Me, form: Form, proposal_id: FromPath[UUID]) -> Page | SeeOther:
    work = await queries.the_work(db, me, proposal_id, to_change=True)
    taken = [member.email for member in await queries.members_of(db, proposal_id)]
    typed = inputs.Invitation.read(form, taken)
    if typed.errors:
        return await _team(db, me, work, typed, status=422)
    await actions.invite(db, work, name=typed.name, email=typed.email, by=me)
    await db.commit()
    return back_to(
        f"{path_of(work)}/team", say=_("The invitation to {email} is on its way.", email=typed.email)
    )


@get(HERE + "/joining", needs=Can.WRITE_PROPOSALS)
async def joining(db: Db, me: Me, proposal_id: FromPath[UUID]) -> Page:
    proposal, _link = await queries.invitation_for(db, me, proposal_id, clock.now())
    opening = await calls.opening_of(db, proposal.call_id)
    members = await queries.members_of(db, proposal_id)
    stage = queries.stage_of(opening, proposal)
    return page(
        "proposals/joining.html",
        **around(opening),
        proposal=proposal,
        lead=members[0].name if members else "",
        is_member=any(member.person_id == me.person_id for member in members),
        refusal=call_rules.why_not_apply(opening.call, stage, clock.now()),
    )


@post(HERE + "/joining", needs=Can.WRITE_PROPOSALS)
async def join(db: Db, me: Me, proposal_id: FromPath[UUID]) -> SeeOther:
    proposal, _link = await queries.invitation_for(db, me, proposal_id, clock.now())
    opening = await calls.opening_of(db, proposal.call_id)
    await actions.join(db, proposal, opening=opening, stage=queries.stage_of(opening, proposal), by=me)
    await db.commit()
    return back_to(
        f"/proposals/{proposal_id}", say=_("You are on the team now. You can read and change everything.")
    )


doors: list[Any] = [
    *uploads.pages,
    *archives.pages,
    *versions.pages,
    *history.pages,
    *replacements.pages,
    *showing.pages,
    apply,
    start,
    list_page,
    overview,
    organization,
    name_organization,
    edit_first,
    edit,
    save_section,
    upload,
    autosave,
    preview,
    submission,
    receipt,
    receipt_file,
    withdrawal,
    withdraw,
    reopening,
    reopen,
    team,
    invite,
    joining,
    join,
]

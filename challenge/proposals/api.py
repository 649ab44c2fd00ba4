"""Proposals for programs of applicants: the same verbs, the same refusals, the same visibility as the pages."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response
from litestar.params import JSONBody

from challenge.accounts.gate import Can, Db, Form, FromPath, Me, Viewer
from challenge.calls import queries as calls
from challenge.calls import rules as call_rules
from challenge.files.models import Document
from challenge.forms import inputs as form_inputs
from challenge.forms.definition import FormDefinition, Json
from challenge.foundation import clock
from challenge.foundation.api import (
    Body,
    Items,
    api_delete,
    api_get,
    api_post,
    api_put,
    problem_response,
)
from challenge.foundation.errors import Clash, NotFound, Unprocessable
from challenge.foundation.i18n import Text, _
from challenge.foundation.web import visit_of
from challenge.proposals import actions, inputs, outside, queries, receipts, rules, uploads, words
from challenge.proposals.models import ProposalState, Revision
from challenge.proposals.queries import Work
from challenge.settings import settings

HERE = "/proposals/{proposal_id:uuid}"


class ProposalLine(Body, kw_only=True):
    id: UUID
    number: str
    title: str
    language: str
    state: str
    call: str
    stage: str
    changed_at: datetime
    closes_at: datetime
    time_zone: str
    submitted_at: datetime | None = None


class OrganizationBody(Body):
    """`type` is a term of the vocabulary organization-types, `country` two letters."""

    name: str
    type: str
    country: str
    founded_on: date | None = None


class FileOut(Body):
    id: UUID
    question: str
    name: str
    size: int
    sha256: str
    media_type: str
    state: str


class ProposalOut(ProposalLine, kw_only=True):
    """`whyNotSubmit` is the sentence that stands in the way, `problems` what each answer still needs, by code."""

    status: str
    organization: OrganizationBody | None = None
    files: list[FileOut]
    problems: dict[str, list[str]]
    why_not_submit: str | None = None
    receipt: str | None = None


class ProposalIn(Body):
    call: str
    language: str
    track: str = ""


class AnswerOut(Body):
    value: Any
    version: int
    saved_at: datetime


class AnswersOut(Body):
    answers: dict[str, AnswerOut]


class AnswersIn(Body):
    """`versions` says, by code, which version of each answer the writer knew; 0 where there was none."""

    values: dict[str, Any]
    versions: dict[str, int] = msgspec.field(default_factory=dict)


class SavedOut(Body):
    versions: dict[str, int]
    saved_at: datetime
    limits: dict[str, dict[str, Any]]
    problems: dict[str, list[str]]


class ReceiptOut(Body):
    receipt: str
    manifest: dict[str, Any]
    digest: str
    seal: str
    public_key: str
    answers: dict[str, Any]
    how_to_check: list[str]


@api_get("/proposals", needs=Can.WRITE_PROPOSALS)
async def proposals(db: Db, me: Me) -> Items[ProposalLine]:
    """The proposals of one's own teams, the last changed first."""
    return Items(
        items=[
            ProposalLine(
                id=own.id,
                number=own.number,
                title=own.title,
                language=own.language,
                state=own.state.value,
                call=own.call.slug,
                stage=own.stage.code,
                changed_at=own.changed_at,
                closes_at=own.stage.closes_at,
                time_zone=own.call.zone,
                submitted_at=own.submitted_at,
            )
            for own in await queries.own_proposals(db, me)
        ]
    )


@api_post("/proposals", needs=Can.WRITE_PROPOSALS, status=201)
async def start(db: Db, me: Me, data: JSONBody[ProposalIn]) -> ProposalOut:
    """Begin a proposal in the stage of a call that is open now."""
    opening = await calls.the_call(db, me, data.call)
    stage = call_rules.current_stage(opening.stages, clock.now())
    if stage is None:
        raise NotFound
    tracks = await calls.tracks_of(db, opening.call.id)
    typed = inputs.NewProposal(data.language, data.track).checked(opening.call, tracks)
    if typed.errors:
        raise Unprocessable(errors=typed.errors)
    made = await actions.start(db, opening, stage, language=data.language, track_id=typed.track_id, by=me)
    await db.commit()
    return await _out(db, me, await queries.the_work(db, me, made.id))


@api_get(HERE, needs=Can.WRITE_PROPOSALS)
async def proposal(db: Db, me: Me, proposal_id: FromPath[UUID]) -> ProposalOut:
    return await _out(db, me, await queries.the_work(db, me, proposal_id))


async def _out(db: Db, me: Viewer, work: Work) -> ProposalOut:
    refusal, problems = await actions.why_not_submit(
        db, work.proposal, work.opening, work.stage, by=me, content=work.content
    )
    decision = await outside.decision_of(db, me, work.proposal)
    named = work.content.organization
    is_sent = work.proposal.state == ProposalState.SUBMITTED
    revision = (await queries.the_revision(db, work.proposal.id)) if is_sent else None
    why = refusal or words.why_not_yet(problems)
    return ProposalOut(
        id=work.proposal.id,
        number=work.proposal.number,
        title=work.proposal.title,
        language=work.proposal.language,
        state=work.proposal.state.value,
        call=work.call.slug,
        stage=work.stage.code,
        changed_at=work.proposal.changed_at,
        closes_at=work.stage.closes_at,
        time_zone=work.call.zone,
        submitted_at=work.proposal.submitted_at,
        status=decision["code"]
        if decision
        else rules.status_code(work.proposal.state, work.stage, clock.now()),
        organization=OrganizationBody(
            name=named.name,
            type=named.organization_type,
            country=named.country,
            founded_on=named.founded_on,
        )
        if named
        else None,
        files=[_file(attachment.question, document) for attachment, document in work.content.files],
        problems=_said(problems),
        why_not_submit=str(why) if why else None,
        receipt=revision.receipt_number if revision else None,
    )


def _said(problems: dict[str, list[Text]]) -> dict[str, list[str]]:
    return {code: [str(text) for text in texts] for code, texts in problems.items()}


def _file(question: str, document: Document) -> FileOut:
    return FileOut(
        id=document.id,
        question=question,
        name=document.name,
        size=document.size,
        sha256=document.sha256,
        media_type=document.media_type,
        state=document.state.value,
    )


@api_put(HERE + "/organization", needs=Can.WRITE_PROPOSALS)
async def organization(
    db: Db, me: Me, proposal_id: FromPath[UUID], data: JSONBody[OrganizationBody]
) -> OrganizationBody:
    work = await queries.the_work(db, me, proposal_id, to_change=True)
    founded = data.founded_on.isoformat() if data.founded_on else ""
    typed = inputs.TypedOrganization(inputs.tidied(data.name), data.type, data.country, founded).checked(
        clock.now().date()
    )
    if typed.errors:
        raise Unprocessable(errors=typed.errors)
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
    return data


@api_get(HERE + "/answers", needs=Can.WRITE_PROPOSALS)
async def answers(db: Db, me: Me, proposal_id: FromPath[UUID]) -> AnswersOut:
    work = await queries.the_work(db, me, proposal_id)
    return AnswersOut(
        answers={
            code: AnswerOut(value=kept.value, version=kept.version, saved_at=kept.saved_at)
            for code, kept in work.content.kept.items()
        }
    )


@api_put(HERE + "/answers", needs=Can.WRITE_PROPOSALS)
async def save_answers(
    request: Request[Any, Any, Any],
    db: Db,
    me: Me,
    proposal_id: FromPath[UUID],
    data: JSONBody[AnswersIn],
) -> Response[Any]:
    """Save some answers. Too long is saved and named under `problems`; a stale one is refused with both values
    under `clash`, while the others of the same request are saved."""
    work = await queries.the_work(db, me, proposal_id, to_change=True)
    values = _read(work.definition, data.values)
    saved = await actions.save_answers(
        db, work.proposal, values, data.versions, opening=work.opening, stage=work.stage, by=me
    )
    await db.commit()
    if saved.clashes:
        clash = {c.question: {"yours": c.sent, "theirs": c.kept, "version": c.version} for c in saved.clashes}
        problem = Clash(clash=clash, versions=saved.versions)
        return problem_response(problem, settings().base_url, visit_of(request).id)
    content = await queries.content_of(db, work.proposal)
    problems = {c: t for c, t in content.problems(work.call, final=False).items() if c in values}
    return Response(
        SavedOut(
            versions=saved.versions,
            saved_at=clock.now(),
            limits=words.limits(work.definition, values),
            problems=_said(problems),
        )
    )


def _read(definition: FormDefinition, given: dict[str, Json]) -> dict[str, Json]:
    values = {}
    for code, value in given.items():
        question = definition.by_code.get(code)
        if question is None:
            raise Unprocessable(_("The form has no question “{code}”.", code=code))
        if question.kind == "file":
            raise Unprocessable(_("“{code}” takes files: send them to /files.", code=code))
        values[code] = form_inputs.read_value(question, inputs.tidied(value))
    return values


@api_post(HERE + "/files", needs=Can.WRITE_PROPOSALS, status=201)
async def add_file(db: Db, me: Me, form: Form, proposal_id: FromPath[UUID]) -> FileOut:
    """One file as multipart/form-data: the fields `question` and `file`."""
    work = await queries.the_work(db, me, proposal_id, to_change=True)
    found = inputs.uploads(form, work.definition)
    if len(found) != 1:
        raise Unprocessable(
            _("Send one file in the field “file”, and the code of its question in “question”.")
        )
    code, file = found[0]
    document = await actions.add_file(
        db, work, work.definition.question(code), file.filename, file.file, by=me
    )
    await db.commit()
    return _file(code, document)


@api_delete(HERE + "/files/{document_id:uuid}", needs=Can.WRITE_PROPOSALS)
async def remove_file(db: Db, me: Me, proposal_id: FromPath[UUID], document_id: FromPath[UUID]) -> None:
    work = await queries.the_work(db, me, proposal_id, to_change=True)
    if await actions.remove_file(db, work, document_id, by=me) is None:
        raise NotFound
    await db.commit()


@api_post(HERE + "/submission", needs=Can.WRITE_PROPOSALS)
async def submission(db: Db, me: Me, proposal_id: FromPath[UUID]) -> ReceiptOut:
    """Send it. Sent already, the answer is the receipt that there is: nothing is sent twice."""
    work = await queries.the_work(db, me, proposal_id, to_change=True)
    if work.proposal.state == ProposalState.SUBMITTED:
        return _receipt(await queries.the_revision(db, proposal_id), work)
    revision = await actions.submit(
        db, work.proposal, opening=work.opening, stage=work.stage, by=me, content=work.content
    )
    await db.commit()
    return _receipt(revision, work)


def _receipt(revision: Revision, work: Work) -> ReceiptOut:
    record = receipts.record(revision, work.content)
    return ReceiptOut(
        receipt=record["receipt"],
        manifest=record["manifest"],
        digest=record["digest"],
        seal=record["seal"],
        public_key=record["publicKey"],
        answers=record["answers"],
        how_to_check=record["howToCheck"],
    )


@api_get(HERE + "/receipt", needs=Can.WRITE_PROPOSALS)
async def receipt(db: Db, me: Me, proposal_id: FromPath[UUID]) -> ReceiptOut:
    work = await queries.the_work(db, me, proposal_id)
    return _receipt(await queries.the_revision(db, proposal_id), work)


@api_post(HERE + "/withdrawal", needs=Can.WRITE_PROPOSALS)
async def withdrawal(db: Db, me: Me, proposal_id: FromPath[UUID]) -> ProposalOut:
    work = await queries.the_work(db, me, proposal_id, to_change=True)
    is_decided = await outside.decision_of(db, me, work.proposal) is not None
    await actions.withdraw(db, work.proposal, opening=work.opening, is_decided=is_decided, by=me)
    await db.commit()
    return await _out(db, me, work)


@api_post(HERE + "/reopening", needs=Can.WRITE_PROPOSALS)
async def reopening(db: Db, me: Me, proposal_id: FromPath[UUID]) -> ProposalOut:
    work = await queries.the_work(db, me, proposal_id, to_change=True)
    await actions.reopen(db, work.proposal, opening=work.opening, stage=work.stage, by=me)
    await db.commit()
    return await _out(db, me, work)


doors: list[Any] = [
    *uploads.api,
    proposals,
    start,
    proposal,
    organization,
    answers,
    save_answers,
    add_file,
    remove_file,
    submission,
    receipt,
    withdrawal,
    reopening,
]

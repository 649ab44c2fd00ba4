"""Call files on the desk: the library, bringing a call in, taking it out, and reading its form."""

import re
from collections.abc import Sequence
from typing import Any

from challenge.accounts.gate import Can, Db, Form, FromPath, Me
from challenge.accounts.viewer import Viewer
from challenge.calls import queries as calls
from challenge.calls.desk import desk_values
from challenge.exchange import actions, inputs, queries, rules
from challenge.exchange.call_files import schema
from challenge.exchange.call_files.importing import export_call, library
from challenge.exchange.call_files.schema import CallFile
from challenge.exchange.call_files.writing import dump
from challenge.forms import queries as forms
from challenge.forms.definition import DECLARATIONS, FormDefinition
from challenge.foundation import clock
from challenge.foundation.db import Db as Session
from challenge.foundation.errors import NotFound, Unprocessable
from challenge.foundation.i18n import LANGUAGES, Texts, _
from challenge.foundation.web import Page, SeeOther, as_file, back_to, get, page, post
from challenge.rubrics import queries as rubrics

# ---------- the library ----------


@get("/desk/library", needs=Can.MANAGE_CALLS)
async def shelf(db: Db, me: Me) -> Page:
    return _shelf(inputs.Copy())


def _shelf(typed: inputs.Copy, status: int = 200) -> Page:
    return page(
        "exchange/library.html",
        status=status,
        entries=[{"file": file, "slug": _fresh_slug(file.id), **_facts(file)} for file in library().values()],
        typed=typed,
        errors=typed.errors,
        today=clock.now().date(),
    )


def _fresh_slug(file_id: str) -> str:
    """The id with this year instead of the year it may end with."""
    return f"{re.sub(r'-[0-9]{4}$', '', file_id)}-{clock.now().year}"


def _facts(file: CallFile) -> dict[str, Any]:
    return {
        "question_count": sum(len(schema.form_in_use(file, code).asked) for code in file.forms),
        "criterion_count": sum(len(rubric.criteria) for rubric in file.rubrics.values()),
        "check_count": len(file.eligibility),
        "has_filled_in": bool(file.filled_in) or any(stage.filled_in for stage in file.stages),
    }


@post("/desk/library", needs=Can.MANAGE_CALLS)
async def copy(db: Db, me: Me, form: Form) -> Page | SeeOther:
    typed = inputs.Copy.read(form)
    file = library().get(typed.id)
    if file is None:
        raise NotFound
    if not typed.errors:
        try:
            call = await actions.copy(db, file, slug=typed.slug, opens_on=typed.opens_on, by=me)
            await db.commit()
            return back_to(
                f"/desk/calls/{call.slug}",
                say=_(
                    "The draft is made. Read it as an applicant, change its file where needed, then publish."
                ),
            )
        except Unprocessable as refusal:
            typed.errors |= refusal.errors
    return _shelf(typed, status=422)


# ---------- a file ----------


@get("/desk/calls/import", needs=Can.MANAGE_CALLS)
async def bring(db: Db, me: Me) -> Page:
    return _bring(inputs.Sent())


def _bring(sent: inputs.Sent) -> Page:
    return page(
        "exchange/import.html",
        status=422 if sent.errors or sent.faults else 200,
        sent=sent,
        errors=sent.errors,
    )


@post("/desk/calls/import", needs=Can.MANAGE_CALLS)
async def bring_in(db: Db, me: Me, form: Form) -> Page | SeeOther:
    sent = await inputs.Sent.read(form)
    if sent.errors or sent.faults or sent.file is None:
        return _bring(sent)
    if not sent.is_confirmed:
        return await _summary(db, me, sent, sent.file)
    try:
        call = await actions.bring_in(db, sent.file, slug=sent.slug, by=me)
    except Unprocessable as refusal:
        sent.errors |= refusal.errors
        return await _summary(db, me, sent, sent.file)
    await db.commit()
    return back_to(f"/desk/calls/{call.slug}", say=_("The call is imported as a draft. You manage it."))


async def _summary(db: Session, me: Viewer, sent: inputs.Sent, file: CallFile) -> Page:
    """What the file would make or change, before anything is."""
    refusal = await queries.why_not_bring_in(db, me, file, sent.slug)
    if refusal is not None and sent.is_confirmed:
        sent.errors["slug"] = refusal
    present = await queries.call_at(db, sent.slug) if refusal is None else None
    return page(
        "exchange/summary.html",
        status=422 if sent.errors else 200,
        sent=sent,
        file=file,
        why_not=refusal,
        is_new=present is None,
        changes=rules.changes(present.source, schema.as_json(file)) if present is not None else [],
        digest=schema.digest(file),
        errors=sent.errors,
        **_facts(file),
    )


@get("/desk/calls/{slug:str}/export.yaml", needs=Can.MANAGE_CALLS)
async def export(db: Db, me: Me, slug: FromPath[str]) -> Any:
    opening = await calls.the_desk_call(db, me, slug, Can.MANAGE_CALLS)
    if not opening.call.source:
        raise NotFound(_("This call was not made from a file."))
    file = export_call(opening.call, opening.stages)
    heading = f"{slug}\nSHA-256 {schema.digest(file)}"
    return as_file(dump(file, heading).encode(), f"{slug}.yaml", "application/yaml")


# ---------- the form, to read ----------


@get("/desk/calls/{slug:str}/form", needs=Can.MANAGE_CALLS)
async def form(db: Db, me: Me, slug: FromPath[str]) -> Page:
    opening = await calls.the_desk_call(db, me, slug, Can.MANAGE_CALLS)
    shown = []
    for code in dict.fromkeys(stage.form_code for stage in opening.stages):
        version = await forms.newest_version(db, opening.call.id, code)
        definition = forms.definition_of(version)
        shown.append(
            {
                "code": code,
                "version": version,
                "definition": definition,
                "sections": _sections(definition),
                "labels": [s.label for s in opening.stages if s.form_code == code],
                "missing": sum(_untold(t, opening.call.languages) for t in _texts(definition)),
            }
        )
    return page(
        "exchange/form.html",
        **desk_values(opening, me, "form"),
        forms=shown,
        criteria=await _criteria(db, opening),
        told_in=_in_order(opening.call.languages),
    )


def _sections(definition: FormDefinition) -> list[dict[str, Any]]:
    sections = {section.code: section for section in definition.sections}
    return [
        {
            "code": code,
            "label": sections[code].label if code in sections else None,
            "help": sections[code].help if code in sections else {},
            "is_declarations": code == DECLARATIONS,
            "questions": [(q, ".".join(map(str, definition.numbers[q.code]))) for q in questions],
        }
        for code, questions in definition.by_section.items()
        if questions
    ]


def _texts(definition: FormDefinition) -> list[Texts]:
    parts: list[Any] = [*definition.sections, *definition.asked]
    return [texts for part in parts for texts in (part.label, part.help) if texts]


def _untold(texts: Texts, languages: Sequence[str]) -> int:
    return sum(1 for code in languages if not texts.get(code))


def _in_order(languages: Sequence[str]) -> list[str]:
    return [*(code for code in LANGUAGES if code in languages), *(c for c in languages if c not in LANGUAGES)]


async def _criteria(db: Session, opening: calls.Opening) -> dict[str, Texts]:
    found: dict[str, Texts] = {}
    for code in dict.fromkeys(stage.rubric_code for stage in opening.stages):
        rubric = rubrics.rubric_of(await rubrics.newest_rubric(db, opening.call.id, code))
        found |= {criterion.code: criterion.label for criterion in rubric.criteria}
    return found


doors: list[Any] = [shelf, copy, bring, bring_in, export, form]

"""Call files for programs: bring a call in, read its form and its questions, see what the library holds."""

from datetime import datetime
from typing import Any

from litestar import Request
from litestar.params import FromQuery
from msgspec import field

from challenge.accounts.gate import Can, Db, FromPath, Me
from challenge.calls import queries as calls
from challenge.calls import rules as call_rules
from challenge.calls.queries import Opening
from challenge.exchange import actions
from challenge.exchange.call_files import schema
from challenge.exchange.call_files.importing import first_closing, library
from challenge.exchange.call_files.reading import check
from challenge.forms import queries as forms
from challenge.forms.definition import as_json
from challenge.forms.models import FormVersion
from challenge.foundation import clock
from challenge.foundation.api import Body, Items, api_get, api_post
from challenge.foundation.db import Db as Session
from challenge.foundation.errors import NotFound, Unprocessable
from challenge.foundation.i18n import Texts, _, _n


class FormOut(Body):
    code: str
    number: int
    digest: str
    definition: dict[str, Any]


class QuestionOut(Body):
    number: str
    code: str
    section: str
    kind: str
    label: Texts
    required: bool
    help: Texts = field(default_factory=dict)
    criteria: tuple[str, ...] = ()
    limits: dict[str, Any] = field(default_factory=dict)
    public: bool = False


class LibraryOut(Body):
    id: str
    title: Texts
    organizer: Texts
    languages: tuple[str, ...]
    closes_at: datetime
    digest: str


class ImportedOut(Body):
    slug: str
    digest: str


@api_get("/library", open=True)
async def shelf(db: Db, me: Me) -> Items[LibraryOut]:
    """The calls that ship with the product."""
    return Items(
        items=[
            LibraryOut(
                id=file.id,
                title=file.title,
                organizer=file.organizer.name,
                languages=file.languages,
                closes_at=first_closing(file),
                digest=schema.digest(file),
            )
            for file in library().values()
        ]
    )


@api_post("/calls", needs=Can.MANAGE_CALLS, status=201)
async def bring_in(db: Db, me: Me, request: Request[Any, Any, Any], slug: FromQuery[str] = "") -> ImportedOut:
    """A draft from a call file, sent as YAML text. `slug` gives it another address than the file's id.

    A file with faults answers 422 with `faults`: line, column, path and a sentence each; nothing is imported.
    """
    text = (await request.body()).decode("utf-8-sig", "replace")
    found = check(text, "call.yaml")
    if isinstance(found, list):
        raise Unprocessable(
            _n(
                "{n} thing in the file needs another look; nothing was imported.",
                "{n} things in the file need another look; nothing was imported.",
                len(found),
            ),
            faults=[
                {"line": f.line, "column": f.column, "path": f.path, "message": str(f.message)} for f in found
            ],
        )
    call = await actions.bring_in(db, found, slug=slug, by=me)
    await db.commit()
    return ImportedOut(slug=call.slug, digest=schema.digest(found))


@api_get("/calls/{slug:str}/form", open=True)
async def form(db: Db, me: Me, slug: FromPath[str]) -> FormOut:
    """The form of the present stage as it is frozen, with its digest."""
    version = await _version(db, await calls.the_call(db, me, slug))
    return FormOut(
        code=version.code, number=version.number, digest=version.digest, definition=version.definition
    )


async def _version(db: Session, opening: Opening) -> FormVersion:
    stage = call_rules.current_stage(opening.stages, clock.now())
    if stage is None:
        raise NotFound(_("This call has no form."))
    return await forms.newest_version(db, opening.call.id, stage.form_code)


LIMITS = (
    "min_words", "max_words", "max_chars", "minimum", "maximum", "min_choices", "max_choices", "min_rows",
    "max_rows", "types", "max_mb", "max_files", "max_pages", "earliest", "latest",
)  # fmt: skip


@api_get("/calls/{slug:str}/questions", open=True)
async def questions(db: Db, me: Me, slug: FromPath[str]) -> Items[QuestionOut]:
    """Every question in the order in which it is asked, with its limits and the criteria it serves."""
    version = await _version(db, await calls.the_call(db, me, slug))
    definition = forms.definition_of(version)
    plain = {q["code"]: q for q in as_json(definition).get("questions", [])}
    return Items(
        items=[
            QuestionOut(
                number=".".join(map(str, definition.numbers[q.code])),
                code=q.code,
                section=q.section,
                kind=q.kind,
                label=q.label,
                help=q.help,
                required=q.required,
                criteria=q.criteria,
                limits={name: plain[q.code][name] for name in LIMITS if name in plain.get(q.code, {})},
                public=q.public,
            )
            for q in definition.asked
        ]
    )


doors: list[Any] = [shelf, bring_in, form, questions]

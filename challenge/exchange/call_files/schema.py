"""What a call file may say.

One file is one call. `programme` becomes Programme, the call itself Call (what has no column of its own goes
into its facts), `stages`, `tracks` and `timetable` become Stage, Track and Milestone, `forms` and `rubrics`
versions of Form and Rubric under their keys.

Texts are given per language, {en: ..., fr: ...}, in every language of the call. Codes are lower-case words
with hyphens. Moments are kept in UTC and written in the zone of the call. `filled_in` marks what the source
of a real call does not say: true for a whole part, or the names of its fields.
"""

import hashlib
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec
import rfc8785

from challenge.calls.models import Blindness
from challenge.forms.definition import BudgetRule, FormDefinition, Option, Question
from challenge.foundation.i18n import Texts
from challenge.rubrics.definition import Rubric

FilledIn = bool | tuple[str, ...]


class Part(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    repr_omit_defaults=True,
):
    """A piece of a call file. Fields at their default are left out when written."""


class Source(Part, frozen=True, kw_only=True):
    """Where the facts were read."""

    title: str
    url: str | None = None


class Programme(Part, frozen=True, kw_only=True):
    """The long-lived scheme the call belongs to; an existing one with this slug is used."""

    slug: str
    title: Texts


class Organizer(Part, frozen=True, kw_only=True):
    name: Texts
    organization_type: str
    governance_body: str | None = None
    contact_email: str | None = None
    address: Texts = {}
    filled_in: FilledIn = False


class Partner(Part, frozen=True, kw_only=True):
    """Who runs or pays for the call together with the organizer."""

    name: Texts
    role: Literal["co-organizer", "funder", "administrator", "technical-partner", "supporter"]
    organization_type: str | None = None
    url: str | None = None
    filled_in: FilledIn = False


class EligibilityCheck(Part, frozen=True, kw_only=True):
    """A condition of the call; `text` says it, `refusal` tells who misses it.

    A `statement` is a condition in words that staff look at; the other kinds are computed from their fields.
    """

    code: str
    kind: Literal[
        "organization-age",
        "organization-type",
        "organization-country",
        "implementation-country",
        "proposals-per-organization",
        "consortium-size",
        "project-duration",
        "statement",
    ]
    text: Texts
    refusal: Texts = {}
    # Whole months from the founding of the organization, or of the project.
    minimum_months: int | None = None
    maximum_months: int | None = None
    counted_to: Literal["opening", "closing"] = "closing"
    # Codes of organization types.
    allowed: tuple[str, ...] = ()
    # ISO 3166 alpha-2.
    countries: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    # The question whose answer is looked at, where it is not the organization.
    question: str | None = None
    source: str | None = None
    note: str | None = None
    filled_in: FilledIn = False


class ReserveList(Part, frozen=True, kw_only=True):
    size: int | None = None
    expires_on: date | None = None
    filled_in: FilledIn = False


class Awards(Part, frozen=True, kw_only=True):
    """What is granted. Amounts stand in `currency` (ISO 4217); `types` are codes of award types."""

    types: tuple[str, ...]
    number: int | None = None
    currency: str | None = None
    per_award_min: Decimal | None = None
    per_award_max: Decimal | None = None
    total_pool: Decimal | None = None
    description: Texts = {}
    reserve_list: ReserveList | None = None
    filled_in: FilledIn = False


class Stage(Part, frozen=True, kw_only=True):
    """One pass of the call. `form` and `rubric` are keys of `forms` and `rubrics`."""

    code: str
    label: Texts
    opens_at: datetime
    closes_at: datetime
    form: str = "form"
    rubric: str = "rubric"
    reviews_per_proposal: int = 3
    blind: Blindness = Blindness.SINGLE
    filled_in: FilledIn = False


class Track(Part, frozen=True, kw_only=True):
    """A lot or category with its own awards."""

    code: str
    label: Texts
    award_count: int | None = None
    filled_in: FilledIn = False


class Milestone(Part, frozen=True, kw_only=True):
    """A dated line of the published timetable."""

    code: str
    date: date
    label: Texts
    filled_in: FilledIn = False


class Document(Part, frozen=True, kw_only=True):
    """A document offered beside the call; `type` is a code of document types."""

    code: str
    type: str
    title: Texts
    url: str | None = None
    file: str | None = None
    filled_in: FilledIn = False


class Support(Part, frozen=True, kw_only=True):
    """What winners receive after the award, or take upon themselves."""

    code: str
    label: Texts
    source: str | None = None
    filled_in: FilledIn = False


class Dates(Part, frozen=True, kw_only=True):
    """The days that notices name."""

    panel_on: date | None = None
    accept_by: date | None = None
    complaint_until: date | None = None
    filled_in: FilledIn = False


class NoticeTexts(Part, frozen=True, kw_only=True):
    """The words of one formal notice; {fields} are filled when it is made, see NOTICE_FIELDS."""

    kind: Literal["award", "reserve", "regret", "not-eligible"]
    subject: Texts = {}
    title: Texts = {}
    headline: Texts = {}
    salutation: Texts = {}
    paragraphs: dict[str, tuple[str, ...]] = {}
    closing: Texts = {}


NOTICE_FIELDS = frozenset(
    {
        "recipient",
        "organization",
        "organizer",
        "call_title",
        "programme",
        "proposal_id",
        "proposal_title",
        "amount",
        "currency",
        "award_types",
        "accept_by",
        "panel_on",
        "decided_on",
        "reserve_rank",
        "reserve_until",
        "rule_text",
        "complaint_until",
        "score",
        "notice_number",
        "verify_url",
    }
)


class CallFile(Part, frozen=True, kw_only=True):
    """A whole call."""

    # Its address, and what tells a new version of a call from a new call.
    id: str
    version: str = "1"
    demonstration: bool = False
    demonstration_line: Texts = {}
    # Stands before the numbers of proposals, as in JET-7Q4M.
    prefix: str
    title: Texts
    programme: Programme
    organizer: Organizer
    partners: tuple[Partner, ...] = ()
    # Those the call is published in; proposals may be written in any of them.
    languages: tuple[str, ...]
    # IANA name of the zone of all its dates.
    zone: str
    summary: Texts
    guidance: Texts = {}
    # Codes of the vocabularies coalition-themes, country-focus-areas, intervention-types, sdgs,
    # just-transition-policy-areas.
    themes: tuple[str, ...] = ()
    country_focus_areas: tuple[str, ...] = ()
    intervention_type: str | None = None
    sdgs: tuple[str, ...] = ()
    policy_areas: tuple[str, ...] = ()
    # Themes in the words of the source.
    source_themes: tuple[str, ...] = ()
    eligibility: tuple[EligibilityCheck, ...] = ()
    # For the budget questions that bring none of their own.
    budget_categories: tuple[Option, ...] = ()
    budget_rules: tuple[BudgetRule, ...] = ()
    awards: Awards
    commitments: Texts = {}
    after_award: tuple[Support, ...] = ()
    stages: tuple[Stage, ...]
    tracks: tuple[Track, ...] = ()
    timetable: tuple[Milestone, ...] = ()
    dates: Dates = Dates()
    forms: dict[str, FormDefinition]
    rubrics: dict[str, Rubric]
    documents: tuple[Document, ...] = ()
    notices: tuple[NoticeTexts, ...] = ()
    sources: tuple[Source, ...] = ()
    # Marks fields of this level; the parts carry marks of their own.
    filled_in: FilledIn = False
    # What else a reader of the file should know, in words.
    notes: tuple[str, ...] = ()


class RubricFile(Part, frozen=True, kw_only=True):
    """How a published call is scored, where the library holds no more of it than that."""

    id: str
    title: Texts
    languages: tuple[str, ...]
    rubrics: dict[str, Rubric]
    sources: tuple[Source, ...] = ()
    notes: tuple[str, ...] = ()


def form_in_use(call: CallFile, code: str) -> FormDefinition:
    """A form of the call whose budget questions carry the categories and rules of the call."""
    form = call.forms[code]
    questions = tuple(_with_budget(call, question) for question in form.questions)
    return form if questions == form.questions else msgspec.structs.replace(form, questions=questions)


def _with_budget(call: CallFile, question: Question) -> Question:
    if question.kind != "budget":
        return question
    return msgspec.structs.replace(
        question,
        currency=question.currency or call.awards.currency,
        budget_categories=question.budget_categories or call.budget_categories,
        budget_rules=question.budget_rules or call.budget_rules,
    )


def as_json(call: CallFile) -> dict[str, Any]:
    """The call as plain JSON: defaults left out, exact numbers and dates as text, moments in UTC."""
    # Read once more first: whether a default is left out must not depend on where the value came from.
    same = msgspec.json.decode(msgspec.json.encode(call), type=CallFile)
    plain: dict[str, Any] = msgspec.to_builtins(same, str_keys=True)
    return plain


def digest(call: CallFile) -> str:
    """SHA-256, in hexadecimal, of the RFC 8785 form of the call; the layout of its file plays no part."""
    return hashlib.sha256(rfc8785.dumps(as_json(call))).hexdigest()


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a call file, for editors and other programs.

    It knows the shape. References, vocabularies, languages and the order of dates are looked at by `check`.
    """
    schema = msgspec.json.schema(CallFile)
    _loosen(schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Call file", **schema}


def _loosen(schema: Any) -> None:
    """YAML writes exact numbers as numbers, dates without quotes, and moments without an offset."""
    if isinstance(schema, list):
        for item in schema:
            _loosen(item)
    elif isinstance(schema, dict):
        if schema.get("format") == "decimal":
            schema.clear()
            schema["type"] = ["number", "string"]
        elif schema.get("format") == "date-time":
            del schema["format"]
        for item in schema.values():
            _loosen(item)

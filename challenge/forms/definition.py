"""The shape of a form, as it travels in call files and is frozen with every version. Pure and immutable.

A definition is plain JSON, decoded once per digest: the thousandth proposal of a call pays nothing for it.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

import msgspec
import rfc8785

from challenge.foundation.i18n import Texts

Json = Any  # what JSON can say: None, bool, int, float, str, list, dict
Answers = Mapping[str, Json]
SeenBy = Literal["team", "staff", "reviewers", "public"]


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Section(_Part, frozen=True):
    code: str
    label: Texts
    help: Texts = {}


class Option(_Part, frozen=True):
    code: str
    label: Texts
    help: Texts = {}


class Chosen(_Part, frozen=True):
    """One of several vocabularies asked together, with its own limits."""

    vocabulary: str
    max_choices: int | None = None
    min_choices: int = 1
    label: Texts = {}


class Column(_Part, frozen=True):
    """A column of a table that the organizer made."""

    code: str
    label: Texts
    kind: Literal["text", "number", "choice", "country", "yes-no"] = "text"
    help: Texts = {}
    required: bool = False
    options: tuple[Option, ...] = ()
    vocabulary: str | None = None


class Condition(_Part, frozen=True):
    """Ask only when another answer equals a value, is one of several, or (a list) holds one of them."""

    question: str
    equals: str | bool | int | None = None
    any_of: tuple[str | bool | int, ...] = ()

    @property
    def wanted(self) -> tuple[str | bool | int, ...]:
        return self.any_of if self.equals is None else (self.equals,)


class BudgetRule(_Part, frozen=True):
    """A limit of a budget: an `amount`, or a `percent` of what `of` names."""

    code: str
    kind: Literal[
        "requested-at-most",
        "requested-at-least",
        "total-at-most",
        "category-at-most",
        "category-at-least",
        "category-share-at-most",
        "category-share-at-least",
        "own-share-at-least",
    ]
    text: Texts = {}
    amount: Decimal | None = None
    currency: str | None = None
    category: str | None = None
    percent: Decimal | None = None
    of: Literal["requested", "total"] = "requested"
    refuses: bool = (
        True  # False: the page says it, the submission is taken, the eligibility check rules on it
    )
    source: str | None = None
    note: str | None = None
    filled_in: bool | tuple[str, ...] = False


class Question(_Part, frozen=True):
    code: str
    section: str
    kind: str
    label: Texts
    help: Texts = {}
    required: bool = False
    scored: bool = True
    criteria: tuple[str, ...] = ()  # codes of the criteria of the rubric that this answer serves
    public: bool = False  # published if the proposal wins
    seen_by: SeenBy = "reviewers"
    personal: bool = False  # personal data: left out of blind reading and of open data
    show_if: Condition | None = None
    # texts
    min_words: int | None = None
    max_words: int | None = None
    max_chars: int | None = None
    # numbers and dates
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    whole: bool = False
    unit: Texts = {}
    earliest: str | None = None
    latest: str | None = None
    # choices
    vocabulary: str | None = None
    vocabularies: tuple[Chosen, ...] = ()
    options: tuple[Option, ...] = ()
    min_choices: int | None = None
    max_choices: int | None = None
    # rows
    columns: tuple[Column, ...] = ()
    min_rows: int | None = None
    max_rows: int | None = None
    # money
    currency: str | None = None
    budget_categories: tuple[Option, ...] = ()
    budget_rules: tuple[BudgetRule, ...] = ()
    # files
    types: tuple[str, ...] = ()  # endings without the dot: pdf, docx
    max_mb: Decimal | None = None
    max_files: int = 1
    max_pages: int | None = None
    filled_in: bool | tuple[str, ...] = False

    @property
    def audience(self) -> SeenBy:
        """The widest circle that may read the answer once the proposal won."""
        return "public" if self.public else self.seen_by


class OptionalPart(_Part, frozen=True):
    """A structured part nobody must fill: its code is its kind, problem-tree or logical-framework."""

    code: str
    label: Texts
    help: Texts = {}
    section: str | None = None


class Declaration(_Part, frozen=True):
    code: str
    label: Texts
    help: Texts = {}
    required: bool = False


DECLARATIONS = "declarations"  # the section of the declarations, asked on the page where one submits


class FormDefinition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, dict=True):
    sections: tuple[Section, ...]
    questions: tuple[Question, ...]
    optional_parts: tuple[OptionalPart, ...] = ()
    declarations: tuple[Declaration, ...] = ()
    id: str | None = None
    version: str | None = None
    filled_in: bool | tuple[str, ...] = False

    @cached_property
    def asked(self) -> tuple[Question, ...]:
        """Everything with an answer of its own, section by section, the declarations last."""
        last = self.sections[-1].code if self.sections else ""
        parts = tuple(
            Question(
                code=p.code, section=p.section or last, kind=p.code, label=p.label, help=p.help, scored=False
            )
            for p in self.optional_parts
        )
        declared = tuple(
            Question(
                code=d.code,
                section=DECLARATIONS,
                kind="declaration",
                label=d.label,
                help=d.help,
                required=d.required,
                scored=False,
                seen_by="staff",
            )
            for d in self.declarations
        )
        rank = {section.code: place for place, section in enumerate(self.sections)}
        written = sorted((*self.questions, *parts), key=lambda q: rank.get(q.section, len(rank)))
        return (*written, *declared)

    @cached_property
    def by_code(self) -> dict[str, Question]:
        return {question.code: question for question in self.asked}

    @cached_property
    def by_section(self) -> dict[str, tuple[Question, ...]]:
        """The questions of every section; the declarations stand under DECLARATIONS."""
        gathered: dict[str, list[Question]] = {section.code: [] for section in self.sections}
        for question in self.asked:
            gathered.setdefault(question.section, []).append(question)
        return {code: tuple(questions) for code, questions in gathered.items()}

    @cached_property
    def numbers(self) -> dict[str, tuple[int, int]]:
        """Where a question stands: (2, 4) is the fourth question of the second section."""
        return {
            question.code: (place, nth)
            for place, questions in enumerate(self.by_section.values(), start=1)
            for nth, question in enumerate(questions, start=1)
        }

    def question(self, code: str) -> Question:
        """Raises LookupError for a code the form does not have."""
        return self.by_code[code]

    def questions_of(self, section: str) -> tuple[Question, ...]:
        return self.by_section.get(section, ())


def canonical_digest(value: Json) -> str:
    """SHA-256, in hexadecimal, of the RFC 8785 form of a JSON value."""
    return hashlib.sha256(rfc8785.dumps(value)).hexdigest()


def as_json(definition: FormDefinition) -> dict[str, Json]:
    """The definition as it is kept and hashed: plain JSON, defaults left out, exact numbers as text."""
    # Read once more first: whether a default is left out must not depend on where the value came from.
    same = msgspec.json.decode(msgspec.json.encode(definition), type=FormDefinition)
    plain: dict[str, Json] = msgspec.to_builtins(same)
    return plain


def digest(definition: FormDefinition) -> str:
    return canonical_digest(as_json(definition))


_KEPT = 256
_decoded: OrderedDict[str, FormDefinition] = OrderedDict()


def decode(raw: bytes | str | Mapping[str, Json], digest: str | None = None) -> FormDefinition:
    """A definition from its JSON; the same object again for the same content.

    Whoever knows the digest already (a kept version has it in a column) passes it and pays for no hashing.
    Raises msgspec.ValidationError, whose message names the path of the fault.
    """
    key = digest or _fingerprint(raw)
    known = _decoded.get(key)
    if known is not None:
        _decoded.move_to_end(key)
        return known
    if isinstance(raw, bytes | str):
        made = msgspec.json.decode(raw, type=FormDefinition)
    else:
        made = msgspec.convert(raw, FormDefinition)
    _decoded[key] = made
    if len(_decoded) > _KEPT:
        _decoded.popitem(last=False)
    return made


def _fingerprint(raw: bytes | str | Mapping[str, Json]) -> str:
    if isinstance(raw, str):
        raw = raw.encode()
    if not isinstance(raw, bytes):
        raw = msgspec.json.encode(raw)
    return "raw:" + hashlib.blake2b(raw, digest_size=16).hexdigest()

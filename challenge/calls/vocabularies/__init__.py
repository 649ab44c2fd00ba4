"""The lists of the field in four languages: themes, goals, kinds of organization, the decent-work checklist.

One YAML file a list, each named by its id. Codes never change; labels may. Names of countries come from CLDR.
"""

from functools import cache, cached_property
from pathlib import Path
from typing import Any

import msgspec
import yaml

from challenge.foundation.i18n import Texts, country_name, pick

FOLDER = Path(__file__).parent
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Mapping(msgspec.Struct, frozen=True):
    """The same idea in another scheme; `relation` is exact, close, broader, narrower or related (SKOS)."""

    scheme: str
    code: str
    relation: str


class Term(msgspec.Struct, frozen=True):
    code: str
    labels: Texts = {}
    broader: str | None = None
    definition: str | None = None
    help: Texts = {}
    kind: str | None = None  # "group" only gathers others and cannot be chosen
    number: int | None = None
    region: str | None = None
    role: str | None = None
    final: bool | None = None
    has_amount: bool | None = None
    ilo_member: bool | None = None
    withdrawal_notice_on: str | None = None
    count: int | None = None
    initiatives: tuple[str, ...] = ()
    mappings: tuple[Mapping, ...] = ()
    scheme: str | None = None
    years: tuple[int, ...] = ()
    replaced_by: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    version: str | None = None

    @property
    def is_group(self) -> bool:
        return self.kind == "group"


class Vocabulary(msgspec.Struct, frozen=True, dict=True):
    id: str
    version: str
    title: Texts
    terms: tuple[Term, ...]
    answers: tuple[Term, ...] = ()  # what may be answered to each term of a checklist
    predecessors: tuple[Term, ...] = ()  # codes of an older scheme that are still found in old records
    regions: tuple[Term, ...] = ()
    expected_count: int | None = None
    not_members_of_the_ilo: tuple[str, ...] = ()
    not_members_of_the_un: tuple[str, ...] = ()

    @cached_property
    def by_code(self) -> dict[str, Term]:
        return {term.code: term for term in (*self.predecessors, *self.regions, *self.answers, *self.terms)}

    @cached_property
    def choices(self) -> tuple[Term, ...]:
        """The terms a person may choose: all that do not merely gather others."""
        return tuple(term for term in self.terms if not term.is_group)

    @cached_property
    def codes(self) -> frozenset[str]:
        return frozenset(term.code for term in self.choices)

    @cached_property
    def groups(self) -> tuple[tuple[Term | None, tuple[Term, ...]], ...]:
        """Choices under their group, in the order of the file; without groups, one nameless group."""
        gathered: dict[str | None, list[Term]] = {}
        names = {term.code for term in self.terms if term.is_group}
        for term in self.choices:
            gathered.setdefault(term.broader if term.broader in names else None, []).append(term)
        return tuple((self.by_code[code] if code else None, tuple(terms)) for code, terms in gathered.items())

    def label(self, code: str, lang: str | None = None) -> str:
        """The label of a term; an unknown code is its own label, so that an old record stays readable."""
        term = self.by_code.get(code)
        if term is None:
            return code
        return pick(term.labels, lang) or (country_name(code, lang) if term.region else code)


@cache
def vocabulary_ids() -> tuple[str, ...]:
    return tuple(sorted(file.stem for file in FOLDER.glob("*.yaml")))


@cache
def vocabulary(vocabulary_id: str) -> Vocabulary:
    """Raises LookupError for an id that no shipped file has."""
    if vocabulary_id not in vocabulary_ids():
        raise LookupError(vocabulary_id)
    content: Any = yaml.load((FOLDER / f"{vocabulary_id}.yaml").read_text("utf-8"), Loader=_LOADER)  # noqa: S506
    return msgspec.convert(content, Vocabulary)


def label(vocabulary_id: str, code: str, lang: str | None = None) -> str:
    return vocabulary(vocabulary_id).label(code, lang)

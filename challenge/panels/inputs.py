"""What people typed about seats, about what they know and about conflicts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol
from uuid import UUID

from challenge.accounts import rules as account_rules
from challenge.calls.vocabularies import vocabulary
from challenge.foundation.i18n import LANGUAGES, Text, _, country_name, language_name, pick
from challenge.foundation.text import one_line, tidy
from challenge.panels import rules
from challenge.panels.models import Expertise, SeatKind

Choices = list[tuple[str, str]]


class Form(Protocol):
    def get(self, key: str) -> Any: ...
    def getall(self, key: str, default: list[Any]) -> list[Any]: ...


def typed(form: Form, name: str) -> str:
    return one_line(str(form.get(name) or ""))


def whole(text: str) -> int | None:
    """A whole number, in Western or Arabic digits; 0 when it is none, so that the rule can say so."""
    if not text:
        return None
    return int(text) if text.isdecimal() and len(text) < 9 else 0


@dataclass(slots=True)
class NewPanel:
    name: str = ""
    stage_id: UUID | None = None
    errors: dict[str, Text] = field(default_factory=dict)

    @classmethod
    def read(cls, form: Form, stages: Sequence[Any]) -> "NewPanel":
        wanted = typed(form, "stage")
        found = next((stage.id for stage in stages if str(stage.id) == wanted), None)
        if found is None and len(stages) == 1:
            found = stages[0].id
        read = cls(typed(form, "name"), found)
        if found is None:
            read.errors["stage"] = _("Choose the stage that this panel judges.")
        return read


@dataclass(slots=True)
class Invitation:
    name: str = ""
    email: str = ""
    kind: SeatKind = SeatKind.REVIEWER
    max_load: int | None = None
    language: str = "en"
    errors: dict[str, Text] = field(default_factory=dict)

    @classmethod
    def read(cls, form: Form) -> "Invitation":
        kind = typed(form, "kind")
        return cls.of(
            typed(form, "name"),
            str(form.get("email") or ""),
            SeatKind(kind) if kind in set(SeatKind) else SeatKind.REVIEWER,
            whole(typed(form, "max_load")),
            typed(form, "language"),
        )

    @classmethod
    def of(cls, name: str, email: str, kind: SeatKind, max_load: int | None, language: str) -> "Invitation":
        read = cls(
            one_line(name),
            account_rules.tidy_email(email),
            kind,
            max_load,
            language if language in LANGUAGES else "en",
        )
        read.check()
        return read

    def check(self) -> None:
        if not self.name:
            self.errors["name"] = _("Write the name as it should stand in the letter.")
        elif len(self.name) > rules.NAME_LENGTH:
            self.errors["name"] = _("Use a name of at most {n} characters.", n=rules.NAME_LENGTH)
        refusals = {
            "email": account_rules.why_not_email(self.email),
            "max_load": rules.why_not_load(self.max_load),
        }
        self.errors |= {name: refusal for name, refusal in refusals.items() if refusal is not None}


@dataclass(slots=True)
class Declared:
    """A conflict, told by the number of a proposal or by the organization that leads it."""

    number: str = ""
    organization_id: UUID | None = None
    kind: str = ""
    reason: str = ""
    errors: dict[str, Text] = field(default_factory=dict)

    @classmethod
    def read(cls, form: Form) -> "Declared":
        return cls.of(
            typed(form, "proposal"),
            typed(form, "kind"),
            str(form.get("reason") or ""),
            uuid_or_none(typed(form, "organization")),
        )

    @classmethod
    def of(cls, number: str, kind: str, reason: str, organization_id: UUID | None = None) -> "Declared":
        read = cls(one_line(number).upper(), organization_id, kind, tidy(reason).strip()[:2000])
        read.check()
        return read

    def check(self) -> None:
        if not self.number and self.organization_id is None:
            self.errors["proposal"] = _("Write the number of the proposal, for example JET-7Q4MX.")
        refusal = rules.why_not_declare(self.kind, self.reason, is_on_team=False)
        if refusal is not None:
            self.errors["reason" if self.kind in rules.CONFLICT_KINDS else "kind"] = refusal


def uuid_or_none(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


# ---------- what somebody knows ----------

# The languages of this site first, then others in which people of the field write.
READING = (*LANGUAGES, "ar", "bn", "de", "fa", "hi", "id", "it", "ja", "km", "ko", "mn", "my", "ne", "pt", "ru", "sr",
           "sw", "th", "tr", "uk", "ur", "uz", "vi", "zh")  # fmt: skip
LISTS = {"policy_areas": "just-transition-policy-areas", "themes": "coalition-themes", "sdgs": "sdgs"}
KEYWORDS = 12


def language_choices() -> Choices:
    first = [(code, language_name(code)) for code in LANGUAGES]
    rest = sorted(
        ((code, language_name(code)) for code in set(READING) - set(LANGUAGES)), key=lambda c: c[1].casefold()
    )
    return first + rest


def country_choices() -> Choices:
    return sorted(((code, country_name(code)) for code in country_codes()), key=lambda c: c[1].casefold())


@cache
def country_codes() -> frozenset[str]:
    members = vocabulary("countries-ilo")
    return members.codes | set(members.not_members_of_the_ilo)


def term_choices(vocabulary_id: str) -> Choices:
    return [(term.code, pick(term.labels)) for term in vocabulary(vocabulary_id).choices]


def unknown_codes(given: Mapping[str, Any]) -> dict[str, Text]:
    """For programs, which get no boxes to tick: codes that no list has."""
    known = {"languages": frozenset(READING)} | {name: vocabulary(v).codes for name, v in LISTS.items()}
    return {
        name: _("The list has no code {code}.", code=sorted(strange)[0])
        for name, codes in known.items()
        if (strange := set(given.get(name, ())) - codes)
    }


@dataclass(slots=True)
class Knows:
    languages: list[str] = field(default_factory=list)
    policy_areas: list[str] = field(default_factory=list)
    themes: list[str] = field(default_factory=list)
    sdgs: list[str] = field(default_factory=list)
    keywords: list[str] = field(default_factory=list)
    country: str = ""
    organization_type: str = ""
    affiliation: str = ""
    errors: dict[str, Text] = field(default_factory=dict)

    @classmethod
    def of(cls, row: Expertise | None) -> "Knows":
        if row is None:
            return cls()
        return cls(
            row.languages, row.policy_areas, row.themes, row.sdgs, row.keywords,
            row.country, row.organization_type, row.affiliation,
        )  # fmt: skip

    @classmethod
    def read(cls, form: Form) -> "Knows":
        def ticked(name: str) -> list[str]:
            return [str(code) for code in form.getall(name, [])]

        written = tidy(str(form.get("keywords") or "")).replace("،", ",").replace("\n", ",").split(",")
        return cls.checked(
            {
                "languages": ticked("languages"),
                **{name: ticked(name) for name in LISTS},
                "keywords": written,
                "country": typed(form, "country").upper(),
                "organization_type": typed(form, "organization_type"),
                "affiliation": typed(form, "affiliation"),
            }
        )

    @classmethod
    def checked(cls, given: Mapping[str, Any]) -> "Knows":
        """Known codes only, each once; a word, a country or a kind of organization as it was typed."""
        read = cls(
            keywords=list(
                dict.fromkeys(w for word in given.get("keywords", ()) if (w := one_line(word)[:60]))
            ),
            country=given.get("country", ""),
            organization_type=given.get("organization_type", ""),
            affiliation=given.get("affiliation", ""),
        )
        read.languages = [code for code in dict.fromkeys(given.get("languages", ())) if code in READING]
        read.policy_areas, read.themes, read.sdgs = (
            [code for code in dict.fromkeys(given.get(name, ())) if code in vocabulary(listed).codes]
            for name, listed in LISTS.items()
        )
        read.check()
        return read

    def check(self) -> None:
        if not self.languages:
            self.errors["languages"] = _("Choose at least one language that you read well.")
        if len(self.keywords) > KEYWORDS:
            self.errors["keywords"] = _(
                "Use at most {n} words or short phrases. You wrote {found}.",
                n=KEYWORDS,
                found=len(self.keywords),
            )
        if self.country and self.country not in country_codes():
            self.errors["country"] = _("Choose a country from the list.")
        if self.organization_type and self.organization_type not in vocabulary("organization-types").codes:
            self.errors["organization_type"] = _("Choose a kind of organization from the list.")
        if len(self.affiliation) > 300:
            self.errors["affiliation"] = _("Use at most {n} characters.", n=300)

    def values(self) -> dict[str, Any]:
        return {
            name: getattr(self, name)
            for name in (
                "languages", "policy_areas", "themes", "sdgs", "keywords", "country", "organization_type", "affiliation",
            )
        }  # fmt: skip

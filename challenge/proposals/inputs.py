"""What an applicant typed: a new proposal, an organization, somebody to invite, a choice between two versions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import IO, Any, Protocol
from uuid import UUID

from challenge.accounts.models import Organization
from challenge.calls.models import Call, Track
from challenge.calls.vocabularies import vocabulary
from challenge.forms.definition import FormDefinition, Json
from challenge.forms.inputs import VERSION, read_section
from challenge.forms.kinds import kind_of
from challenge.forms.kinds.place import country_codes
from challenge.forms.kinds.text import PlainText
from challenge.forms.kinds.typed import Form as Fields
from challenge.forms.kinds.typed import all_typed
from challenge.forms.kinds.typed import typed as typed_text
from challenge.foundation.i18n import Text, _
from challenge.foundation.text import one_line, tidy

NAME_LENGTH = 300
KEEP = "keep:"  # before the code of a question in which two versions met: mine, theirs or both
UPLOAD = ".upload"


class Upload(Protocol):
    """A file as it came with a form."""

    filename: str
    file: IO[bytes]


class Form(Fields, Protocol):
    def multi_items(self) -> Any: ...


def typed(form: Fields, name: str) -> str:
    return one_line(typed_text(form, name))


@dataclass(slots=True)
class NewProposal:
    """In which language and for which track somebody begins."""

    language: str = ""
    track: str = ""
    track_id: UUID | None = None
    errors: dict[str, Text] = field(default_factory=dict)

    @classmethod
    def read(cls, form: Form, call: Call, tracks: Sequence[Track]) -> "NewProposal":
        return cls(typed(form, "language"), typed(form, "track")).checked(call, tracks)

    def checked(self, call: Call, tracks: Sequence[Track]) -> "NewProposal":
        if self.language not in call.languages:
            self.errors["language"] = _("Choose the language in which you write.")
        if tracks:
            found = next((track.id for track in tracks if track.code == self.track), None)
            self.track_id = found
            if found is None:
                self.errors["track"] = _("Choose the part of the call for which you apply.")
        elif self.track:
            self.errors["track"] = _("This call has no parts to choose from.")
        return self


@dataclass(slots=True)
class TypedOrganization:
    """The body that sends the proposal."""

    name: str = ""
    organization_type: str = ""
    country: str = ""
    founded: str = ""
    founded_on: date | None = None
    errors: dict[str, Text] = field(default_factory=dict)

    @classmethod
    def of(cls, organization: Organization | None) -> "TypedOrganization":
        if organization is None:
            return cls()
        founded = organization.founded_on
        return cls(
            organization.name,
            organization.organization_type,
            organization.country,
            founded.isoformat() if founded else "",
            founded,
        )

    @classmethod
    def read(cls, form: Form, today: date) -> "TypedOrganization":
        return cls(
            typed(form, "name"),
            typed(form, "organization_type"),
            typed(form, "country"),
            typed(form, "founded_on"),
        ).checked(today)

    def checked(self, today: date) -> "TypedOrganization":
        if not self.name:
            self.errors["name"] = _("Write the name of the organization as it stands in its statutes.")
        elif len(self.name) > NAME_LENGTH:
            self.errors["name"] = _("Use at most {n} characters for the name.", n=NAME_LENGTH)
        if self.organization_type not in vocabulary("organization-types").codes:
            self.errors["organization_type"] = _("Choose what kind of organization it is.")
        if self.country not in country_codes():
            self.errors["country"] = _("Choose the country of its seat.")
        if self.founded:
            self.founded_on = _as_day(self.founded)
            if self.founded_on is None:
                self.errors["founded_on"] = _(
                    "Write the day as 2019-03-04. You wrote “{found}”.", found=self.founded
                )
            elif self.founded_on > today:
                self.errors["founded_on"] = _("This day lies in the future. Write the day it was founded.")
        return self


def _as_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


@dataclass(slots=True)
class Invitation:
    name: str = ""
    email: str = ""
    errors: dict[str, Text] = field(default_factory=dict)

    @classmethod
    def read(cls, form: Form, taken: Iterable[str]) -> "Invitation":
        read = cls(typed(form, "name")[:200], typed(form, "email").lower())
        if not read.name:
            read.errors["name"] = _("Write the name as it should stand in the letter.")
        local, at, domain = read.email.rpartition("@")
        if not at or not local or "." not in domain or " " in read.email or len(read.email) > 254:
            read.errors["email"] = _(
                "Write an address like name@example.org. You wrote “{found}”.", found=read.email
            )
        elif read.email in taken:
            read.errors["email"] = _("This person is on the team already.")
        return read


# ---------- answers ----------


@dataclass(frozen=True, slots=True)
class TypedAnswers:
    """Values by code, the versions that the page showed, and the choices between two versions."""

    values: dict[str, Json]
    known: dict[str, int]
    left: frozenset[str] = frozenset()  # questions where the other version was chosen


def versions_known(form: Form) -> dict[str, int]:
    found = {}
    for name in form:
        if name.startswith(VERSION):
            text = typed(form, name)
            found[name.removeprefix(VERSION)] = int(text) if text.isdecimal() and len(text) < 9 else 0
    return found


def without_files(definition: FormDefinition, values: dict[str, Json]) -> dict[str, Json]:
    """Files are attached by their own verb; a page only repeats which there are."""
    return {code: value for code, value in values.items() if definition.question(code).kind != "file"}


def read_answers(form: Form, definition: FormDefinition, section: str, kept: dict[str, Json]) -> TypedAnswers:
    """The answers of a page, where two versions met as the person chose."""
    values = without_files(definition, read_section(form, section, definition))
    left = set()
    for code in list(values):
        choice = typed(form, KEEP + code)
        if choice == "theirs":
            del values[code]
            left.add(code)
        elif choice == "both" and isinstance(kind_of(definition.question(code)), PlainText):
            values[code] = both(values[code], kept.get(code))
    return TypedAnswers(values, versions_known(form), frozenset(left))


def both(mine: Json, theirs: Json) -> str:
    """One text below the other, as the page says."""
    return f"{str(mine or '').rstrip()}\n\n{theirs or ''}".strip()


def removed_files(form: Form, definition: FormDefinition) -> list[UUID]:
    """The documents whose "Remove" was pressed: `_remove` holds "code.id"."""
    found = []
    for pressed in all_typed(form, "_remove"):
        code, _dot, document_id = pressed.partition(".")
        question = definition.by_code.get(code)
        if question is not None and question.kind == "file":
            found += [made for made in [_as_id(document_id)] if made is not None]
    return found


def _as_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def uploads(form: Form, definition: FormDefinition, asked: str = "") -> list[tuple[str, Upload]]:
    """The files that came with a form and the question of each: `CODE.upload`, or `file` with a `question`."""
    found = []
    for name, value in form.multi_items():
        if isinstance(value, str) or not getattr(value, "filename", ""):
            continue
        code = name.removesuffix(UPLOAD) if name.endswith(UPLOAD) else (asked or typed(form, "question"))
        question = definition.by_code.get(code)
        if question is not None and question.kind == "file":
            found.append((code, value))
    return found


def tidied(value: Any) -> Any:
    """A value of a program, its texts cleaned as those of a page are."""
    if isinstance(value, str):
        return tidy(value).strip()
    if isinstance(value, list):
        return [tidied(each) for each in value]
    if isinstance(value, dict):
        return {key: tidied(each) for key, each in value.items()}
    return value

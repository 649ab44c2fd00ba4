"""How a proposal is said to the people who write it: states, sections, files, differences, what happened. Pure."""

import difflib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from challenge.audit.models import Entry
from challenge.calls.models import Blindness, Call, Stage
from challenge.calls.vocabularies import label, vocabulary
from challenge.files import states
from challenge.files.flags import authors_of
from challenge.files.models import Document, DocumentState
from challenge.files.previews import can_show
from challenge.files.rules import why_refused
from challenge.forms.definition import DECLARATIONS, FormDefinition, Json, Question
from challenge.forms.kinds import kind_of
from challenge.forms.rules import Progress, asked_questions, is_answered, is_asked
from challenge.foundation import i18n
from challenge.foundation.i18n import Text, _, _n, digits, format_number, language, pick
from challenge.foundation.text import count_words
from challenge.proposals import rules
from challenge.proposals.models import Attachment, ProposalState
from challenge.proposals.moments import InZone
from challenge.proposals.queries import Content, Own
from challenge.rubrics.aggregate import best_adds
from challenge.rubrics.definition import Overall, Rubric
from challenge.rubrics.rules import is_counted

LONGEST_MARKED = 12_000  # characters a side; longer texts are shown without marks
STATE_LOOKS = {
    "draft": ("half", "on"),
    "submitted": ("disc", "good"),
    "under-review": ("half", "on"),
    "in-decision": ("half", "on"),
    "withdrawn": ("square", "quiet"),
    "awarded": ("disc", "good"),
    "reserve": ("diamond", "wait"),
}


# ---------- states ----------


@dataclass(frozen=True, slots=True)
class Status:
    """A term of the vocabulary proposal-statuses, in the current language."""

    code: str
    word: str
    help: str
    sign: str
    tone: str


def status(code: str) -> Status:
    term = vocabulary("proposal-statuses").by_code.get(code)
    sign, tone = STATE_LOOKS.get(code, ("ring", "quiet"))
    return Status(code, label("proposal-statuses", code), pick(term.help) if term else "", sign, tone)


@dataclass(frozen=True, slots=True)
class Line:
    """A proposal in the list of one's own: its state and what to do next."""

    own: Own
    status: Status
    is_open: bool
    next_text: Text
    next_href: str


def line(own: Own, moment: datetime) -> Line:
    is_open = moment < own.stage.closes_at
    code = rules.status_code(own.state, own.stage, moment)
    path = f"/proposals/{own.id}"
    if own.state == ProposalState.DRAFT:
        if is_open:
            return Line(own, status(code), True, _("Go on writing"), path)
        return Line(own, status(code), False, _("Read your draft; it was not sent"), path)
    if own.state == ProposalState.WITHDRAWN:
        return Line(own, status(code), is_open, _("Look at it"), path)
    return Line(
        own, status(code), is_open, _("See the receipt") if is_open else _("See where it stands"), path
    )


# ---------- sections ----------


def number_of(place: int, nth: int) -> str:
    """ "2.4"; in Arabic the parts are joined by a hyphen, so that the point is not read as a decimal."""
    return digits(f"{place}-{nth}") if language() == "ar" else f"{place}.{nth}"


def numbers(definition: FormDefinition) -> dict[str, str]:
    return {code: number_of(*places) for code, places in definition.numbers.items()}


@dataclass(frozen=True, slots=True)
class SectionLine:
    n: int
    code: str
    title: str
    hint: str
    href: str
    sign: str
    tone: str
    state: Text
    done: int
    of: int
    bad: int

    @property
    def is_complete(self) -> bool:
        return self.tone == "done"


def section_lines(
    content: Content, progress: Mapping[str, Progress], wrong: Mapping[str, Any], path: str
) -> list[SectionLine]:
    """The sections as a list of tasks; the declarations are asked where one submits."""
    found = []
    for n, section in enumerate(content.definition.sections, start=1):
        asked = [q for q in content.definition.questions_of(section.code) if is_asked(q, content.answers)]
        bad = sum(question.code in wrong for question in asked)
        far = progress[section.code]
        found.append(
            SectionLine(
                n,
                section.code,
                pick(section.label),
                pick(section.help) or listed_labels(asked),
                f"{path}/edit/{section.code}",
                *_section_state(far, bad),
                far.answered,
                far.asked,
                bad,
            )
        )
    return found


def _section_state(far: Progress, bad: int) -> tuple[str, str, Text]:
    missing = far.required - far.required_answered
    if bad:
        return "triangle", "bad", _n("{n} answer needs a look", "{n} answers need a look", bad)
    if not far.is_begun:
        return ("ring", "quiet", _("Not begun")) if far.required else ("ring", "quiet", _("Optional"))
    if missing:
        return "half", "wait", _n("{n} answer missing", "{n} answers missing", missing)
    return "disc", "done", _("Complete")


def listed_labels(questions: Sequence[Question], most: int = 4) -> str:
    labels = [pick(question.label).rstrip("?؟ ") for question in questions[:most]]
    comma = "، " if language() == "ar" else ", "
    return comma.join(labels) + (" …" if len(questions) > most else "")


def asked_list(content: Content, section: str, said: Mapping[str, str]) -> list[dict[str, Any]]:
    """The questions of a section as the margin lists them."""
    return [
        {
            "href": f"#{question.code}",
            "text": f"{said[question.code]} {pick(question.label)}",
            "state": "done" if is_answered(question, content.answers) else "open",
        }
        for question in content.definition.questions_of(section)
        if is_asked(question, content.answers)
    ]


def judged(rubric: Rubric | None, questions: Sequence[Question]) -> list[dict[str, Any]]:
    """The criteria that the answers of a section serve, each with its share."""
    if rubric is None:
        return []
    codes = {code for question in questions for code in question.criteria}
    is_mean = rubric.aggregation.overall == Overall.WEIGHTED_MEAN
    return [
        {
            "label": pick(criterion.label),
            "share": Share(best_adds(rubric, criterion)) if is_mean and is_counted(criterion) else None,
            "asks": pick(criterion.asks),
        }
        for criterion in rubric.criteria
        if criterion.code in codes
    ]


class Share:
    """A per cent value, written as each language writes it."""

    def __init__(self, percent: Decimal) -> None:
        self.percent = percent

    def __str__(self) -> str:
        number = format_number(round(self.percent, 1).normalize() if self.percent % 1 else int(self.percent))
        return number + {"en": " %", "fr": "\u202f%", "es": "\u00a0%", "ar": "٪"}[language()]


# ---------- problems ----------


def problem_list(
    content: Content, problems: Mapping[str, Sequence[Text]], path: str, said: Mapping[str, str]
) -> list[dict[str, Any]]:
    """What stands in the way, each with a link to the place where it is settled; on this page without a path."""
    found: list[dict[str, Any]] = []
    for code, texts in problems.items():
        question = content.definition.by_code.get(code)
        if question is None:
            found += [{"href": f"{path}/organization", "text": text} for text in texts]
            continue
        is_here = question.section == DECLARATIONS
        href = f"#{code}" if is_here or not path else f"{path}/edit/{question.section}#{code}"
        found += [
            {
                "href": href,
                "text": text if is_here else _("{number} {text}", number=Plain(said[code]), text=text),
            }
            for text in texts
        ]
    return found


class Plain:
    """Words that are written already."""

    def __init__(self, words: str) -> None:
        self.words = words

    def __str__(self) -> str:
        return self.words


def why_not_yet(problems: Mapping[str, Sequence[Text]]) -> Text | None:
    """One sentence for the line under the button."""
    if not problems:
        return None
    return _n(
        "Not yet possible: {n} point is missing or needs another look. The next page names it.",
        "Not yet possible: {n} points are missing or need another look. The next page names them.",
        sum(len(texts) for texts in problems.values()),
    )


def empty_optional(content: Content) -> int:
    return sum(
        not question.required and not is_answered(question, content.answers)
        for question in asked_questions(content.definition, content.answers)
        if question.section != DECLARATIONS
    )


def limits(content_definition: FormDefinition, values: Mapping[str, Json]) -> dict[str, dict[str, Any]]:
    """How much of each limit the texts use, counted by the function that also refuses."""
    found: dict[str, dict[str, Any]] = {}
    for code, value in values.items():
        question = content_definition.by_code[code]
        if question.max_words is not None:
            used = kind_of(question).words(value)
            found[code] = {"unit": "words", "used": used, "most": question.max_words}
        elif question.max_chars is not None and isinstance(value, str):
            found[code] = {"unit": "characters", "used": len(value), "most": question.max_chars}
    return found


# ---------- files ----------


def size(count: int) -> str:
    """ "1.2 MB", in the decimals of the language."""
    if count < 1000:
        return str(_("{n} bytes", n=count))
    if count < 1_000_000:
        return str(_("{n} kB", n=max(1, round(count / 1000))))
    return str(_("{n} MB", n=round(count / 1_000_000, 1)))


def look_of(state: DocumentState) -> str:
    """checking, available or refused."""
    if state in states.CHECKING | {DocumentState.UNSCANNED}:
        return "checking"
    return "available" if state in states.RELEASED else "refused"


_FLAGS: dict[str, Text] = {
    "active": _(
        "This file holds what runs by itself, such as scripts; the preview shows its pages without it."
    ),
    "attached": _("This file has other files inside."),
    "polyglot": _("A second file hangs on the end of this one."),
}


def flag_notes(flags: Collection[str], *, names_authors: bool) -> list[Text]:
    """What staff and reviewers should know of a file; who made it only where that is no secret."""
    notes = [text for flag, text in _FLAGS.items() if flag in flags]
    if names_authors and (people := authors_of(flags)):
        notes.append(_("The properties of this file name {names}.", names=", ".join(people)))
    return notes


def file_line(
    attachment: Attachment, document: Document, *, may_remove: bool, stage: Stage
) -> dict[str, Any]:
    """What parts/upload.html draws of a file for its own people."""
    state = look_of(document.state)
    drawn: dict[str, Any] = {
        "id": str(document.id),
        "name": document.name,
        "size": size(document.size),
        "state": state,
        "open_href": f"/files/{document.id}" if document.state in states.KEPT else None,
    }
    if state == "checking":
        drawn["note"] = _("It arrived whole and is checked for viruses. You can go on.")
    elif stage.blindness == Blindness.DOUBLE and (people := authors_of(document.flags)):
        drawn["note"] = _(
            "The properties of this file name {names}; reviewers get a copy without them.",
            names=", ".join(people),
        )
    if can_show(document.name, document.state):
        drawn["preview_href"] = f"/files/{document.id}/preview"
    if (refused := why_refused(document)) is not None:
        drawn["reason"] = refused
    if may_remove:
        drawn["buttons"] = [
            {"text": _("Remove"), "name": "_remove", "value": f"{attachment.question}.{document.id}"}
        ]
    return drawn


def documents(content: Content, *, may_remove: bool, stage: Stage) -> dict[str, dict[str, Any]]:
    return {str(d.id): file_line(a, d, may_remove=may_remove, stage=stage) for a, d in content.files}


# ---------- two versions ----------

Piece = dict[str, str]


def differences(before: str, after: str) -> list[Piece]:
    """What is the same, taken away and added between two texts, word by word."""
    if before == after:
        return [{"op": "same", "text": after}] if after else []
    if len(before) > LONGEST_MARKED or len(after) > LONGEST_MARKED:
        return [{"op": "del", "text": before}, {"op": "ins", "text": after}]
    one, other = (re.findall(r"\s+|\S+", text) for text in (before, after))
    pieces: list[Piece] = []
    matcher = difflib.SequenceMatcher(None, one, other, autojunk=False)
    for op, a, b, c, d in matcher.get_opcodes():
        if op == "equal":
            pieces.append({"op": "same", "text": "".join(one[a:b])})
            continue
        if b > a:
            pieces.append({"op": "del", "text": "".join(one[a:b])})
        if d > c:
            pieces.append({"op": "ins", "text": "".join(other[c:d])})
    return pieces


def side(pieces: Sequence[Piece], own: str) -> list[Piece]:
    """One of two cards: what both have, and its own words marked."""
    return [piece for piece in pieces if piece["op"] in ("same", own)]


def readable(question: Question, value: Json, names: Mapping[str, str] | None = None) -> str:
    """Any answer as plain text, so that two versions of it can be compared and kept."""
    shown = kind_of(question).shown(value, question)
    if shown["form"] == "text":
        return str(shown["text"])
    if shown["form"] == "list":
        return "\n".join((names or {}).get(item, item) for item in shown["items"])
    if shown["form"] == "pairs":
        return "\n".join(f"{name}: {text}" for name, text in shown["pairs"])
    if shown["form"] == "table":
        rows = [*shown["rows"], *shown["foot"]]
        return "\n".join(" · ".join(cell for cell in row if cell) for row in rows)
    return ""


def words_in(text: str) -> Text:
    return _n("{n} word", "{n} words", count_words(text))


# ---------- what happened ----------

_HAPPENED: dict[str, Text] = {
    "proposal.started": _("The proposal was started"),
    "proposal.organization_named": _("The organization was named"),
    "proposal.file_added": _("A file was added"),
    "proposal.file_removed": _("A file was removed"),
    "proposal.member_invited": _("Somebody was invited to the team"),
    "proposal.member_joined": _("Somebody joined the team"),
    "proposal.submitted": _("The proposal was submitted"),
    "proposal.withdrawn": _("The proposal was withdrawn"),
    "proposal.reopened": _("The proposal was reopened"),
}
EVENTS = tuple(_HAPPENED)


def happened(entries: Sequence[Entry], names: Mapping[UUID, str], me: UUID | None) -> list[dict[str, Any]]:
    """The team's own steps, newest first. What staff does with a proposal is not told here."""
    found = []
    for entry in entries:
        said = _HAPPENED.get(entry.event)
        who = _id_of(entry.by)
        if said is None or (who is not None and who not in names):
            continue
        by = _("you") if who is not None and who == me else names.get(who, "") if who else ""
        found.append({"at": entry.at, "iso": entry.at.isoformat(), "what": said, "by": by})
    return found


def _id_of(by: str) -> UUID | None:
    return UUID(by.removeprefix("person:")) if by.startswith("person:") else None


def before_deadline(moment: datetime, stage: Stage) -> Text:
    minutes = int((stage.closes_at - moment).total_seconds() // 60)
    if minutes >= 2880:
        return _n("{n} day before the deadline", "{n} days before the deadline", minutes // 1440)
    if minutes >= 120:
        return _n("{n} hour before the deadline", "{n} hours before the deadline", minutes // 60)
    return _n("{n} minute before the deadline", "{n} minutes before the deadline", max(minutes, 0))


def called(names: Mapping[UUID, str], person_id: UUID | None, me: UUID | None) -> Text | str:
    """Who did something, as it is said to `me`; nothing where nobody is known."""
    if person_id is None:
        return ""
    return _("you") if person_id == me else names.get(person_id, "")


def arrived_late(manifest: dict[str, Any], zone: str) -> list[dict[str, Any]]:
    """Files of which the sending began before the deadline and ended after it, with both moments."""
    names = {file.get("id"): file["name"] for file in manifest["files"]}
    return [
        {
            "name": names[each["id"]],
            "begun": InZone(datetime.fromisoformat(each["begun_at"]), zone),
            "arrived": InZone(datetime.fromisoformat(each["arrived_at"]), zone),
        }
        for each in manifest.get("arrived_after_closing") or ()
        if each["id"] in names
    ]


def language_choices(call: Call) -> list[tuple[str, str]]:
    return [(code, i18n.NAMES.get(code) or i18n.language_name(code)) for code in call.languages]

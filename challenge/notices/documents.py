"""What goes into each document, as values: notice, receipt, question sheet, copy of a proposal.

Pure: no database, no typesetting. A door gathers the values, `pdf.py` makes the pages.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from challenge.foundation.i18n import format_number
from challenge.notices.kinds.shape import Kind, Letter, Values, amount_of, say
from challenge.notices.records import (
    FILE_NAME,
    AuditHead,
    CallLine,
    NoticeRecord,
    ProposalLine,
    canonical,
    spelt,
)

ACCENT, DEEP, TINT = "#0b5c6b", "#083f4a", "#eef5f5"
ENOUGH_CONTRAST = 4.5


class Brand(msgspec.Struct, frozen=True, kw_only=True):
    """Who speaks, and in which colour. Without a logo the name is set in type beside a small mark."""

    organizer: str
    programme: str = ""
    line: str = ""
    """The line at the foot: full name and address."""
    accent: str = ACCENT
    logo: bytes = b""
    """SVG, PNG or JPEG."""

    @property
    def colour(self) -> str:
        return readable(self.accent)

    @property
    def deep(self) -> str:
        return DEEP if self.accent == ACCENT else mixed(self.colour, 0, 0.3)

    @property
    def tint(self) -> str:
        return TINT if self.accent == ACCENT else mixed(self.colour, 255, 0.92)


class Signer(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    role: str = ""
    image: bytes = b""
    """The handwritten signature as SVG or PNG."""


class ScoreLine(msgspec.Struct, frozen=True, kw_only=True):
    label: str
    score: Decimal
    out_of: Decimal = Decimal(100)
    weight: Decimal | None = None
    """In per cent."""


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    lines: tuple[ScoreLine, ...]
    total: Decimal | None = None


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """All that a typesetter needs. Equal documents give equal bytes."""

    template: str
    values: dict[str, Any]
    lang: str
    identifier: str
    created: datetime
    brand: Brand
    record: bytes | None = None
    attachment: str = FILE_NAME
    verify_url: str = ""
    is_letter: bool = False
    """Set tighter when that saves a second page."""


# ---------------------------------------------------------------- the notice


def record_of(
    kind: Kind,
    letter: Letter,
    values: Values,
    *,
    number: str,
    code: str,
    verify_url: str,
    issued_at: datetime,
    call_slug: str,
    ranking_digest: str | None = None,
    audit_head: AuditHead | None = None,
    demonstration: bool = False,
) -> NoticeRecord:
    """The record of a letter. `values` are those the letter was filled with."""
    lang = letter.language

    def said(name: str) -> str:
        return say(name, values, lang) if values.get(name) is not None else ""

    types = values.get("award_types")
    decided_on = values.get("decided_on")
    return NoticeRecord(
        number=number,
        kind=kind.code,
        language=lang,
        code=code,
        verify_url=verify_url,
        issued_at=issued_at.astimezone(UTC),
        call=CallLine(call_slug, said("call_title")),
        programme=said("programme"),
        organizer=said("organizer"),
        recipient=said("recipient"),
        organization=said("organization"),
        proposal=ProposalLine(said("proposal_id"), said("proposal_title")),
        facts=letter.facts,
        outcome=kind.outcome,
        amount=amount_of(values) if kind.outcome == "award" else None,
        award_types=tuple(types) if isinstance(types, list | tuple) and kind.outcome == "award" else (),
        score=said("score") or None,
        decided_on=decided_on if isinstance(decided_on, date) else None,
        ranking_digest=ranking_digest,
        audit_head=audit_head,
        texts_digest=texts_digest(letter),
        demonstration=demonstration,
    )


def texts_digest(letter: Letter) -> str:
    """SHA-256 of the words of the letter, so that the record also vouches for them."""
    return hashlib.sha256(spelt(msgspec.to_builtins(letter))).hexdigest()


def notice(
    record: NoticeRecord,
    letter: Letter,
    brand: Brand,
    *,
    signer: Signer | None = None,
    scores: Scores | None = None,
) -> Document:
    return Document(
        template="notices/notice.html",
        values={
            "title": f"{letter.title} {record.number}",
            "about": " ".join(letter.headline.split()),
            "number": record.number,
            "record": record,
            "letter": letter,
            "signer": signer,
            "scores": _shown(scores, letter.language) if scores and scores.lines else None,
            "demonstration_line": letter.demonstration_line if record.demonstration else "",
        },
        lang=letter.language,
        identifier=record.number,
        created=record.issued_at,
        brand=brand,
        record=canonical(record),
        verify_url=record.verify_url,
        is_letter=True,
    )


def _shown(scores: Scores, lang: str) -> Mapping[str, Any]:
    return {
        "lines": [
            {
                "label": line.label,
                "weight": per_cent(line.weight, lang) if line.weight is not None else "",
                "score": format_number(line.score, lang, places=1),
                "share": f"{_share(line):.1f}",
            }
            for line in scores.lines
        ],
        "total": format_number(scores.total, lang, places=1) if scores.total is not None else "",
        "has_weights": any(line.weight is not None for line in scores.lines),
    }


def _share(line: ScoreLine) -> Decimal:
    return max(Decimal(0), min(Decimal(100), 100 * line.score / line.out_of)) if line.out_of else Decimal(0)


def per_cent(number: Decimal, lang: str) -> str:
    sign = {"ar": "٪", "fr": "\u00a0%", "es": "\u00a0%"}.get(lang, "%")
    return format_number(number, lang) + sign


# ---------------------------------------------------------------- the receipt of a submission


class Hashed(msgspec.Struct, frozen=True):
    """A question and the SHA-256 of its answer."""

    label: str
    digest: str


class FileLine(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    size: int
    digest: str = ""
    is_pending: bool = False
    """It was not checked yet: the digest is that of the digests of its parts."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    number: str
    call_title: str
    proposal_number: str
    proposal_title: str
    organization: str = ""
    sent_by: str
    received_at: datetime
    closes_at: datetime | None = None
    zone: str = "UTC"
    sheet_digest: str
    """SHA-256 over all answers."""
    answers: tuple[Hashed, ...] = ()
    files: tuple[FileLine, ...] = ()
    next_steps: tuple[str, ...] = ()
    audit_head: AuditHead | None = None
    seal: str = ""
    """What `signing.seal` made of the receipt's JSON."""
    verify_url: str = ""
    demonstration_line: str = ""


def receipt(receipt: Receipt, brand: Brand, *, lang: str, record: bytes | None = None) -> Document:
    """`record` is the receipt's JSON as it was sealed; it travels in the PDF as receipt.json."""
    early = receipt.closes_at - receipt.received_at if receipt.closes_at else None
    minutes = int(early.total_seconds() // 60) if early else -1
    return Document(
        template="notices/receipt.html",
        values={
            "receipt": receipt,
            "number": receipt.number,
            "minutes_early": minutes,
            "demonstration_line": receipt.demonstration_line,
        },
        lang=lang,
        identifier=receipt.number,
        created=receipt.received_at,
        brand=brand,
        record=record,
        attachment="receipt.json",
        verify_url=receipt.verify_url,
    )


# ---------------------------------------------------------------- the question sheet of a call


class Question(msgspec.Struct, frozen=True, kw_only=True):
    number: str
    label: str
    help: str = ""
    kind: str = ""
    """What is to be given, in words: "Long text", "File"."""
    required: bool = False
    limits: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    judged_by: tuple[str, ...] = ()
    """The criteria for which reviewers read this answer."""
    public: bool = False


class QuestionSection(msgspec.Struct, frozen=True, kw_only=True):
    label: str
    intro: str = ""
    questions: tuple[Question, ...] = ()

    @property
    def count(self) -> int:
        return len(self.questions)


class Criterion(msgspec.Struct, frozen=True, kw_only=True):
    label: str
    weight: Decimal | None = None
    text: str = ""


class QuestionSheet(msgspec.Struct, frozen=True, kw_only=True):
    call_title: str
    intro: str = ""
    closes_at: datetime | None = None
    zone: str = "UTC"
    address: str = ""
    """Where the proposal is written."""
    sections: tuple[QuestionSection, ...]
    criteria: tuple[Criterion, ...] = ()
    printed_at: datetime
    identifier: str
    demonstration_line: str = ""


def questions(sheet: QuestionSheet, brand: Brand, *, lang: str) -> Document:
    return Document(
        template="notices/questions.html",
        values={
            "sheet": sheet,
            "number": "",
            "weights": [per_cent(c.weight, lang) if c.weight is not None else "" for c in sheet.criteria],
            "demonstration_line": sheet.demonstration_line,
        },
        lang=lang,
        identifier=sheet.identifier,
        created=sheet.printed_at,
        brand=brand,
    )


# ---------------------------------------------------------------- the answers of a proposal


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One label and what was answered: text, a list, a table, files, or nothing."""

    label: str
    text: str = ""
    items: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    files: tuple[FileLine, ...] = ()

    @property
    def is_blank(self) -> bool:
        return not (self.text.strip() or self.items or self.rows or self.files)


class AnswerSection(msgspec.Struct, frozen=True, kw_only=True):
    label: str
    answers: tuple[Answer, ...]


class ProposalCopy(msgspec.Struct, frozen=True, kw_only=True):
    number: str
    title: str
    organization: str = ""
    call_title: str
    submitted_at: datetime | None = None
    """Nothing for a draft, which says so on its first page."""
    zone: str = "UTC"
    printed_at: datetime
    version: str = ""
    sections: tuple[AnswerSection, ...]
    demonstration_line: str = ""


def proposal(copy: ProposalCopy, brand: Brand, *, lang: str) -> Document:
    return Document(
        template="notices/proposal.html",
        values={"copy": copy, "number": copy.number, "demonstration_line": copy.demonstration_line},
        lang=lang,
        identifier=f"{copy.number} {copy.version}".strip(),
        created=copy.submitted_at or copy.printed_at,
        brand=brand,
    )


# ---------------------------------------------------------------- colours


def readable(colour: str) -> str:
    """The colour, darkened until white paper gives it a contrast of 4.5 to 1."""
    part = 0.0
    while contrast(shade := mixed(colour, 0, part)) < ENOUGH_CONTRAST:
        part += 0.05
    return shade


def contrast(colour: str) -> float:
    """Contrast against white paper, by WCAG 2."""
    return 1.05 / (_luminance(colour) + 0.05)


def mixed(colour: str, towards: int, part: float) -> str:
    return "#" + "".join(f"{round(c + (towards - c) * part):02x}" for c in _channels(colour))


def _luminance(colour: str) -> float:
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (v / 255 for v in _channels(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _channels(colour: str) -> tuple[int, int, int]:
    """Raises `ValueError` for anything but #rrggbb, so that no brand can smuggle in more than a colour."""
    if len(colour) != 7 or not colour.startswith("#"):
        raise ValueError(f"not a colour of the form #rrggbb: {colour[:20]!r}")
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)

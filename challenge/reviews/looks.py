"""What the pages of this room are made of: values for templates, nothing decided."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any
from uuid import UUID

from challenge.calls.models import Stage
from challenge.calls.queries import Opening
from challenge.calls.rules import current_stage
from challenge.files import states
from challenge.forms.kinds import kind_of
from challenge.foundation import clock
from challenge.foundation.errors import NotFound
from challenge.foundation.i18n import Text, _, _n, format_number, pick
from challenge.proposals.words import look_of
from challenge.reviews import rules
from challenge.reviews.actions import Clashing, Saved, remark_name
from challenge.reviews.inputs import Typed
from challenge.reviews.models import RemarkReader
from challenge.reviews.progress import Held
from challenge.reviews.queries import Queued, Sheet
from challenge.reviews.reading import Reading
from challenge.rubrics.aggregate import best_adds, plain
from challenge.rubrics.definition import NOT_APPLICABLE, Criterion, Overall, Rubric
from challenge.rubrics.rules import anchor, highest_score, level_label, levels, scale_of

# ---------- the queue ----------


@dataclass(frozen=True, slots=True)
class Due:
    """The last day, and how long that is from now as the call's place counts days."""

    on: date
    zone: str
    left: int
    words: Text

    @property
    def is_over(self) -> bool:
        return self.left < 0


def due(on: date | None, zone: str, moment: datetime) -> Due | None:
    if on is None:
        return None
    left = rules.days_left(on, zone, moment)
    return Due(on, zone, left, rules.due_in_words(left))


@dataclass(frozen=True, slots=True)
class Group:
    """The reviews of one stage of one call."""

    call_slug: str
    call_title: Any
    stage_label: Any
    due: Due | None
    criteria: int
    to_do: list[Queued]
    submitted: list[Queued]
    closed: list[Queued]


def groups(
    queue: Sequence[Queued], criteria: Mapping[tuple[UUID, str], int], moment: datetime
) -> list[Group]:
    by_round: dict[UUID, list[Queued]] = {}
    for one in queue:
        by_round.setdefault(one.round.stage_id, []).append(one)
    return [
        Group(
            within.call_slug,
            within.call_title,
            within.stage_label,
            due(within.due_on, within.call_zone, moment),
            criteria.get((within.call_id, within.rubric_code), 0),
            [one for one in lines if one.is_to_do],
            [one for one in lines if one.is_submitted],
            [one for one in lines if not one.is_submitted and not one.is_to_do],
        )
        for lines in by_round.values()
        for within in [lines[0].round]
    ]


# ---------- the sheet ----------


def weight_in_words(rubric: Rubric, criterion: Criterion) -> Text:
    if criterion.uncounted:
        return _("asked, and not added up")
    if criterion.bonus:
        return _("bonus, up to {most} on top", most=plain(best_adds(rubric, criterion)))
    if rubric.aggregation.overall == Overall.SUM:
        most = criterion.counted * scale_of(rubric, criterion).max
        return _n("up to {n} point", "up to {n} points", int(most)) if most == int(most) else _(
            "up to {most} points", most=most
        )  # fmt: skip
    share = round(best_adds(rubric, criterion), 1).normalize()
    return _("weight {share} %", share=share if share % 1 else int(share))


def said_anchor(rubric: Rubric, criterion: Criterion, level: Decimal) -> str:
    """The word for a level and what it means for this criterion."""
    return " · ".join(
        filter(None, (pick(level_label(rubric, criterion, level)), pick(anchor(criterion, level))))
    )


def total_in_words(rubric: Rubric, total: Decimal | None, *, is_complete: bool) -> Text:
    if total is None:
        return _("no total yet")
    values = {"total": format_number(round(total, 1)), "highest": highest_score(rubric)}
    return _("{total} of {highest}", **values) if is_complete else _("{total} of {highest} so far", **values)


def sheet_values(
    sheet: Sheet, typed: Typed | None, errors: Mapping[str, Text], clashes: Iterable[Clashing]
) -> dict[str, Any]:
    """The fields as they stand: stored values, or what was typed when a page comes back."""
    rubric, versions = sheet.rubric, sheet.versions
    by_name = {clash.name: clash for clash in clashes}
    texts = typed.texts if typed is not None else {}
    labels = {criterion.code: pick(criterion.label) for criterion in rubric.criteria}
    remarks = {remark_name(reader): sheet.remarks.get(reader, "") for reader in RemarkReader}
    is_complete = len(sheet.complete) == len(rubric.criteria)
    return {
        "criteria": [
            {
                "criterion": criterion,
                "weight": weight_in_words(rubric, criterion),
                "points": [
                    {"value": level, "anchor": said_anchor(rubric, criterion, level)}
                    for level in levels(rubric, criterion)
                ],
                "allow_na": scale_of(rubric, criterion).na_allowed,
                "value": texts.get(criterion.code) or as_typed(sheet.given.get(criterion.code)),
                "version": versions.get(criterion.code, 0),
                "error": errors.get(criterion.code) or _clash_in_words(by_name.get(criterion.code)),
            }
            for criterion in rubric.criteria
        ],
        "remarks": {name: texts.get(name) or text for name, text in remarks.items()},
        "versions": versions,
        "confidence": texts.get("confidence") or (sheet.review.confidence if sheet.review else ""),
        "confidences": list(rules.CONFIDENCE.items()),
        "errors": errors,
        "clashes": by_name,
        "summary": [
            {"href": f"#{place_of(name)}", "text": f"{labels[name]}: {text}" if name in labels else text}
            for name, text in errors.items()
        ],
        "done_words": _("{done} of {all} scored", done=len(sheet.complete), all=len(rubric.criteria)),
        "total_words": total_in_words(rubric, sheet.total, is_complete=is_complete),
        "highest": highest_score(rubric),
        "kind_of": kind_of,
        "why_not": sheet.why_not_score,
    }


def place_of(name: str) -> str:
    """The id of the field of that name."""
    if name.startswith("remark:"):
        return name.replace(":", "-")
    return name if name == "confidence" else f"score-{name}"


def as_typed(value: Any) -> str:
    if value is None:
        return ""
    if value == NOT_APPLICABLE:
        return "na"
    return str(plain(value)) if isinstance(value, Decimal) else str(value)


def _clash_in_words(clash: Clashing | None) -> Text | None:
    if clash is None:
        return None
    if clash.kept is None:
        return _("Another window took this score back. Choose again and save.")
    return _(
        "Another window saved {kept} here; this one says {sent}. Choose what is right and save.",
        kept=_said(clash.kept),
        sent=_said(clash.sent),
    )


def _said(value: Any) -> Any:
    if value == NOT_APPLICABLE:
        return _("not applicable")
    if value is None or value == "":
        return _("nothing")
    if isinstance(value, Decimal):
        return format_number(value)
    return rules.CONFIDENCE.get(value, value)


def documents(reading: Reading) -> dict[str, dict[str, Any]]:
    """The files as `parts/upload.html` draws them."""
    return {
        key: {
            "name": paper.name,
            "size": _size(paper.size),
            "state": look_of(paper.state),
            "open_href": f"/files/{paper.id}" if paper.state in states.RELEASED else None,
        }
        for key, paper in reading.papers.items()
    }


def _size(size: int) -> str:
    if not size:
        return ""
    if size < 1 << 20:
        return str(_("{size} KB", size=max(1, round(size / 1024))))
    return str(_("{size} MB", size=round(size / (1 << 20), 1)))


def clashes_told(clashes: Iterable[Clashing]) -> dict[str, Any]:
    return {
        clash.name: {
            "yours": as_typed(clash.sent),
            "theirs": as_typed(clash.kept),
            "version": clash.version,
            "at": clash.saved_at.isoformat(),
        }
        for clash in clashes
    }


def told(sheet: Sheet, saved: Saved) -> dict[str, Any]:
    """The answer to an autosave: versions, what clashed, and the total as it stands now."""
    is_complete = len(sheet.complete) == len(sheet.rubric.criteria)
    body: dict[str, Any] = {
        "saved_at": sheet.review.saved_at.isoformat() if sheet.review else None,
        "versions": saved.versions,
        "done": str(_("{done} of {all} scored", done=len(sheet.complete), all=len(sheet.rubric.criteria))),
        "total": str(total_in_words(sheet.rubric, sheet.total, is_complete=is_complete)),
    }
    if saved.clashes:
        body["clash"] = clashes_told(saved.clashes)
    if saved.errors:
        labels = {criterion.code: pick(criterion.label) for criterion in sheet.rubric.criteria}
        body["detail"] = " ".join(
            f"{labels[name]}: {text}" if name in labels else str(text) for name, text in saved.errors.items()
        )
        body["errors"] = {name: str(text) for name, text in saved.errors.items()}
    return body


# ---------- the chair ----------


def by_proposal(held: Iterable[Held]) -> list[list[Held]]:
    return [list(lines) for _number, lines in groupby(held, key=lambda one: one.number)]


# ---------- staff ----------


def stage_of(opening: Opening, code: str | None) -> Stage:
    """The stage that a page is about: the one asked for, else the one that goes on."""
    asked = next((stage for stage in opening.stages if stage.code == code), None)
    found = asked or current_stage(opening.stages, clock.now())
    if found is None or (code and asked is None):
        raise NotFound
    return found

"""What a call file would change. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from challenge.foundation.i18n import Text, _
from challenge.foundation.text import canonical_digest

PARTS: dict[str, Text] = {
    "title": _("Title"),
    "summary": _("Summary"),
    "guidance": _("What we look for"),
    "programme": _("Programme"),
    "organizer": _("Organizer"),
    "partners": _("Partners"),
    "languages": _("Languages"),
    "zone": _("Zone of its times"),
    "stages": _("Stages and deadlines"),
    "tracks": _("Tracks"),
    "timetable": _("Timetable"),
    "dates": _("Days that notices name"),
    "eligibility": _("Eligibility"),
    "awards": _("Awards"),
    "budget_rules": _("Budget rules"),
    "budget_categories": _("Budget categories"),
    "forms": _("Questions"),
    "rubrics": _("Rubric"),
    "notices": _("Texts of notices"),
    "documents": _("Documents"),
    "prefix": _("Prefix of numbers"),
}


@dataclass(frozen=True, slots=True)
class Change:
    part: Text
    how: str
    """new, gone or changed."""


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """The parts of a call that differ between two files, in the order in which people think of them."""
    names = [*PARTS, *sorted((set(before) | set(after)) - set(PARTS) - {"id"})]
    return [
        Change(PARTS.get(name) or _("Other: {name}", name=name), how)
        for name in names
        if (how := _how(before.get(name), after.get(name)))
    ]


def _how(before: Any, after: Any) -> str:
    # By digest: a list and a tuple with the same content are the same here.
    if canonical_digest(before) == canonical_digest(after):
        return ""
    if before is None:
        return "new"
    return "gone" if after is None else "changed"

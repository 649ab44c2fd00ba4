"""What staff typed about the public results."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from challenge.announcements.models import Announcement
from challenge.calls.inputs import NewDeadline
from challenge.calls.models import Call
from challenge.decisions.models import Release
from challenge.foundation.i18n import Text

LONGEST = 4000


@dataclass(slots=True)
class Announced:
    introduction: dict[str, str]
    when: str
    """ "now" or "at": then `day` and `hour` count, in the zone of the call."""
    day: str
    hour: str
    at: datetime | None
    errors: dict[str, Text] = field(default_factory=dict)

    @classmethod
    def of(cls, present: Announcement | None, release: Release | None, call: Call) -> "Announced":
        at = present.published_at if present else release.released_at if release else None
        local = at.astimezone(ZoneInfo(call.zone)) if at else None
        return cls(
            dict(present.introduction) if present else {},
            "at" if present else "now",
            local.date().isoformat() if local else "",
            local.strftime("%H:%M") if local else "",
            at,
        )

    @classmethod
    def read(cls, form: Any, call: Call) -> "Announced":
        words = {lang: str(form.get(f"introduction:{lang}") or "")[:LONGEST] for lang in call.languages}
        when = "at" if form.get("when") == "at" else "now"
        given = NewDeadline.read(form, call.zone)
        if when == "now":
            return cls(words, when, given.day, given.hour, None)
        return cls(words, when, given.day, given.hour, given.instant, given.errors)

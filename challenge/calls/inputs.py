"""What staff typed about a call: a new deadline, an address, a day."""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from challenge.foundation.i18n import Text, _, zone_city
from challenge.foundation.text import one_line

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
SLUG_LENGTH = 80
TAKEN_WORDS = frozenset({"import", "new", "library"})


class Form(Protocol):
    def get(self, key: str) -> Any: ...


def typed(form: Form, name: str) -> str:
    return one_line(str(form.get(name) or ""))


@dataclass(slots=True)
class NewDeadline:
    """Day and hour in the zone of the call, and the one instant they mean.

    An hour that the clocks leave out is refused; of an hour that they show twice the later one is meant, so that
    nobody loses time.
    """

    stage: str = ""
    day: str = ""
    hour: str = ""
    instant: datetime | None = None
    errors: dict[str, Text] = field(default_factory=dict)

    @classmethod
    def of(cls, stage_code: str, instant: datetime, zone: str) -> "NewDeadline":
        local = instant.astimezone(ZoneInfo(zone))
        return cls(stage_code, local.date().isoformat(), local.strftime("%H:%M"), instant)

    @classmethod
    def read(cls, form: Form, zone: str) -> "NewDeadline":
        read = cls(typed(form, "stage"), typed(form, "day"), typed(form, "hour"))
        day, hour = as_day(read.day), _as_hour(read.hour)
        if day is None:
            read.errors["day"] = _("Write the day as 2027-02-28. You wrote “{found}”.", found=read.day)
        if hour is None:
            read.errors["hour"] = _("Write the hour as 17:00. You wrote “{found}”.", found=read.hour)
        if day is not None and hour is not None:
            read.instant = instant_of(datetime(day.year, day.month, day.day, *hour, tzinfo=ZoneInfo(zone)))
            if read.instant is None:
                read.errors["hour"] = _(
                    "On that day the clocks of {city} leave this hour out. Choose another.",
                    city=zone_city(zone),
                )
        return read


def instant_of(local: datetime) -> datetime | None:
    """The instant of a clock time; nothing when the clocks leave it out, the later of two."""
    later = local.replace(fold=1).astimezone(UTC)
    if later.astimezone(local.tzinfo).replace(tzinfo=None) != local.replace(tzinfo=None):
        return None
    return later


def as_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def _as_hour(text: str) -> tuple[int, int] | None:
    found = re.fullmatch(r"([0-9]{1,2}):([0-9]{2})(?::00)?", text)
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        return None
    return int(found[1]), int(found[2])


def why_not_slug(slug: str) -> Text | None:
    if not slug:
        return _("Write the address under which the call will stand, for example green-skills-2027.")
    if not _SLUG.fullmatch(slug) or len(slug) > SLUG_LENGTH or slug in TAKEN_WORDS:
        return _(
            "Use small letters, digits and hyphens, {n} at most. You wrote “{found}”.",
            n=SLUG_LENGTH,
            found=slug,
        )
    return None

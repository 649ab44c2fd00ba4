"""How calls and their deadlines are said: phases, time left, three zones, who may apply, what is granted. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel.units import format_unit

from challenge.calls import rules
from challenge.calls.models import Call, Milestone, Stage
from challenge.calls.vocabularies import label
from challenge.foundation.i18n import (
    Text,
    _,
    _n,
    digits,
    format_amount,
    format_date,
    format_time,
    language,
    zone_city,
)

PHASES: dict[str, Text] = {
    "draft": _("Draft"),
    "announced": _("Opens soon"),
    "open": _("Open call"),
    "closed": _("Closed call"),
    "decided": _("Decided call"),
    "archived": _("Archived call"),
}
UTC_NAMES = ("UTC", "Etc/UTC")


def span(length: timedelta, lang: str | None = None) -> str:
    """ "12 days 4 hours", as static/js/countdown.js writes it: the two largest units, rounded down."""
    lang = lang or language()
    minutes = max(0, int(length.total_seconds() // 60))
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    units = [(days, "day"), (hours, "hour")] if days else [(hours, "hour"), (rest, "minute")]
    if lang == "ar":
        return " و".join(_arabic(n, unit) for n, unit in units)
    return " ".join(format_unit(n, f"duration-{unit}", "long", locale=lang) for n, unit in units)


# The six forms of Arabic as CLDR has them for a length of time; Babel leaves some of them out.
_ARABIC = {
    "day": ("{n} يوم", "يوم", "يومان", "{n} أيام", "{n} يومًا", "{n} يوم"),
    "hour": ("{n} ساعة", "ساعة", "ساعتان", "{n} ساعات", "{n} ساعة", "{n} ساعة"),
    "minute": ("{n} دقيقة", "دقيقة", "دقيقتان", "{n} دقائق", "{n} دقيقة", "{n} دقيقة"),
}


def _arabic(n: int, unit: str) -> str:
    form = n if n < 3 else 3 if 3 <= n % 100 <= 10 else 4 if n % 100 >= 11 else 5
    return _ARABIC[unit][form].replace("{n}", digits(str(n), "ar"))


class Span:
    """A length of time inside a sentence."""

    def __init__(self, length: timedelta) -> None:
        self.length = length

    def __str__(self) -> str:
        return span(self.length)


@dataclass(frozen=True, slots=True)
class Deadline:
    """One instant as a page shows it: in the call's zone, in the reader's and in UTC, and how far away it is."""

    iso: str
    now_iso: str
    left: str
    counted: Text
    zones: list[dict[str, Any]]


def deadline(call: Call, instant: datetime, moment: datetime, reader_zone: str | None) -> Deadline:
    """`reader_zone` is nothing when nobody in particular reads: the browser then adds its own zone."""
    call_city = zone_city(call.zone)
    zones: list[dict[str, Any]] = []
    is_utc = call.zone in UTC_NAMES
    if not is_utc:
        mine = reader_zone == call.zone
        said = (
            _("{city}, the call's time and yours", city=call_city)
            if mine
            else _("{city}, the call's time", city=call_city)
        )
        zones.append(_in_zone(instant, call.zone, said, mine=mine))
    if reader_zone is None:
        zones.append({**_in_zone(instant, call.zone, _("Your time")), "fill": True})
    elif reader_zone not in (call.zone, *UTC_NAMES):
        zones.append(
            _in_zone(instant, reader_zone, _("{city}, your time", city=zone_city(reader_zone)), mine=True)
        )
    zones.append(_in_zone(instant, "UTC", _("Universal time (UTC)")))
    clock = format_time(moment, call.zone)
    return Deadline(
        iso_of(instant),
        iso_of(moment.replace(second=0, microsecond=0)),
        span(abs(instant - moment)),
        _("Counted by our server at {time} UTC", time=clock)
        if is_utc
        else _("Counted by our server at {time} {city} time", time=clock, city=call_city),
        zones,
    )


def _in_zone(instant: datetime, zone: str, said: Text, mine: bool = False) -> dict[str, Any]:
    local = instant.astimezone(ZoneInfo(zone))
    return {
        "label": said,
        "time": format_time(instant, zone),
        "date": format_date(local.date(), style="weekday"),
        "iso": local.isoformat(timespec="minutes"),
        "mine": mine,
    }


def iso_of(instant: datetime) -> str:
    return instant.astimezone(ZoneInfo("UTC")).isoformat(timespec="seconds").replace("+00:00", "Z")


class InZone:
    """A moment inside a sentence, in one zone and in the current language."""

    def __init__(self, instant: datetime, zone: str) -> None:
        self.instant, self.zone = instant, zone

    def __eq__(self, other: object) -> bool:
        return isinstance(other, InZone) and (other.instant, other.zone) == (self.instant, self.zone)

    def __hash__(self) -> int:
        return hash((self.instant, self.zone))

    def __str__(self) -> str:
        day = self.instant.astimezone(ZoneInfo(self.zone)).date()
        hour = format_time(self.instant, self.zone)
        if self.zone in UTC_NAMES:
            return str(_("{date}, {time} UTC", date=day, time=hour))
        return str(_("{date}, {time} {city} time", date=day, time=hour, city=zone_city(self.zone)))


def timetable(
    milestones: Sequence[Milestone], stages: Sequence[Stage], call: Call, moment: datetime
) -> list[dict[str, Any]]:
    """The published dates: what is past, the one that comes next, what is later.

    A milestone on the day on which a stage closes carries the hour.
    """
    zone = ZoneInfo(call.zone)
    today = moment.astimezone(zone).date()
    closings = {s.closes_at.astimezone(zone).date(): s.closes_at for s in stages}
    next_day = next((m.date for m in milestones if m.date >= today), None)
    lines: list[dict[str, Any]] = []
    for milestone in milestones:
        closing = closings.get(milestone.date)
        is_deadline = closing is not None and milestone.code in ("closing", "deadline", "closes")
        when = format_date(milestone.date, style="short")
        if is_deadline and closing is not None:
            when = f"{when}{'،' if language() == 'ar' else ','} {format_time(closing, call.zone)}"
        is_now = milestone.date == next_day
        lines.append(
            {
                "when": when,
                "iso": milestone.date.isoformat(),
                "title": milestone.label,
                "state": "past" if milestone.date < today else "now" if is_now else "later",
                "note": _until(milestone.date - today) if is_now else None,
            }
        )
    return lines


def _until(length: timedelta) -> Text:
    if length.days == 0:
        return _("Today.")
    return _n("Next: in {n} day.", "Next: in {n} days.", length.days)


def award_facts(call: Call) -> list[dict[str, Any]]:
    """Award and awards, as the band of facts shows them."""
    awards: dict[str, Any] = call.facts.get("awards") or {}
    currency = awards.get("currency") or ""
    facts: list[dict[str, Any]] = []
    kinds = [label("award-types", code) for code in awards.get("types", [])]
    most = awards.get("per_award_max")
    if most is not None and currency:
        amount = format_amount(Decimal(str(most)), currency)
        facts.append(
            {
                "label": _("Award"),
                "value": _("Up to {amount}", amount=amount),
                "small": kinds[0] if kinds else None,
            }
        )
        kinds = kinds[1:]
    elif kinds:
        facts.append({"label": _("Award"), "value": kinds[0]})
        kinds = kinds[1:]
    number = awards.get("number")
    pool = awards.get("total_pool")
    if number is not None:
        small: Any = listed(kinds) if kinds else None
        if pool is not None and currency:
            small = _("{amount} in all", amount=format_amount(Decimal(str(pool)), currency))
        facts.append({"label": _("Awards"), "value": number, "small": small})
    elif pool is not None and currency:
        facts.append({"label": _("In all"), "value": format_amount(Decimal(str(pool)), currency)})
    return facts


def who_may_apply(call: Call) -> dict[str, Any]:
    checks: list[dict[str, Any]] = call.facts.get("eligibility") or []
    if not any(
        str(c.get("kind", "")).startswith(("organization", "proposals-per-organization", "consortium"))
        for c in checks
    ):
        return {"label": _("For"), "value": _("Everybody"), "small": None}
    months = next(
        (
            c["minimum_months"]
            for c in checks
            if c.get("kind") == "organization-age" and c.get("minimum_months")
        ),
        0,
    )
    small: Text | None = None
    if months and months % 12 == 0:
        small = _n("at least {n} year old", "at least {n} years old", months // 12)
    elif months:
        small = _n("at least {n} month old", "at least {n} months old", months)
    return {"label": _("For"), "value": _("Organizations"), "small": small}


def listed(names: Sequence[str]) -> str:
    """Names after each other with the comma of the language."""
    return ("، " if language() == "ar" else ", ").join(names)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a call stands at a moment."""

    phase: str
    stage: Stage | None
    label: Text

    @property
    def instant(self) -> datetime | None:
        """The moment that counts now: the opening of an announced call, else the closing."""
        if self.stage is None:
            return None
        return self.stage.opens_at if self.phase == "announced" else self.stage.closes_at


def standing(call: Call, stages: Sequence[Stage], moment: datetime) -> Standing:
    stage = rules.current_stage(stages, moment)
    phase = rules.phase(call, stage, moment)
    return Standing(phase, stage, PHASES[phase])

"""Zones of the IANA database by name."""

from functools import cache
from zoneinfo import ZoneInfo, available_timezones


def zone_named(name: str) -> ZoneInfo | None:
    """The zone, or nothing when there is none of that name."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


@cache
def zone_names() -> list[str]:
    return sorted(available_timezones())

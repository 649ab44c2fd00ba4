"""The one clock. Tests stop it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_everywhere: list[datetime] = []


def now() -> datetime:
    """The present moment in UTC, to the microsecond."""
    return _everywhere[-1] if _everywhere else datetime.now(UTC)


@contextmanager
def stopped(moment: datetime) -> Iterator[None]:
    """Stop the clock at `moment` for everything in this process, workers' threads included."""
    _everywhere.append(moment.astimezone(UTC))
    try:
        yield
    finally:
        _everywhere.pop()


def days(count: float) -> timedelta:
    return timedelta(days=count)

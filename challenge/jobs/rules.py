"""When a job is tried again, and when its worker counts as dead."""

from datetime import datetime, timedelta

WAITS = tuple(timedelta(seconds=s) for s in (15, 60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600))
MOST_ATTEMPTS = len(WAITS) + 1
BEAT = timedelta(seconds=10)
DEAD_AFTER = timedelta(seconds=60)
KEPT = timedelta(days=14)


def wait_after(attempts: int) -> timedelta | None:
    """How long a job waits after its nth attempt failed; None when that was the last: about a day in all."""
    return WAITS[attempts - 1] if attempts < MOST_ATTEMPTS else None


def is_last(attempt: int) -> bool:
    return attempt >= MOST_ATTEMPTS


def is_abandoned(seen_at: datetime | None, moment: datetime) -> bool:
    """Whether the worker of a running job died: it gives a sign of life every ten seconds."""
    return seen_at is None or moment - seen_at > DEAD_AFTER

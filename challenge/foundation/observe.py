"""Logs without secrets, and metrics by door: a fixed list of fields, everything else is dropped.

An error is told by its kind and its frames. Its words stay out, because libraries put what they were given
into them; only our own refusals and the operating system's are known to hold no secret.
"""

import json
import logging
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from challenge.foundation.errors import Problem
from challenge.foundation.web import Visit

ALLOWED = frozenset(
    {
        "timestamp", "level", "event", "door", "status", "ms", "request_id", "person_id", "role", "task", "kind",
        "attempt", "count", "exception", "database", "address", "version", "logger", "step", "number", "done", "of",
        "abilities", "trouble",
    }
)  # fmt: skip

REGISTRY = CollectorRegistry()
REQUESTS = Counter(
    "challenge_requests", "Answers by door and status", ["door", "method", "status"], registry=REGISTRY
)
SECONDS = Histogram("challenge_request_seconds", "Time to answer by door", ["door"], registry=REGISTRY)
JOBS = Counter("challenge_jobs", "Jobs by task and result", ["task", "result"], registry=REGISTRY)
JOB_SECONDS = Histogram("challenge_job_seconds", "Time a job took by task", ["task"], registry=REGISTRY)
QUEUE = Gauge("challenge_jobs_in_state", "Jobs by state when last counted", ["state"], registry=REGISTRY)


def only_allowed(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: value for key, value in event.items() if key in ALLOWED}


def told_error(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """`exc_info` becomes kinds and frames."""
    given = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()[1]
    elif isinstance(given, tuple):
        given = given[1]
    if isinstance(given, BaseException):
        event["exception"] = describe(given)
    return event


def describe(error: BaseException) -> str:
    """Kinds, frames and causes of an error, without the values in its words."""
    lines: list[str] = []
    seen: set[int] = set()
    now: BaseException | None = error
    while now is not None and id(now) not in seen and len(seen) < 5:
        seen.add(id(now))
        lines.append(f"{type(now).__module__}.{type(now).__qualname__}{_words(now)}")
        lines += [
            f"  {_short(frame.filename)}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(now.__traceback__)[-12:]
        ]
        now = now.__cause__ or (None if now.__suppress_context__ else now.__context__)
    return "\n".join(lines)


def _words(error: BaseException) -> str:
    if isinstance(error, Problem):
        return f": {error.text.msgid}"
    if isinstance(error, OSError) and error.strerror:
        return f": {error.strerror}"
    return ""


def _short(filename: str) -> str:
    return "/".join(Path(filename).parts[-3:])


class LibraryLines(logging.Handler):
    """What libraries log: name and level, and their words only where those cannot hold what people sent."""

    WORDS = ("uvicorn", "uvicorn.error", "alembic.runtime.migration")

    def __init__(self, out: TextIO | None) -> None:
        super().__init__()
        self.out = out

    def emit(self, record: logging.LogRecord) -> None:
        line: dict[str, Any] = {
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "event": record.getMessage().partition("\n")[0] if record.name in self.WORDS else "library",
            "logger": record.name,
        }
        if record.exc_info and record.exc_info[1]:
            line["exception"] = describe(record.exc_info[1])
        # a stream that is gone costs a library's line, not the work at hand
        with suppress(OSError, ValueError):
            print(json.dumps(line, ensure_ascii=False), file=self.out or sys.stderr, flush=True)


def configure(level: str = "INFO", out: TextIO | None = None) -> None:
    given, out = out, out or sys.stderr  # libraries speak to whatever stderr is at the time
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            told_error,
            only_allowed,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [h for h in root.handlers if not isinstance(h, LibraryLines)]
    root.addHandler(LibraryLines(given))
    root.setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))
    # its lines repeat the arguments of jobs; ours tell the same without them
    logging.getLogger("procrastinate").setLevel(logging.CRITICAL)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).setLevel(logging.getLevelNamesMapping()[level])
    logging.getLogger("uvicorn.access").disabled = True


logger = structlog.get_logger()


def record_visit(visit: Visit, status: int, seconds: float) -> None:
    door = visit.door or "none"
    REQUESTS.labels(door, visit.method, str(status)).inc()
    SECONDS.labels(door).observe(seconds)
    logger.info(
        "answered",
        door=door,
        status=status,
        ms=round(seconds * 1000, 1),
        request_id=visit.id,
        person_id=str(visit.viewer.person_id) if visit.viewer and visit.viewer.person_id else None,
    )


def record_job(
    task: str, result: str, seconds: float, attempt: int, error: BaseException | None = None
) -> None:
    """One line and two numbers a run of a job; `result` is done, retried or failed."""
    JOBS.labels(task, result).inc()
    JOB_SECONDS.labels(task).observe(seconds)
    how = logger.info if result == "done" else logger.warning if result == "retried" else logger.error
    how(f"job {result}", task=task, attempt=attempt, ms=round(seconds * 1000, 1), **_with(error))


def _with(error: BaseException | None) -> dict[str, Any]:
    return {"kind": type(error).__name__, "exc_info": error} if error else {}


def record_queue(counts: Mapping[str, int]) -> None:
    for state, count in counts.items():
        QUEUE.labels(state).set(count)


def metrics_text() -> bytes:
    return generate_latest(REGISTRY)

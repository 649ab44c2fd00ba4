"""Logs without secrets, and metrics by door: a fixed list of fields, everything else is dropped."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from challenge.foundation.web import Visit

ALLOWED = frozenset(
    {
        "timestamp", "level", "event", "door", "status", "ms", "request_id", "person_id", "role", "task", "kind",
        "attempt", "count", "exception", "database", "address", "version",
    }
)  # fmt: skip

REGISTRY = CollectorRegistry()
REQUESTS = Counter(
    "challenge_requests", "Answers by door and status", ["door", "method", "status"], registry=REGISTRY
)
SECONDS = Histogram("challenge_request_seconds", "Time to answer by door", ["door"], registry=REGISTRY)
JOBS = Counter("challenge_jobs", "Jobs by task and result", ["task", "result"], registry=REGISTRY)


def only_allowed(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: value for key, value in event.items() if key in ALLOWED}


def configure(level: str = "INFO") -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            only_allowed,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


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


def metrics_text() -> bytes:
    return generate_latest(REGISTRY)

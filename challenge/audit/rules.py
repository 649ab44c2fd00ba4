"""How a line of the record is hashed. Pure, so that anybody can check a chain with it."""

import hashlib
from typing import Any

import rfc8785

from challenge.audit.models import Entry

PREFIX = b"challenge-audit-1\n"


def facts_digest(salt: str, facts: dict[str, Any]) -> str:
    return hashlib.sha256(salt.encode() + b"\n" + rfc8785.dumps(facts)).hexdigest()


def entry_hash(entry: Entry) -> str:
    """SHA-256 over the version prefix and the RFC 8785 form of everything but the facts themselves."""
    line: dict[str, Any] = {
        "chain": entry.chain,
        "n": entry.n,
        "at": entry.at.isoformat(timespec="microseconds"),
        "by": entry.by,
        "via": entry.via,
        "event": entry.event,
        "thing": f"{entry.thing_kind}:{entry.thing_id or ''}",
        "facts_digest": entry.facts_digest,
        "prev": entry.previous,
    }
    return hashlib.sha256(PREFIX + rfc8785.dumps(line)).hexdigest()

"""Links to a file as it is, at the address without cookies, where no server of the store's own gives such links."""

import re
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from challenge.files.models import Document
from challenge.files.queries import SHOWN_LIFETIME
from challenge.foundation import clock
from challenge.foundation.web import SHOWN_PATH, signed, unsigned
from challenge.settings import settings

PURPOSE = "file shown"
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


@dataclass(frozen=True, slots=True)
class Ticket:
    document_id: UUID


def url_of(document: Document) -> str | None:
    """Good for a quarter of an hour; nothing where there is no such address."""
    if not settings().files_url:
        return None
    until = clock.now() + timedelta(seconds=SHOWN_LIFETIME)
    token = signed(f"{document.id} {int(until.timestamp())}", PURPOSE)
    return f"{settings().files_url}{SHOWN_PATH}{token}"


def read(token: str) -> Ticket | None:
    """What the link allows, unless it is none of ours or has ended."""
    said = unsigned(token, PURPOSE) if token.isascii() else None
    if said is None:
        return None
    document_id, until = said.split(" ")
    return Ticket(UUID(document_id)) if int(until) > clock.now().timestamp() else None


def headers_for(document: Document, base_url: str) -> dict[str, str]:
    """Nothing in it runs or reaches out, and only our pages may hold it.

    Browsers show no PDF in a sandbox; what keeps its scripts from us is the address, as for everything here.
    """
    rules = ["default-src 'none'", "style-src 'unsafe-inline'", f"frame-ancestors {base_url}"]
    if document.media_type != "application/pdf":
        rules.append("sandbox")
    return {
        "accept-ranges": "bytes",
        "content-disposition": "inline",
        "content-security-policy": "; ".join(rules),
        "cross-origin-resource-policy": "cross-origin",  # our pages have another host
        "referrer-policy": "no-referrer",
    }


def part_of(asked: str, size: int) -> tuple[int, int] | None:
    """Start and length; all of it when no range, or one not understood, was asked for; nothing beyond the end."""
    found = _RANGE.fullmatch(asked)
    if found is None or not any(found.groups()):
        return 0, size
    first, last = found.groups()
    if not first:
        length = min(int(last), size)
        return (size - length, length) if length else None
    start = int(first)
    end = min(int(last), size - 1) if last else size - 1
    return (start, end - start + 1) if start <= end else None

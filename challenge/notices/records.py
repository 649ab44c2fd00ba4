"""The award record: the same facts as the letter, for machines. It travels inside the PDF."""

import hashlib
from datetime import date, datetime
from typing import Any

import msgspec
import rfc8785

FORMAT = "challenge-notice/1"
FILE_NAME = "award.json"


class Fact(msgspec.Struct, frozen=True):
    """One labelled fact, in the words of the letter."""

    label: str
    value: str


class CallLine(msgspec.Struct, frozen=True):
    slug: str
    title: str


class ProposalLine(msgspec.Struct, frozen=True):
    number: str
    title: str


class Amount(msgspec.Struct, frozen=True):
    """The amount as decimal text, so that no reader rounds it: "46000.00"."""

    value: str
    currency: str


class AuditHead(msgspec.Struct, frozen=True):
    """The last line of the audit trail when the notice was issued."""

    n: int
    hash: str


class NoticeRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What a notice states, in the language of the notice; codes are the same in all languages."""

    format: str = FORMAT
    number: str
    kind: str
    language: str
    code: str
    verify_url: str
    issued_at: datetime
    call: CallLine
    programme: str
    organizer: str
    recipient: str
    organization: str
    proposal: ProposalLine
    facts: tuple[Fact, ...]
    outcome: str
    amount: Amount | None = None
    award_types: tuple[str, ...] = ()
    score: str | None = None
    decided_on: date | None = None
    ranking_digest: str | None = None
    audit_head: AuditHead | None = None
    texts_digest: str
    demonstration: bool = False


def canonical(record: msgspec.Struct) -> bytes:
    """The one spelling of a record (RFC 8785), so that equal records have equal bytes and equal digests."""
    return spelt(msgspec.to_builtins(record))


def spelt(value: Any) -> bytes:
    """RFC 8785 bytes of plain values: text, whole numbers, lists, dictionaries."""
    return rfc8785.dumps(value)


def digest(record: msgspec.Struct) -> str:
    return hashlib.sha256(canonical(record)).hexdigest()


def read(content: bytes) -> NoticeRecord:
    """The record found in a PDF. Raises `msgspec.ValidationError` or `msgspec.DecodeError` if it is none."""
    return msgspec.json.decode(content, type=NoticeRecord)

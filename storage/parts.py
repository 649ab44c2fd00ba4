"""What an upload in parts is made of: the parts a browser asks for, the links it gets, the parts that are held."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

MIB = 1024 * 1024
MOST_PARTS = 10_000
LARGEST_PART = 5 * 1024 * MIB
SMALLEST_USUAL = 16 * MIB

_SHA256 = re.compile(r"[0-9a-f]{64}")
_MD5 = re.compile(r"[0-9a-f]{32}")


class BadPart(ValueError):
    """A part that cannot be one of this upload. Whoever takes numbers from a request checks them first."""

    def __init__(self) -> None:
        super().__init__(
            "A part has a number from 1 on, the size that was agreed and digests in lower-case hex."
        )


@dataclass(frozen=True, slots=True)
class PartAsked:
    n: int
    size: int
    sha256: str  # lower-case hex, as everywhere
    md5: str | None = None

    def __post_init__(self) -> None:
        if not (1 <= self.n <= MOST_PARTS and 0 <= self.size <= LARGEST_PART):
            raise BadPart
        if not _SHA256.fullmatch(self.sha256) or not (self.md5 is None or _MD5.fullmatch(self.md5)):
            raise BadPart


@dataclass(frozen=True, slots=True)
class PartUrl:
    """One PUT. The browser sends exactly these headers and no other that begins with x-amz-."""

    n: int
    url: str
    expires_at: datetime
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PartHeld:
    n: int
    size: int


class OpenUpload(NamedTuple):
    key: str
    upload: str
    begun: datetime


def part_size_for(size: int) -> int:
    """Under 10,000 parts, all equal but the last, as some servers demand."""
    return max(SMALLEST_USUAL, -(-size // (9000 * MIB)) * MIB)


def part_sizes(size: int, part_size: int) -> list[int]:
    """Of every part in order. An empty file is one empty part."""
    whole, rest = divmod(size, part_size)
    return [part_size] * whole + ([rest] if rest or not whole else [])

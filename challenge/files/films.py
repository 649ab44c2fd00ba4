"""Films, told by the boxes they are made of: MP4 and MOV (ISO/IEC 14496-12), WebM (EBML)."""

import struct
from collections.abc import Iterator
from typing import IO

from challenge.files.faults import DAMAGED, NOT_THIS
from challenge.foundation.i18n import Text

MOST_BOXES = 10_000
HEAD = 1 << 12
QUICKTIME = b"qt  "
OLD_MOVIES = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")  # before there was `ftyp`


def is_mp4(file: IO[bytes]) -> Text | None:
    head = file.read(12)
    if head[4:8] != b"ftyp" or head[8:12] == QUICKTIME:
        return NOT_THIS
    return _why_not_boxes(file)


def is_mov(file: IO[bytes]) -> Text | None:
    head = file.read(12)
    if head[4:8] not in OLD_MOVIES and (head[4:8], head[8:12]) != (b"ftyp", QUICKTIME):
        return NOT_THIS
    return _why_not_boxes(file)


def is_webm(file: IO[bytes]) -> Text | None:
    head = file.read(HEAD)
    if not head.startswith(b"\x1a\x45\xdf\xa3"):
        return NOT_THIS
    at = head.find(b"\x42\x82")  # the kind of document
    if at < 0 or head[at + 3 : at + 3 + (head[at + 2] & 0x7F)].rstrip(b"\0") != b"webm":
        return NOT_THIS
    return None if b"\x18\x53\x80\x67" in head else DAMAGED


def _why_not_boxes(file: IO[bytes]) -> Text | None:
    """The boxes fill the file to its last byte, and the one that says what is in it is there."""
    try:
        return None if b"moov" in set(_boxes(file)) else DAMAGED
    except (struct.error, ValueError):
        return DAMAGED


def _boxes(file: IO[bytes]) -> Iterator[bytes]:
    end, at = file.seek(0, 2), 0
    for _n in range(MOST_BOXES):
        if at == end:
            return
        file.seek(at)
        size, name = struct.unpack(">I4s", file.read(8))
        if size == 1:
            (size,) = struct.unpack(">Q", file.read(8))
        elif size == 0:
            size = end - at
        if size < 8 or at + size > end:
            raise ValueError("a box goes beyond the file")
        yield name
        at += size
    raise ValueError("too many boxes")

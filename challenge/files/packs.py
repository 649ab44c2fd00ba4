"""What a ZIP unpacks to: told by its table of contents before anything is unpacked, then counted byte by byte.

Office documents are ZIPs. Nothing is written to a disk but a packed file inside, which is looked at the same way.
"""

import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

from challenge.files.faults import DAMAGED, LOCKED, NOT_THIS, TOO_DEEP, TOO_MUCH
from challenge.foundation.i18n import Text

MOST_ENTRIES, MOST_UNPACKED, MOST_RATIO = 10_000, 2 << 30, 200
MOST_CONTENTS = 8 << 20  # bytes of the table of contents itself
DEEPEST = 1  # a table inside a letter, and nothing inside that
BLOCK = 1 << 16
IN_MEMORY = 8 << 20
FIRST, LAST, LAST_64, WHERE_64 = b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
ENCRYPTED = 1  # bit of an entry's flags


class Unfit(Exception):
    def __init__(self, fault: Text) -> None:
        self.fault = fault


def why_not_pack(file: IO[bytes]) -> Text | None:
    """Whether it is a ZIP from its first byte on that unpacks to what it says and to no more than is taken."""
    try:
        _look(file, 0, MOST_UNPACKED)
    except Unfit as unfit:
        return unfit.fault
    except zipfile.BadZipFile:
        return NOT_THIS
    except (NotImplementedError, EOFError, ValueError, OSError, zlib.error, struct.error):
        return DAMAGED
    return None


def _look(file: IO[bytes], depth: int, left: int) -> int:
    """The bytes it unpacks to. Raises Unfit, and what zipfile and zlib raise of damage."""
    file.seek(0)
    if file.read(4) != FIRST:
        raise Unfit(NOT_THIS)
    count, contents = _announced(file)
    if count > MOST_ENTRIES or contents > MOST_CONTENTS:
        raise Unfit(TOO_MUCH)
    with zipfile.ZipFile(file) as pack:
        entries = pack.infolist()
        end = pack.start_dir
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if len(entries) > MOST_ENTRIES or unpacked > left or unpacked > (packed + 4096) * MOST_RATIO:
        raise Unfit(TOO_MUCH)
    if any(entry.flag_bits & ENCRYPTED for entry in entries):
        raise Unfit(LOCKED)
    left -= unpacked
    for entry, start in _places(file, entries, end):
        left -= _count(file, entry, start, depth, left)
    return unpacked


def _announced(file: IO[bytes]) -> tuple[int, int]:
    """How many entries and how long a table of contents the end of the file speaks of."""
    size = file.seek(0, 2)
    at = max(0, size - (1 << 16) - 22)
    file.seek(at)
    tail = file.read()
    found = tail.rfind(LAST)
    if found < 0 or len(tail) - found < 22:
        raise Unfit(NOT_THIS)
    count, contents = struct.unpack_from("<HI", tail, found + 10)
    if count != 0xFFFF and contents != 0xFFFFFFFF:
        return count, contents
    if found < 20 or tail[found - 20 : found - 16] != WHERE_64:
        return count, contents
    file.seek(struct.unpack_from("<Q", tail, found - 12)[0])
    head = file.read(56)
    if head[:4] != LAST_64:
        raise Unfit(DAMAGED)
    long_count, long_contents = struct.unpack_from("<QQ", head, 32)
    return long_count, long_contents


def _places(
    file: IO[bytes], entries: list[zipfile.ZipInfo], end: int
) -> Iterator[tuple[zipfile.ZipInfo, int]]:
    """Where the bytes of each entry begin. No two entries may share bytes: that is how a small bomb is built."""
    ordered = sorted(entries, key=lambda entry: entry.header_offset)
    nexts = [entry.header_offset for entry in ordered[1:]] + [end]
    for entry, following in zip(ordered, nexts, strict=True):
        file.seek(entry.header_offset)
        head = file.read(30)
        if head[:4] != FIRST:
            raise Unfit(DAMAGED)
        start = entry.header_offset + 30 + sum(struct.unpack_from("<HH", head, 26))
        if start + entry.compress_size > following:
            raise Unfit(TOO_MUCH)
        yield entry, start


def _count(file: IO[bytes], entry: zipfile.ZipInfo, start: int, depth: int, left: int) -> int:
    """What a packed file inside unpacks to. Raises Unfit when the entry is not as long as it says."""
    size, inner = 0, None
    for piece in _unpacked(file, entry, start):
        if not size and piece.startswith(FIRST):
            if depth == DEEPEST:
                raise Unfit(TOO_DEEP)
            inner = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed below
        size += len(piece)
        if size > entry.file_size:
            raise Unfit(TOO_MUCH)
        if inner is not None:
            inner.write(piece)
    if size != entry.file_size:
        raise Unfit(DAMAGED)
    if inner is None:
        return 0
    with inner:
        try:
            return _look(inner, depth + 1, left)
        except zipfile.BadZipFile:
            return 0  # begins like one and is none
        except Unfit as unfit:
            if unfit.fault is NOT_THIS:
                return 0
            raise


def _unpacked(file: IO[bytes], entry: zipfile.ZipInfo, start: int) -> Iterator[bytes]:
    file.seek(start)
    left = entry.compress_size
    stream = zlib.decompressobj(-zlib.MAX_WBITS) if entry.compress_type == zipfile.ZIP_DEFLATED else None
    if stream is None and entry.compress_type != zipfile.ZIP_STORED:
        raise Unfit(DAMAGED)  # no office program packs in another way
    while left and (piece := file.read(min(BLOCK, left))):
        left -= len(piece)
        if stream is None:
            yield piece
            continue
        while piece:
            if out := stream.decompress(piece, BLOCK):
                yield out
            piece = stream.unconsumed_tail
    while stream is not None and not stream.eof and (out := stream.decompress(b"", BLOCK)):
        yield out

"""What a file may be: its ending, its media type, and the look at its bytes that proves it. One list.

The browser's word for the type is never used; a name is never trusted.
"""

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, BinaryIO, cast

import pikepdf
import puremagic

from challenge.files.faults import DAMAGED, LOCKED, NOT_THIS
from challenge.files.films import is_mov, is_mp4, is_webm
from challenge.files.packs import why_not_pack
from challenge.files.pictures import is_picture
from challenge.foundation.i18n import Text

HEAD, TAIL = 1 << 16, 1 << 11
OLD_OFFICE, PROTECTED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "EncryptedPackage".encode("utf-16-le")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")

Look = Callable[[IO[bytes]], Text | None]


def _is_pdf(file: IO[bytes]) -> Text | None:
    if not file.read(5).startswith(b"%PDF-"):
        return NOT_THIS
    file.seek(-min(TAIL, file.seek(0, io.SEEK_END)), io.SEEK_END)
    if b"%%EOF" not in file.read():
        return DAMAGED
    file.seek(0)
    try:
        with pikepdf.open(cast(BinaryIO, file)) as pdf:
            return None if len(pdf.pages) else DAMAGED
    except pikepdf.PasswordError:
        return LOCKED
    except pikepdf.PdfError:
        return DAMAGED


def pages_in(file: IO[bytes]) -> int:
    """Of a PDF that passed the look."""
    file.seek(0)
    with pikepdf.open(cast(BinaryIO, file)) as pdf:
        return len(pdf.pages)


def _is_office(part: str) -> Look:
    def look(file: IO[bytes]) -> Text | None:
        if file.read(8) == OLD_OFFICE:  # also how office programs wrap what has a password
            return LOCKED if PROTECTED in file.read(HEAD) else NOT_THIS
        return why_not_pack(file) or _holds(
            file, lambda names, _first: "[Content_Types].xml" in names and part in names
        )

    return look


def _is_open_document(media_type: bytes) -> Look:
    def look(file: IO[bytes]) -> Text | None:
        return (
            why_not_pack(file)
            or _holds(file, lambda names, first: names[0] == "mimetype" and first == media_type)
            or _why_locked(file)
        )

    return look


def _holds(file: IO[bytes], fits: Callable[[list[str], bytes], bool]) -> Text | None:
    try:
        with zipfile.ZipFile(file) as pack:
            names = pack.namelist()
            if not names:
                return NOT_THIS
            with pack.open(names[0]) as first:
                return None if fits(names, first.read(100)) else NOT_THIS
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, OSError):
        return DAMAGED


def _why_locked(file: IO[bytes]) -> Text | None:
    """An open document with a password says so in its list of contents."""
    with zipfile.ZipFile(file) as pack:
        if "META-INF/manifest.xml" not in pack.namelist():
            return None
        with pack.open("META-INF/manifest.xml") as manifest:
            return LOCKED if b"encryption-data" in manifest.read(1 << 20) else None


def _is_text(file: IO[bytes]) -> Text | None:
    while piece := file.read(1 << 20):
        if _CONTROL.search(piece):
            return NOT_THIS
    return None


@dataclass(frozen=True, slots=True)
class FileKind:
    code: str
    media_type: str
    look: Look
    endings: tuple[str, ...]
    is_film: bool = False


_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN = "application/vnd.oasis.opendocument"

KINDS: tuple[FileKind, ...] = (
    FileKind("pdf", "application/pdf", _is_pdf, ("pdf",)),
    FileKind("docx", f"{_OFFICE}.wordprocessingml.document", _is_office("word/document.xml"), ("docx",)),
    FileKind("xlsx", f"{_OFFICE}.spreadsheetml.sheet", _is_office("xl/workbook.xml"), ("xlsx",)),
    FileKind("pptx", f"{_OFFICE}.presentationml.presentation", _is_office("ppt/presentation.xml"), ("pptx",)),
    FileKind("odt", f"{_OPEN}.text", _is_open_document(f"{_OPEN}.text".encode()), ("odt",)),
    FileKind("ods", f"{_OPEN}.spreadsheet", _is_open_document(f"{_OPEN}.spreadsheet".encode()), ("ods",)),
    FileKind("odp", f"{_OPEN}.presentation", _is_open_document(f"{_OPEN}.presentation".encode()), ("odp",)),
    FileKind("png", "image/png", is_picture("PNG", b"\x89PNG\r\n\x1a\n"), ("png",)),
    FileKind("jpg", "image/jpeg", is_picture("JPEG", b"\xff\xd8\xff"), ("jpg", "jpeg")),
    FileKind("webp", "image/webp", is_picture("WEBP", b"RIFF"), ("webp",)),
    FileKind("mp4", "video/mp4", is_mp4, ("mp4", "m4v"), is_film=True),
    FileKind("webm", "video/webm", is_webm, ("webm",), is_film=True),
    FileKind("mov", "video/quicktime", is_mov, ("mov",), is_film=True),
    FileKind("txt", "text/plain", _is_text, ("txt",)),
    FileKind("csv", "text/csv", _is_text, ("csv",)),
)

BY_ENDING = {ending: kind for kind in KINDS for ending in kind.endings}
# a film is taken only where somebody asked for one
UNASKED = tuple(ending for ending, kind in BY_ENDING.items() if not kind.is_film)


def found_in(file: IO[bytes]) -> str:
    """A name for what the bytes are, for the sentence that refuses them; empty when nothing is known."""
    for kind in KINDS:
        file.seek(0)
        if kind.look is not _is_text and kind.look(file) is None:
            return kind.code.upper()
    file.seek(0)
    try:
        ending: str = puremagic.from_stream(io.BytesIO(file.read(HEAD)))
    except (puremagic.PureError, ValueError):
        return ""
    return ending.removeprefix(".").upper()

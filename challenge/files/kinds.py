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

from challenge.foundation.i18n import Text, _

MOST_ENTRIES, MOST_UNPACKED, MOST_RATIO = 10_000, 2 << 30, 200
HEAD, TAIL = 1 << 16, 1 << 11
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
        return _(
            "It is protected by a password, so reviewers could not open it. Remove the password and choose it again."
        )
    except pikepdf.PdfError:
        return DAMAGED


def pages_in(file: IO[bytes]) -> int:
    """Of a PDF that passed the look."""
    file.seek(0)
    with pikepdf.open(cast(BinaryIO, file)) as pdf:
        return len(pdf.pages)


def _begins(*marks: bytes) -> Look:
    def look(file: IO[bytes]) -> Text | None:
        return None if file.read(16).startswith(marks) else NOT_THIS

    return look


def _is_office(part: str) -> Look:
    def look(file: IO[bytes]) -> Text | None:
        return _packed(file, lambda names, _first: "[Content_Types].xml" in names and part in names)

    return look


def _is_open_document(media_type: bytes) -> Look:
    def look(file: IO[bytes]) -> Text | None:
        return _packed(file, lambda names, first: names[0] == "mimetype" and first == media_type)

    return look


def _packed(file: IO[bytes], fits: Callable[[list[str], bytes], bool]) -> Text | None:
    """Limits come from the table of contents, before anything is unpacked."""
    try:
        with zipfile.ZipFile(file) as pack:
            entries = pack.infolist()
            unpacked = sum(entry.file_size for entry in entries)
            kept = sum(entry.compress_size for entry in entries)
            if (
                len(entries) > MOST_ENTRIES
                or unpacked > MOST_UNPACKED
                or unpacked > (kept + 4096) * MOST_RATIO
            ):
                return _(
                    "It unpacks to more than this service takes. Save it without large pictures and choose it again."
                )
            if not entries:
                return NOT_THIS
            if any(entry.flag_bits & 1 for entry in entries):
                return _(
                    "It is protected by a password, so reviewers could not open it. Remove the password and choose it again."
                )
            with pack.open(entries[0]) as first:
                return None if fits([entry.filename for entry in entries], first.read(100)) else NOT_THIS
    except zipfile.BadZipFile:
        return NOT_THIS
    except (NotImplementedError, EOFError, ValueError, OSError):
        return DAMAGED


def _is_text(file: IO[bytes]) -> Text | None:
    while piece := file.read(1 << 20):
        if _CONTROL.search(piece):
            return NOT_THIS
    return None


NOT_THIS: Text = _("Its content is something else.")
DAMAGED: Text = _("It cannot be opened; it seems damaged. Save it again and choose it once more.")


@dataclass(frozen=True, slots=True)
class FileKind:
    code: str
    media_type: str
    look: Look
    endings: tuple[str, ...]


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
    FileKind("png", "image/png", _begins(b"\x89PNG\r\n\x1a\n"), ("png",)),
    FileKind("jpg", "image/jpeg", _begins(b"\xff\xd8\xff"), ("jpg", "jpeg")),
    FileKind("txt", "text/plain", _is_text, ("txt",)),
    FileKind("csv", "text/csv", _is_text, ("csv",)),
)
ACTIVE = ("/JavaScript", "/JS", "/OpenAction", "/AA", "/Launch", "/RichMedia", "/XFA", "/SubmitForm")
MOST_OBJECTS = 200_000
PACKED = frozenset({"docx", "xlsx", "pptx", "odt", "ods", "odp"})
_NAMES = re.compile(
    rb"<(?:dc:creator|cp:lastModifiedBy|meta:initial-creator|dc:publisher)[^>]*>\s*[^<\s]", re.IGNORECASE
)


def flags_of(file: IO[bytes], ending: str) -> list[str]:
    """What readers and organizers should know of a file that passed the look.

    `active` content that runs by itself, `attached` files inside, `names-author` in its properties, and `polyglot`
    when a second kind of file hangs on its end.
    """
    found: set[str] = set()
    file.seek(0)
    if ending == "pdf":
        found = _flags_of_pdf(file)
    elif ending in PACKED:
        with zipfile.ZipFile(file) as pack:
            for name in ("docProps/core.xml", "meta.xml"):
                if name in pack.namelist() and _NAMES.search(pack.read(name)):
                    found.add("names-author")
            if any(name.endswith("vbaProject.bin") for name in pack.namelist()):
                found.add("active")
    if ending not in PACKED and _has_packed_tail(file):
        found.add("polyglot")
    return sorted(found)


def _flags_of_pdf(file: IO[bytes]) -> set[str]:
    found: set[str] = set()
    with pikepdf.open(cast(BinaryIO, file)) as pdf:
        if any(str(pdf.docinfo.get(name, "")).strip() for name in ("/Author", "/Company")):
            found.add("names-author")
        for n, thing in enumerate(pdf.objects):
            if n > MOST_OBJECTS:
                break
            if not isinstance(thing, pikepdf.Dictionary | pikepdf.Stream):
                continue
            keys = set(thing.keys())
            if keys.intersection(ACTIVE) or str(thing.get("/S", "")) in ACTIVE:
                found.add("active")
            if "/EmbeddedFiles" in keys or str(thing.get("/Type", "")) == "/EmbeddedFile":
                found.add("attached")
    return found


def _has_packed_tail(file: IO[bytes]) -> bool:
    file.seek(-min(HEAD, file.seek(0, io.SEEK_END)), io.SEEK_END)
    return b"PK\x05\x06" in file.read()


BY_ENDING = {ending: kind for kind in KINDS for ending in kind.endings}


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

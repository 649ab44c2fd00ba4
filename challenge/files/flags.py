"""What readers and organizers should know of a file that passed the look.

`active` content that runs by itself, `attached` files inside, `polyglot` when a second kind of file hangs on its end,
and `names-author` with one `author:NAME` for each name in its properties.
"""

import re
import zipfile
from collections.abc import Iterable, Iterator
from typing import IO, Any, BinaryIO, cast
from xml.etree import ElementTree

import pikepdf
from PIL import UnidentifiedImageError

from challenge.files.blind import OFFICE, OPEN_DOCUMENT, PICTURES
from challenge.files.pictures import authors_in

ACTIVE = ("/JavaScript", "/JS", "/OpenAction", "/AA", "/Launch", "/RichMedia", "/XFA", "/SubmitForm")
MOST_OBJECTS = 200_000
PACKED = frozenset({*OFFICE, *OPEN_DOCUMENT})
TAIL = 1 << 16
NAMES_AUTHOR, AUTHOR = "names-author", "author:"
MOST_NAMES, LONGEST_NAME = 5, 80
MOST_PROPERTIES = 1 << 20  # bytes of one file of properties
PROPERTIES = ("docProps/core.xml", "docProps/app.xml", "meta.xml")
ABOUT_PEOPLE = frozenset(
    {"creator", "lastModifiedBy", "initial-creator", "printed-by", "publisher", "Company", "Manager"}
)
# programs that write themselves or nobody in particular where a name belongs
NOBODY = re.compile(
    r"(microsoft|libreoffice|openoffice|python-docx|python-pptx|openpyxl|pandoc|google|apple|windows|unknown|"
    r"user|admin|administrator|author|owner|default|anonymous|office user)\b.{0,20}",
    re.IGNORECASE,
)


def flags_of(file: IO[bytes], ending: str) -> list[str]:
    found: set[str] = set()
    names: list[str] = []
    file.seek(0)
    if ending == "pdf":
        found, names = _of_pdf(file)
    elif ending in PACKED:
        found, names = _of_pack(file)
    elif ending in PICTURES:
        names = _of_picture(file, PICTURES[ending])
    if ending not in PACKED and _has_packed_tail(file):
        found.add("polyglot")
    people = list(_people(names))
    if people:
        found.add(NAMES_AUTHOR)
    return [*sorted(found), *(AUTHOR + name for name in people)]


def authors_of(flags: Iterable[str]) -> list[str]:
    return [flag.removeprefix(AUTHOR) for flag in flags if flag.startswith(AUTHOR)]


def _people(names: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for name in (each for told in names for each in told.split(";")):
        plain = " ".join("".join(c if c.isprintable() else " " for c in name).split())[:LONGEST_NAME]
        if plain and plain.casefold() not in seen and not NOBODY.fullmatch(plain):
            seen.add(plain.casefold())
            yield plain
            if len(seen) == MOST_NAMES:
                return


def _of_pdf(file: IO[bytes]) -> tuple[set[str], list[str]]:
    found: set[str] = set()
    with pikepdf.open(cast(BinaryIO, file)) as pdf:
        names = [str(pdf.docinfo.get(name, "")) for name in ("/Author", "/Company")]
        names += _of_xmp(pdf)
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
    return found, names


def _of_xmp(pdf: pikepdf.Pdf) -> list[str]:
    try:
        with pdf.open_metadata() as metadata:
            told: Any = metadata.get("dc:creator", [])
    except Exception:  # a damaged packet names nobody, whatever its reader thinks of it
        return []
    return [str(each) for each in ([told] if isinstance(told, str) else told)]


def _of_pack(file: IO[bytes]) -> tuple[set[str], list[str]]:
    found: set[str] = set()
    names: list[str] = []
    with zipfile.ZipFile(file) as pack:
        held = pack.namelist()
        for name in PROPERTIES:
            if name in held:
                with pack.open(name) as part:
                    names += _named_in(part.read(MOST_PROPERTIES))
        if any(name.endswith(("vbaProject.bin", ".bas")) or name.startswith("Basic/") for name in held):
            found.add("active")
        if any("/embeddings/" in name or name.startswith("Object ") for name in held):
            found.add("attached")
    return found, names


def _named_in(properties: bytes) -> list[str]:
    if b"<!DOCTYPE" in properties or b"<!ENTITY" in properties:
        return []  # no office program writes these; a parser would unfold them
    try:
        root = ElementTree.fromstring(properties)  # noqa: S314 - nothing to unfold is left
    except ElementTree.ParseError:
        return []
    return [each.text or "" for each in root.iter() if each.tag.rpartition("}")[2] in ABOUT_PEOPLE]


def _of_picture(file: IO[bytes], kind: str) -> list[str]:
    try:
        return authors_in(file, kind)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        return []


def _has_packed_tail(file: IO[bytes]) -> bool:
    file.seek(-min(TAIL, file.seek(0, 2)), 2)
    return b"PK\x05\x06" in file.read()

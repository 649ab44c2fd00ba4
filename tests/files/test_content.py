"""What files may be: bombs, disguises, damage, passwords, films; and what is flagged in those that may."""

import io
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from typing import IO, Any

import pikepdf
import pytest
from PIL import Image

from challenge.files import faults, packs, pictures
from challenge.files.faults import DAMAGED, LOCKED, NOT_THIS, TOO_DEEP, TOO_MUCH, TOO_WIDE
from challenge.files.flags import authors_of, flags_of
from challenge.files.kinds import BY_ENDING, found_in
from challenge.files.rules import why_not_kind
from tests.files.test_receiving import DOCX, JPEG, ODT, PDF, PNG, WEBP, XLSX, a_picture, packed


def look(ending: str, content: bytes) -> Any:
    return BY_ENDING[ending].look(io.BytesIO(content))


# ---------- packed files ----------

LETTER = (("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w/>"))


def nested(*layers: int) -> bytes:
    """A letter in a letter in a letter."""
    content = packed(*LETTER)
    for _each in layers:
        content = packed(*LETTER, ("word/embeddings/a.docx", content))
    return content


LONG = 0x3A1B2C7


def lying() -> bytes:
    """An entry of 60 MiB that says it has 100 bytes, in both of its headers."""
    content = bytearray(packed(*LETTER, ("word/media/a.png", bytes(LONG))))
    true, told = struct.pack("<I", LONG), struct.pack("<I", 100)
    assert content.count(true) == 2
    return bytes(content.replace(true, told))


def overlapping() -> bytes:
    """Two entries of the table of contents that share the bytes of one, as the smallest bombs do."""
    content = packed(*LETTER, ("word/media/a.bin", b"a" * 900), ("word/media/b.bin", b"a" * 900))
    with zipfile.ZipFile(io.BytesIO(content)) as pack:
        a, b = (pack.getinfo(f"word/media/{n}.bin").header_offset for n in "ab")
    table = content.index(b"PK\x01\x02")
    end = content.index(b"word/media/b.bin", table) - 4  # its offset stands before its name
    return content[:end] + struct.pack("<I", a) + content[end + 4 :] if b else b""


def many_entries() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as pack:
        for n in range(100_000):
            pack.writestr(zipfile.ZipInfo(f"xl/{n}"), b"")
    return out.getvalue()


def damaged() -> bytes:
    content = bytearray(packed(*LETTER, ("word/media/a.bin", bytes(range(256)) * 40)))
    at = content.index(b"word/media/a.bin") + 30
    content[at : at + 20] = b"\xff" * 20
    return bytes(content)


PACKS: tuple[tuple[str, Callable[[], bytes], Any], ...] = (
    ("plain", lambda: packed(*LETTER), None),
    ("a table inside", lambda: packed(*LETTER, ("word/embeddings/a.xlsx", XLSX)), None),
    ("flat bomb", lambda: packed(*LETTER, ("a", bytes(40 << 20))), TOO_MUCH),
    ("bomb inside", lambda: nested() and packed(*LETTER, ("a.docx", packed(*LETTER, ("a", bytes(30 << 20))))), TOO_MUCH),
    ("nested", lambda: nested(1, 2), TOO_DEEP),
    ("lying", lying, TOO_MUCH),
    ("overlapping", overlapping, TOO_MUCH),
    ("many entries", many_entries, TOO_MUCH),
    ("behind something", lambda: b"MZ" + packed(*LETTER), NOT_THIS),
    ("cut", lambda: packed(*LETTER)[:-30], NOT_THIS),
    ("damaged", damaged, DAMAGED),
    ("a program", lambda: b"PK\x03\x04" + bytes(200), NOT_THIS),
)  # fmt: skip


@pytest.mark.parametrize(("make", "fault"), [p[1:] for p in PACKS], ids=[p[0] for p in PACKS])
def test_a_pack_is_told_by_its_table_and_then_counted(make: Callable[[], bytes], fault: Any) -> None:
    content = make()
    tracemalloc.start()
    try:
        assert look("docx", content) is fault
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100 << 20


def test_what_a_pack_holds_counts_for_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    inner = packed(("a", b"a" * 4000))
    content = packed(*LETTER, ("1.zip", inner), ("2.zip", inner))
    assert look("docx", content) is None
    monkeypatch.setattr(packs, "MOST_UNPACKED", 8000)
    assert look("docx", content) is TOO_MUCH


def test_passwords_of_office_programs_are_told_in_words() -> None:
    wrapped = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le")
    assert look("docx", wrapped) is LOCKED
    assert look("docx", wrapped[:600]) is NOT_THIS  # an old .doc
    manifest = ("META-INF/manifest.xml", b"<m:file-entry><m:encryption-data/></m:file-entry>")
    mimetype = ("mimetype", b"application/vnd.oasis.opendocument.text")
    assert look("odt", packed(mimetype, manifest, store=True)) is LOCKED
    assert look("odt", ODT) is None
    marked = bytearray(DOCX)
    for at in (6, DOCX.index(b"PK\x01\x02") + 8):
        marked[at] |= 1
    assert look("docx", bytes(marked)) is LOCKED


# ---------- disguises ----------

FTYP = struct.pack(">I4s4sI", 16, b"ftyp", b"isom", 0)
MOOV = struct.pack(">I4s", 8, b"moov")
FILM = FTYP + MOOV + struct.pack(">I4sQ", 1, b"mdat", 24) + bytes(8)
WEBM = b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm" + b"\x18\x53\x80\x67" + bytes(20)


@pytest.mark.parametrize(
    ("ending", "content", "fault"),
    [
        ("mp4", FILM, None),
        ("mov", FILM.replace(b"isom", b"qt  "), None),
        ("mov", MOOV + struct.pack(">I4s", 0, b"mdat") + bytes(9), None),
        ("webm", WEBM, None),
        ("mp4", FILM.replace(b"isom", b"qt  "), NOT_THIS),
        ("mp4", FTYP + bytes(8), DAMAGED),
        ("mp4", FILM[:-4], DAMAGED),
        ("mp4", FTYP + struct.pack(">I4s", 8, b"free") * 20_000 + MOOV, DAMAGED),
        ("mp4", WEBM, NOT_THIS),
        ("webm", WEBM.replace(b"webm", b"matr"), NOT_THIS),
        ("webm", WEBM[:13], DAMAGED),
        ("png", PNG, None),
        ("png", PNG[:-12], DAMAGED),
        ("png", b"\x89PNG\r\n\x1a\n" + bytes(40) + b"IEND", DAMAGED),
        ("png", JPEG, NOT_THIS),
        ("jpg", JPEG[:-2], DAMAGED),
        ("webp", WEBP, None),
        ("webp", b"RIFF\x24\0\0\0WAVEfmt " + bytes(20), DAMAGED),
        ("pdf", b"GIF89a" + PDF, NOT_THIS),
        ("pdf", b"\n" + PDF, NOT_THIS),
        ("txt", b"MZ\x90\0", NOT_THIS),
    ],
)
def test_the_bytes_say_what_it_is(ending: str, content: bytes, fault: Any) -> None:
    assert look(ending, content) is fault


def test_a_picture_of_too_many_pixels_is_refused_by_its_head(monkeypatch: pytest.MonkeyPatch) -> None:
    head = struct.pack(">II5B", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I4s", 13, b"IHDR") + head + struct.pack(">I", zlib.crc32(b"IHDR" + head))
    assert look("png", PNG[:8] + chunk + PNG[33:]) is TOO_WIDE
    monkeypatch.setattr(pictures, "MOST_PIXELS", 63)
    assert look("png", PNG) is TOO_WIDE
    assert "pixels" in str(faults.TOO_WIDE)


def test_films_are_taken_only_where_they_were_asked_for() -> None:
    assert why_not_kind("a.mp4", ("mp4",)) is None
    refused = why_not_kind("a.mp4", ())
    assert refused is not None and "MP4" not in str(refused).split("Send one of these")[1]


def test_the_sentence_names_what_was_found() -> None:
    assert [found_in(io.BytesIO(each)) for each in (FILM, WEBM, PNG, DOCX)] == ["MP4", "WEBM", "PNG", "DOCX"]


# ---------- flags ----------


def a_pdf(change: Callable[[pikepdf.Pdf], None]) -> bytes:
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        change(pdf)
        pdf.save(out)
    return out.getvalue()


def with_script(pdf: pikepdf.Pdf) -> None:
    pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")


def with_attachment(pdf: pikepdf.Pdf) -> None:
    pdf.attachments["a.txt"] = b"inside"


def with_author(pdf: pikepdf.Pdf) -> None:
    with pdf.open_metadata(set_pikepdf_as_editor=False) as metadata:
        metadata["dc:creator"] = ["zoë martin", "Ben Ali"]
    pdf.docinfo["/Author"] = "Zoë  Martin"


CORE = "<cp:coreProperties xmlns:cp='c' xmlns:dc='d'>{}</cp:coreProperties>"


@pytest.mark.parametrize(
    ("ending", "content", "flags"),
    [
        ("pdf", PDF, []),
        ("pdf", a_pdf(with_script), ["active"]),
        ("pdf", a_pdf(with_attachment), ["attached"]),
        ("pdf", a_pdf(with_author), ["names-author", "author:Zoë Martin", "author:Ben Ali"]),
        ("pdf", PDF + packed(("a", b"b")) + b"%%EOF", ["polyglot"]),
        ("png", PNG + packed(("a", b"b")), ["polyglot"]),
        ("docx", packed(*LETTER, ("word/vbaProject.bin", b"x")), ["active"]),
        ("docx", packed(*LETTER, ("word/embeddings/a.xlsx", XLSX)), ["attached"]),
        (
            "docx",
            packed(*LETTER, ("docProps/core.xml", CORE.format("<dc:creator>Zoë</dc:creator>").encode())),
            ["names-author", "author:Zoë"],
        ),
        (
            "docx",
            packed(*LETTER, ("docProps/core.xml", CORE.format("<dc:creator>python-docx</dc:creator>").encode())),
            [],
        ),
        ("docx", packed(*LETTER, ("docProps/core.xml", b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>")), []),
        ("docx", packed(*LETTER, ("docProps/core.xml", b"<broken")), []),
        ("odt", packed(("mimetype", b"x"), ("meta.xml", b"<m><initial-creator>Zo</initial-creator></m>")),
         ["names-author", "author:Zo"]),
    ],
)  # fmt: skip
def test_what_is_flagged(ending: str, content: bytes, flags: list[str]) -> None:
    file: IO[bytes] = io.BytesIO(content)
    assert flags_of(file, ending) == flags


def test_a_picture_that_names_its_author_is_flagged() -> None:
    exif = Image.Exif()
    exif[pictures.ARTIST] = "Ada Martin"
    content = a_picture("JPEG", exif=exif)
    assert authors_of(flags_of(io.BytesIO(content), "jpg")) == ["Ada Martin"]

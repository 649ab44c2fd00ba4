"""What a finished PDF must show before it leaves, and what a PDF that comes back can prove.

WeasyPrint can lose text without a warning, and a cache can print the wrong code: so every word is read back
from the pages, and the QR code from their picture.
"""

import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import msgspec
import pikepdf
import pypdf
import pypdfium2
import zxingcpp

from challenge.foundation.i18n import Text, _, _n
from challenge.notices import records
from challenge.notices.records import FILE_NAME, NoticeRecord

if TYPE_CHECKING:  # pyHanko is slow to import, and those who only print do not need it
    from challenge.notices.signing import Verdict

QR_DPI = 150
LONG_WORD = 40
PIECE = 20
_RUNS = re.compile(r"[^\W_]+(?:[\u0300-\u036f\u064b-\u065f\u0670]+[^\W_]*)*")
_INLINE = {"a", "b", "bdi", "i", "small", "span", "strong", "em"}


# ---------------------------------------------------------------- before it leaves


def why_not_issue(
    pdf: bytes, *, text: Iterable[str], verify_url: str = "", record: bytes | None = None
) -> Text | None:
    """The first thing wrong with a PDF just made, or nothing."""
    if lost := lost_words(pdf, text):
        return _n(
            "One word did not reach the page: {words}.",
            "{n} words did not reach the page, among them: {words}.",
            len(lost),
            words=" ".join(lost[:8]),
        )
    if verify_url and (read := qr_codes(pdf)) != [verify_url]:
        return _(
            "The QR code leads to {found}, not to {wanted}.", found=" ".join(read) or "–", wanted=verify_url
        )
    if record is not None and list(attachments(pdf).values()) != [record]:
        return _("The record inside the document is not the one that was given.")
    missing = [mark.name for mark in marks(pdf).all if not mark.is_good]
    return _("The document lacks a mark of PDF/A: {mark}.", mark=missing[0]) if missing else None


def lost_words(pdf: bytes, text: Iterable[str]) -> list[str]:
    """The words that cannot be found again, each once. Letters and digits count, not the signs around them."""
    written = [(word, run) for piece in text for word, run in _words(piece)]
    wanted, shown = Counter(word for word, _run in written), dict(written)
    stream = _letters(_text_by_pdfium(pdf))
    lost = [word for word, times in wanted.items() if stream.count(word) < times]
    if not lost:
        return []
    # Joined scripts are stored as drawn; the two readers stumble over different words.
    other = _letters(_text_by_pypdf(pdf))
    lost = [word for word in lost if other.count(word) < wanted[word]]
    return [shown[word] for word in lost if not _is_there_in_other_order(word, (stream, other))]


def qr_codes(pdf: bytes) -> list[str]:
    """What the QR codes on the drawn pages say, each once."""
    found: dict[str, None] = {}
    with _opened(pdf) as document:
        for page in document:
            picture = page.render(scale=QR_DPI / 72, grayscale=True).to_pil()
            for code in zxingcpp.read_barcodes(picture):
                found[code.text] = None
    return list(found)


def words_of(html: str) -> list[str]:
    """The visible text of a document's HTML, in pieces that no element cuts apart."""
    reader = _Body()
    reader.feed(html)
    return "".join(reader.parts).split()


class _Body(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.is_inside = False

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.is_inside = self.is_inside or tag == "body"
        if tag not in _INLINE:
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag not in _INLINE:
            self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        if self.is_inside:
            self.parts.append(data)


def _words(text: str) -> Iterator[tuple[str, str]]:
    """The words of a text, as they are compared and as they are written."""
    for run in _RUNS.findall(unicodedata.normalize("NFKC", text)):
        word = _letters(run)
        if len(word) <= LONG_WORD:
            if word:
                yield word, run
            continue
        # a word that fills lines may be cut by the end of a page: its pieces are looked for, but for the cut
        for start in range(0, len(word) - PIECE, 2 * PIECE):
            yield word[start : start + PIECE], run[:PIECE]


def _letters(text: str) -> str:
    # without accents: WeasyPrint may give a letter the accents that it bore where it stood first
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return "".join(c for c in folded if unicodedata.category(c)[0] in "LN")


def _is_there_in_other_order(word: str, streams: Iterable[str]) -> bool:
    """Arabic and its like: a ligature read before its word, a number read backwards."""
    if not any(_is_joined(c) for c in word):
        return False
    if any(word[::-1] in stream for stream in streams):
        return True
    need = Counter(word)
    width = 3 * len(word) + 6
    for stream in streams:
        at = 0
        while (at := stream.find(word[0], at)) >= 0:
            near = Counter(stream[max(0, at - width) : at + width])
            if all(near[letter] >= times for letter, times in need.items()):
                return True
            at += 1
    return False


def _is_joined(letter: str) -> bool:
    return unicodedata.bidirectional(letter) in ("R", "AL", "AN") or 0x0900 <= ord(letter) <= 0x1CFF


def _text_by_pdfium(pdf: bytes) -> str:
    with _opened(pdf) as document:
        return "".join(page.get_textpage().get_text_bounded() for page in document)


def _text_by_pypdf(pdf: bytes) -> str:
    return "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


def _opened(pdf: bytes) -> Any:
    return pypdfium2.PdfDocument(pdf)


# ---------------------------------------------------------------- marks of PDF/A


@dataclass(frozen=True)
class Mark:
    name: Text
    is_good: bool
    detail: str = ""


@dataclass(frozen=True)
class Marks:
    """What makes the file a tagged PDF/A-3a, read from the file itself."""

    part: str
    conformance: str
    language: str
    title: str
    pages: int
    is_tagged: bool
    shows_title: bool
    loose_fonts: tuple[str, ...]
    """Fonts named in the file but not inside it."""
    attachments: int
    associated: int

    @cached_property
    def all(self) -> tuple[Mark, ...]:
        conforms = self.part == "3" and self.conformance.upper() == "A"
        return (
            Mark(_("PDF/A-3a"), conforms, f"{self.part}{self.conformance}".lower()),
            Mark(_("Tagged"), self.is_tagged),
            Mark(_("Language"), bool(self.language), self.language),
            Mark(_("Title shown"), self.shows_title and bool(self.title), self.title),
            Mark(_("Fonts inside"), not self.loose_fonts, ", ".join(self.loose_fonts)),
            Mark(_("Attachments listed once"), self.attachments == self.associated, str(self.attachments)),
        )


def marks(pdf: bytes) -> Marks:
    """Raises `pikepdf.PdfError` for bytes that are no PDF."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        root: Any = opened.Root
        metadata = opened.open_metadata(set_pikepdf_as_editor=False)
        info = root.get("/MarkInfo", {})
        preferences = root.get("/ViewerPreferences", {})
        return Marks(
            part=str(metadata.get("pdfaid:part", "")),
            conformance=str(metadata.get("pdfaid:conformance", "")),
            language=str(root.get("/Lang", "")),
            title=str(metadata.get("dc:title", "")),
            pages=len(opened.pages),
            is_tagged=bool(info.get("/Marked", False)) and "/StructTreeRoot" in root,
            shows_title=bool(preferences.get("/DisplayDocTitle", False)),
            loose_fonts=tuple(sorted(set(_loose_fonts(opened)))),
            attachments=len(opened.attachments),
            associated=len(root.get("/AF", [])),
        )


def _loose_fonts(opened: pikepdf.Pdf) -> Iterator[str]:
    for page in opened.pages:
        fonts: Any = page.resources.get("/Font", {})
        for font in fonts.values():
            inner = font.DescendantFonts[0] if "/DescendantFonts" in font else font
            if font.get("/Subtype") == "/Type3":
                continue
            described = inner.get("/FontDescriptor", {})
            if not any(key in described for key in ("/FontFile", "/FontFile2", "/FontFile3")):
                yield str(font.get("/BaseFont", "?"))


def attachments(pdf: bytes) -> dict[str, bytes]:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return {name: spec.get_file().read_bytes() for name, spec in opened.attachments.items()}


# ---------------------------------------------------------------- when it comes back


@dataclass(frozen=True)
class Report:
    """What `challenge notices verify FILE` prints."""

    record: NoticeRecord | None
    verdict: "Verdict"
    marks: tuple[Mark, ...]

    @property
    def is_good(self) -> bool:
        return self.record is not None and self.verdict.is_good and all(mark.is_good for mark in self.marks)


def report(pdf: bytes, verdict: "Verdict") -> Report:
    """Everything a PDF can prove by itself; the verdict is `signing.validate`'s.

    Whether the notice was revoked or replaced only the register knows.
    """
    try:
        found = marks(pdf)
        inside = attachments(pdf)
    except pikepdf.PdfError:
        return Report(None, verdict, (Mark(_("A readable PDF"), False),))
    record = _record(inside.get(FILE_NAME))
    listed = [
        Mark(_("Signature intact"), verdict.is_intact, " ".join(str(r) for r in verdict.reasons)),
        Mark(_("Signer trusted"), verdict.is_trusted, verdict.signer),
        Mark(_("Award record inside"), record is not None, record.number if record else ""),
    ]
    if record is not None:
        codes = qr_codes(pdf)
        listed.append(Mark(_("QR code leads to the record"), codes == [record.verify_url], " ".join(codes)))
        listed.append(Mark(_("Language of the record"), found.language == record.language, found.language))
    return Report(record, verdict, (*listed, *found.all))


def _record(content: bytes | None) -> NoticeRecord | None:
    try:
        return records.read(content) if content is not None else None
    except msgspec.DecodeError:
        return None

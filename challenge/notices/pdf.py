"""Templates and values become PDF/A-3a. The only file that knows WeasyPrint.

Equal input gives equal bytes, in any process. Pages are made in worker processes which live long, because a
cold start costs a second and a parsed stylesheet is half the work, and which have limits, because a hostile
text may ask for a gigabyte.
"""

import asyncio
import atexit
import contextlib
import hashlib
import io
import logging
import multiprocessing
import os
import queue
import re
import resource
import signal
import unicodedata
from collections.abc import Callable, Mapping
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import msgspec
import segno
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from jinja2 import FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from challenge.foundation import i18n
from challenge.foundation.i18n import (
    Text,
    _,
    direction,
    format_date,
    format_datetime,
    format_number,
    speaking,
)
from challenge.foundation.text import tidy
from challenge.notices.documents import Brand, Document
from challenge.notices.proof import why_not_issue, words_of
from challenge.notices.records import FILE_NAME

HERE = Path(__file__).parent
# in the wheel the templates stand inside the package, in the checkout beside it
TEMPLATES = next(
    (folder for folder in (HERE.parent / "templates", HERE.parents[1] / "templates") if folder.is_dir()),
    HERE.parents[1] / "templates",
)
TYPES = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".ttf": "font/ttf"}

VARIANT = "pdf/a-3a"

MEMORY_LIMIT = 1_500_000_000
JOBS_PER_WORKER = 400
"""A worker grows by some 80 KB a notice; after so many it makes room for a fresh one."""
MOST_LETTERS = 2_000_000
MOST_PAGES = 400


class Unprintable(Exception):
    """The document cannot be made, and why, as a sentence."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.msgid)
        self.text = text

    def __reduce__(self) -> tuple[type["Unprintable"], tuple[Text]]:
        return type(self), (self.text,)


# ---------------------------------------------------------------- one document


def render(
    template: str,
    values: Mapping[str, Any],
    *,
    lang: str,
    record: bytes | None,
    identifier: str,
    created: datetime,
    brand: Brand,
    verify_url: str = "",
    attachment: str = FILE_NAME,
) -> bytes:
    """The PDF, in this process. Raises `Unprintable`."""
    document = Document(
        template=template,
        values=dict(values),
        lang=lang,
        identifier=identifier,
        created=created,
        brand=brand,
        record=record,
        attachment=attachment,
        verify_url=verify_url,
    )
    return typeset(document).pdf


@dataclass(frozen=True)
class Typeset:
    pdf: bytes
    html: str


def typeset(document: Document) -> Typeset:
    """The pages. A letter that needs a second page is tried once more, set tighter."""
    laid = _laid(document, "")
    if document.is_letter and len(laid.pages.pages) == 2:
        tight = _laid(document, "is-tight")
        if len(tight.pages.pages) == 1:
            laid = tight
    if len(laid.pages.pages) > MOST_PAGES:
        raise Unprintable(_("The document is too long to be printed. Shorten its texts."))
    return Typeset(_press().write(document, laid.pages), laid.html)


@dataclass(frozen=True)
class Laid:
    html: str
    pages: Any


def _laid(document: Document, fit: str) -> Laid:
    shelf = Shelf(document)
    html = fill(document, shelf, fit)
    if len(html) > MOST_LETTERS:
        raise Unprintable(_("The document is too long to be printed. Shorten its texts."))
    return Laid(html, _press().lay(document, html, shelf))


def make(document: Document) -> bytes:
    """Typeset and proved: the PDF holds what it should, or `Unprintable` says what it lacks."""
    made = typeset(document)
    fault = why_not_issue(
        made.pdf, text=words_of(made.html), verify_url=document.verify_url, record=document.record
    )
    if fault is not None:
        raise Unprintable(fault)
    return made.pdf


# ---------------------------------------------------------------- HTML


class Shelf:
    """The pictures of one document. Each has an address made from its content.

    WeasyPrint's image cache is keyed by address: with one address for all QR codes every notice would carry
    the first one's.
    """

    def __init__(self, document: Document) -> None:
        self.pictures: dict[str, bytes] = {}
        self.brand = document.brand
        self.verify_url = document.verify_url

    def place(self, content: bytes) -> str:
        name = f"doc/{hashlib.sha256(content).hexdigest()[:32]}{_suffix(content)}"
        self.pictures[name] = content
        return f"asset:{name}"

    def qr(self) -> str:
        return self.place(_qr(self.verify_url, self.brand.deep))

    def logo(self) -> str:
        return self.place(self.brand.logo or _mark(self.brand))


def fill(document: Document, shelf: Shelf, fit: str = "") -> str:
    """The HTML of a document: values escaped, undefined names refused."""
    with speaking(document.lang):
        return (
            _environment()
            .get_template(document.template)
            .render(
                **{name: _clean(value) for name, value in document.values.items()},
                lang=document.lang,
                dir=direction(document.lang),
                brand=_clean(document.brand),
                created=document.created.isoformat(timespec="seconds"),
                verify_url=document.verify_url,
                fit=fit,
                shelf=shelf,
            )
        )


@lru_cache(maxsize=1)
def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        auto_reload=False,
    )
    environment.install_gettext_callables(i18n.gettext, i18n.ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.filters.update(
        date=format_date,
        moment=format_datetime,
        number=format_number,
        digits=i18n.digits,
        no_runt=no_runt,
        headline_class=headline_class,
        way=way,
        paragraphs=paragraphs,
        size=size,
        grouped=grouped,
        picture=_picture,
        breakable=breakable,
        address=address,
    )
    return environment


def no_runt(text: str) -> str:
    """Tie the last two words so that no paragraph ends on one short word."""
    head, _space, tail = text.rpartition(" ")
    return f"{head}\u00a0{tail}" if head and len(tail) < 9 else text


def headline_class(text: str) -> str:
    """The size for a headline: by its longest line as long as the author's break holds, else by its length."""
    longest = max(len(line) for line in text.split("\n")) * (0.65 if direction() == "rtl" else 1)
    if longest <= 30:
        return ""
    if longest <= 39:
        return "is-long"
    return "is-long flows" if len(text) <= 130 else "is-longer flows"


def way(text: str) -> str:
    """The direction in which a text reads, by its first letter that has one; WeasyPrint knows no dir=auto."""
    for letter in text:
        kind = unicodedata.bidirectional(letter)
        if kind in ("R", "AL"):
            return "rtl"
        if kind == "L":
            return "ltr"
    return direction()


def paragraphs(text: str) -> list[str]:
    return [line for line in (part.strip() for part in text.splitlines()) if line]


def size(octets: int) -> str:
    if octets < 1_000_000:
        return str(_("{size} KB", size=max(1, round(octets / 1000))))
    return str(_("{size} MB", size=round(octets / 1_000_000, 1)))


def address(shown: str) -> str:
    """An address to follow, without the places where its shown form may break."""
    return shown.replace(BREAK, "")


def grouped(digest: str) -> str:
    digest = digest.replace(BREAK, "")
    return " ".join(digest[at : at + 4] for at in range(0, len(digest), 4))


def breakable(url: str) -> list[str]:
    """An address in two lines: the path, and the code which people type."""
    shown = url.removeprefix("https://").removeprefix("http://")
    head, slash, tail = shown.rpartition("/")
    return [head + slash, tail] if head and tail else [shown]


@pass_context
def _picture(context: Context, content: bytes) -> str:
    shelf: Shelf = context["shelf"]
    return shelf.place(content)


def _clean(value: Any) -> Any:
    """Texts without what no page can show: characters that turn others around, signs no font of ours has."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return printable(value)
    if isinstance(value, dict):
        return {key: _clean(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_clean(each) for each in value)
    if isinstance(value, msgspec.Struct):
        fields = value.__struct_fields__
        return type(value)(**{name: _clean(getattr(value, name)) for name in fields})
    return value


def printable(text: str) -> str:
    """Text for a page: no sign without a font, no tower of accents, no word that cannot be broken.

    Breaking at a marked place costs a third of what searching for a place costs.
    """
    known = _letters()
    kept = [c for c in tidy(text) if ord(c) in known or unicodedata.category(c) not in _SIGNS]
    marks = 0
    for at, letter in enumerate(kept):
        marks = marks + 1 if unicodedata.category(letter) == "Mn" else 0
        if marks > MOST_MARKS:
            kept[at] = ""
    return _ENDLESS.sub(lambda run: BREAK.join(_PART.findall(run[0])), "".join(kept))


MOST_MARKS = 4
BREAK = "\u200b"
_ENDLESS = re.compile(r"\S{60,}")
_PART = re.compile(r"\S{1,30}")
# symbols, emoji, private and unassigned: dropped if no font has them; a letter is never dropped
_SIGNS = {"So", "Sk", "Co", "Cn", "Cs"}


@lru_cache(maxsize=1)
def _letters() -> frozenset[int]:
    known: set[int] = set()
    for path in sorted((HERE / "fonts").glob("*Regular.ttf")):
        with TTFont(path, lazy=True) as font:
            known.update(font.getBestCmap())
    return frozenset(known)


def _suffix(content: bytes) -> str:
    if content.startswith(b"\x89PNG"):
        return ".png"
    return ".jpg" if content.startswith(b"\xff\xd8") else ".svg"


def _qr(url: str, colour: str) -> bytes:
    out = io.BytesIO()
    segno.make(url, error="q", micro=False).save(
        out, kind="svg", border=0, dark=colour, xmldecl=False, nl=False
    )
    return out.getvalue()


def _mark(brand: Brand) -> bytes:
    drawn = (HERE / "assets" / "mark.svg").read_text()
    return drawn.replace("#0b5c6b", brand.colour).encode()


# ---------------------------------------------------------------- WeasyPrint


@lru_cache(maxsize=1)
def _press() -> "Press":
    return Press()


class Press:
    """What a process keeps between documents: fonts, stylesheets, pictures. Never shared by threads."""

    def __init__(self) -> None:
        import weasyprint
        from weasyprint.text.fonts import FontConfiguration
        from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

        logging.getLogger("weasyprint").setLevel(logging.ERROR)
        logging.getLogger("fontTools").setLevel(logging.ERROR)

        class Assets(URLFetcher):  # type: ignore[misc]
            """Knows asset:NAME for the names of a dictionary. No file, no network, no data: address."""

            def __init__(self, assets: Mapping[str, bytes]) -> None:
                super().__init__(allowed_protocols=(), allow_redirects=False, fail_on_errors=True)
                self.assets = assets

            def fetch(self, url: str, headers: Any = None) -> Any:
                name = url.removeprefix("asset:")
                if not url.startswith("asset:") or name not in self.assets:
                    raise FatalURLFetchingError(url[:200])
                kind = TYPES[Path(name).suffix]
                return URLFetcherResponse(url, self.assets[name], {"Content-Type": kind})

        self.weasyprint = weasyprint
        self.refused: type[BaseException] = FatalURLFetchingError
        self.fetcher: Callable[[Mapping[str, bytes]], Any] = Assets
        self.fonts = {f"fonts/{path.name}": path.read_bytes() for path in (HERE / "fonts").glob("*.ttf")}
        self.font_config = FontConfiguration()
        self.sheets: dict[str, Any] = {}
        self.cache: dict[str, Any] = {}
        self.failures = Failures()
        logging.getLogger("weasyprint").addHandler(self.failures)

    def lay(self, document: Document, html: str, shelf: Shelf) -> Any:
        self.failures.clear()
        try:
            laid = self.weasyprint.HTML(string=html, url_fetcher=self.fetcher(shelf.pictures)).render(
                stylesheets=[self.sheet("document"), self.sheet(Path(document.template).stem)],
                font_config=self.font_config,
                cache=self.cache,
                pdf_variant=VARIANT,
            )
            self.failures.refuse_any()
            return laid
        except self.refused as refusal:
            raise Unprintable(
                _("The document asks for {address}, which is not part of it.", address=str(refusal)[:120])
            ) from None
        finally:
            for address in [key for key in self.cache if "asset:doc/" in str(key)]:
                del self.cache[address]

    def write(self, document: Document, pages: Any) -> bytes:
        strange: set[int] = set()
        pages.fonts = Fonts()
        made: bytes = pages.write_pdf(
            pdf_variant=VARIANT,
            pdf_identifier=document.identifier.encode(),
            finisher=partial(_finish, strange),
            attachments=self.attachments(document),
        )
        self.failures.refuse_any()
        if strange:
            shown = " ".join(f"{chr(code)} (U+{code:04X})" for code in sorted(strange)[:10])
            raise Unprintable(_("No font on this machine can print these letters: {letters}.", letters=shown))
        return made

    def attachments(self, document: Document) -> list[Any]:
        if document.record is None:
            return []
        return [
            self.weasyprint.Attachment(
                string=document.record,
                name=document.attachment,
                description="The same facts for machines",
                relationship="Data",
                created=document.created,
                modified=document.created,
            )
        ]

    def sheet(self, name: str) -> Any:
        if name not in self.sheets:
            self.sheets[name] = self.weasyprint.CSS(
                string=(TEMPLATES / "notices" / f"{name}.css").read_text(encoding="utf-8"),
                font_config=self.font_config,
                url_fetcher=self.fetcher(self.fonts),
            )
        return self.sheets[name]


class Failures(logging.Handler):
    """What WeasyPrint only logs: a picture that cannot be drawn would be left out without a word."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg.startswith("Failed to"):
            self.told.append(record.getMessage())

    def clear(self) -> None:
        self.told = []

    def refuse_any(self) -> None:
        if self.told:
            raise Unprintable(
                _("A picture of the document cannot be drawn: {fault}", fault=self.told[0][:160])
            )


class Fonts(dict[Any, Any]):
    """The fonts of one document, each told what its glyphs mean by `Meanings`."""

    def __setitem__(self, key: Any, font: Any) -> None:
        font.to_unicode = Meanings(_marks_of(font))
        super().__setitem__(key, font)


_MARKS: dict[tuple[Any, ...], dict[int, str]] = {}


def _marks_of(font: Any) -> dict[int, str]:
    """The glyphs of a font that are a combining mark, read once per font and process."""
    key = (font.family, font.weight, font.style, font.index, len(font.file_content))
    if key not in _MARKS:
        with TTFont(io.BytesIO(font.file_content), fontNumber=font.index, lazy=True) as opened:
            _MARKS[key] = {
                opened.getGlyphID(name): chr(code)
                for code, name in (opened.getBestCmap() or {}).items()
                if unicodedata.category(chr(code)) == "Mn"
            }
    return _MARKS[key]


NOTHING = "\u2060"
"""A glyph that adds no letter: PDF/A asks for some character, and this one joins words and is not seen."""


class Meanings(dict[int, str]):
    """Glyph to letters, for copying, searching and reading aloud.

    WeasyPrint 70 gives all letters of a cluster to one of its glyphs and nothing to the others, once for the
    whole document: after one "ẹ́" every "ẹ" is lost to readers. Here a mark keeps its mark and the letter its
    letter. Pretending to know no glyph yet makes WeasyPrint tell every one, in the order in which they are drawn:
    right-to-left text tells the letters first and then the empty rest, other text the other way around.
    """

    def __init__(self, marks: Mapping[int, str]) -> None:
        super().__init__()
        self.marks = marks
        self.glyphs: list[int] = []
        self.letters = ""
        self.fresh: set[int] = set()

    def __contains__(self, glyph: object) -> bool:
        return False

    def __setitem__(self, glyph: int, letters: str) -> None:
        is_rest = not letters and self.letters and way(self.letters) == "rtl"
        is_end = bool(letters) and bool(self.glyphs) and not self.letters
        if not (is_rest or is_end or (not letters and not self.letters)):
            self.glyphs, self.letters, self.fresh = [], "", set()
        self.glyphs.append(glyph)
        self.letters = self.letters or letters
        self._share()

    def _share(self) -> None:
        shares = self._shares() if len(self.glyphs) > 1 else {self.glyphs[0]: self.letters}
        for glyph, letters in shares.items():
            known = self.get(glyph)
            if glyph in self.fresh or known in (None, NOTHING):
                if known is None:
                    self.fresh.add(glyph)
                super().__setitem__(glyph, letters or NOTHING)

    def _shares(self) -> dict[int, str]:
        rest = unicodedata.normalize("NFD", self.letters)
        shares: dict[int, str] = {}
        for glyph in self.glyphs:
            mark = self.marks.get(glyph)
            if mark and mark in rest:
                shares[glyph] = mark
                rest = rest.replace(mark, "", 1)
        letters = [glyph for glyph in self.glyphs if glyph not in shares] or self.glyphs
        shares.update(dict.fromkeys((g for g in letters if g not in shares), ""))
        base = letters[-1] if way(self.letters) == "rtl" else letters[0]
        shares[base] = unicodedata.normalize("NFC", rest + shares[base])
        return shares


def _finish(strange: set[int], document: Any, pdf: Any) -> None:
    """Before the bytes are written: note letters no font has, and list each associated file once.

    WeasyPrint 70 puts every attachment twice into the catalogue's AF array.
    """
    for font in document.fonts.values():
        strange.update(font.missing)
    if "AF" in pdf.catalog:
        once = list(dict.fromkeys(_as_bytes(reference) for reference in pdf.catalog["AF"]))
        pdf.catalog["AF"][:] = once


def _as_bytes(reference: bytes | str) -> bytes:
    return reference if isinstance(reference, bytes) else reference.encode()


# ---------------------------------------------------------------- workers


@dataclass(frozen=True)
class Limits:
    """What one document may take."""

    cpu_seconds: int = 20
    wall_seconds: int = 60


@dataclass
class Worker:
    """One process, replaced when it has done enough or died."""

    limits: Limits
    done: int = 0
    process: ProcessPoolExecutor | None = field(default=None, repr=False)

    def run(self, document: Document) -> bytes:
        if self.process is None or self.done >= JOBS_PER_WORKER:
            self.stop()
            context = multiprocessing.get_context("spawn")
            self.process = ProcessPoolExecutor(1, mp_context=context, initializer=_begin)
        self.done += 1
        try:
            return self.process.submit(_limited, document, self.limits).result()
        except BrokenExecutor:
            self.stop()
            raise Unprintable(
                _("The document took more time or memory than one may take. Shorten its texts.")
            ) from None

    def stop(self) -> None:
        if self.process is not None:
            self.process.shutdown(wait=False, cancel_futures=True)
        self.process, self.done = None, 0


class Workers:
    """As many processes as there are cores; each does one document at a time."""

    def __init__(self, count: int | None = None, limits: Limits | None = None) -> None:
        self.count = count or max(1, os.cpu_count() or 1)
        self.threads = ThreadPoolExecutor(self.count, thread_name_prefix="pdf")
        self.idle: queue.LifoQueue[Worker] = queue.LifoQueue()  # warm ones first
        for _each in range(self.count):
            self.idle.put(Worker(limits or Limits()))

    async def make(self, document: Document) -> bytes:
        return await asyncio.wrap_future(self.threads.submit(self.run, document))

    def run(self, document: Document) -> bytes:
        worker = self.idle.get()
        try:
            return worker.run(document)
        finally:
            self.idle.put(worker)

    def stop(self) -> None:
        self.threads.shutdown(wait=True, cancel_futures=True)
        while not self.idle.empty():
            self.idle.get().stop()


async def render_in_worker(document: Document) -> bytes:
    """The proved PDF, made in another process. Raises `Unprintable`."""
    return await workers().make(document)


def render_apart(document: Document) -> bytes:
    """The same for callers without an event loop."""
    return workers().run(document)


@lru_cache(maxsize=1)
def workers() -> Workers:
    started = Workers()
    atexit.register(started.stop)
    return started


def _begin() -> None:
    """In a fresh worker: limits first, then the slow imports."""
    with contextlib.suppress(ValueError, OSError):  # macOS knows no such limit
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    _press()


def _limited(document: Document, limits: Limits) -> bytes:
    """One job with its own share of CPU time and its own clock; whoever exceeds either dies."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime) + 1
    _soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (spent + limits.cpu_seconds, hard))
    signal.setitimer(signal.ITIMER_REAL, limits.wall_seconds)
    try:
        return make(document)
    except MemoryError:
        raise Unprintable(
            _("The document took more time or memory than one may take. Shorten its texts.")
        ) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)

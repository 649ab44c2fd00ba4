"""Text that people typed: counted, tidied, shown."""

import hashlib
import re
import unicodedata
from typing import Any

import nh3
import rfc8785
from markdown_it import MarkdownIt
from markupsafe import Markup

# Unicode White_Space, spelt out so that the browser's counter (static/js/limit.js) splits alike.
WHITE = "\t\n\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_RUN = re.compile(f"[^{WHITE}]+")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]")
_MARKDOWN = MarkdownIt("commonmark", {"html": False, "linkify": False})
_TAGS = {
    "p",
    "br",
    "em",
    "strong",
    "ul",
    "ol",
    "li",
    "a",
    "h2",
    "h3",
    "h4",
    "blockquote",
    "code",
    "pre",
    "hr",
}


def count_words(text: str) -> int:
    """Runs of characters between white space that hold at least one letter or digit."""
    return sum(1 for run in _RUN.findall(text) if run[0].isalpha() or any(map(_is_counted, run)))


def _is_counted(character: str) -> bool:
    return unicodedata.category(character)[0] in "LN"


def tidy(text: str) -> str:
    """NFC, Unix line ends, no control characters, no characters that turn the direction of others around."""
    text = _CONTROL.sub("", _BIDI.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))
    return unicodedata.normalize("NFC", text)


def markdown(text: str) -> Markup:
    """Organizers' Markdown as safe HTML: no HTML of their own, no pictures, no classes."""
    html = _MARKDOWN.render(tidy(text))
    return Markup(  # noqa: S704 - nh3 has cleaned it
        nh3.clean(html, tags=_TAGS, attributes={"a": {"href"}}, url_schemes={"http", "https", "mailto"})
    )


def one_line(text: str) -> str:
    return " ".join(tidy(text).split())


def slug_of(text: str, limit: int = 60) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:limit].strip("-") or "x"


def canonical_digest(value: Any) -> str:
    """SHA-256, in hexadecimal, of the RFC 8785 form of a JSON value."""
    return hashlib.sha256(rfc8785.dumps(value)).hexdigest()

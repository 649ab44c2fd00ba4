"""The header that names a download (RFC 6266)."""

import re
import unicodedata
from urllib.parse import quote

DROPPED = ("Cc", "Cf", "Cs", "Co", "Cn")
KEPT = "\u200c\u200d"  # joins letters of Arabic, Persian and Indic scripts
_BAD = re.compile(r'[\\/:*?"<>|]')
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9 ._()+,=@~-]+")


def content_disposition(name: str, inline: bool = False) -> str:
    """Safe for any name; one that is safe already comes back whole from `filename*`."""
    name = unicodedata.normalize("NFC", name)
    name = "".join(c for c in name if c in KEPT or unicodedata.category(c) not in DROPPED)
    name = _BAD.sub("_", name).strip(". ") or "file"
    how = "inline" if inline else "attachment"
    return f"{how}; filename=\"{_plain(name)}\"; filename*=UTF-8''{quote(name, safe='')}"


def _plain(name: str) -> str:
    """For what does not read `filename*`."""
    stem, dot, ending = name.rpartition(".")
    if not dot:
        stem, ending = name, ""
    stem, ending = (_NOT_PLAIN.sub("_", part) for part in (stem, ending))
    stem = stem if any(c.isalnum() for c in stem) else "file"
    return f"{stem}.{ending}" if ending else stem

"""Pure decisions about what somebody wants to hand in."""

import re
import unicodedata
from collections.abc import Collection

from challenge.files.faults import NOT_THIS
from challenge.files.kinds import BY_ENDING, UNASKED
from challenge.files.models import Document, DocumentState
from challenge.foundation.i18n import Text, _, _n
from challenge.foundation.text import one_line

MIB = 1 << 20
LONGEST_STEM = 150  # bytes
_BAD = re.compile(r'[\\/:*?"<>|]')
DROPPED = ("Cc", "Cf", "Cs", "Co", "Cn")
# joins letters of Arabic, Persian and Indic scripts; they are no trick
KEPT = "\u200c\u200d"


def safe_name(typed: str) -> str:
    """The last part of the path, without characters that deceive, hide or mean something to a disk."""
    last = re.split(r"[\\/]", typed)[-1]
    plain = "".join(c for c in last if c in KEPT or unicodedata.category(c) not in DROPPED)
    plain = _BAD.sub("_", one_line(plain))
    stem, dot, ending = plain.rpartition(".")
    if not dot:
        stem, ending = plain, ""
    stem = stem.strip(". ").encode()[:LONGEST_STEM].decode(errors="ignore").strip(KEPT + ". ") or "file"
    return f"{stem}.{ending.lower()[:10]}" if ending else stem


def ending_of(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name else ""


def why_not_kind(name: str, allowed: Collection[str]) -> Text | None:
    """`allowed` are endings without the dot; none means every kind that this service knows but films."""
    known = [ending for ending in allowed if ending in BY_ENDING] or list(UNASKED)
    ending = ending_of(name)
    is_same = ending in BY_ENDING and any(BY_ENDING[ending] is BY_ENDING[each] for each in known)
    if is_same:
        return None
    kinds = ", ".join(dict.fromkeys(BY_ENDING[each].code.upper() for each in known))
    return _(
        "“{name}” is not of a kind that is taken here. Send one of these: {kinds}.", name=name, kinds=kinds
    )


def why_not_size(name: str, size: int, most: int) -> Text | None:
    if size == 0:
        return _("“{name}” is empty. Save it again and choose it once more.", name=name)
    if size > most:
        return _(
            "“{name}” has {size} MB; at most {most} MB can be sent here. Make it smaller and choose it again.",
            name=name,
            size=round(size / MIB, 1),
            most=round(most / MIB, 1) if most % MIB else most // MIB,
        )
    return None


def why_not_quota(name: str, size: int, left: int) -> Text:
    return _(
        "“{name}” has {size} MB, but only {left} MB are left for the files of this proposal. "
        "Remove a file or send a smaller one.",
        name=name,
        size=round(size / MIB, 1),
        left=max(0, left // MIB),
    )


KIND = "kind: "  # before the fault of the look, where a document was refused for what it is
PAGES = "pages: "  # before "12 of 10", where it is too long


def why_refused(document: Document) -> Text | None:
    """The sentence for a file that was taken in and then refused."""
    name = document.name
    if document.state == DocumentState.CORRUPT:
        return _("“{name}” arrived damaged. Remove it and send it again.", name=name)
    if document.state != DocumentState.QUARANTINED:
        return None
    if document.reason.startswith(KIND):
        fault = Text(document.reason.removeprefix(KIND), {})
        return why_not_content(name, fault, fault.msgid == NOT_THIS.msgid, "")
    if document.reason.startswith(PAGES):
        pages, _sep, most = document.reason.removeprefix(PAGES).split()
        return why_not_pages(name, int(pages), int(most))
    return _("“{name}” was not released: the check found something harmful in it.", name=name)


def why_not_pages(name: str, pages: int, most: int) -> Text | None:
    if pages <= most:
        return None
    return _n(
        "“{name}” has {pages} pages; at most {most} page can be sent here. Shorten it and choose it again.",
        "“{name}” has {pages} pages; at most {most} pages can be sent here. Shorten it and choose it again.",
        most,
        name=name,
        pages=pages,
        most=most,
    )


def why_not_content(name: str, fault: Text, is_other: bool, found: str) -> Text:
    if is_other and found:
        return _(
            "“{name}” ends in .{ending}, but its content is {found}. Save it as {wanted} and choose it again.",
            name=name,
            ending=ending_of(name),
            found=found,
            wanted=ending_of(name).upper(),
        )
    if is_other:
        return _(
            "“{name}” ends in .{ending}, but its content is something else. Save it as {wanted} and choose it again.",
            name=name,
            ending=ending_of(name),
            wanted=ending_of(name).upper(),
        )
    return _("“{name}” was not taken. {fault}", name=name, fault=fault)

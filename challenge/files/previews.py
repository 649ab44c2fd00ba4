"""Files to look at without opening them: pages of a PDF and pictures, drawn anew by a process of their own.

What was drawn is kept for a while in the memory of this process, as people turn pages back and forth.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from challenge.files import states
from challenge.files.blind import PICTURES
from challenge.files.kinds import BY_ENDING
from challenge.files.models import Document, DocumentState
from challenge.files.queries import key_of
from challenge.files.rules import ending_of
from challenge.files.store import the_store, trouble, unavailable
from challenge.foundation.errors import NotFound, NotNow, TooMany
from challenge.foundation.i18n import _
from challenge.settings import settings
from storage.store import NotThere, StoreDown

MOST_BYTES = 100 << 20
KEPT = 48 << 20  # bytes of pictures
AT_ONCE, MOST_WAITING = 2, 20
PATIENCE = 30.0  # seconds for one page
NO_SUCH_PAGE = 3
PROGRAM = Path(__file__).with_name("rendering.py")

_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="preview")
_waiting = 0


@dataclass(frozen=True, slots=True)
class Shot:
    """One page as a PNG; `text` are its words, as far as the file tells them."""

    png: bytes
    pages: int
    width: int
    height: int
    text: str


_kept: OrderedDict[tuple[UUID, int, bool], Shot] = OrderedDict()


class CannotShow(NotNow):
    """With a sentence that says what to do instead."""


def kind_of_preview(name: str) -> str:
    """pages, film, or nothing: by the ending, which the check has compared with the bytes."""
    ending = ending_of(name)
    if ending == "pdf" or ending in PICTURES:
        return "pages"
    return "film" if ending in BY_ENDING and BY_ENDING[ending].is_film else ""


def can_show(name: str, state: DocumentState) -> bool:
    kind = kind_of_preview(name) if state in states.RELEASED else ""
    return kind == "pages" or (kind == "film" and has_own_origin())


def has_own_origin() -> bool:
    """Whether a file may be shown as it is: only at an address of which no cookie of ours is known."""
    config = settings()
    return bool(config.files_url or (config.upload_origin and config.downloads == "signed"))


async def shot_of(document: Document, page: int, name: str, *, is_blind: bool) -> Shot:
    """One page; `name` is the one that the reader may know. Raises NotFound beyond the last page, and CannotShow."""
    global _waiting
    key = (document.id, page, is_blind)
    if key in _kept:
        _kept.move_to_end(key)
        return _kept[key]
    if kind_of_preview(name) != "pages":
        raise CannotShow(_("“{name}” cannot be shown here. Open it instead.", name=name))
    if document.size > MOST_BYTES:
        raise CannotShow(_("“{name}” is too large to be shown here. Open it instead.", name=name))
    if _waiting >= MOST_WAITING:
        raise TooMany(_("Many pages are being drawn just now. Try again in a minute."))
    _waiting += 1
    try:
        shot = await asyncio.get_running_loop().run_in_executor(
            _threads, copy_context().run, _drawn, document, page, is_blind
        )
    finally:
        _waiting -= 1
    if shot is None:
        raise CannotShow(_("“{name}” cannot be shown here. Open it instead.", name=name))
    _kept[key] = shot
    while sum(len(each.png) for each in _kept.values()) > KEPT:
        _kept.popitem(last=False)
    return shot


def _drawn(document: Document, page: int, is_blind: bool) -> Shot | None:
    ending = ending_of(document.name)
    with tempfile.NamedTemporaryFile(prefix="preview-") as copy:
        try:
            for piece in the_store().stream(key_of(document)):
                copy.write(piece)
        except StoreDown as error:
            raise trouble(error) from error
        except NotThere as error:
            raise unavailable() from error
        copy.flush()
        command = [sys.executable, "-I", str(PROGRAM), copy.name, PICTURES.get(ending, ending), str(page)]
        try:
            done = subprocess.run(  # noqa: S603 - our own program, with a path and a number of ours
                [*command, *(["bare"] if is_blind else [])],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=PATIENCE,
                env={},
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None
    if done.returncode == NO_SUCH_PAGE:
        raise NotFound
    if done.returncode:
        return None
    told, _end, png = done.stdout.partition(b"\n")
    return Shot(png, **json.loads(told))

"""The store of the settings, opened once; its work is done in threads, its troubles become ours."""

import asyncio
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from challenge.foundation.errors import Unavailable
from challenge.foundation.i18n import _
from challenge.settings import settings
from storage import open_store
from storage.store import NotThere, Store, StoreDown

T = TypeVar("T")


@lru_cache
def _opened(url: str) -> Store:
    return open_store(url)


def the_store() -> Store:
    return _opened(settings().storage)


async def in_store(work: Callable[[Store], T]) -> T:
    """Something asked of the store, off the event loop."""
    try:
        return await asyncio.to_thread(work, the_store())
    except StoreDown as error:
        raise unavailable() from error
    except NotThere as error:
        raise Unavailable(
            _("The file is known here, but its content cannot be found. Tell the organizers."), part="storage"
        ) from error


def unavailable() -> Unavailable:
    return Unavailable(
        _(
            "The file store does not answer, so no file was taken. What you wrote is saved; "
            "send the file again in a few minutes."
        ),
        part="storage",
    )

"""The store of the settings, opened once; its work is done in threads of its own, its troubles become ours."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import lru_cache
from typing import TypeVar

from challenge.foundation.errors import NoRoom, Unavailable
from challenge.foundation.i18n import _
from challenge.foundation.observe import logger
from challenge.settings import Settings, settings
from storage import open_store
from storage.store import NotThere, Store, StoreDown

T = TypeVar("T")

PART_PATH = "/storage/parts/"
_threads = ThreadPoolExecutor(16, thread_name_prefix="store")


@lru_cache
def _opened(url: str, part_url: str, keys: tuple[str, ...]) -> Store:
    return open_store(url, link_keys=keys, part_url=part_url)


def opened(config: Settings, url: str = "") -> Store:
    keys = tuple(key for key in (config.key().decode(), config.secret_key_previous) if key)
    return _opened(url or config.storage, config.base_url + PART_PATH, keys)


def the_store() -> Store:
    return opened(settings())


async def find_out(config: Settings) -> None:
    """At start-up: what the store can do, kept by it and written to the log. A store that is down is asked later."""
    try:
        found = await in_thread(lambda: opened(config).probe(config.base_url))
    except StoreDown as error:
        logger.warning("store could not be tried", trouble=error.trouble)
        return
    abilities = [name for name, is_there, _means in found.explained() if is_there]
    logger.info("store tried", abilities=abilities)


async def in_thread(work: Callable[[], T]) -> T:
    """Away from the event loop, and not in the pool that passwords and pictures fill."""
    return await asyncio.get_running_loop().run_in_executor(_threads, copy_context().run, work)


async def in_store(work: Callable[[Store], T]) -> T:
    """Something asked of the store, off the event loop."""
    try:
        return await in_thread(lambda: work(the_store()))
    except StoreDown as error:
        raise trouble(error) from error
    except NotThere as error:
        raise Unavailable(
            _("The file is known here, but its content cannot be found. Tell the organizers."), part="storage"
        ) from error


def trouble(error: StoreDown) -> Unavailable | NoRoom:
    return NoRoom(part="storage") if error.trouble == "full" else unavailable()


def unavailable() -> Unavailable:
    return Unavailable(
        _(
            "The file store does not answer, so no file was taken. What you wrote is saved; "
            "send the file again in a few minutes."
        ),
        part="storage",
    )

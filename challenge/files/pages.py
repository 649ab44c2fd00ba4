"""The one door through which bytes of parts come in, for stores that are no server of their own."""

from typing import Any

from litestar import Request, Response

from challenge.accounts.gate import FromPath
from challenge.files.store import PART_PATH, in_thread, the_store, trouble
from challenge.foundation.web import put_bytes
from storage.receiving import PartReceiver
from storage.store import BadLink, LinkExpired, NotThere, StoreDown, Superseded, WrongDigest

BLOCK = 1 << 20


@put_bytes(PART_PATH + "{token:str}", request_max_body_size=None)
async def receive_part(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[None]:
    """One part, as its link says: just as long, just these bytes. Only then is it held.

    401 never, as nobody is asked who they are; 403 for a link that is none or has ended, 409 for other bytes.
    """
    try:
        receiver = await in_thread(lambda: the_store().receive_part(token))
    except BadLink:
        return _answer(403)
    except LinkExpired:
        return _answer(403)
    except NotThere:
        return _answer(404)
    except StoreDown as error:
        raise trouble(error) from error
    if request.headers.get("content-length") != str(receiver.size):
        await in_thread(receiver.cancel)
        return _answer(411 if "content-length" not in request.headers else 409)
    try:
        await _take(request, receiver)
    except (WrongDigest, Superseded):
        return _answer(409)
    except NotThere:
        return _answer(404)
    except StoreDown as error:
        raise trouble(error) from error
    finally:
        await in_thread(receiver.cancel)
    return _answer(200)


async def _take(request: Request[Any, Any, Any], receiver: PartReceiver) -> None:
    """A MiB at a time into a thread, so that neither the memory nor the other pages feel how large it is."""
    gathered = bytearray()
    async for piece in request.stream():
        gathered += piece
        if len(gathered) >= BLOCK:
            block, gathered = bytes(gathered), bytearray()
            await in_thread(lambda block=block: receiver.feed(block))  # type: ignore[misc]
    if gathered:
        await in_thread(lambda: receiver.feed(bytes(gathered)))
    await in_thread(receiver.finish)


def _answer(status: int) -> Response[None]:
    return Response(None, status_code=status)


doors = (receive_part,)

"""For stores that are no server of their own: where bytes of parts come in, and where files are shown as they are."""

from typing import Any

from litestar import Request, Response
from litestar.response import Stream

from challenge.accounts.gate import FromPath
from challenge.files import queries, shown
from challenge.files.store import PART_PATH, in_thread, the_store, trouble
from challenge.foundation.web import SHOWN_PATH, get_bytes, is_for_files, put_bytes, visit_of
from challenge.settings import settings
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


@get_bytes(SHOWN_PATH + "{token:str}")
async def show(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[Any]:
    """A file at the address that has no cookies, for whoever holds a link of a few minutes. Films are asked for in ranges."""
    ticket = shown.read(token)
    if ticket is None or not is_for_files(request.headers.get("host", "")):
        return _answer(404)
    async with visit_of(request).database.reading() as db:
        document = await queries.the_document(db, ticket.document_id)
    queries.refuse_unless_open(document)
    headers = shown.headers_for(document, settings().base_url)
    part = shown.part_of(request.headers.get("range", ""), document.size)
    if part is None:
        return Response(None, status_code=416, headers={"content-range": f"bytes */{document.size}"})
    start, length = part
    headers["content-length"] = str(length)
    is_partial = length < document.size
    if is_partial:
        headers["content-range"] = f"bytes {start}-{start + length - 1}/{document.size}"
    pieces = await queries.stream(document, start, length)
    return Stream(
        pieces, status_code=206 if is_partial else 200, media_type=document.media_type, headers=headers
    )


def _answer(status: int) -> Response[None]:
    return Response(None, status_code=status)


doors = (receive_part, show)

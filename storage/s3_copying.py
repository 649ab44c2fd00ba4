"""A second object with the same bytes: by the server, in one go or in parts, or else through us."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from storage import s3_parts
from storage.capabilities import Capabilities
from storage.parts import MIB, part_sizes
from storage.store import StoreError

if TYPE_CHECKING:
    from storage.s3 import Bucket

AT_ONCE = 5_000_000_000  # bytes a server copies in one go
PART = 64 * MIB
PART_THROUGH_US = 16 * MIB
THREADS = 4

SendPart = Callable[[str, int, int, int], None]  # upload, number, first byte, length


def copy(bucket: "Bucket", source: str, target: str, size: int, can: Capabilities) -> None:
    if can.copy and size <= AT_ONCE:
        bucket.ask("copy_object", target, CopySource=bucket.full(source))
    elif can.copy:
        _in_parts(bucket, source, target, size, PART, partial(_by_the_server, bucket, source, target))
    else:
        _in_parts(bucket, source, target, size, PART_THROUGH_US, partial(_through_us, bucket, source, target))


def _in_parts(bucket: "Bucket", source: str, target: str, size: int, part_size: int, send: SendPart) -> None:
    sizes = part_sizes(size, max(part_size, -(-size // (9000 * MIB)) * MIB))
    notes = bucket.ask("head_object", source).get("Metadata", {})
    upload = s3_parts.begin(bucket, target, Capabilities(), Metadata=notes)
    try:
        with ThreadPoolExecutor(THREADS) as threads:
            starts = [n * sizes[0] for n in range(len(sizes))]
            numbers = range(1, len(sizes) + 1)
            list(threads.map(partial(send, upload), numbers, starts, sizes))
        s3_parts.complete(bucket, target, upload, sizes, Capabilities())
    except BaseException:
        with suppress(StoreError):
            s3_parts.abort(bucket, target, upload)
        raise


def _by_the_server(
    bucket: "Bucket", source: str, target: str, upload: str, n: int, start: int, length: int
) -> None:
    bucket.ask(
        "upload_part_copy",
        target,
        UploadId=upload,
        PartNumber=n,
        CopySource=bucket.full(source),
        CopySourceRange=f"bytes={start}-{start + length - 1}",
    )


def _through_us(
    bucket: "Bucket", source: str, target: str, upload: str, n: int, start: int, length: int
) -> None:
    asked = {"Range": f"bytes={start}-{start + length - 1}"} if length else {}
    body = bucket.read(source, length, **asked)
    bucket.ask("upload_part", target, UploadId=upload, PartNumber=n, Body=body, ContentLength=length)

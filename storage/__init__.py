"""Keeps bytes under keys and knows nothing of calls. `challenge.files` is its only user.

It does not know names, people or rights, and it never lists on the path of a request.
"""

from collections.abc import Sequence
from urllib.parse import parse_qsl, urlsplit

from storage.links import Clock, Links, utc_now
from storage.store import Store

SHAPES = (
    "folder:path, "
    "s3://bucket/prefix?endpoint=https://...&public_endpoint=https://...&region=...&path_style=true, memory:"
)


def open_store(
    url: str, *, link_keys: Sequence[bytes | str] = (), part_url: str = "", clock: Clock = utc_now
) -> Store:
    """The one list of backends. Opening asks nothing of a server; a wrong url is a ValueError.

    A store that is no server of its own gives out links below `part_url`, signed by the first of `link_keys`;
    those of the others are still taken. Without keys it does everything but sign.
    """
    scheme, _, rest = url.partition(":")
    links = Links(link_keys, part_url, clock) if link_keys else None
    match scheme:
        case "folder" if rest:
            from storage.folder import FolderStore

            return FolderStore(rest, links)
        case "s3" if rest.startswith("//"):
            from storage.s3 import S3Store  # boto3 costs 0.2 s of start-up: only who needs it pays

            parts = urlsplit(url)
            return S3Store.of(parts.netloc, parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)))
        case "memory" if not rest:
            from storage.memory import MemoryStore

            return MemoryStore(links)
        case _:
            raise ValueError(f"The storage address is none of: {SHAPES}")

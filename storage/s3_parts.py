"""Uploads in parts at a server. The list of parts comes from the server, and what it keeps in the end decides:
answers get lost, and a second Complete is answered in every way there is.
"""

import base64
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC
from typing import TYPE_CHECKING, Any

from storage.capabilities import Capabilities
from storage.parts import OpenUpload, PartAsked, PartHeld, PartUrl
from storage.store import (
    AlreadyThere,
    DamagedUpload,
    NotThere,
    Stat,
    StoreDown,
    StoreError,
    checked,
    is_key,
    refuse_unless_whole,
)

if TYPE_CHECKING:
    from storage.s3 import Bucket

PAGE = 1000  # parts or uploads in one answer, the most a server gives
ROUNDS = 5  # a part on its way may still land after an abort
TAKEN = (409, 412)
_ID = re.compile(r"[A-Za-z0-9._~+/=:-]{1,1024}")
OCTETS = "application/octet-stream"
ABANDONED = 7  # days


def begin(bucket: "Bucket", key: str, can: Capabilities, **notes: Any) -> str:
    more = {"ChecksumAlgorithm": "SHA256"} if can.sha256_at_begin else {}
    made = bucket.ask("create_multipart_upload", key, **{"ContentType": OCTETS, **more, **notes})
    return str(made["UploadId"])


def sign(
    bucket: "Bucket",
    key: str,
    upload: str,
    parts: Sequence[PartAsked],
    lifetime: int,
    can: Capabilities,
    *,
    is_public: bool = True,
) -> list[PartUrl]:
    checked(key)
    _checked_id(upload)
    signed = []
    for part in parts:
        request: dict[str, Any] = {"UploadId": upload, "PartNumber": part.n, "ContentLength": part.size}
        headers = {}
        if can.checksum == "sha256":
            request["ChecksumSHA256"] = headers["x-amz-checksum-sha256"] = _base64(part.sha256)
        elif can.checksum == "md5" and part.md5 is not None:
            request["ContentMD5"] = headers["Content-MD5"] = _base64(part.md5)
        url, ends = bucket.sign("upload_part", key, lifetime, is_public=is_public, **request)
        signed.append(PartUrl(part.n, url, ends, headers))
    return signed


def held(bucket: "Bucket", key: str, upload: str) -> list[PartHeld]:
    return [PartHeld(row["PartNumber"], row["Size"]) for row in _listed(bucket, key, upload)]


def complete(bucket: "Bucket", key: str, upload: str, sizes: Sequence[int], can: Capabilities) -> Stat:
    kept = _size(bucket, key)
    if kept is not None:
        return _as_wanted(kept, sizes, AlreadyThere)  # nothing is ever overwritten
    only_new = {"IfNoneMatch": "*"} if can.create_only_complete else {}
    try:
        rows = _listed(bucket, key, upload)
        # while another completes, a server may list some of the parts, or none
        refuse_unless_whole([PartHeld(row["PartNumber"], row["Size"]) for row in rows], sizes)
        bucket.ask(
            "complete_multipart_upload",
            key,
            UploadId=upload,
            MultipartUpload={"Parts": [_named(row) for row in rows]},
            **only_new,
        )
    except StoreError as error:
        return _decided(bucket, key, sizes, error)
    kept = _size(bucket, key)
    if kept is None:  # said to be done and is not
        raise StoreDown("damaged")
    return _as_wanted(kept, sizes, DamagedUpload)


def abort(bucket: "Bucket", key: str, upload: str) -> None:
    checked(key)
    try:
        _checked_id(upload)
    except NotThere:
        return
    for turn in range(ROUNDS):
        time.sleep(turn / 5)  # never the first time
        with suppress(NotThere):
            bucket.ask("abort_multipart_upload", key, UploadId=upload)
        try:
            if not _listed(bucket, key, upload):
                return
        except NotThere:
            return
    raise StoreDown("unreachable")


def uploads(bucket: "Bucket", prefix: str) -> Iterator[OpenUpload]:
    for page in bucket.pages("list_multipart_uploads", PAGE, Prefix=prefix):
        for row in page.get("Uploads", []):
            key = row["Key"].removeprefix(prefix)
            if is_key(key):
                yield OpenUpload(key, row["UploadId"], row["Initiated"].astimezone(UTC))


def tidy(bucket: "Bucket", prefix: str) -> None:
    """A second net below our own clean-up, where the server has one and the operator has set nothing."""
    rule = {
        "ID": "challenge-abandoned-uploads",
        "Status": "Enabled",
        "Filter": {"Prefix": prefix},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": ABANDONED},
    }
    with suppress(StoreError):
        try:
            bucket.ask("get_bucket_lifecycle_configuration")
        except StoreError as error:
            if isinstance(error, NotThere) or (isinstance(error, StoreDown) and error.status == 404):
                rules = {"Rules": [rule]}
                bucket.ask("put_bucket_lifecycle_configuration", LifecycleConfiguration=rules)


def _listed(bucket: "Bucket", key: str, upload: str) -> list[Any]:
    pages = bucket.pages("list_parts", PAGE, checked(key), UploadId=_checked_id(upload))
    newest: dict[int, Any] = {}
    for row in (row for page in pages for row in page.get("Parts", [])):
        n = int(row["PartNumber"])
        # SeaweedFS lists a part that was sent twice twice
        if n not in newest or row["LastModified"] >= newest[n]["LastModified"]:
            newest[n] = row
    return [newest[n] for n in sorted(newest)]


def _checked_id(upload: str) -> str:
    """Some servers make a path of it."""
    if not _ID.fullmatch(upload) or any(part in ("", ".", "..") for part in upload.split("/")):
        raise NotThere
    return upload


def _named(row: Any) -> dict[str, Any]:
    return {name: row[name] for name in ("PartNumber", "ETag", "ChecksumSHA256") if name in row}


def _decided(bucket: "Bucket", key: str, sizes: Sequence[int], error: StoreError) -> Stat:
    """An answer was lost, or another was faster: what is kept now tells whether it is done."""
    kept = _size(bucket, key)
    if kept is None:
        raise error
    return _as_wanted(kept, sizes, AlreadyThere)


def _as_wanted(kept: int, sizes: Sequence[int], otherwise: type[StoreError]) -> Stat:
    if kept != sum(sizes):
        raise otherwise
    return Stat(kept, None)


def _size(bucket: "Bucket", key: str) -> int | None:
    try:
        return int(bucket.ask("head_object", key)["ContentLength"])
    except NotThere:
        return None


def _base64(digest: str) -> str:
    return base64.b64encode(bytes.fromhex(digest)).decode("ascii")

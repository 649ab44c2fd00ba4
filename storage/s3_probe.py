"""What a server really does, found by trying what it must refuse. Weak ones say 200 and ignore the header."""

import hashlib
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from storage import s3_parts
from storage.capabilities import Capabilities
from storage.parts import PartAsked
from storage.store import NotThere, StoreDown, StoreError

if TYPE_CHECKING:
    from storage.s3 import Bucket

ONE, OTHER, LONGER = b"one", b"eno", b"longer"
SHORTLY = 300  # seconds
WITH_MD5 = Capabilities(part_md5=True)
# some want to be told at the beginning; some then want digests in the end that they do not list
WITH_SHA256 = Capabilities(part_sha256=True)
WITH_SHA256_TOLD = Capabilities(part_sha256=True, sha256_at_begin=True)


def probe(bucket: "Bucket", origin: str | None) -> Capabilities:
    trial = _Trial(bucket)
    try:
        return trial.found(origin)
    finally:
        trial.clear()


class _Trial:
    def __init__(self, bucket: "Bucket") -> None:
        self._bucket = bucket
        self._kept, self._new, self._copy = (f"probe/{uuid.uuid4()}" for _ in range(3))
        self._uploads: list[tuple[str, str]] = []

    def found(self, origin: str | None) -> Capabilities:
        self._bucket.ask("put_object", self._kept, Body=ONE)
        has_sha256 = self._refuses_part(WITH_SHA256, OTHER)
        has_sha256_told = not has_sha256 and self._refuses_part(WITH_SHA256_TOLD, OTHER)
        found = Capabilities(
            create_only_put=self._refuses_to_overwrite(),
            create_only_complete=self._refuses_to_complete_over(),
            part_length=self._refuses_part(Capabilities(), LONGER),
            part_sha256=has_sha256 or has_sha256_told,
            sha256_at_begin=has_sha256_told,
            part_md5=self._refuses_part(WITH_MD5, OTHER),
            copy=self._is_done(self._copies),
            versioning=self._says("get_bucket_versioning", _is_versioned),
            object_lock=self._says("get_object_lock_configuration", _is_locking),
            lifecycle=self._says("get_bucket_lifecycle_configuration", _drops_uploads),
            clock_off=self._clock_off(),
        )
        return replace(found, cors=self._lets_in(origin, found) if origin else None)

    def clear(self) -> None:
        for key, upload in self._uploads:
            with suppress(StoreError):
                s3_parts.abort(self._bucket, key, upload)
        for key in (self._kept, self._new, self._copy):
            with suppress(StoreError):
                self._bucket.ask("delete_object", key)

    def _refuses_to_overwrite(self) -> bool:
        try:
            self._bucket.ask("put_object", self._kept, Body=OTHER, IfNoneMatch="*")
        except (StoreDown, NotThere) as error:
            return _is_taken(error)
        return False

    def _refuses_to_complete_over(self) -> bool:
        upload = self._begin(self._kept, Capabilities())
        self._put(self._kept, upload, ONE, ONE, Capabilities())
        rows = self._bucket.ask("list_parts", self._kept, UploadId=upload)["Parts"]
        parts = {"Parts": [{"PartNumber": row["PartNumber"], "ETag": row["ETag"]} for row in rows]}
        try:
            self._bucket.ask(
                "complete_multipart_upload",
                self._kept,
                UploadId=upload,
                MultipartUpload=parts,
                IfNoneMatch="*",
            )
        except (StoreDown, NotThere) as error:
            return _is_taken(error)
        return False

    def _refuses_part(self, can: Capabilities, wrong: bytes) -> bool:
        """And takes the right one afterwards, to its end: some lose the whole upload over a wrong part."""

        def tried() -> bool:
            upload = self._begin(self._new, can)
            if self._put(self._new, upload, ONE, wrong, can) < 400:
                return False
            if self._put(self._new, upload, ONE, ONE, can) >= 400:
                return False
            self._bucket.ask("delete_object", self._new)
            s3_parts.complete(self._bucket, self._new, upload, [len(ONE)], Capabilities())
            return True

        return self._is_done(tried)

    def _copies(self) -> bool:
        self._bucket.ask("copy_object", self._copy, CopySource=self._bucket.full(self._kept))
        return bool(self._bucket.read(self._copy, len(ONE)) in (ONE, OTHER))

    def _says(self, operation: str, means: Callable[[Any], bool]) -> bool:
        return self._is_done(lambda: means(self._bucket.ask(operation)))

    def _clock_off(self) -> int | None:
        answer = self._bucket.ask("head_object", self._kept)
        date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        try:
            return round((parsedate_to_datetime(date) - datetime.now(UTC)).total_seconds()) if date else None
        except (TypeError, ValueError):
            return None

    def _lets_in(self, origin: str, found: Capabilities) -> bool | None:
        """Asked where browsers will ask. Whether we reach that place at all says nothing about them."""
        asked = _asked(ONE)
        (url,) = s3_parts.sign(self._bucket, self._new, "upload", [asked], SHORTLY, found)
        headers = {"Origin": origin, "Access-Control-Request-Method": "PUT"}
        if url.headers:
            headers["Access-Control-Request-Headers"] = ",".join(sorted(name.lower() for name in url.headers))
        try:
            status, answer = self._bucket.send("OPTIONS", url.url, headers)
        except StoreError:
            return None
        allowed = [word.strip() for word in answer.get("access-control-allow-headers", "").lower().split(",")]
        return (
            status < 300
            and answer.get("access-control-allow-origin") in ("*", origin)
            and "PUT" in answer.get("access-control-allow-methods", "").upper()
            and ("*" in allowed or all(name.lower() in allowed for name in url.headers))
        )

    def _begin(self, key: str, can: Capabilities) -> str:
        upload = s3_parts.begin(self._bucket, key, can)
        self._uploads.append((key, upload))
        return upload

    def _put(self, key: str, upload: str, announced: bytes, sent: bytes, can: Capabilities) -> int:
        (url,) = s3_parts.sign(self._bucket, key, upload, [_asked(announced)], SHORTLY, can, is_public=False)
        status, _ = self._bucket.send("PUT", url.url, url.headers, sent)
        if status in (500, 502, 503, 504):
            raise StoreDown("unreachable", status)  # says nothing about what it can do
        return status

    def _is_done(self, what: Callable[[], bool]) -> bool:
        """A refusal is an answer too; no answer is none."""
        try:
            return what()
        except NotThere:
            return False
        except StoreDown as down:
            if 400 <= down.status < 500 or down.status == 501:
                return False
            raise


def _asked(data: bytes) -> PartAsked:
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return PartAsked(1, len(data), hashlib.sha256(data).hexdigest(), md5)


def _is_taken(error: StoreError) -> bool:
    status = error.status if isinstance(error, StoreDown) else 404
    if not (400 <= status < 500 or status == 501):
        raise error
    return status in s3_parts.TAKEN


def _is_versioned(answer: Any) -> bool:
    return bool(answer.get("Status") == "Enabled")


def _is_locking(answer: Any) -> bool:
    return bool(answer.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") == "Enabled")


def _drops_uploads(answer: Any) -> bool:
    return any(
        rule.get("Status") == "Enabled" and "AbortIncompleteMultipartUpload" in rule
        for rule in answer.get("Rules", [])
    )

"""Any server that speaks S3. The only file that knows boto3.

Servers differ: some ignore `If-None-Match`, some ignore checksums, no ETag is a digest. So every put looks
first, sends the condition and a Content-MD5, and looks again: what it then finds decides. Where a server
ignores the condition, two who put other bytes under one key in the same moment may still pass each other.
"""

import base64
import copy
import hashlib
import io
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Any, Self

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ParamValidationError

from storage.store import (
    MIB,
    AlreadyThere,
    Finding,
    NotThere,
    Source,
    Stat,
    Store,
    Stored,
    StoreDown,
    Trouble,
    checked,
    checked_prefix,
    chunks_of,
    is_key,
)

SETTINGS = ("endpoint", "region", "path_style")
NOTE = "sha256"  # the name of the metadata that holds the digest
SPOOL = 8 * MIB  # what is read from a pipe stays in memory up to here, then goes to a temporary file
TRIES = 3
PAGE = 1000  # keys in one answer to a listing, the most a server gives

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_MISSING = ("404", "NoSuchKey", "NotFound")
_TAKEN = ("412", "PreconditionFailed", "409", "ConditionalRequestConflict")
_TROUBLES: dict[str, Trouble] = {
    "NoSuchBucket": "missing",
    "401": "refused",
    "403": "refused",
    "AccessDenied": "refused",
    "InvalidAccessKeyId": "refused",
    "SignatureDoesNotMatch": "refused",
    "BadDigest": "damaged",
    "InvalidDigest": "damaged",
    "XAmzContentSHA256Mismatch": "damaged",
    "507": "full",
    "InsufficientStorage": "full",
    "QuotaExceeded": "full",
    "XMinioStorageFull": "full",
}


class S3Store(Store):
    """Credentials come from the usual AWS variables, once, at opening."""

    def __init__(
        self,
        bucket: str,
        prefix: str = "",
        *,
        endpoint: str | None = None,
        region: str | None = None,
        path_style: bool = False,
    ) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        session = boto3.session.Session()
        self._region = region or session.region_name or "us-east-1"

        def client(attempts: int, connect: int, read: int) -> Any:
            config = Config(
                signature_version="s3v4",
                # newer defaults of boto3 send a CRC32 that several servers do not understand
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                s3={"addressing_style": "path" if path_style else "auto"},
                connect_timeout=connect,
                read_timeout=read,
                max_pool_connections=32,
                retries={"mode": "standard", "total_max_attempts": attempts},
            )
            return session.client("s3", endpoint_url=endpoint, region_name=self._region, config=config)

        self._client = client(attempts=4, connect=5, read=60)
        # the health page must not wait for the retries that serve a person well
        self._impatient = client(attempts=1, connect=2, read=5)

    @classmethod
    def of(cls, bucket: str, path: str, settings: Mapping[str, str]) -> Self:
        """From the parts of the storage address."""
        if unknown := sorted(set(settings) - set(SETTINGS)):
            raise ValueError(f"The storage address knows {', '.join(SETTINGS)}, not {', '.join(unknown)}.")
        if not _BUCKET.fullmatch(bucket):
            raise ValueError(
                "The storage address begins with s3://bucket/prefix, without credentials or port."
            )
        path_style = settings.get("path_style", "false")
        if path_style not in ("true", "false"):
            raise ValueError("In the storage address, path_style is true or false.")
        return cls(
            bucket,
            checked(path.strip("/")) if path.strip("/") else "",
            endpoint=settings.get("endpoint") or None,
            region=settings.get("region") or None,
            path_style=path_style == "true",
        )

    def prepare(self) -> None:
        """Makes the bucket where it is missing and we may."""
        with _told():
            try:
                self._client.head_bucket(Bucket=self._bucket)
            except ClientError as error:
                if _code(error) not in (*_MISSING, "NoSuchBucket"):
                    raise
                self._make_bucket()

    def put(self, key: str, source: Source, *, content_type: str) -> Stored:
        checked(key)
        with _measured(source) as given:
            for turn in range(TRIES):
                if self._holds(key, given.stored):
                    return given.stored
                time.sleep(turn / 5)  # never the first time: another was putting the same key just now
                self._send(key, given, content_type)
            if not self._holds(key, given.stored):
                raise StoreDown("damaged")
            return given.stored

    def read(self, key: str) -> bytes:
        return b"".join(self.stream(key))

    def stream(self, key: str, chunk: int = MIB) -> Iterator[bytes]:
        with _told():
            body = self._client.get_object(**self._named(key))["Body"]
        return _pieces(body, chunk)

    def stat(self, key: str) -> Stat | None:
        try:
            with _told():
                head = self._client.head_object(**self._named(key))
        except NotThere:
            return None
        notes = {name.lower(): value for name, value in head.get("Metadata", {}).items()}
        return Stat(head["ContentLength"], notes.get(NOTE))

    def delete(self, key: str) -> None:
        with suppress(NotThere), _told():  # a few servers mind deleting nothing
            self._client.delete_object(**self._named(key))

    def keys(self, prefix: str = "") -> Iterator[str]:
        checked_prefix(prefix)
        return self._keys(prefix)

    def check(self) -> list[Finding]:
        hurried = copy.copy(self)
        hurried._client = self._impatient
        return Store.check(hurried)

    def close(self) -> None:
        self._client.close()
        self._impatient.close()

    def _keys(self, prefix: str) -> Iterator[str]:
        with _told():
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix + prefix, PaginationConfig={"PageSize": PAGE}
            )
            for page in pages:
                for row in page.get("Contents", []):
                    key = row["Key"].removeprefix(self._prefix)
                    if is_key(key):
                        yield key

    def _holds(self, key: str, wanted: Stored) -> bool:
        """Whether just these bytes are kept. Other bytes raise; without a noted digest the bytes are read."""
        found = self.stat(key)
        if found is None:
            return False
        if found.size != wanted.size or (found.sha256 or self._digest(key)) != wanted.sha256:
            raise AlreadyThere
        return True

    def _digest(self, key: str) -> str:
        sha256 = hashlib.sha256()
        for piece in self.stream(key):
            sha256.update(piece)
        return sha256.hexdigest()

    def _send(self, key: str, given: "_Measured", content_type: str) -> None:
        request = {
            **self._named(key),
            "Body": given.stream,
            "ContentLength": given.stored.size,
            "ContentType": content_type,
            "ContentMD5": base64.b64encode(given.md5).decode("ascii"),
            "Metadata": {NOTE: given.stored.sha256},
        }
        with _told():
            try:
                given.stream.seek(0)
                self._client.put_object(**request, IfNoneMatch="*")
            except ClientError as error:
                if _code(error) in _TAKEN:
                    return
                if _code(error) not in ("501", "NotImplemented"):
                    raise
                given.stream.seek(0)
                self._client.put_object(**request)

    def _make_bucket(self) -> None:
        place: dict[str, Any] = {"Bucket": self._bucket}
        if self._region != "us-east-1":
            place["CreateBucketConfiguration"] = {"LocationConstraint": self._region}
        try:
            self._client.create_bucket(**place)
        except ClientError as error:
            if _code(error) not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                raise  # somebody else made it in the same moment: fine, if it is ours the first put will tell

    def _named(self, key: str) -> dict[str, Any]:
        return {"Bucket": self._bucket, "Key": self._prefix + checked(key)}


@dataclass(frozen=True, slots=True)
class _Measured:
    stream: IO[bytes]  # holds what will be sent and nothing else
    stored: Stored
    md5: bytes


@contextmanager
def _measured(source: Source) -> Iterator[_Measured]:
    """Size and digests before anything is sent. What cannot be sent twice as it is gets put aside first."""
    with tempfile.SpooledTemporaryFile(max_size=SPOOL) as aside:
        stream: IO[bytes] = io.BytesIO(source) if isinstance(source, bytes) else source
        whole: IO[bytes] = stream if stream.seekable() and stream.tell() == 0 else aside
        size, sha256, md5 = 0, hashlib.sha256(), hashlib.md5(usedforsecurity=False)
        for piece in chunks_of(stream):
            size += len(piece)
            sha256.update(piece)
            md5.update(piece)
            if whole is aside:
                aside.write(piece)
        yield _Measured(whole, Stored(size, sha256.hexdigest()), md5.digest())


def _pieces(body: Any, chunk: int) -> Iterator[bytes]:
    with _told(), body:
        # reading to the end compares with the announced length, so a cut connection is not taken as the end
        yield from chunks_of(body, chunk)


def _code(error: ClientError) -> str:
    answer: Mapping[str, Any] = error.response
    return str(
        answer.get("Error", {}).get("Code") or answer.get("ResponseMetadata", {}).get("HTTPStatusCode", "")
    )


@contextmanager
def _told() -> Iterator[None]:
    """What the server says becomes what a store says, without its words."""
    try:
        yield
    except ClientError as error:
        code = _code(error)
        if code in _MISSING:
            raise NotThere from error
        raise StoreDown(_TROUBLES.get(code, "unreachable")) from error
    except NoCredentialsError as error:
        raise StoreDown("refused") from error
    except ParamValidationError:
        raise  # a fault of ours
    except (BotoCoreError, OSError) as error:
        raise StoreDown("unreachable") from error

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
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Any, Self

import boto3
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ParamValidationError
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from storage import s3_copying, s3_parts, s3_probe
from storage.capabilities import Capabilities
from storage.names import content_disposition
from storage.parts import OpenUpload, PartAsked, PartHeld, PartUrl
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
    checked_range,
    chunks_of,
    is_key,
)

SETTINGS = ("endpoint", "public_endpoint", "region", "path_style")
NOTE = "sha256"  # the name of the metadata that holds the digest
SPOOL = 8 * MIB  # what is read from a pipe stays in memory up to here, then goes to a temporary file
TRIES = 3
PAGE = 1000  # keys in one answer to a listing, the most a server gives

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_MISSING = ("404", "NoSuchKey", "NotFound", "NoSuchUpload")
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
        public_endpoint: str | None = None,
        region: str | None = None,
        path_style: bool = False,
    ) -> None:
        """`public_endpoint` is where browsers reach the server; the host is part of what a link signs."""
        self._prefix = f"{prefix}/" if prefix else ""
        session = boto3.session.Session()
        self._region = region or session.region_name or "us-east-1"

        def client(attempts: int, connect: int, read: int, place: str | None = endpoint) -> Any:
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
            return session.client("s3", endpoint_url=place, region_name=self._region, config=config)

        patient = client(attempts=4, connect=5, read=60)
        public = client(attempts=1, connect=5, read=60, place=public_endpoint) if public_endpoint else patient
        self._bucket = Bucket(patient, public, bucket, self._prefix, session.get_credentials())
        # the health page must not wait for the retries that serve a person well
        self._impatient = Bucket(client(attempts=1, connect=2, read=5), public, bucket, self._prefix, None)
        self._probing = threading.RLock()

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
            public_endpoint=settings.get("public_endpoint") or None,
            region=settings.get("region") or None,
            path_style=path_style == "true",
        )

    def prepare(self) -> None:
        """Makes the bucket where it is missing and we may, and has the server drop what is never finished."""
        try:
            self._bucket.ask("head_bucket")
        except NotThere:
            self._make_bucket()
        except StoreDown as down:
            if down.trouble != "missing":
                raise
            self._make_bucket()
        s3_parts.tidy(self._bucket, self._prefix)

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

    def stream(
        self, key: str, chunk: int = MIB, start: int = 0, length: int | None = None
    ) -> Iterator[bytes]:
        checked_range(start, length)
        if length == 0:
            if self.size(key) is None:
                raise NotThere
            return iter(())
        is_range = start > 0 or length is not None
        end = "" if length is None else start + length - 1
        asked = {"Range": f"bytes={start}-{end}"} if is_range else {}
        try:
            answer = self._bucket.ask("get_object", key, **asked)
        except StoreDown as down:
            if down.status != 416:  # begins behind the end
                raise
            return iter(())
        if is_range and "ContentRange" not in answer:
            answer["Body"].close()
            raise StoreDown("damaged")  # the server gave the whole file instead
        return _pieces(answer["Body"], chunk)

    def size(self, key: str) -> int | None:
        found = self.stat(key)
        return None if found is None else found.size

    def stat(self, key: str) -> Stat | None:
        try:
            head = self._bucket.ask("head_object", key)
        except NotThere:
            return None
        notes = {name.lower(): value for name, value in head.get("Metadata", {}).items()}
        return Stat(head["ContentLength"], notes.get(NOTE))

    def delete(self, key: str) -> None:
        with suppress(NotThere):  # a few servers mind deleting nothing
            self._bucket.ask("delete_object", key)

    def keys(self, prefix: str = "") -> Iterator[str]:
        checked_prefix(prefix)
        return self._keys(prefix)

    def begin(self, key: str, size: int, part_size: int) -> str:
        return s3_parts.begin(self._bucket, key, self.known())

    def sign_parts(self, key: str, upload: str, parts: Sequence[PartAsked], lifetime: int) -> list[PartUrl]:
        return s3_parts.sign(self._bucket, key, upload, parts, lifetime, self.known())

    def parts(self, key: str, upload: str) -> list[PartHeld]:
        return s3_parts.held(self._bucket, key, upload)

    def complete(self, key: str, upload: str, sizes: Sequence[int]) -> Stat:
        return s3_parts.complete(self._bucket, key, upload, sizes, self.known())

    def abort(self, key: str, upload: str) -> None:
        s3_parts.abort(self._bucket, key, upload)

    def uploads(self) -> Iterator[OpenUpload]:
        return s3_parts.uploads(self._bucket, self._prefix)

    def copy(self, source: str, target: str) -> None:
        """What is there already is read and compared, which a server cannot do for us."""
        size, kept = self.size(checked(source)), self.size(checked(target))
        if size is None:
            raise NotThere
        if kept is None:
            s3_copying.copy(self._bucket, source, target, size, self.known())
            if self.size(target) != size:
                raise StoreDown("damaged")
        elif kept != size or self._digest(source) != self._digest(target):
            raise AlreadyThere

    def sign_download(
        self, key: str, *, filename: str, content_type: str, inline: bool, lifetime: int
    ) -> str | None:
        return self._bucket.sign(
            "get_object",
            key,
            lifetime,
            ResponseContentDisposition=content_disposition(filename, inline),
            ResponseContentType=content_type,
        )[0]

    def probe(self, origin: str | None = None) -> Capabilities:
        with self._probing:
            self.capabilities = s3_probe.probe(self._bucket, origin)
        return self.capabilities

    def known(self) -> Capabilities:
        with self._probing:
            return self.capabilities or self.probe()

    def check(self) -> list[Finding]:
        hurried = copy.copy(self)
        hurried._bucket = self._impatient
        return Store.check(hurried)

    def close(self) -> None:
        self._bucket.close()
        self._impatient.close()

    def _keys(self, prefix: str) -> Iterator[str]:
        for page in self._bucket.pages("list_objects_v2", PAGE, Prefix=self._prefix + prefix):
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
            "Body": given.stream,
            "ContentLength": given.stored.size,
            "ContentType": content_type,
            "ContentMD5": base64.b64encode(given.md5).decode("ascii"),
            "Metadata": {NOTE: given.stored.sha256},
        }
        given.stream.seek(0)
        try:
            self._bucket.ask("put_object", key, IfNoneMatch="*", **request)
        except StoreDown as down:
            if down.status in s3_parts.TAKEN:
                return
            if down.status != 501:
                raise
            given.stream.seek(0)
            self._bucket.ask("put_object", key, **request)

    def _make_bucket(self) -> None:
        place: dict[str, Any] = {}
        if self._region != "us-east-1":
            place["CreateBucketConfiguration"] = {"LocationConstraint": self._region}
        try:
            self._bucket.ask("create_bucket", **place)
        except StoreDown as down:
            if down.status != 409:
                raise  # somebody else made it in the same moment: fine, if it is ours the first put will tell


class Bucket:
    """One bucket as one client sees it, with keys below our prefix and errors that are ours."""

    def __init__(self, client: Any, public: Any, name: str, prefix: str, credentials: Any) -> None:
        self._client, self._public = client, public
        self._name, self._prefix = name, prefix
        self._credentials = credentials

    def ask(self, operation: str, key: str | None = None, **request: Any) -> Any:
        named = self._named(key) if key is not None else {"Bucket": self._name}
        with _told():
            return getattr(self._client, operation)(**named, **request)

    def read(self, key: str, length: int, **request: Any) -> bytes:
        """Just so many bytes."""
        with _told(), self.ask("get_object", key, **request)["Body"] as body:
            data: bytes = body.read()
        if len(data) != length:
            raise StoreDown("damaged")
        return data

    def pages(self, operation: str, size: int, key: str | None = None, **request: Any) -> Iterator[Any]:
        named = self._named(key) if key is not None else {"Bucket": self._name}
        paging = {"PageSize": size}
        with _told():
            pages = self._client.get_paginator(operation).paginate(
                **named, **request, PaginationConfig=paging
            )
            yield from pages

    def full(self, key: str) -> dict[str, str]:
        """For the source of a copy."""
        return self._named(key)

    def sign(
        self, operation: str, key: str, lifetime: int, *, is_public: bool = True, **request: Any
    ) -> tuple[str, datetime]:
        """A link, and when it ends: no later than the credentials it is signed with."""
        client = self._public if is_public else self._client
        now = datetime.now(UTC).replace(microsecond=0)
        ends = getattr(self._credentials, "_expiry_time", None)  # only of temporary credentials
        if ends is not None:
            lifetime = max(1, min(lifetime, int((ends - now).total_seconds())))
        with _told():
            url: str = client.generate_presigned_url(
                operation, Params={**self._named(key), **request}, ExpiresIn=lifetime
            )
        return url, datetime.fromtimestamp(now.timestamp() + lifetime, UTC)

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[int, dict[str, str]]:
        """As a browser does it: no credentials, once. Status and headers of the answer, by lower-case name."""
        session = URLLib3Session(proxies=get_environ_proxies(url), timeout=30)
        request = AWSRequest(method=method, url=url, data=body, headers=dict(headers))
        try:
            with _told():
                answer = session.send(request.prepare())
                return answer.status_code, {name.lower(): value for name, value in answer.headers.items()}
        finally:
            session.close()

    def close(self) -> None:
        self._client.close()
        self._public.close()

    def _named(self, key: str) -> dict[str, str]:
        return {"Bucket": self._name, "Key": self._prefix + checked(key)}


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


def _status(error: ClientError) -> int:
    answer: Mapping[str, Any] = error.response
    return int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


@contextmanager
def _told() -> Iterator[None]:
    """What the server says becomes what a store says, without its words."""
    try:
        yield
    except ClientError as error:
        code = _code(error)
        if code in _MISSING:
            raise NotThere from error
        raise StoreDown(_TROUBLES.get(code, "unreachable"), _status(error)) from error
    except NoCredentialsError as error:
        raise StoreDown("refused") from error
    except ParamValidationError:
        raise  # a fault of ours
    except (BotoCoreError, OSError) as error:
        raise StoreDown("unreachable") from error

"""What every backend promises. The `store` is given once for each of them."""

import hashlib
import io
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import IO

import pytest

from storage import s3
from storage.store import (
    LONGEST_KEY,
    MIB,
    STEPS,
    AlreadyThere,
    BadKey,
    Finding,
    NotThere,
    Stat,
    Store,
    Stored,
)

PDF = "application/pdf"


def a_key(name: str = "v1") -> str:
    return f"contract/{uuid.uuid4()}/{name}"


def some_bytes(size: int) -> bytes:
    """The same at every run, and no two MiB alike."""
    return hashlib.shake_128(str(size).encode()).digest(size)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Pipe(io.RawIOBase):
    """A source that cannot go back, as the body of a request."""

    def __init__(self, data: bytes) -> None:
        self._rest = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._rest.read(min(size, 70_000) if size >= 0 else size)


class TestRoundTrip:
    @pytest.mark.parametrize("size", [0, 1, MIB - 1, MIB, MIB + 1, 5 * MIB])
    def test_gives_back_what_it_was_given(self, store: Store, size: int) -> None:
        key, data = a_key(), some_bytes(size)

        assert store.put(key, data, content_type=PDF) == Stored(size, digest(data))
        assert store.read(key) == data
        assert b"".join(store.stream(key)) == data
        assert store.stat(key) == Stat(size, digest(data))

    @pytest.mark.parametrize("source", [io.BytesIO, Pipe], ids=["file", "pipe"])
    def test_reads_a_stream_to_its_end(self, store: Store, source: Callable[[bytes], IO[bytes]]) -> None:
        key, data = a_key(), some_bytes(9 * MIB)

        assert store.put(key, source(data), content_type=PDF) == Stored(9 * MIB, digest(data))
        assert store.read(key) == data

    def test_reads_a_stream_from_where_it_stands(self, store: Store) -> None:
        key, source = a_key(), io.BytesIO(b"header and body")
        source.seek(11)

        assert store.put(key, source, content_type=PDF) == Stored(4, digest(b"body"))
        assert store.read(key) == b"body"

    def test_streams_in_chunks_no_larger_than_asked(self, store: Store) -> None:
        key, data = a_key(), some_bytes(MIB)
        store.put(key, data, content_type=PDF)

        pieces = list(store.stream(key, 300_000))

        assert b"".join(pieces) == data
        assert max(map(len, pieces)) <= 300_000

    def test_a_stream_left_early_does_no_harm(self, store: Store) -> None:
        key, data = a_key(), some_bytes(3 * MIB)
        store.put(key, data, content_type=PDF)

        for _ in range(40):  # more than a pool has connections
            assert len(next(store.stream(key, 1000))) <= 1000

        assert store.read(key) == data

    def test_keys_that_are_beginnings_of_others_stay_apart(self, store: Store) -> None:
        key = a_key()
        store.put(key, b"above", content_type=PDF)
        store.put(f"{key}/pages", b"below", content_type=PDF)

        assert store.read(key) == b"above"
        assert store.read(f"{key}/pages") == b"below"

    def test_keeps_the_longest_key(self, store: Store) -> None:
        key = a_key().ljust(LONGEST_KEY, "x")
        store.put(key, b"long", content_type=PDF)

        assert store.read(key) == b"long"
        assert key in store.keys("contract/")


class TestNothingIsOverwritten:
    def test_the_same_bytes_twice_are_fine(self, store: Store) -> None:
        key = a_key()
        first = store.put(key, b"same", content_type=PDF)

        assert store.put(key, b"same", content_type=PDF) == first
        assert store.put(key, io.BytesIO(b"same"), content_type=PDF) == first

    @pytest.mark.parametrize("other", [b"", b"two", b"one and more"], ids=["none", "same size", "longer"])
    def test_other_bytes_are_refused(self, store: Store, other: bytes) -> None:
        key = a_key()
        store.put(key, b"one", content_type=PDF)

        with pytest.raises(AlreadyThere):
            store.put(key, other, content_type=PDF)

        assert store.read(key) == b"one"
        assert store.stat(key) == Stat(3, digest(b"one"))

    def test_eight_at_once_with_the_same_bytes_all_succeed(self, store: Store) -> None:
        key, data = a_key(), some_bytes(200_000)

        def put(_: int) -> Stored:
            return store.put(key, data, content_type=PDF)

        with ThreadPoolExecutor(8) as threads:
            results = list(threads.map(put, range(8)))

        assert results == [Stored(200_000, digest(data))] * 8
        assert store.read(key) == data
        assert list(store.keys(key)) == [key]

    def test_of_eight_at_once_with_other_bytes_one_succeeds(self, store: Store) -> None:
        key = a_key()

        def put(n: int) -> bytes | None:
            data = some_bytes(100_000 + n)
            try:
                store.put(key, data, content_type=PDF)
            except AlreadyThere:
                return None
            return data

        with ThreadPoolExecutor(8) as threads:
            kept = [data for data in threads.map(put, range(8)) if data is not None]

        assert kept == [store.read(key)]


class TestWhatIsNotThere:
    def test_reading_says_so(self, store: Store) -> None:
        with pytest.raises(NotThere):
            store.read(a_key())

    def test_streaming_says_so_before_the_first_chunk(self, store: Store) -> None:
        with pytest.raises(NotThere):
            store.stream(a_key())

    def test_there_is_no_stat(self, store: Store) -> None:
        assert store.stat(a_key()) is None

    def test_a_neighbour_is_not_taken_for_it(self, store: Store) -> None:
        key = a_key()
        store.put(f"{key}/below", b"x", content_type=PDF)

        assert store.stat(key) is None
        with pytest.raises(NotThere):
            store.read(key)


class TestDeleting:
    def test_takes_it_away_and_only_it(self, store: Store) -> None:
        key, other = a_key(), a_key()
        store.put(key, b"gone", content_type=PDF)
        store.put(other, b"stays", content_type=PDF)

        store.delete(key)

        assert store.stat(key) is None
        with pytest.raises(NotThere):
            store.read(key)
        assert store.read(other) == b"stays"

    def test_twice_is_fine(self, store: Store) -> None:
        key = a_key()
        store.put(key, b"gone", content_type=PDF)

        store.delete(key)
        store.delete(key)
        store.delete(a_key())

    def test_makes_room_for_other_bytes(self, store: Store) -> None:
        key = a_key()
        store.put(key, b"one", content_type=PDF)
        store.delete(key)

        store.put(key, b"two", content_type=PDF)

        assert store.read(key) == b"two"


class TestListing:
    def test_gives_the_keys_below_a_prefix(self, store: Store) -> None:
        here, there = f"contract/{uuid.uuid4()}", f"contract/{uuid.uuid4()}"
        for key in (f"{here}/a", f"{here}/b/c", f"{here}/b/d", f"{there}/a"):
            store.put(key, key.encode(), content_type=PDF)

        assert sorted(store.keys(f"{here}/")) == [f"{here}/a", f"{here}/b/c", f"{here}/b/d"]
        assert sorted(store.keys(f"{here}/b")) == [f"{here}/b/c", f"{here}/b/d"]
        assert list(store.keys(f"{here}/x")) == []
        assert {f"{here}/a", f"{there}/a"} <= set(store.keys())

    def test_goes_on_after_the_first_page(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(s3, "PAGE", 10)
        here = f"contract/{uuid.uuid4()}"
        for n in range(23):
            store.put(f"{here}/{n:02}", b"", content_type=PDF)

        assert sorted(store.keys(f"{here}/")) == [f"{here}/{n:02}" for n in range(23)]


HOSTILE = [
    "",
    "/",
    "/etc/passwd",
    "..",
    "../../etc/passwd",
    "contract/../../x",
    "contract/..",
    "contract/./x",
    "contract//x",
    "contract/x/",
    "contract\\..\\x",
    ".hidden",
    "contract/.new",
    "-rf",
    "contract/x\n",
    "contract/x\r\nHost: y",
    "contract/x\0",
    "contract/x y",
    "contract/x+y",
    "contract/%2e%2e/x",
    "contract/x?versionId=1",
    "contract/é",
    "contract/\u202efdp.exe",
    "contract/\uff0e\uff0e/x",
    "C:/x",
    "s3://bucket/x",
    "~/x",
    "x" * (LONGEST_KEY + 1),
]


class TestHostileKeys:
    @pytest.mark.parametrize("key", HOSTILE, ids=ascii)
    def test_are_refused_by_every_method(self, store: Store, key: str) -> None:
        calls: list[Callable[[], object]] = [
            lambda: store.put(key, b"x", content_type=PDF),
            lambda: store.read(key),
            lambda: store.stream(key),
            lambda: store.stat(key),
            lambda: store.delete(key),
        ]
        for call in calls:
            with pytest.raises(BadKey):
                call()

    @pytest.mark.parametrize(
        "prefix", ["/", "..", "../", "contract/../", "contract//", "x\0", "é", "x" * 201]
    )
    def test_are_refused_as_prefixes(self, store: Store, prefix: str) -> None:
        with pytest.raises(BadKey):
            store.keys(prefix)


class TestChecking:
    def test_a_store_that_works_passes_every_step_and_keeps_nothing(self, store: Store) -> None:
        assert store.check() == [Finding(step, True) for step in STEPS]
        assert list(store.keys("probe/")) == []

    def test_preparing_twice_is_fine(self, store: Store) -> None:
        key = a_key()
        store.put(key, b"kept", content_type=PDF)

        store.prepare()

        assert store.read(key) == b"kept"

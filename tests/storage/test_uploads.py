"""What every backend promises of uploads in parts, copies, ranges and links."""

import email.message
import http.client
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlsplit

import pytest

from storage import s3_copying, s3_parts
from storage.capabilities import MEANINGS, Capabilities
from storage.local import LocalStore
from storage.parts import BadPart, PartAsked, PartHeld, PartUrl, part_size_for, part_sizes
from storage.store import MIB, AlreadyThere, BadKey, NotThere, PartsDiffer, Stat, Store
from tests.storage.sending import PART, asked, begun, cut, digest, link, put, send, sent, some_bytes, uploaded
from tests.storage.test_contract import HOSTILE, PDF, a_key

NOBODY = ["", "x", "../x", "..", "/etc/passwd", "0" * 32, "f" * 64, "é", "x\n", "x\0", "a" * 5000]


class TestRoundTrip:
    @pytest.mark.parametrize("size", [0, 1, PART - 1, PART, PART + 1])
    def test_gives_back_what_was_sent(self, store: Store, size: int) -> None:
        key, data = a_key(), some_bytes(size)

        upload, sizes = sent(store, key, data)
        assert store.parts(key, upload) == [PartHeld(n, size) for n, size in enumerate(sizes, 1)]
        assert store.size(key) is None
        assert store.complete(key, upload, sizes) == Stat(size, None)

        assert store.read(key) == data
        assert store.size(key) == size
        with pytest.raises(NotThere):
            store.parts(key, upload)
        assert list(store.uploads()) == []

    def test_parts_may_come_in_any_order_and_at_once(self, store: Store) -> None:
        key, data = a_key(), some_bytes(2 * PART + 7)
        upload, sizes = begun(store, key, data)

        with ThreadPoolExecutor(4) as threads:
            jobs = [
                threads.submit(send, store, key, upload, [part])
                for part in reversed([*enumerate(cut(data), 1)])
            ]
            for job in jobs:
                job.result()

        store.complete(key, upload, sizes)
        assert digest(store.read(key)) == digest(data)

    def test_a_part_sent_twice_is_held_once(self, store: Store) -> None:
        key, data = a_key(), some_bytes(1000)
        upload, sizes = sent(store, key, data)
        send(store, key, upload, [(1, data)])

        assert store.parts(key, upload) == [PartHeld(1, 1000)]
        store.complete(key, upload, sizes)
        assert store.read(key) == data

    def test_two_uploads_of_one_key_do_not_mix(self, store: Store) -> None:
        key, one, two = a_key(), some_bytes(1000), some_bytes(1001)[:1000]
        first, sizes = begun(store, key, one)
        second, _ = sent(store, key, two)

        assert store.parts(key, first) == []
        store.complete(key, second, sizes)
        assert store.read(key) == two

    def test_it_resumes_with_what_is_held(self, store: Store) -> None:
        key, data = a_key(), some_bytes(PART + 9)
        upload, sizes = begun(store, key, data)
        first, second = cut(data)
        send(store, key, upload, [(2, second)])

        held = [part.n for part in store.parts(key, upload)]
        assert held == [2]
        send(store, key, upload, [(1, first)])

        assert store.complete(key, upload, sizes).size == len(data)
        assert store.read(key) == data

    def test_lists_parts_and_uploads_beyond_the_first_page(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(s3_parts, "PAGE", 2)
        key = a_key()
        upload = store.begin(key, 5, 1)
        send(store, key, upload, [(n, b"x") for n in range(1, 6)])
        others = [store.begin(a_key(), 5, 1) for _ in range(4)]

        assert store.parts(key, upload) == [PartHeld(n, 1) for n in range(1, 6)]
        assert {each.upload for each in store.uploads()} == {upload, *others}

    def test_an_open_upload_is_listed(self, store: Store) -> None:
        key = a_key()
        upload = store.begin(key, 9, 9)

        (found,) = store.uploads()

        assert (found.key, found.upload) == (key, upload)
        assert found.begun.tzinfo == UTC
        assert abs(found.begun - datetime.now(UTC)) < timedelta(minutes=2)
        assert list(store.keys("contract/")) == []


class TestLinks:
    def test_a_link_says_when_it_ends(self, store: Store) -> None:
        key = a_key()
        upload = store.begin(key, 3, 3)

        ends = link(store, key, upload, 1, b"one", lifetime=900).expires_at

        assert ends.tzinfo == UTC
        assert timedelta(seconds=895) < ends - datetime.now(UTC) <= timedelta(seconds=900)

    def test_after_its_end_it_takes_nothing_and_a_new_one_does(self, store: Store) -> None:
        key = a_key()
        upload = store.begin(key, 3, 3)
        url = link(store, key, upload, 1, b"one", lifetime=1)
        while datetime.now(UTC) < url.expires_at + timedelta(seconds=1.1):  # a server may count the second
            time.sleep(0.1)

        assert put(url, b"one") == 403
        assert store.parts(key, upload) == []

        send(store, key, upload, [(1, b"one")])
        assert store.complete(key, upload, [3]).size == 3

    def test_a_changed_link_is_refused(self, store: Store) -> None:
        key = a_key()
        upload, other = store.begin(key, 6, 3), store.begin(a_key(), 6, 3)
        url = link(store, key, upload, 1, b"one")
        changes = [
            (upload, other),
            ("partNumber=1", "partNumber=2"),
            (f"{upload}.1.3", f"{upload}.2.3"),
            (f"{upload}.1.3", f"{upload}.1.4"),
            (url.url[-9:], "123456789"),
            ("X-Amz-Expires=900", "X-Amz-Expires=9000"),
        ]
        changed = [url.url.replace(*change) for change in changes if change[0] in url.url]
        assert len(changed) >= 4

        for text in changed:
            assert put(replace(url, url=text), b"one") == 403
        assert store.parts(key, upload) == []
        assert put(url, b"one") == 200

    def test_other_bytes_are_refused_and_the_right_ones_taken(self, store: Store) -> None:
        assert store.capabilities
        if store.capabilities.checksum == "none":
            pytest.skip("this server does not look at digests")
        key = a_key()
        upload = store.begin(key, 3, 3)
        url = link(store, key, upload, 1, b"one")

        assert put(url, b"eno") == 400
        assert store.parts(key, upload) == []
        assert put(url, b"one") == 200

        assert put(url, b"eno") == 400
        assert store.parts(key, upload) == [PartHeld(1, 3)]
        store.complete(key, upload, [3])
        assert store.read(key) == b"one"

    @pytest.mark.parametrize("body", [b"", b"on", b"one and more"])
    def test_another_length_is_refused(self, store: Store, body: bytes) -> None:
        assert store.capabilities
        if not store.capabilities.part_length:
            pytest.skip("this server does not look at lengths")
        key = a_key()
        upload = store.begin(key, 3, 3)

        assert put(link(store, key, upload, 1, b"one"), body) in (400, 403)
        assert store.parts(key, upload) == []

    @pytest.mark.parametrize(
        "wrong",
        [
            {"n": 0},
            {"n": 10_001},
            {"size": -1},
            {"size": 5 * 1024 * MIB + 1},
            {"sha256": ""},
            {"sha256": "A" * 64},
            {"sha256": "a" * 64 + "\n"},
            {"md5": "x"},
        ],
        ids=str,
    )
    def test_a_part_that_cannot_be_is_a_fault_of_the_program(self, wrong: dict[str, object]) -> None:
        right = {"n": 1, "size": 3, "sha256": "a" * 64, "md5": None}
        PartAsked(**right)  # type: ignore[arg-type]
        with pytest.raises(BadPart):
            PartAsked(**{**right, **wrong})  # type: ignore[arg-type]

    def test_local_stores_know_which_parts_an_upload_has(self, store: Store) -> None:
        if not isinstance(store, LocalStore):
            pytest.skip("a server is not told")
        key = a_key()
        upload = store.begin(key, 7, 3)
        for n, part in ((1, b"on"), (1, b"long"), (3, b"one"), (4, b"x")):
            with pytest.raises(BadPart):
                link(store, key, upload, n, part)
        assert len(store.sign_parts(key, upload, [asked(1, b"one"), asked(3, b"x")], 60)) == 2

    def test_downloads(self, store: Store) -> None:
        key = a_key()
        store.put(key, b"all of it", content_type=PDF)
        name = "Été \u202e‘x’ 100%.pdf"
        for is_inline in (False, True):
            url = store.sign_download(
                key, filename=name, content_type="application/octet-stream", inline=is_inline, lifetime=60
            )
            if isinstance(store, LocalStore):
                assert url is None
                return
            assert url is not None
            status, headers, body = got(url)
            assert (status, body) == (200, b"all of it")
            assert headers["content-type"] == "application/octet-stream"
            assert headers.get_content_disposition() == ("inline" if is_inline else "attachment")
            assert headers["content-disposition"].endswith(f"*=UTF-8''{quote('Été ‘x’ 100%.pdf')}")
            assert got(url.replace("attachment", "inline").replace("v1?", "v2?"))[0] == 403


def got(url: str) -> tuple[int, email.message.Message, bytes]:
    place = urlsplit(url)
    kind = http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
    with closing(kind(place.netloc, timeout=30)) as there:
        there.request("GET", f"{place.path}?{place.query}")
        answer = there.getresponse()
        return answer.status, answer.headers, answer.read()


class TestCompleting:
    def test_twice_is_fine(self, store: Store) -> None:
        key, data = a_key(), some_bytes(1000)
        upload, sizes = sent(store, key, data)

        assert [store.complete(key, upload, sizes) for _ in range(3)] == [Stat(1000, None)] * 3
        assert store.read(key) == data

    def test_eight_at_once_all_succeed(self, store: Store) -> None:
        key, data = a_key(), some_bytes(PART + 1)
        upload, sizes = sent(store, key, data)

        with ThreadPoolExecutor(8) as threads:
            results = list(threads.map(lambda _: store.complete(key, upload, sizes), range(8)))

        assert results == [Stat(PART + 1, None)] * 8
        assert store.read(key) == data
        assert list(store.keys("contract/")) == [key]
        assert list(store.uploads()) == []

    def test_missing_parts_are_named_and_nothing_is_lost(self, store: Store) -> None:
        key, data = a_key(), some_bytes(2 * PART + 1)
        upload, sizes = begun(store, key, data)
        one, two, three = cut(data)
        send(store, key, upload, [(2, two)])

        with pytest.raises(PartsDiffer) as differ:
            store.complete(key, upload, sizes)
        assert (differ.value.missing, differ.value.wrong) == ((1, 3), ())
        assert store.size(key) is None

        send(store, key, upload, [(1, one), (3, three)])
        store.complete(key, upload, sizes)
        assert store.read(key) == data

    @pytest.mark.parametrize(
        ("sizes", "missing", "wrong"),
        [([3, 2], (), (2,)), ([3], (), (2,)), ([3, 3, 3], (3,), ()), ([], (), (1, 2)), ([4, 3], (), (1,))],
    )
    def test_a_wrong_list_of_parts_is_refused(
        self, store: Store, sizes: list[int], missing: tuple[int, ...], wrong: tuple[int, ...]
    ) -> None:
        key = a_key()
        upload, _ = sent(store, key, b"onetwo", 3)

        with pytest.raises(PartsDiffer) as differ:
            store.complete(key, upload, sizes)

        assert (differ.value.missing, differ.value.wrong) == (missing, wrong)
        assert store.size(key) is None
        assert store.parts(key, upload) == [PartHeld(1, 3), PartHeld(2, 3)]

    def test_the_upload_of_another_key_is_not_there(self, store: Store) -> None:
        key, other = a_key(), a_key()
        upload, sizes = sent(store, key, b"one")

        with pytest.raises(NotThere):
            store.complete(other, upload, sizes)
        with pytest.raises(NotThere):
            store.parts(other, upload)
        store.abort(other, upload)

        assert (store.size(key), store.size(other)) == (None, None)
        assert store.complete(key, upload, sizes) == Stat(3, None)

    def test_a_finished_neighbour_does_not_hide_an_upload_of_another_key(self, store: Store) -> None:
        key, other = a_key(), a_key()
        upload, sizes = sent(store, key, b"one")
        store.put(other, b"eno", content_type=PDF)

        store.complete(other, upload, sizes)  # what is kept there has the size: nothing happens

        assert store.parts(key, upload) == [PartHeld(1, 3)]
        assert store.read(other) == b"eno"

    @pytest.mark.parametrize("upload", NOBODY, ids=ascii)
    def test_an_upload_that_never_was(self, store: Store, upload: str) -> None:
        key = a_key()
        with pytest.raises(NotThere):
            store.complete(key, upload, [3])
        with pytest.raises(NotThere):
            store.parts(key, upload)
        store.abort(key, upload)
        assert store.size(key) is None

    def test_a_key_that_is_taken_keeps_its_bytes_and_the_upload_its_parts(self, store: Store) -> None:
        key = a_key()
        upload, sizes = sent(store, key, b"longer")
        store.put(key, b"one", content_type=PDF)

        for _ in range(2):
            with pytest.raises(AlreadyThere):
                store.complete(key, upload, sizes)

        assert store.read(key) == b"one"
        assert store.parts(key, upload) == [PartHeld(1, 6)]


class TestAborting:
    def test_nothing_is_held_and_nothing_is_taken_afterwards(self, store: Store) -> None:
        key = a_key()
        upload, sizes = sent(store, key, b"one")
        url = link(store, key, upload, 1, b"one")

        store.abort(key, upload)
        store.abort(key, upload)

        with pytest.raises(NotThere):
            store.parts(key, upload)
        with pytest.raises(NotThere):
            store.complete(key, upload, sizes)
        assert put(url, b"one") == 404
        assert store.size(key) is None
        assert list(store.uploads()) == []

    def test_a_file_that_was_completed_stays(self, store: Store) -> None:
        key = a_key()
        upload, sizes = sent(store, key, b"one")
        store.complete(key, upload, sizes)

        store.abort(key, upload)

        assert store.read(key) == b"one"
        assert store.complete(key, upload, sizes) == Stat(3, None)


class TestCopying:
    @pytest.mark.parametrize("size", [0, 1, PART + 1])
    def test_the_copy_outlives_the_source(self, store: Store, size: int) -> None:
        source, target, data = a_key(), a_key("sealed"), some_bytes(size)
        uploaded(store, source, data)

        store.copy(source, target)
        assert (store.read(source), store.read(target)) == (data, data)
        store.delete(source)

        assert store.size(source) is None
        assert store.read(target) == data

    def test_the_digest_that_was_noted_goes_with_it(self, store: Store) -> None:
        source, target = a_key(), a_key("sealed")
        store.put(source, b"one", content_type=PDF)

        store.copy(source, target)

        assert store.stat(target) == Stat(3, digest(b"one"))

    def test_twice_and_eight_at_once_is_fine(self, store: Store) -> None:
        source, target = a_key(), a_key("sealed")
        store.put(source, b"one", content_type=PDF)

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda _: store.copy(source, target), range(8)))
        store.copy(source, target)

        assert store.read(target) == b"one"

    def test_what_is_not_there_cannot_be_copied(self, store: Store) -> None:
        target = a_key()
        with pytest.raises(NotThere):
            store.copy(a_key(), target)
        assert store.size(target) is None

    @pytest.mark.parametrize("other", [b"two", b"longer"])
    def test_other_bytes_at_the_target_stay(self, store: Store, other: bytes) -> None:
        source, target = a_key(), a_key("sealed")
        store.put(source, b"one", content_type=PDF)
        store.put(target, other, content_type=PDF)

        with pytest.raises(AlreadyThere):
            store.copy(source, target)

        assert store.read(target) == other

    @pytest.mark.parametrize("is_able", [True, False], ids=["by the server", "through us"])
    def test_a_large_one_goes_in_parts(
        self, store: Store, monkeypatch: pytest.MonkeyPatch, is_able: bool
    ) -> None:
        for name, value in {"AT_ONCE": PART, "PART": PART, "PART_THROUGH_US": PART}.items():
            monkeypatch.setattr(s3_copying, name, value)
        monkeypatch.setattr(store, "capabilities", Capabilities(copy=is_able))
        source, target, data = a_key(), a_key("sealed"), some_bytes(2 * PART + 7)
        store.put(source, data, content_type=PDF)

        store.copy(source, target)

        assert store.stat(target) == Stat(len(data), digest(data))
        assert digest(store.read(target)) == digest(data)
        assert list(store.uploads()) == []


class TestRanges:
    @pytest.mark.parametrize(
        ("start", "length"),
        [
            (0, None),
            (0, 4),
            (3, 4),
            (3, None),
            (9, 1),
            (9, 100),
            (10, None),
            (10, 5),
            (99, None),
            (99, 1),
            (3, 0),
        ],
    )
    def test_give_just_the_bytes_that_are_there(self, store: Store, start: int, length: int | None) -> None:
        key = a_key()
        store.put(key, b"0123456789", content_type=PDF)
        end = None if length is None else start + length

        assert b"".join(store.stream(key, 3, start, length)) == b"0123456789"[start:end]

    def test_of_an_empty_file_are_empty(self, store: Store) -> None:
        key = a_key()
        store.put(key, b"", content_type=PDF)

        assert [b"".join(store.stream(key, start=start)) for start in (0, 1)] == [b"", b""]

    def test_of_a_large_file_in_the_middle(self, store: Store) -> None:
        key, data = a_key(), some_bytes(PART + 1)
        uploaded(store, key, data)

        pieces = list(store.stream(key, 100_000, start=MIB - 1, length=2 * MIB))

        assert b"".join(pieces) == data[MIB - 1 : 3 * MIB - 1]
        assert max(map(len, pieces)) <= 100_000

    @pytest.mark.parametrize("length", [None, 0, 1])
    def test_of_nothing_are_told(self, store: Store, length: int | None) -> None:
        with pytest.raises(NotThere):
            store.stream(a_key(), start=1, length=length)

    @pytest.mark.parametrize("wrong", [(-1, None), (0, -1)])
    def test_that_cannot_be_are_a_fault_of_the_program(
        self, store: Store, wrong: tuple[int, int | None]
    ) -> None:
        with pytest.raises(ValueError, match="range"):
            store.stream(a_key(), MIB, *wrong)


class TestHostileKeys:
    @pytest.mark.parametrize("key", HOSTILE, ids=ascii)
    def test_are_refused_by_every_method(self, store: Store, key: str) -> None:
        upload, fine = "0" * 32, a_key()
        store.put(fine, b"x", content_type=PDF)
        calls: list[Callable[[], object]] = [
            lambda: store.size(key),
            lambda: store.begin(key, 1, 1),
            lambda: store.sign_parts(key, upload, [asked(1, b"x")], 60),
            lambda: store.parts(key, upload),
            lambda: store.complete(key, upload, [1]),
            lambda: store.abort(key, upload),
            lambda: store.copy(key, fine),
            lambda: store.copy(fine, key),
            lambda: store.stream(key, start=1, length=1),
        ]
        if not isinstance(store, LocalStore):
            calls.append(
                lambda: store.sign_download(key, filename="x", content_type="x/y", inline=False, lifetime=1)
            )
        for call in calls:
            with pytest.raises(BadKey):
                call()
        assert list(store.uploads()) == []


class TestProbing:
    def test_finds_what_ours_can_do_and_leaves_nothing(self, store: Store, backend: str) -> None:
        found = store.probe("https://challenge.example")

        assert store.capabilities is found
        assert list(store.keys("probe/")) == []
        assert list(store.uploads()) == []
        ours = Capabilities(
            create_only_put=True, create_only_complete=True, part_length=True, part_sha256=True, copy=True
        )
        if backend == "s3":
            known = replace(found, clock_off=None, lifecycle=False)
            assert known == replace(ours, part_md5=True, cors=True)
            assert found.clock_off is not None and abs(found.clock_off) <= 5
        elif isinstance(store, LocalStore):
            assert found == ours
        assert {name for name, _, _ in found.explained()} >= set(MEANINGS)
        assert all(text.endswith(".") and "{" not in text for _, _, text in found.explained())

    def test_everything_works_with_every_capability_off(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(store, "capabilities", Capabilities())
        key, target, data = a_key(), a_key("sealed"), some_bytes(PART + 1)
        upload, sizes = sent(store, key, data)

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda _: store.complete(key, upload, sizes), range(8)))
        store.copy(key, target)

        assert (store.read(key), store.read(target)) == (data, data)
        other, sizes = sent(store, key, b"other")
        with pytest.raises(AlreadyThere):
            store.complete(key, other, sizes)
        store.abort(key, other)

    def test_explains_in_sentences(self) -> None:
        weak = Capabilities(cors=False, clock_off=1200)
        rows = {name: (is_there, text) for name, is_there, text in weak.explained()}

        assert rows["part_sha256"][0] is False
        assert "read back" in rows["part_sha256"][1]
        assert rows["clock"] == (False, "The store's clock is 1200 seconds ahead of ours: set both by NTP.")
        assert rows["cors"][0] is False
        assert weak.checksum == "none"
        assert Capabilities(part_md5=True).checksum == "md5"
        assert Capabilities(part_md5=True, part_sha256=True).checksum == "sha256"


@pytest.mark.parametrize(
    ("size", "part_size", "count"),
    [
        (0, 16 * MIB, 1),
        (1, 16 * MIB, 1),
        (16 * MIB, 16 * MIB, 1),
        (16 * MIB + 1, 16 * MIB, 2),
        (5 * 1024 * MIB, 16 * MIB, 320),
        (9000 * 16 * MIB + 1, 17 * MIB, 8471),
        (5 * 1024 * 1024 * MIB, 583 * MIB, 8993),
    ],
)
def test_the_size_of_parts(size: int, part_size: int, count: int) -> None:
    assert part_size_for(size) == part_size
    sizes = part_sizes(size, part_size)
    assert (len(sizes), sum(sizes)) == (count, size)
    assert set(sizes[:-1]) <= {part_size}


def test_a_store_without_keys_does_all_but_sign(store: Store) -> None:
    if not isinstance(store, LocalStore):
        pytest.skip("a server signs by its credentials")
    store._links = None
    upload = store.begin("a/b", 3, 3)
    with pytest.raises(RuntimeError, match="link_keys"):
        link(store, "a/b", upload, 1, b"one")
    assert put(PartUrl(1, "http://127.0.0.1:1/", datetime.now(UTC)), b"") == 0
    assert store.probe().checksum == "none"
    assert f"probe/{uuid.uuid4()}" not in set(store.keys())

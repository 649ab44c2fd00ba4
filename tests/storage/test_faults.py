"""Lines that fail: between the browser and the store, and between the application and a server."""

import hashlib
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import botocore.auth
import botocore.retries.standard
import pytest

from storage import open_store, s3_copying
from storage.capabilities import Capabilities
from storage.parts import PartHeld
from storage.store import NotThere, Stat, Store, StoreDown
from tests import servers
from tests.storage.proxy import Mode, Proxy
from tests.storage.sending import PART, begun, cut, digest, link, put, send, sent, some_bytes
from tests.storage.test_contract import PDF, a_key

MULTIPART = "uploadId="


@pytest.fixture
def line(store: Store) -> Iterator[Proxy]:
    """What stands between the browser and the store."""
    upload = store.begin("probe/line", 1, 1)
    place = urlsplit(link(store, "probe/line", upload, 1, b"x").url)
    store.abort("probe/line", upload)
    if place.scheme == "https" or place.hostname != "127.0.0.1":
        pytest.skip("the proxy stands on this machine and speaks plain HTTP")
    assert place.port
    with Proxy(place.port) as proxy:
        yield proxy


class TestBetweenBrowserAndStore:
    @pytest.mark.parametrize("mode", ["unavailable", "slow", "cut", "flip", "lose answer"])
    def test_a_part_is_sent_again_until_it_is_held(self, store: Store, line: Proxy, mode: Mode) -> None:
        key, data = a_key(), some_bytes(PART + MIB_AND_A_BIT)
        upload, sizes = begun(store, key, data)
        fault = line.add(mode, 2)

        send(store, key, upload, enumerate(cut(data), 1), line, tries=3)

        assert fault.times == 0
        assert store.parts(key, upload) == [PartHeld(n, size) for n, size in enumerate(sizes, 1)]
        store.complete(key, upload, sizes)
        assert digest(store.read(key)) == digest(data)

    @pytest.mark.parametrize("mode", ["cut", "flip"])
    def test_what_did_not_arrive_whole_is_not_held(self, store: Store, line: Proxy, mode: Mode) -> None:
        key, data = a_key(), some_bytes(MIB_AND_A_BIT)
        upload, _ = begun(store, key, data)
        line.add(mode)

        assert put(link(store, key, upload, 1, data), data, line) in (0, 400)

        assert store.parts(key, upload) == []
        with pytest.raises(NotThere):
            store.read(key)

    def test_a_held_part_survives_a_damaged_second_try(self, store: Store, line: Proxy) -> None:
        key, data = a_key(), some_bytes(MIB_AND_A_BIT)
        upload, sizes = sent(store, key, data)
        for mode in ("flip", "cut"):
            line.add(mode)
            put(link(store, key, upload, 1, data), data, line)

        store.complete(key, upload, sizes)
        assert digest(store.read(key)) == digest(data)


MIB_AND_A_BIT = 1_100_000


class Far:
    """A store behind a bad line, and beside it the same store behind a good one."""

    def __init__(self, proxy: Proxy, far: Store, near: Store) -> None:
        self.proxy, self.store, self.near = proxy, far, near


@pytest.fixture(scope="session")
def both(weed: str) -> Iterator[Far]:
    port = int(weed.split("127.0.0.1:")[1].split("&")[0])
    url = servers.below(weed, f"t-{uuid.uuid4()}")
    with Proxy(port) as proxy:
        crooked = url.replace(str(port), str(proxy.port)) + f"&public_endpoint=http://127.0.0.1:{port}"
        with closing(open_store(crooked)) as far, closing(open_store(url)) as near:
            near.capabilities = far.probe()
            yield Far(proxy, far, near)


@pytest.fixture
def far(both: Far, monkeypatch: pytest.MonkeyPatch) -> Iterator[Far]:
    monkeypatch.setattr(botocore.retries.standard.ExponentialBackoff, "delay_amount", lambda *_: 0.01)
    monkeypatch.setattr(both.store, "capabilities", both.near.capabilities)
    yield both
    both.proxy.reset()
    for key, upload, _ in list(both.near.uploads()):
        both.near.abort(key, upload)
    for key in list(both.near.keys()):
        both.near.delete(key)


@pytest.mark.server
class TestBetweenUsAndTheServer:
    def test_links_lead_to_the_public_endpoint(self, far: Far) -> None:
        upload, _ = sent(far.store, "a/b", b"one")
        assert str(far.proxy.to) in link(far.store, "a/b", upload, 1, b"one").url
        download = far.store.sign_download("a/b", filename="x", content_type="x/y", inline=False, lifetime=9)
        assert download is not None and str(far.proxy.to) in download
        assert not any("partNumber=1" in path and "Expires=900" in path for _, path in far.proxy.seen)

    @pytest.mark.parametrize(
        ("mode", "times"),
        [
            ("unavailable", 3),
            ("slow", 1),
            ("lose answer", 1),
            ("lose answer", 4),
            ("cut", 1),
            ("error inside", 3),
            ("error inside, done", 4),
        ],
    )
    def test_complete_is_done_in_the_end(self, far: Far, mode: Mode, times: int) -> None:
        data = some_bytes(PART + 1)
        upload, sizes = sent(far.store, "a/b", data)
        fault = far.proxy.add(mode, times, method="POST", having=MULTIPART)

        assert far.store.complete("a/b", upload, sizes) == Stat(PART + 1, None)

        assert fault.times == 0 or mode in ("lose answer", "error inside, done")
        assert far.store.complete("a/b", upload, sizes) == Stat(PART + 1, None)
        assert far.near.read("a/b") == data
        assert list(far.near.uploads()) == []

    @pytest.mark.parametrize("mode", ["unavailable", "error inside"])
    def test_complete_that_is_never_done_is_not_taken_as_done(self, far: Far, mode: Mode) -> None:
        upload, sizes = sent(far.store, "a/b", b"one")
        far.proxy.add(mode, 4, method="POST", having=MULTIPART)

        with pytest.raises(StoreDown):
            far.store.complete("a/b", upload, sizes)
        assert far.near.size("a/b") is None
        assert far.store.parts("a/b", upload) == [PartHeld(1, 3)]

        assert far.store.complete("a/b", upload, sizes) == Stat(3, None)

    def test_eight_completes_at_once_on_a_line_that_loses_answers(self, far: Far) -> None:
        upload, sizes = sent(far.store, "a/b", b"one")
        far.proxy.add("lose answer", 5, method="POST", having=MULTIPART)

        with ThreadPoolExecutor(8) as threads:
            results = list(threads.map(lambda _: far.store.complete("a/b", upload, sizes), range(8)))

        assert results == [Stat(3, None)] * 8
        assert list(far.near.keys()) == ["a/b"]

    @pytest.mark.parametrize("mode", ["unavailable", "lose answer", "cut answer"])
    @pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
    def test_other_calls_are_tried_again(self, far: Far, mode: Mode, method: str) -> None:
        upload, _ = sent(far.store, "a/b", b"one")
        far.proxy.add(mode, 2, method=method)

        assert far.store.size("a/b") is None
        assert far.store.parts("a/b", upload) == [PartHeld(1, 3)]
        far.store.abort("a/b", upload)

        assert list(far.near.uploads()) == []

    def test_begin_that_lost_its_answer_leaves_an_upload_that_is_listed(self, far: Far) -> None:
        far.proxy.add("lose answer", 1, method="POST", having="uploads")

        upload = far.store.begin("a/b", 3, 3)

        listed = [each.upload for each in far.near.uploads()]
        assert upload in listed
        for each in listed:
            far.store.abort("a/b", each)
        assert list(far.near.uploads()) == []

    @pytest.mark.parametrize("mode", ["unavailable", "lose answer", "error inside", "error inside, done"])
    @pytest.mark.parametrize("at_once", [PART * 9, PART], ids=["whole", "parts"])
    def test_copy_is_done_in_the_end(
        self, far: Far, mode: Mode, at_once: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(s3_copying, "AT_ONCE", at_once)
        monkeypatch.setattr(s3_copying, "PART", PART)
        data = some_bytes(PART + 7)
        far.near.put("a/b", data, content_type=PDF)
        far.proxy.add(mode, 2)

        far.store.copy("a/b", "z/y")

        assert digest(far.near.read("z/y")) == digest(data)
        assert list(far.near.uploads()) == []

    def test_a_copy_that_fails_leaves_nothing(self, far: Far, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(s3_copying, "AT_ONCE", PART)
        monkeypatch.setattr(s3_copying, "PART", PART)
        far.near.put("a/b", some_bytes(PART + 7), content_type=PDF)
        far.proxy.add("error inside", 99, method="PUT", having="partNumber=2")

        with pytest.raises(StoreDown):
            far.store.copy("a/b", "z/y")

        assert list(far.near.keys()) == ["a/b"]
        assert list(far.near.uploads()) == []

    def test_a_stream_that_is_cut_never_ends_as_if_it_were_whole(self, far: Far) -> None:
        far.near.put("a/b", some_bytes(MIB_AND_A_BIT), content_type=PDF)
        for length in (None, 1_000_000):
            far.proxy.add("cut answer", 1, method="GET")
            with pytest.raises(StoreDown):
                list(far.store.stream("a/b", 10_000, 0, length))

    def test_a_server_that_says_yes_to_everything_is_found_out(self, far: Far) -> None:
        far.proxy.is_weak = True

        found = far.store.probe()

        assert found.checksum == "none"
        assert not (found.create_only_put or found.create_only_complete or found.part_length)
        assert found.copy
        far.proxy.is_weak = False
        assert list(far.near.keys()) == []
        assert list(far.near.uploads()) == []

    def test_a_probe_without_an_answer_finds_nothing_and_remembers_nothing(self, far: Far) -> None:
        before = far.store.capabilities
        far.proxy.add("unavailable", 1, having="X-Amz-Signature")

        with pytest.raises(StoreDown):
            far.store.probe()

        assert far.store.capabilities is before

    def test_an_origin_that_is_not_let_in_is_told(self, far: Far) -> None:
        found = far.store.probe("https://challenge.example")
        assert found.cors is True
        far.proxy.add("unavailable", 1, method="OPTIONS")
        with closing(open_store(_without_public(far))) as same_place:
            assert same_place.probe("https://challenge.example").cors is False

    def test_on_a_server_that_takes_damaged_parts_reading_back_finds_it(
        self, far: Far, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(far.store, "capabilities", Capabilities())
        data = some_bytes(PART + 1)
        upload, sizes = begun(far.store, "a/b", data)
        far.proxy.add("flip")
        send(far.store, "a/b", upload, enumerate(cut(data), 1), far.proxy)

        far.store.complete("a/b", upload, sizes)

        agreed = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in cut(data))).digest()
        kept = cut(far.store.read("a/b"))
        assert hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in kept)).digest() != agreed

    @pytest.mark.parametrize(("minutes", "answers"), [(-20, (403,)), (20, (403, 200))])
    def test_a_clock_that_is_off_makes_links_that_may_be_refused_and_new_ones_that_work(
        self, far: Far, minutes: int, answers: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """SeaweedFS takes those from the future, AWS does not."""
        upload = far.store.begin("a/b", 3, 3)
        right = botocore.auth.get_current_datetime

        def wrong(*arguments: bool, **named: bool) -> datetime:
            return right(*arguments, **named) + timedelta(minutes=minutes)

        with monkeypatch.context() as patch:
            patch.setattr(botocore.auth, "get_current_datetime", wrong)
            url = link(far.store, "a/b", upload, 1, b"one")
        assert put(url, b"one") in answers

        send(far.store, "a/b", upload, [(1, b"one")])
        assert far.store.complete("a/b", upload, [3]) == Stat(3, None)


def _without_public(far: Far) -> str:
    bucket = far.store._bucket  # type: ignore[attr-defined]
    return (
        f"s3://{bucket._name}/{bucket._prefix.strip('/')}"
        f"?endpoint=http://127.0.0.1:{far.proxy.port}&path_style=true"
    )


DIE_AT_EVERY_STEP = """
import os, sys
from botocore.httpsession import URLLib3Session
from storage import open_store, s3_copying
from tests.storage.sending import PART, sent, some_bytes

url, what, moment = sys.argv[1:]
s3_copying.AT_ONCE = s3_copying.PART = PART
data = some_bytes(PART + 1 if what == "copy in parts" else 1000)
store = open_store(url)
store.probe()


def dying(at):
    count, real = 0, URLLib3Session.send

    def send(self, request):
        nonlocal count
        count += 1
        mine = count  # copies go in threads
        if mine == at and moment == "before":
            os._exit(9)
        answer = real(self, request)
        if mine == at:
            os._exit(9)
        return answer

    URLLib3Session.send = send


def work(key, upload):
    if what == "complete":
        store.complete(key, upload, [1000])
    elif what == "abort":
        store.abort(key, upload)
    else:
        store.copy(key, key + "/sealed")


for step in range(1, 50):
    key, upload = f"a/{step}", ""
    if what in ("complete", "abort"):
        upload, _ = sent(store, key, data)
    else:
        store.put(key, data, content_type="application/pdf")
    store.close()  # no connection is shared with the child
    child = os.fork()
    if not child:
        dying(step)
        work(key, upload)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 9), code
    goal = key + "/sealed" if "copy" in what else key
    assert store.size(goal) in (None, len(data))
    work(key, upload)
    if what == "abort":
        assert store.size(key) is None
    else:
        assert store.read(goal) == data
    if what == "copy in parts":  # the one who died may have left one, and it is listed
        for found in list(store.uploads()):
            assert found.key == goal
            store.abort(*found[:2])
    assert list(store.uploads()) == []
    if code == 0:
        print(step)
        break
"""


@pytest.mark.server
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(
    ("what", "least"), [("complete", 5), ("abort", 3), ("copy", 5), ("copy in parts", 9)]
)
def test_a_process_may_die_at_every_request(weed: str, what: str, least: int, moment: str) -> None:
    url = servers.below(weed, f"t-{uuid.uuid4()}")
    command = [sys.executable, "-c", DIE_AT_EVERY_STEP, url, what, moment]
    done = subprocess.run(command, cwd=servers.ROOT, capture_output=True, text=True, check=False, timeout=120)

    assert done.stderr == ""
    assert int(done.stdout) >= least


@pytest.mark.server
def test_a_server_that_is_killed_in_the_middle_of_an_upload_goes_on_with_it(weed: str) -> None:
    data = some_bytes(2 * PART + 7)
    one, two, three = cut(data)
    with servers.Weed() as server, closing(open_store(server.url)) as store:
        upload, sizes = begun(store, "a/b", data)
        send(store, "a/b", upload, [(1, one), (2, two)])
        server.kill()
        assert put(link(store, "a/b", upload, 3, three), three) == 0

        server.start()
        assert [part.n for part in store.parts("a/b", upload)] == [1, 2]
        send(store, "a/b", upload, [(3, three)], tries=3)

        assert store.complete("a/b", upload, sizes) == Stat(len(data), None)
        assert digest(store.read("a/b")) == digest(data)


@pytest.mark.server
def test_links_end_with_the_credentials_they_are_signed_with(weed: str) -> None:
    with closing(open_store(servers.below(weed, f"t-{uuid.uuid4()}"))) as store:
        upload = store.begin("a/b", 3, 3)

        class Temporary:
            _expiry_time = datetime.fromtimestamp(time.time() + 60).astimezone()

        store._bucket._credentials = Temporary()  # type: ignore[attr-defined]
        url = link(store, "a/b", upload, 1, b"one", lifetime=900)

        assert 50 < url.expires_at.timestamp() - time.time() <= 60
        assert put(url, b"one") == 200
        store.abort("a/b", upload)

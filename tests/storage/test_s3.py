"""What only a server can do to us: go away, refuse, answer for somebody else."""

import hashlib
import io
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest

from storage import open_store
from storage.store import MIB, AlreadyThere, Finding, Stat, Store, Stored, StoreDown
from tests import servers

pytestmark = pytest.mark.server

PDF = "application/pdf"


@pytest.fixture
def own_weed(weed: str) -> Iterator[servers.Weed]:
    """A server to be unkind to; `weed` has looked whether one can be had at all."""
    with servers.Weed() as server:
        yield server


class PlainClient:
    """A plain client, as any other program's."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self._client = boto3.client(
            "s3", endpoint_url=parse_qs(place.query)["endpoint"][0], region_name="us-east-1"
        )
        self._bucket, self._prefix = place.netloc, place.path.strip("/")

    def put(self, key: str, data: bytes) -> None:
        self._client.put_object(Bucket=self._bucket, Key=f"{self._prefix}/{key}", Body=data)

    def close(self) -> None:
        self._client.close()


def calls_of(store: Store) -> list[Callable[[], object]]:
    return [
        lambda: store.put("a/b", b"x", content_type=PDF),
        lambda: store.read("a/b"),
        lambda: store.stream("a/b"),
        lambda: store.stat("a/b"),
        lambda: store.delete("a/b"),
        lambda: list(store.keys()),
        store.prepare,
    ]


def test_a_server_that_is_down_is_told_and_works_again_when_it_is_back(own_weed: servers.Weed) -> None:
    with closing(open_store(own_weed.url)) as store:
        store.put("a/b", b"kept", content_type=PDF)
        own_weed.kill()

        for call in calls_of(store)[:2]:
            with pytest.raises(StoreDown) as down:
                call()
            assert down.value.trouble == "unreachable"
            assert str(down.value) == "The file store does not answer."
        assert store.check() == [Finding("write", False, "The file store does not answer.")]

        own_weed.start()
        assert store.read("a/b") == b"kept"


def test_a_server_that_goes_away_half_way_never_ends_a_stream_early(own_weed: servers.Weed) -> None:
    with closing(open_store(own_weed.url)) as store:
        store.put("a/b", bytes(64 * MIB), content_type=PDF)
        pieces = store.stream("a/b")
        next(pieces)
        own_weed.kill()

        with pytest.raises(StoreDown):
            list(pieces)


def test_a_wrong_secret_is_told(weed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with closing(open_store(weed)) as store:
        for call in calls_of(store):
            with pytest.raises(StoreDown) as down:
                call()
            assert down.value.trouble == "refused"
        assert store.check() == [Finding("write", False, "The file store refuses our credentials or rights.")]


def test_no_credentials_are_told(weed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with closing(open_store(weed)) as store:
        with pytest.raises(StoreDown) as down:
            store.read("a/b")
        assert down.value.trouble == "refused"


def test_a_missing_bucket_is_told_without_its_name_and_can_be_made(weed: str) -> None:
    name = f"missing-{uuid.uuid4()}"
    with closing(open_store(weed.replace("//challenge-test", f"//{name}"))) as store:
        with pytest.raises(StoreDown) as down:
            list(store.keys())
        assert down.value.trouble == "missing"
        assert name not in str(down.value)

        store.prepare()
        assert [finding.is_ok for finding in store.check()] == [True] * 4


def test_two_prefixes_of_one_bucket_do_not_see_each_other(weed: str) -> None:
    one, two = (open_store(servers.below(weed, f"t-{uuid.uuid4()}")) for _ in range(2))
    with closing(one), closing(two):
        one.put("a/b", b"one", content_type=PDF)
        two.put("a/b", b"two", content_type=PDF)

        assert (one.read("a/b"), two.read("a/b")) == (b"one", b"two")
        assert (list(one.keys()), list(two.keys())) == (["a/b"], ["a/b"])


@pytest.mark.parametrize("size", [5, 3 * MIB])
def test_a_lost_answer_is_no_refusal(weed: str, size: int) -> None:
    """The server has the object, we do not know it, and our second try is refused because it is there."""
    port = int(weed.split("127.0.0.1:")[1].split("&")[0])
    with servers.BadLine(port) as line:
        url = servers.below(weed.replace(str(port), str(line.port)), f"t-{uuid.uuid4()}")
        with closing(open_store(url)) as store:
            line.to_lose = 2

            stored = store.put("a/b", io.BytesIO(bytes(size)), content_type=PDF)

            assert line.to_lose == 0
            assert stored == Stored(size, hashlib.sha256(bytes(size)).hexdigest())
            assert store.read("a/b") == bytes(size)


def test_what_others_put_without_a_digest_is_compared_by_its_bytes(weed: str) -> None:
    """As an upload in parts will be: the server holds no note of ours."""
    address = servers.below(weed, f"t-{uuid.uuid4()}")
    with closing(PlainClient(address)) as other, closing(open_store(address)) as store:
        other.put("a/b", b"same")

        assert store.stat("a/b") == Stat(4, None)
        assert store.put("a/b", b"same", content_type=PDF).size == 4
        with pytest.raises(AlreadyThere):
            store.put("a/b", b"othr", content_type=PDF)

"""Links that lead to ourselves: nobody else can make one, and each allows one part for a while."""

from datetime import UTC, datetime, timedelta

import pytest

from storage.links import Links, Ticket
from storage.parts import PartAsked
from storage.store import BadLink, LinkExpired

NOON = datetime(2027, 2, 1, 12, 0, 0, 700_000, tzinfo=UTC)
OLD, NEW = b"the old key of the site", "the new key of the site"
UPLOAD = "0123456789abcdef" * 2
PART = PartAsked(3, 17, "ab" * 32)
BASE = "https://files.example/storage/part/"


def at(moment: datetime, *keys: bytes | str) -> Links:
    return Links(keys or [NEW], BASE, lambda: moment)


def token_of(links: Links, lifetime: int = 900) -> str:
    url = links.url(UPLOAD, PART, lifetime).url
    assert url.startswith(BASE)
    return url.removeprefix(BASE)


def test_a_token_says_what_was_signed() -> None:
    url = at(NOON).url(UPLOAD, PART, 900)

    assert (url.n, url.headers) == (3, {})
    assert url.expires_at == datetime(2027, 2, 1, 12, 15, tzinfo=UTC)
    assert at(NOON).read(token_of(at(NOON))) == Ticket(UPLOAD, 3, 17, "ab" * 32)


def test_it_ends_to_the_second() -> None:
    token = token_of(at(NOON))

    assert at(NOON.replace(minute=14, second=59)).read(token).n == 3
    with pytest.raises(LinkExpired):
        at(NOON.replace(minute=15, second=0)).read(token)


@pytest.mark.parametrize("minutes", [20, -20])
def test_a_host_whose_clock_is_off_gives_links_that_end_early_or_late_and_never_wrong_ones(
    minutes: int,
) -> None:
    token = token_of(at(NOON + timedelta(minutes=minutes)))
    if minutes > 0:
        assert at(NOON).read(token).size == 17
    else:
        with pytest.raises(LinkExpired):
            at(NOON).read(token)
        assert at(NOON).read(token_of(at(NOON))).size == 17


def test_no_character_can_be_changed_added_or_left_out() -> None:
    links = at(NOON)
    token = token_of(links)
    for place in range(len(token)):
        other = "1" if token[place] != "1" else "2"
        for changed in (
            token[:place] + other + token[place + 1 :],
            token[:place] + token[place + 1 :],
            token[:place] + "0" + token[place:],
        ):
            with pytest.raises(BadLink):
                links.read(changed)


@pytest.mark.parametrize("token", ["", ".", "x" * 5000, "é", f"{UPLOAD}.1.1", "\0", "../" * 20])
def test_nonsense_is_no_link(token: str) -> None:
    with pytest.raises(BadLink):
        at(NOON).read(token)


def test_an_old_key_still_verifies_and_the_newest_signs() -> None:
    before, during, after = at(NOON, OLD), at(NOON, NEW, OLD), at(NOON, NEW)

    assert during.read(token_of(before)).n == 3
    assert after.read(token_of(during)).n == 3
    with pytest.raises(BadLink):
        after.read(token_of(before))
    with pytest.raises(BadLink):
        before.read(token_of(during))


@pytest.mark.parametrize("keys", [[], [b""], ["short"], [NEW, "short"]])
def test_a_weak_key_is_refused(keys: list[bytes | str]) -> None:
    with pytest.raises(ValueError, match="at least 16 bytes"):
        Links(keys, BASE)

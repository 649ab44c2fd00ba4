"""Every door says what it needs. `pytest -s` prints the table."""

from typing import Any

import pytest

from challenge.accounts.permissions import Can
from challenge.app import DOORS, check_doors
from challenge.foundation.web import get


def rows() -> list[tuple[str, str, str]]:
    found = []
    for door in DOORS:
        opt = door.opt
        needs = opt["needs"].value if opt["needs"] else "public" if opt["public"] else "open"
        if opt.get("fresh"):
            needs += ", fresh proof"
        for path in sorted(door.paths):
            found.extend((path, method, needs) for method in sorted(door.http_methods))
    return sorted(found)


def test_every_door_declares_what_it_needs() -> None:
    print()
    for path, method, needs in rows():
        print(f"{method:7} {path:70} {needs}")
    for door in DOORS:
        assert isinstance(door.opt["needs"], Can) or door.opt["open"] is True, sorted(door.paths)
        assert not (door.opt["needs"] and door.opt["open"]), sorted(door.paths)


def test_no_two_doors_stand_at_one_address() -> None:
    places = [(path, method) for path, method, _needs in rows()]
    assert len(places) == len(set(places))


def test_a_door_that_declares_nothing_does_not_start() -> None:
    @get("/nothing-declared")
    async def forgotten() -> None: ...

    with pytest.raises(RuntimeError, match="/nothing-declared"):
        check_doors([forgotten])


def test_only_these_doors_take_a_form_without_a_token() -> None:
    free = {path for door in DOORS if door.opt.get("no_csrf") for path in door.paths}
    assert free <= {"/csp-reports"}


def test_what_changes_things_is_open_only_where_nobody_can_be_signed_in_yet() -> None:
    def is_writing(door: Any) -> bool:
        return bool(set(door.http_methods) - {"GET", "HEAD", "OPTIONS"})

    writing = {path for door in DOORS if is_writing(door) and door.opt["open"] for path in door.paths}
    assert writing <= {
        "/sign-in", "/sign-in/held", "/sign-in/link", "/sign-out", "/sign-up", "/links/{token:str}", "/language",
        "/csp-reports", "/verify", "/storage/parts/{token:str}",
    }  # fmt: skip

"""A whole store into another: whole, proved, and begun again where it was broken off."""

from pathlib import Path

import pytest

from storage.folder import FolderStore
from storage.memory import MemoryStore
from storage.moving import copy_all
from storage.store import StoreDown

CONTENT = {"documents/a/v1": b"one" * 700_000, "documents/b/v1": b"", "sealed/p/1/a": b"three"}


def filled() -> MemoryStore:
    made = MemoryStore()
    for key, content in {**CONTENT, "probe/x": b"x"}.items():
        made.put(key, content, content_type="x")
    return made


def test_everything_but_probes_is_there_and_the_same(tmp_path: Path) -> None:
    source, target = filled(), FolderStore(tmp_path)
    told: list[str] = []
    moved = copy_all(source, target, lambda key, _moved: told.append(key))
    assert (moved.copied, moved.held, moved.differing) == (3, 0, [])
    assert moved.size == sum(map(len, CONTENT.values()))
    assert sorted(told) == sorted(target.keys()) == sorted(CONTENT)
    assert {key: target.read(key) for key in CONTENT} == CONTENT
    again = copy_all(source, target)
    assert (again.copied, again.held, again.differing) == (0, 3, [])


def test_other_bytes_in_the_target_are_told_and_left_alone() -> None:
    source, target = filled(), MemoryStore()
    target.put("sealed/p/1/a", b"other", content_type="x")
    moved = copy_all(source, target)
    assert (moved.copied, moved.differing) == (2, ["sealed/p/1/a"])
    assert target.read("sealed/p/1/a") == b"other"


def test_broken_off_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = filled(), MemoryStore()
    real, count = target.put, 0

    def put(*args, **more):  # type: ignore[no-untyped-def]
        nonlocal count
        count += 1
        if count == 2:
            raise StoreDown
        return real(*args, **more)

    monkeypatch.setattr(target, "put", put)
    with pytest.raises(StoreDown):
        copy_all(source, target)
    moved = copy_all(source, target)
    assert (moved.copied, moved.held, moved.differing) == (2, 1, [])

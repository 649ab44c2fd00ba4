"""What only a folder can suffer: crashes, full disks, links, other people's files."""

import hashlib
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from storage.folder import NEW, FolderStore
from storage.store import STEPS, AlreadyThere, Finding, NotThere, Stat, StoreDown
from tests import servers

PDF = "application/pdf"
KEY = "dev/tenant/in/file/v1"

PUT_AND_DIE = """
import os, sys
from storage.folder import FolderStore

def die(*_, **__):
    os._exit(9)

setattr(os, sys.argv[2], die)
FolderStore(sys.argv[1]).put("dev/tenant/in/file/v1", b"all of it", content_type="application/pdf")
"""

PUT_TOO_MUCH = """
import resource, sys
from storage.folder import FolderStore
from storage.store import StoreDown

store = FolderStore(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
try:
    store.put("dev/tenant/in/file/v1", bytes(1024 * 1024), content_type="application/pdf")
except StoreDown as down:
    print(down.trouble)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.fixture
def store(root: Path) -> FolderStore:
    return FolderStore(root)


def place_of(root: Path, key: str) -> Path:
    digest = hashlib.sha256(key.encode()).hexdigest()
    return root / digest[:2] / digest[2:4] / key.replace("/", "+")


def python(program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(command, cwd=servers.ROOT, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("moment", ["fsync", "link"])
def test_a_crash_before_the_link_leaves_nothing_under_the_key(root: Path, moment: str) -> None:
    assert python(PUT_AND_DIE, root, moment).returncode == 9

    store = FolderStore(root)
    assert store.stat(KEY) is None
    assert list(store.keys()) == []
    store.put(KEY, b"all of it", content_type=PDF)
    assert store.read(KEY) == b"all of it"


def test_a_crash_after_the_link_leaves_the_whole_file(root: Path) -> None:
    assert python(PUT_AND_DIE, root, "unlink").returncode == 9

    store = FolderStore(root)
    assert store.read(KEY) == b"all of it"
    assert list(store.keys()) == [KEY]
    assert store.put(KEY, b"all of it", content_type=PDF).size == 9


def test_preparing_clears_what_a_crash_left_but_not_what_is_being_written(root: Path) -> None:
    assert python(PUT_AND_DIE, root, "link").returncode == 9
    (left,) = (root / NEW).iterdir()
    os.utime(left, (time.time() - 90_000,) * 2)
    (root / NEW / "being-written").write_bytes(b"x")

    FolderStore(root).prepare()

    assert [p.name for p in (root / NEW).iterdir()] == ["being-written"]


def test_a_full_disk_is_told_and_leaves_nothing(root: Path) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    assert python(PUT_TOO_MUCH, root).stdout == "full\n"

    assert list((root / NEW).iterdir()) == []
    assert FolderStore(root).stat(KEY) is None


def test_nothing_is_left_beside_the_file(root: Path, store: FolderStore) -> None:
    store.put(KEY, b"one", content_type=PDF)
    with pytest.raises(AlreadyThere):
        store.put(KEY, b"two", content_type=PDF)

    assert [p for p in root.rglob("*") if p.is_file()] == [place_of(root, KEY)]


def test_files_are_not_for_everyone(root: Path, store: FolderStore) -> None:
    store.put(KEY, b"one", content_type=PDF)

    file = place_of(root, KEY)
    assert file.stat().st_mode & 0o777 & ~0o640 == 0
    assert all(p.stat().st_mode & 0o777 & ~0o750 == 0 for p in (root, file.parent, file.parent.parent))


def test_a_link_in_place_of_a_file_is_not_followed(root: Path, store: FolderStore, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    place = place_of(root, KEY)
    place.parent.mkdir(parents=True)
    place.symlink_to(secret)

    assert store.stat(KEY) is None
    assert list(store.keys()) == []
    with pytest.raises(NotThere):
        store.read(KEY)
    with pytest.raises(NotThere):
        store.stream(KEY)
    with pytest.raises(AlreadyThere):
        store.put(KEY, b"secret", content_type=PDF)
    store.delete(KEY)
    assert secret.read_bytes() == b"secret"
    assert not place.is_symlink()


def test_a_link_in_place_of_a_shelf_is_not_followed(root: Path, store: FolderStore, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    place_of(root, KEY).parent.parent.symlink_to(elsewhere)

    with pytest.raises(StoreDown) as down:
        store.put(KEY, b"x", content_type=PDF)

    assert down.value.trouble == "damaged"
    assert list(elsewhere.iterdir()) == []


def test_a_pipe_in_place_of_a_file_does_not_make_us_wait(root: Path, store: FolderStore) -> None:
    place = place_of(root, KEY)
    place.parent.mkdir(parents=True)
    os.mkfifo(place)

    assert store.stat(KEY) is None
    with pytest.raises(NotThere):
        store.read(KEY)
    with pytest.raises(AlreadyThere):
        store.put(KEY, b"x", content_type=PDF)


def test_the_root_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "files").symlink_to(tmp_path / "disk")
    store = FolderStore(tmp_path / "files")

    store.put(KEY, b"x", content_type=PDF)

    assert place_of(tmp_path / "disk", KEY).read_bytes() == b"x"


def test_the_files_of_others_are_passed_over(root: Path, store: FolderStore) -> None:
    store.put(KEY, b"x", content_type=PDF)
    (root / "lost+found").mkdir()
    (root / "README").write_text("hello")
    place_of(root, KEY).with_name(".DS_Store").write_bytes(b"x")

    assert list(store.keys()) == [KEY]
    assert store.check() == [Finding(step, True) for step in STEPS]


def test_the_digest_is_that_of_the_bytes_on_the_disk(root: Path, store: FolderStore) -> None:
    store.put(KEY, b"one", content_type=PDF)
    place_of(root, KEY).write_bytes(b"0ne")

    assert store.stat(KEY) == Stat(3, hashlib.sha256(b"0ne").hexdigest())


def test_a_folder_that_went_away_is_an_outage_and_not_a_fresh_start(root: Path, store: FolderStore) -> None:
    store.put(KEY, b"x", content_type=PDF)
    root.rename(root.with_name("unmounted"))

    for call in (
        lambda: store.put("a/b", b"x", content_type=PDF),
        lambda: store.read(KEY),
        lambda: store.stream(KEY),
        lambda: store.stat(KEY),
        lambda: store.delete(KEY),
        lambda: list(store.keys()),
    ):
        with pytest.raises(StoreDown) as down:
            call()
        assert down.value.trouble == "missing"
        assert str(root) not in str(down.value)
    assert store.check() == [
        Finding("write", False, "The folder or bucket of the file store does not exist.")
    ]
    assert not root.exists()


def test_a_root_that_cannot_be_made_is_told_by_the_check(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")

    (finding,) = FolderStore(tmp_path / "file" / "files").check()

    assert (finding.step, finding.is_ok) == ("write", False)

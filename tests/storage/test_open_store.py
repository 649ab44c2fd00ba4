"""The one list of backends, and addresses that are wrong."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from storage import open_store
from storage.folder import FolderStore
from storage.memory import MemoryStore
from storage.s3 import S3Store
from tests import servers


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("memory:", MemoryStore),
        ("folder:files", FolderStore),
        ("folder:/tmp/../tmp/{here}/files", FolderStore),
        ("s3://bucket", S3Store),
        ("s3://bucket/", S3Store),
        ("s3://bucket/a/prefix", S3Store),
        ("s3://bucket/a?endpoint=https://s3.example.org&region=eu-west-3&path_style=true", S3Store),
        ("s3://bucket?endpoint=https%3A%2F%2Fs3.example.org%3A8443", S3Store),
        ("s3://bucket?endpoint=http://10.0.0.1:8333&public_endpoint=https://files.example.org", S3Store),
    ],
)
def test_the_scheme_chooses(
    url: str, kind: type[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = open_store(url.replace("{here}", str(tmp_path.relative_to("/tmp")) if "{here}" in url else ""))

    assert type(store) is kind
    store.close()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "none of: folder:path, s3://bucket"),
        ("files", "none of"),
        ("folder:", "none of"),
        ("memory:x", "none of"),
        ("azure://x", "none of"),
        ("s3:bucket", "none of"),
        ("s3://", "without credentials or port"),
        ("s3://Key:Secret@bucket/x", "without credentials or port"),
        ("s3://bucket:9000/x", "without credentials or port"),
        ("s3://bucket/../x", "storage key"),
        ("s3://bucket?endpont=https://x", "not endpont"),
        ("s3://bucket?path_style=yes", "true or false"),
        ("s3://bucket?endpoint=localhost", "endpoint"),
        ("s3://bucket?public_endpoint=localhost", "endpoint"),
    ],
)
def test_a_wrong_address_is_a_sentence_and_keeps_secrets(url: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as wrong:
        open_store(url)

    assert "Secret" not in str(wrong.value)


def test_a_folder_does_not_pay_for_boto3(tmp_path: Path) -> None:
    program = f"import sys, storage; storage.open_store('folder:{tmp_path}'); print('boto3' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=servers.ROOT,
        env={**os.environ},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "False\n"

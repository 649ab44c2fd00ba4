"""The doctor says what fails, and only that."""

from pathlib import Path

import pytest

from challenge.audit import actions as audit
from challenge.audit.models import Entry
from challenge.files import store
from challenge.files.actions import receive
from challenge.foundation.db import Database
from challenge.settings import Settings, settings
from challenge.site import operations
from challenge.site.operations import Finding
from storage.folder import FolderStore
from storage.memory import MemoryStore
from tests.builders.people import a_person


def with_settings(**more: object) -> Settings:
    return Settings(**{**settings().model_dump(), **more})


def failing(findings: list[Finding]) -> dict[str, str]:
    return {finding.part: finding.says for finding in findings if not finding.is_ok}


async def test_a_whole_house_has_nothing_to_complain_of(database: Database) -> None:
    findings = await operations.diagnosis(database)
    assert failing(findings) == {}
    assert [finding.part for finding in findings] == [
        "settings", "database", "storage", "abilities", "mail", "scanner", "fonts", "signing key",
    ]  # fmt: skip
    assert operations.is_ready(findings)


async def test_an_empty_database_is_told_to_migrate(tmp_path: Path) -> None:
    empty = Database(f"sqlite:///{tmp_path}/empty.db")
    findings = await operations.readiness(empty)
    assert failing(findings) == {"database": "SQLite is empty: run challenge migrate"}
    assert not operations.is_ready(findings)
    await empty.close()


async def test_a_database_that_is_away_is_told_without_its_address() -> None:
    away = Database("postgresql://challenge:canary@127.0.0.1:1/challenge")
    found = failing(await operations.readiness(away))
    assert found == {"database": "PostgreSQL does not answer (OperationalError)"}
    await away.close()


async def test_a_store_that_is_away_makes_the_site_not_ready(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    down = FolderStore(gone)
    gone.rmdir()
    monkeypatch.setattr(operations, "the_store", lambda: down)
    findings = await operations.readiness(database)
    assert failing(findings) == {
        "storage": "memory cannot write: The folder or bucket of the file store does not exist."
    }
    assert not operations.is_ready(findings)


async def test_mail_and_scanner_may_be_down_while_the_site_works(database: Database) -> None:
    config = with_settings(mail_url="smtp://127.0.0.1:1", scanner_url="clamd://127.0.0.1:1")
    findings = await operations.readiness(database, config)
    assert failing(findings) == {
        "mail": "The mail server does not take us in (SMTPConnectError). Messages wait and are sent later.",
        "scanner": "The virus scanner does not answer. Files wait until it does.",
    }
    assert operations.is_ready(findings)


async def test_a_signing_key_that_cannot_be_used_is_told(database: Database, tmp_path: Path) -> None:
    config = with_settings(signing_key=str(tmp_path / "none.pem"))
    found = failing(await operations.diagnosis(database, config))
    assert list(found) == ["signing key"]
    assert "cannot be used" in found["signing key"]


async def test_verification_finds_one_changed_entry_and_one_changed_file(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = MemoryStore()
    monkeypatch.setattr(store, "the_store", lambda: kept)
    monkeypatch.setattr("challenge.files.queries.the_store", lambda: kept)
    async with database.writing() as db:
        person = await a_person(db)
        entry = await audit.record(db, None, "person.added", person)
        document = await receive(db, owner_id=None, name="a.txt", content=b"as it was", by=None)
        await db.commit()
        assert [
            (v.name, v.count, v.findings) for v in [await look(db) for look in operations.VERIFICATIONS[:2]]
        ] == [
            ("audit entries", 2, ()),
            ("stored files", 1, ()),
        ]
        changed = await db.get(Entry, entry.id)
        assert changed is not None
        changed.event = "person.promoted"
        db.add(changed)
        await db.flush()
        kept.delete(document.key)
        kept.put(document.key, b"as it is now", content_type="x")
        found = [(await look(db)).findings for look in operations.VERIFICATIONS[:2]]
    assert found == [
        ("house entry 1: was changed after it was recorded",),
        (f"{document.id}: its bytes are not those that were received",),
    ]

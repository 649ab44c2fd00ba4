"""Do the receipts hold? Every manifest under its seal, and every sealed file read again and compared with it."""

import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID

import rfc8785
from sqlmodel import col, select

from challenge.files import states
from challenge.files.models import Document, SealedCopy
from challenge.files.sealing import fault_of, sealed_key
from challenge.foundation import clock
from challenge.foundation.db import Db
from challenge.foundation.seals import is_sealed
from challenge.proposals.models import Revision

PATIENCE = timedelta(hours=1)  # a job makes the copies


async def broken_seals(db: Db) -> tuple[int, list[str]]:
    """Files looked at, and what does not hold, one sentence each."""
    found: list[str] = []
    count = 0
    copies = {copy.key: copy for copy in (await db.exec(select(SealedCopy))).all()}
    documents = {
        document.id: document
        for document in (
            await db.exec(select(Document).join(SealedCopy, col(SealedCopy.document_id) == Document.id))
        ).all()
    }
    for revision in (await db.exec(select(Revision).order_by(col(Revision.receipt_number)))).all():
        number = revision.receipt_number
        found += [f"receipt {number}: {what}" for what in _faults_of(revision)]
        for file in revision.manifest.get("files") or ():
            if "id" not in file:
                continue  # sent before there were sealed copies
            count += 1
            key = sealed_key(revision.proposal_id, revision.n, UUID(file["id"]))
            what = await _fault(copies.get(key), documents.get(UUID(file["id"])), file)
            if what:
                found.append(f"receipt {number}: “{file['name']}” ({file['id']}) {what}")
    return count, found


def _faults_of(revision: Revision) -> list[str]:
    content = rfc8785.dumps(revision.manifest)
    faults = []
    if hashlib.sha256(content).hexdigest() != revision.digest:
        faults.append("its manifest was changed: the digest is another one")
    if not is_sealed(content, revision.seal):
        faults.append("its seal does not fit the manifest or is of another key")
    return faults


async def _fault(copy: SealedCopy | None, document: Document | None, file: dict[str, Any]) -> str:
    if copy is None or document is None:
        return "has no sealed copy"
    if copy.sealed_at is None:
        is_late = document.state in states.RELEASED and copy.wanted_at < clock.now() - PATIENCE
        return "still waits for its sealed copy" if is_late else ""
    if file["sha256"] not in ("", copy.sha256) or file["tree"] not in ("", document.tree):
        return "was sealed with other bytes than the receipt says"
    return await fault_of(copy.key, file["size"], copy.sha256)

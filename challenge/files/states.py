"""What becomes of a document. One table; every move is made in a transaction with its line in the record."""

from typing import Any

from challenge.audit import actions as audit
from challenge.files.models import Document, DocumentState
from challenge.foundation.db import Db
from challenge.foundation.lifecycle import move

S = DocumentState
MOVES: dict[tuple[DocumentState, str], DocumentState] = {
    (S.UPLOADING, "complete"): S.COMPLETING,
    (S.UPLOADING, "expire"): S.EXPIRED,
    (S.UPLOADING, "abort"): S.ABORTED,
    (S.COMPLETING, "complete"): S.COMPLETING,
    (S.COMPLETING, "store"): S.STORED,
    (S.COMPLETING, "resume"): S.UPLOADING,
    (S.COMPLETING, "expire"): S.EXPIRED,
    (S.COMPLETING, "abort"): S.ABORTED,
    (S.STORED, "scan"): S.SCANNING,
    (S.SCANNING, "scan"): S.SCANNING,
    (S.SCANNING, "release"): S.AVAILABLE,
    (S.SCANNING, "quarantine"): S.QUARANTINED,
    (S.SCANNING, "mark corrupt"): S.CORRUPT,
    (S.SCANNING, "leave unscanned"): S.UNSCANNED,
    (S.AVAILABLE, "seal"): S.SEALED,
    (S.SEALED, "seal"): S.SEALED,  # once more, for a later submission
    **{(state, "purge"): S.PURGED for state in S if state != S.PURGED},
}
OPEN = frozenset({S.UPLOADING, S.COMPLETING})
CHECKING = frozenset({S.STORED, S.SCANNING})
RELEASED = frozenset({S.AVAILABLE, S.SEALED})
# its own people may have it back, though nobody else yet
KEPT = CHECKING | RELEASED | {S.UNSCANNED}
REFUSED = frozenset({S.QUARANTINED, S.CORRUPT})


async def change(
    db: Db,
    document: Document,
    verb: str,
    by: audit.Actor | None = None,
    **facts: Any,
) -> None:
    """Raises NotNow when the document is not in a state for it."""
    document.state = move(MOVES, document.state, verb)
    db.add(document)
    await audit.record(db, by, f"document.{document.state.value}", document, chain=document.chain_id, **facts)

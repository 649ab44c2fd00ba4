"""What a proposal's page shows after the release, which only a room above knows. The roof hands it in."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from challenge.accounts.viewer import Viewer
from challenge.foundation.db import Db
from challenge.proposals.models import Proposal

DecisionOf = Callable[[Db, Viewer, Proposal], Awaitable[Mapping[str, Any] | None]]
"""A released decision as `templates/proposals/_decision.html` reads it, or nothing. `code` is a term of the
vocabulary proposal-statuses; the rest is between the one who hands it in and that template."""


async def _undecided(_db: Db, _viewer: Viewer, _proposal: Proposal) -> Mapping[str, Any] | None:
    return None


_decision_of: DecisionOf = _undecided


def hand_in(*, decisions: DecisionOf) -> None:
    global _decision_of
    _decision_of = decisions


async def decision_of(db: Db, viewer: Viewer, proposal: Proposal) -> Mapping[str, Any] | None:
    return await _decision_of(db, viewer, proposal)

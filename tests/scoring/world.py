"""A call whose reviews are in: two proposals that nothing parts, one below, and one ruled out."""

from dataclasses import dataclass
from typing import Any

from challenge.accounts.models import Person
from challenge.accounts.viewer import for_command
from challenge.assignments.models import Assignment
from challenge.calls.models import Call, Stage
from challenge.eligibility import actions as eligibility
from challenge.eligibility.models import RulingResult
from challenge.foundation.db import Db
from challenge.panels.models import Panel
from challenge.proposals.models import Proposal
from tests.builders.assignments import a_sent_proposal, an_assignment
from tests.builders.calls import RUBRIC, a_call
from tests.builders.panels import a_panel, a_reviewer
from tests.builders.people import a_manager
from tests.builders.reviews import a_submitted_review

RANKED: dict[str, Any] = {
    **RUBRIC,
    "criteria": [
        {"code": "relevance", "weight": 60, "label": {"en": "Relevance"}},
        {"code": "feasibility", "weight": 40, "label": {"en": "Feasibility"}, "threshold": 2},
    ],
    "aggregation": {"overall_threshold": 65},
}
# number -> (relevance, feasibility) of Amina and of Bruno
SCORES = {
    "AC-BBBB": ((4, 3), (4, 4)),
    "AC-AAAA": ((4, 4), (4, 3)),
    "AC-CCCC": ((5, 5), (5, 4)),
    "AC-DDDD": ((5, 2), (5, 1)),
    "AC-EEEE": ((5, 5), (5, 5)),
}


@dataclass
class Ranked:
    call: Call
    stage: Stage
    panel: Panel
    manager: Person
    amina: Person
    bruno: Person
    proposals: dict[str, Proposal]
    given: dict[tuple[str, str], Assignment]

    @property
    def desk(self) -> str:
        return f"/desk/calls/{self.call.slug}"


async def a_ranked_call(db: Db) -> Ranked:
    """AC-CCCC leads, AC-AAAA and AC-BBBB share the second place, AC-DDDD misses a threshold, AC-EEEE is ruled out."""
    call, stage = await a_call(db, rubric=RANKED)
    panel = await a_panel(db, call, stage)
    amina, bruno = await a_reviewer(db, panel, "Amina Diallo"), await a_reviewer(db, panel, "Bruno Costa")
    proposals, given = {}, {}
    for number, both in SCORES.items():
        proposal = await a_sent_proposal(db, call, stage, number, title=f"Title of {number}")
        proposals[number] = proposal
        for person, scores in zip((amina, bruno), both, strict=True):
            made = await an_assignment(db, proposal, person, panel, stage)
            await a_submitted_review(db, made, person, *scores)
            given[number, person.name] = made
    note = "Founded too late for this call."
    await eligibility.rule(db, proposals["AC-EEEE"], RulingResult.NOT_ELIGIBLE, note=note, by=for_command())
    return Ranked(call, stage, panel, await a_manager(db, call.id), amina, bruno, proposals, given)

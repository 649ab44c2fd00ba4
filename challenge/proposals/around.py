"""What every page of one proposal shows around its content."""

from typing import Any

from challenge.accounts.viewer import Viewer
from challenge.calls import words as call_words
from challenge.calls.desk import around
from challenge.calls.models import Stage
from challenge.calls.queries import Opening
from challenge.forms.kinds import kind_of
from challenge.foundation import clock
from challenge.foundation.db import Db
from challenge.proposals import actions, outside, rules, words
from challenge.proposals.queries import Work


def path_of(work: Work) -> str:
    return f"/proposals/{work.proposal.id}"


def deadline_of(opening: Opening, stage: Stage, me: Viewer) -> call_words.Deadline:
    return call_words.deadline(opening.call, stage.closes_at, clock.now(), me.zone if me.is_anyone else None)


async def values_of(db: Db, me: Viewer, work: Work) -> dict[str, Any]:
    moment = clock.now()
    decision = await outside.decision_of(db, me, work.proposal)
    grace = await actions.grace_of(db, work.proposal, work.call, work.stage)
    code = decision["code"] if decision else rules.status_code(work.proposal.state, work.stage, moment)
    return {
        **around(work.opening),
        "proposal": work.proposal,
        "path_of": path_of(work),
        "stage": work.stage,
        "deadline": deadline_of(work.opening, work.stage, me),
        "is_closed": moment >= work.stage.closes_at,
        "closes": call_words.InZone(work.stage.closes_at, me.zone),
        "grace": call_words.InZone(grace, me.zone) if grace else None,
        "standing": words.status(code),
        "decision": decision,
        "definition": work.definition,
        "answers": work.content.answers,
        "organization": work.content.organization,
        "numbers": words.numbers(work.definition),
        "refusal": rules.why_not_edit(work.proposal, work.call, work.stage, moment),
        "kind_of": kind_of,
    }

"""The smallest valid call: one programme, one stage, one form with three questions, one rubric with two criteria."""

from datetime import datetime, timedelta
from typing import Any

from challenge.calls.models import Call, CallState, Programme, Stage
from challenge.forms.models import FormVersion
from challenge.foundation import clock
from challenge.foundation.db import Db
from challenge.rubrics.models import RubricVersion

FORM: dict[str, Any] = {
    "sections": [{"code": "idea", "label": {"en": "Your idea"}}],
    "questions": [
        {"code": "title", "section": "idea", "kind": "short-text", "required": True, "max_words": 20,
         "label": {"en": "Title of your proposal"}},
        {"code": "problem", "section": "idea", "kind": "long-text", "required": True, "max_words": 50,
         "label": {"en": "What is the problem?"}},
        {"code": "jobs", "section": "idea", "kind": "text", "required": False, "max_words": 50,
         "label": {"en": "Which jobs?"}},
    ],
}  # fmt: skip
RUBRIC: dict[str, Any] = {
    "scale": {"min": 1, "max": 5, "step": 1},
    "criteria": [
        {"code": "relevance", "weight": 60, "label": {"en": "Relevance"}},
        {"code": "feasibility", "weight": 40, "label": {"en": "Feasibility"}},
    ],
    "tie_break": ["relevance"],
}


async def a_call(
    db: Db,
    slug: str = "a-call",
    *,
    closes_in: timedelta = timedelta(days=10),
    state: CallState = CallState.PUBLISHED,
    opened: datetime | None = None,
    form: dict[str, Any] | None = None,
    rubric: dict[str, Any] | None = None,
    **call_more: Any,
) -> tuple[Call, Stage]:
    programme = Programme(
        slug=f"programme-of-{slug}", title={"en": "A programme"}, organizer={"name": {"en": "An organizer"}}
    )
    db.add(programme)
    await db.flush()
    call = Call(
        programme_id=programme.id,
        slug=slug,
        prefix="AC",
        title={"en": "A call for ideas"},
        summary={"en": "What we look for."},
        zone="Europe/Zurich",
        languages=["en", "fr", "es", "ar"],
        state=state,
        **call_more,
    )
    db.add(call)
    await db.flush()
    moment = clock.now()
    stage = Stage(
        call_id=call.id,
        code="proposals",
        label={"en": "Proposals"},
        opens_at=opened or moment - timedelta(days=10),
        closes_at=moment + closes_in,
        reviews_per_proposal=2,
    )
    db.add(stage)
    db.add(FormVersion(call_id=call.id, code="form", number=1, definition=form or FORM, digest="form-1"))
    db.add(
        RubricVersion(
            call_id=call.id, code="rubric", number=1, definition=rubric or RUBRIC, digest="rubric-1"
        )
    )
    await db.flush()
    return call, stage

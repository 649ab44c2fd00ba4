"""What the public pages of a call show beside the call itself."""

from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from challenge.calls import queries as calls
from challenge.calls.models import CallState, Milestone, Stage, Track
from challenge.calls.queries import Opening
from challenge.forms import queries as forms
from challenge.forms.definition import FormDefinition
from challenge.foundation.db import Db
from challenge.foundation.errors import NotFound
from challenge.rubrics import queries as rubrics
from challenge.rubrics.definition import Rubric


@dataclass(frozen=True, slots=True)
class About:
    """Timetable, tracks, form and rubric of one stage of a call."""

    milestones: list[Milestone]
    tracks: list[Track]
    form: FormDefinition | None
    form_digest: str
    rubric: Rubric | None

    @property
    def question_count(self) -> int:
        return len(self.form.asked) if self.form else 0


_KEPT: OrderedDict[tuple[UUID, datetime, UUID | None], About] = OrderedDict()
_MOST = 64


async def about(db: Db, opening: Opening, stage: Stage | None) -> About:
    """Read once per published state of a call: nothing of this changes without `Call.changed_at`."""
    key = (opening.call.id, opening.call.changed_at, stage.id if stage else None)
    is_draft = opening.call.state == CallState.DRAFT
    found = None if is_draft else _KEPT.get(key)
    if found is None:
        found = await _read(db, opening, stage)
        if not is_draft:
            _KEPT[key] = found
            if len(_KEPT) > _MOST:
                _KEPT.popitem(last=False)
    return found


async def _read(db: Db, opening: Opening, stage: Stage | None) -> About:
    call_id = opening.call.id
    form, digest, rubric = None, "", None
    if stage is not None:
        with suppress(NotFound):
            version = await forms.newest_version(db, call_id, stage.form_code)
            form, digest = forms.definition_of(version), version.digest
        with suppress(NotFound):
            rubric = rubrics.rubric_of(await rubrics.newest_rubric(db, call_id, stage.rubric_code))
    return About(
        await calls.milestones_of(db, call_id), await calls.tracks_of(db, call_id), form, digest, rubric
    )

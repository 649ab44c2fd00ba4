"""Move a deadline: type it, read what it means in three zones, confirm."""

from typing import Any

from challenge.accounts.gate import Can, Db, Form, FromPath, Me
from challenge.accounts.viewer import Viewer
from challenge.calls import actions, inputs, queries, rules, words
from challenge.calls.desk import desk_values
from challenge.calls.models import Stage
from challenge.calls.queries import Opening
from challenge.foundation import clock
from challenge.foundation.errors import NotFound
from challenge.foundation.i18n import Text, _
from challenge.foundation.web import Page, SeeOther, back_to, get, page, post


@get("/desk/calls/{slug:str}/deadline", needs=Can.MANAGE_CALLS)
async def deadline(db: Db, me: Me, slug: FromPath[str]) -> Page:
    opening = await queries.the_desk_call(db, me, slug, Can.MANAGE_CALLS)
    stage = rules.current_stage(opening.stages, clock.now())
    if stage is None:
        raise NotFound
    return _form(opening, me, inputs.NewDeadline.of(stage.code, stage.closes_at, opening.call.zone))


def _form(opening: Opening, me: Viewer, typed: inputs.NewDeadline) -> Page:
    return page(
        "calls/deadline.html",
        status=422 if typed.errors else 200,
        **desk_values(opening, me, ""),
        typed=typed,
        errors=typed.errors,
        deadlines={stage.code: _shown(opening, stage.closes_at, me) for stage in opening.stages},
    )


def _shown(opening: Opening, instant: Any, me: Viewer) -> words.Deadline:
    return words.deadline(opening.call, instant, clock.now(), me.zone)


@post("/desk/calls/{slug:str}/deadline", needs=Can.MANAGE_CALLS)
async def move(db: Db, me: Me, form: Form, slug: FromPath[str]) -> Page | SeeOther:
    opening = await queries.the_desk_call(db, me, slug, Can.MANAGE_CALLS)
    typed = inputs.NewDeadline.read(form, opening.call.zone)
    stage = _stage(opening, typed.stage)
    refusal: Text | None = None
    if typed.instant is not None:
        refusal = rules.why_not_move_deadline(stage, typed.instant, clock.now())
    if refusal is not None:
        typed.errors["day"] = refusal
    if typed.errors or typed.instant is None:
        return _form(opening, me, typed)
    if not form.get("confirmed"):
        return page(
            "calls/deadline_confirm.html",
            **desk_values(opening, me, ""),
            typed=typed,
            stage=stage,
            before=_shown(opening, stage.closes_at, me),
            after=_shown(opening, typed.instant, me),
            by=words.Span(abs(typed.instant - stage.closes_at)),
            is_later=typed.instant > stage.closes_at,
        )
    await actions.move_deadline(db, opening, stage, typed.instant, by=me)
    await db.commit()
    return back_to(
        f"/desk/calls/{opening.call.slug}",
        say=_("The call now closes on {moment}.", moment=words.InZone(typed.instant, opening.call.zone)),
    )


def _stage(opening: Opening, code: str) -> Stage:
    found = next((stage for stage in opening.stages if stage.code == code), None)
    if found is None:
        raise NotFound
    return found


doors: list[Any] = [deadline, move]

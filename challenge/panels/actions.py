"""Make panels, invite people, answer for oneself, declare a conflict."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, delete, select

from challenge.accounts import actions as accounts
from challenge.accounts.models import LinkPurpose, Person, Role, RoleName, Scope
from challenge.accounts.viewer import Viewer
from challenge.audit import actions as audit
from challenge.calls.queries import Opening
from challenge.foundation import clock
from challenge.foundation.db import Db
from challenge.foundation.errors import NotAllowed, NotFound, Unprocessable, refuse_if
from challenge.foundation.i18n import _
from challenge.foundation.lifecycle import move
from challenge.foundation.text import one_line
from challenge.mail import actions as mail
from challenge.panels import letters, rules
from challenge.panels.models import Conflict, Expertise, Panel, Seat, SeatKind
from challenge.proposals import sight
from challenge.proposals.models import Proposal, TeamMember

CONFLICT = "conflict"
ROLE_OF = {SeatKind.REVIEWER: RoleName.REVIEWER, SeatKind.CHAIR: RoleName.CHAIR}


async def make_panel(db: Db, opening: Opening, stage_id: UUID, name: str, *, by: Viewer) -> Panel:
    if stage_id not in {stage.id for stage in opening.stages}:
        raise NotFound
    name = one_line(name)
    taken = (await db.exec(select(Panel.name).where(Panel.call_id == opening.call.id))).all()
    refusal = rules.why_not_panel(name, taken)
    if refusal is not None:
        raise Unprocessable(errors={"name": refusal})
    panel = Panel(call_id=opening.call.id, stage_id=stage_id, name=name)
    db.add(panel)
    await db.flush()
    await audit.record(db, by, "panel.made", panel, name=name)
    return panel


async def invite(
    db: Db,
    opening: Opening,
    panel: Panel,
    person: Person,
    *,
    kind: SeatKind = SeatKind.REVIEWER,
    max_load: int | None = None,
    by: Viewer,
) -> Seat:
    """Offer a seat. The mail carries a link; only the page it opens can answer. Inviting again sends it anew."""
    refusal = rules.why_not_load(max_load)
    if refusal is not None:
        raise Unprocessable(errors={"max_load": refusal})
    seat = (
        await db.exec(select(Seat).where(Seat.panel_id == panel.id, Seat.person_id == person.id))
    ).first() or Seat(panel_id=panel.id, person_id=person.id, kind=kind)
    refuse_if(rules.why_not_invite(seat.state))
    if (seat.state, "invite") in rules.SEAT_MOVES:
        seat.state = move(rules.SEAT_MOVES, seat.state, "invite")
    seat.kind, seat.max_load, seat.invited_at, seat.invited_by_id = kind, max_load, clock.now(), by.person_id
    seat.answered_at, seat.reason = None, ""
    db.add(seat)
    await db.flush()
    await audit.record(
        db, by, "seat.offered", seat, chain=opening.call.id, panel=str(panel.id), person=str(person.id)
    )
    link = await accounts.make_link(
        db, person, LinkPurpose.INVITATION, thing_id=seat.id, next=f"/reviews/invitations/{seat.id}"
    )
    await mail.post(db, person, letters.invitation(opening.call, panel, kind, link), about_id=seat.id)
    return seat


async def set_load(db: Db, opening: Opening, seat: Seat, max_load: int | None, *, by: Viewer) -> None:
    """How many proposals the person takes at most; nothing for no limit."""
    refusal = rules.why_not_load(max_load)
    if refusal is not None:
        raise Unprocessable(errors={"max_load": refusal})
    seat.max_load = max_load
    db.add(seat)
    await audit.record(db, by, "seat.load_set", seat, chain=opening.call.id, max_load=max_load)


async def accept(db: Db, opening: Opening, seat: Seat, *, by: Viewer) -> None:
    """Take the seat. With it comes the role, for this panel alone.

    A chair has to be shown what the panel already reads: `assignments.actions.take_seat` does both.
    """
    if not by.is_confirmed:
        raise NotAllowed(_("Confirm your e-mail address first. The link is in the message we sent you."))
    refuse_if(rules.why_not_answer(seat, "accept"))
    seat.state = move(rules.SEAT_MOVES, seat.state, "accept")
    seat.answered_at, seat.reason = clock.now(), ""
    db.add(seat)
    await accounts.grant(db, seat.person_id, ROLE_OF[seat.kind], Scope.PANEL, seat.panel_id, by=by)
    await audit.record(db, by, "seat.accepted", seat, chain=opening.call.id)


async def decline(db: Db, opening: Opening, seat: Seat, reason: str, *, by: Viewer) -> None:
    if not reason:
        raise Unprocessable(errors={"reason": _("Say in a few words why; it helps to find somebody else.")})
    refuse_if(rules.why_not_answer(seat, "decline"))
    seat.state = move(rules.SEAT_MOVES, seat.state, "decline")
    seat.answered_at, seat.reason = clock.now(), reason
    db.add(seat)
    await audit.record(db, by, "seat.declined", seat, chain=opening.call.id)


async def withdraw_seat(db: Db, opening: Opening, seat: Seat, *, by: Viewer) -> None:
    """Take a seat back, and the role that came with it.

    The proposals that came with it are taken back by `assignments.actions.take_back_seat`, which calls this.
    """
    refuse_if(rules.why_not_withdraw(seat.state))
    seat.state = move(rules.SEAT_MOVES, seat.state, "withdraw")
    db.add(seat)
    await db.exec(
        delete(Role).where(
            col(Role.person_id) == seat.person_id,
            col(Role.scope) == Scope.PANEL,
            col(Role.scope_id) == seat.panel_id,
        )
    )
    await audit.record(db, by, "seat.withdrawn", seat, chain=opening.call.id)


async def declare_expertise(
    db: Db,
    person_id: UUID,
    *,
    languages: Sequence[str],
    policy_areas: Sequence[str] = (),
    themes: Sequence[str] = (),
    sdgs: Sequence[str] = (),
    keywords: Sequence[str] = (),
    country: str = "",
    organization_type: str = "",
    affiliation: str = "",
    by: Viewer,
) -> Expertise:
    if not languages:
        raise Unprocessable(errors={"languages": _("Choose at least one language that you read well.")})
    row = (await db.exec(select(Expertise).where(Expertise.person_id == person_id))).first() or Expertise(
        person_id=person_id
    )
    row.languages, row.policy_areas, row.themes = list(languages), list(policy_areas), list(themes)
    row.sdgs, row.keywords = list(sdgs), list(keywords)
    row.country, row.organization_type, row.affiliation = country, organization_type, affiliation
    row.changed_at = clock.now()
    db.add(row)
    await audit.record(db, by, "expertise.declared", row)
    return row


async def declare_conflict(
    db: Db, person_id: UUID, proposal: Proposal, *, kind: str, reason: str = "", by: Viewer
) -> Conflict:
    """Stand aside from a proposal: from this moment nothing of it is seen. Never taken back by the person.

    Holds the proposal's row, so that no assignment of it can pass by at the same moment.
    """
    await db.exec(select(Proposal.id).where(Proposal.id == proposal.id).with_for_update())
    member = await db.exec(
        select(TeamMember.id).where(TeamMember.person_id == person_id, TeamMember.proposal_id == proposal.id)
    )
    is_on_team = member.first() is not None
    refusal = rules.why_not_declare(kind, reason, is_on_team=is_on_team)
    if refusal is not None:
        field = "proposal" if is_on_team else "reason" if kind in rules.CONFLICT_KINDS else "kind"
        raise Unprocessable(refusal, errors={field: refusal})
    found = (
        await db.exec(
            select(Conflict).where(Conflict.person_id == person_id, Conflict.proposal_id == proposal.id)
        )
    ).first()
    if found is None:
        found = Conflict(
            person_id=person_id,
            proposal_id=proposal.id,
            kind=kind,
            reason=reason,
            declared_at=clock.now(),
            declared_by_id=by.person_id,
        )
        db.add(found)
        await audit.record(
            db, by, "conflict.declared", found, chain=proposal.call_id, person=str(person_id), kind=kind
        )
    await sight.deny(db, person_id, proposal.id, CONFLICT)
    return found

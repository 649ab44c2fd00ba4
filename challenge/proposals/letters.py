"""The mails about a proposal, each to one person in that person's language."""

from datetime import datetime
from uuid import UUID

from challenge.calls.models import Call, Stage
from challenge.foundation.i18n import Texts, _, pick
from challenge.mail.letters import Letter
from challenge.proposals.models import Proposal, Revision
from challenge.proposals.moments import InZone


class Title:
    """A text of the call, said in the language of the mail."""

    def __init__(self, texts: Texts) -> None:
        self.texts = texts

    def __str__(self) -> str:
        return pick(self.texts)


def received(proposal: Proposal, revision: Revision, call: Call, stage: Stage) -> Letter:
    return Letter(
        "proposals.received",
        _("We received your proposal {number}", number=proposal.number),
        _("We have your proposal, complete"),
        [
            _("It was submitted to “{call}”. You need do nothing more.", call=Title(call.title)),
            _(
                "Until the call closes you can reopen it, change it and send it again; the last submission counts."
            ),
            _(
                "Your receipt holds a digest of every answer and file. Keep it: with it you can prove what you sent."
            ),
        ],
        facts=[
            (_("Receipt"), revision.receipt_number),
            (_("Received"), InZone(revision.submitted_at, call.zone)),
            (_("Call closes"), InZone(stage.closes_at, call.zone)),
            (_("Digest of everything"), revision.digest),
        ],
        button=(_("Open the receipt"), f"/proposals/{proposal.id}/receipt"),
        demonstration=call.is_demonstration,
    )


def slot_reopened(proposal: Proposal, call: Call, name: str, until: datetime, question: str) -> Letter:
    return Letter(
        "proposals.slot_reopened",
        _("A file of your proposal {number} has to be replaced", number=proposal.number),
        _("One file was refused after you submitted"),
        [
            _("The check did not release “{name}”. Nobody who judges can open it.", name=name),
            _(
                "You can send another file in its place, also after the call has closed. Nothing else changes."
            ),
        ],
        facts=[(_("Possible until"), InZone(until, call.zone))],
        button=(_("Replace the file"), f"/proposals/{proposal.id}/replacement/{question}"),
        demonstration=call.is_demonstration,
    )


def file_refused(proposal: Proposal, call: Call, until: datetime) -> Letter:
    return Letter(
        "proposals.file_refused",
        _("A file of proposal {number} was refused by the check", number=proposal.number),
        _("A submitted file was refused"),
        [_("The applicants were told and can replace this one file. You need do nothing.")],
        facts=[(_("Possible until"), InZone(until, call.zone))],
        button=(_("Open the proposal"), f"/desk/calls/{call.slug}/proposals/{proposal.id}"),
        demonstration=call.is_demonstration,
    )


def withdrawn(proposal: Proposal, call: Call) -> Letter:
    return Letter(
        "proposals.withdrawn",
        _("Your proposal {number} is withdrawn", number=proposal.number),
        _("Your proposal is withdrawn"),
        [
            _("Nobody will review it. Your text and your files are kept."),
            _("Until the call closes you can reopen it and send it again."),
        ],
        button=(_("Open the proposal"), f"/proposals/{proposal.id}"),
        demonstration=call.is_demonstration,
    )


def reopened(proposal: Proposal, call: Call, stage: Stage) -> Letter:
    return Letter(
        "proposals.reopened",
        _("Your proposal {number} is open again", number=proposal.number),
        _("Your proposal is open again"),
        [
            _("It is a draft now, and what was sent before does not count until you send it again."),
            _("Everything is as you sent it. Your earlier receipt stays valid as a proof of that moment."),
        ],
        facts=[(_("Call closes"), InZone(stage.closes_at, call.zone))],
        button=(_("Open the proposal"), f"/proposals/{proposal.id}"),
        demonstration=call.is_demonstration,
    )


def invited(proposal: Proposal, call: Call, inviter: str, link_id: UUID) -> Letter:
    return Letter(
        "proposals.invited",
        _("{name} invites you to write a proposal", name=inviter),
        _("{name} invites you to write a proposal", name=inviter),
        [
            _(
                "It is meant for “{call}”. You could read and change all of it together.",
                call=Title(call.title),
            ),
            _(
                "You join only when you say so on the page that opens. If you do not know this person, do nothing."
            ),
        ],
        facts=[(_("Proposal"), proposal.title or proposal.number)],
        button=(_("See the invitation"), f"link:{link_id}"),
        demonstration=call.is_demonstration,
    )

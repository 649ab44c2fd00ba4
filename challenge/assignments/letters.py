"""The mail to somebody who was given proposals to review: how many, and nothing of what they say or whose they are."""

from datetime import date

from challenge.calls.models import Call
from challenge.foundation.i18n import _, _n
from challenge.mail.letters import Letter
from challenge.proposals.letters import Title


def assigned(call: Call, count: int, due_on: date | None) -> Letter:
    return Letter(
        "assignments.assigned",
        _n(
            "{n} proposal to review: {call}", "{n} proposals to review: {call}", count, call=Title(call.title)
        ),
        _n("{n} proposal waits for your review", "{n} proposals wait for your review", count),
        [
            _n(
                "For the call “{call}” you were given {n} proposal to review.",
                "For the call “{call}” you were given {n} proposals to review.",
                count,
                call=Title(call.title),
            ),
            _("Nothing of what applicants wrote travels by mail. You read and score behind the button."),
            _(
                "If your relation to an applicant could be seen as taking sides, say so; you will then see nothing of that proposal."
            ),
        ],
        facts=[(_("Reviews are due by"), due_on)] if due_on else [],
        button=(_("Open your reviews"), "/reviews"),
        demonstration=call.is_demonstration,
    )

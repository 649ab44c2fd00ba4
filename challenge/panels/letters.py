"""The mails about a seat on a panel."""

from challenge.accounts.models import Link
from challenge.calls.models import Call
from challenge.foundation.i18n import _
from challenge.mail.letters import Letter
from challenge.panels.models import Panel, SeatKind
from challenge.proposals.letters import Title


def invitation(call: Call, panel: Panel, kind: SeatKind, link: Link) -> Letter:
    asks = (
        _(
            "We invite you to chair the panel “{panel}” of the call “{call}”.",
            panel=panel.name,
            call=Title(call.title),
        )
        if kind == SeatKind.CHAIR
        else _(
            "We invite you to review for the panel “{panel}” of the call “{call}”.",
            panel=panel.name,
            call=Title(call.title),
        )
    )
    return Letter(
        "panels.invitation",
        _("Invitation to review: {call}", call=Title(call.title)),
        _("Would you judge with us?"),
        [
            asks,
            _(
                "The page behind the button tells what it takes. You accept or decline there, with a reason if you decline."
            ),
            _(
                "If your relation to an applicant could be seen as taking sides, say so; you will then see nothing of that proposal."
            ),
        ],
        button=(_("Read and answer"), f"link:{link.id}"),
        demonstration=call.is_demonstration,
    )

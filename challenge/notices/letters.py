"""The mails that carry a notice, or take one back."""

from challenge.calls.models import Call
from challenge.files.models import Document
from challenge.foundation.i18n import _
from challenge.mail import letters as mail
from challenge.notices.kinds.shape import Letter
from challenge.notices.models import Notice


def issued(notice: Notice, letter: Letter, call: Call, document: Document, subject: str) -> mail.Letter:
    """The words of the letter itself; the signed PDF is attached."""
    return mail.Letter(
        "notices.issued",
        subject,
        " ".join(letter.headline.split()),
        [
            *letter.paragraphs,
            _(
                "The signed notice is attached. Whoever you show it to can check it under the address it carries."
            ),
        ],
        facts=[(fact.label, fact.value) for fact in letter.facts] + [(_("Notice"), notice.number)],
        button=(_("Open the decision"), f"/proposals/{notice.proposal_id}/decision"),
        attachments=[{"document": str(document.id), "name": document.name, "type": document.media_type}],
        demonstration=call.is_demonstration,
    )


def revoked(notice: Notice, call: Call) -> mail.Letter:
    return mail.Letter(
        "notices.revoked",
        _("Your notice {number} is revoked", number=notice.number),
        _("A notice is no longer valid"),
        [
            _(
                "The notice {number} was revoked. Whoever checks it now reads that it does not count.",
                number=notice.number,
            ),
            _("The reason: {reason}", reason=notice.revoked_because),
        ],
        button=(_("Open the decision"), f"/proposals/{notice.proposal_id}/decision"),
        demonstration=call.is_demonstration,
    )

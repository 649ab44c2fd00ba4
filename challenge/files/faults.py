"""What a look at the bytes may find wrong, in sentences that name no file."""

from challenge.foundation.i18n import Text, _

NOT_THIS: Text = _("Its content is something else.")
DAMAGED: Text = _("It cannot be opened; it seems damaged. Save it again and choose it once more.")
LOCKED: Text = _(
    "It is protected by a password, so reviewers could not open it. Remove the password and choose it again."
)
TOO_MUCH: Text = _(
    "It unpacks to more than this service takes. Save it without large pictures and choose it again."
)
TOO_DEEP: Text = _(
    "It holds packed files that hold packed files themselves. Take the inner ones out and choose it again."
)
TOO_WIDE: Text = _("It has more pixels than this service takes. Save it smaller and choose it again.")

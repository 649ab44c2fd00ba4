"""The mails about an account."""

from challenge.accounts.models import Link
from challenge.foundation.i18n import _
from challenge.mail.letters import Letter


def confirm(link: Link) -> Letter:
    return Letter(
        "accounts.confirm",
        _("Confirm your address"),
        _("One more step: confirm your address"),
        [
            _(
                "Somebody, most likely you, made an account with this address. Until you confirm it you can write, but not submit."
            ),
            _("If it was not you, do nothing; without this step the account has no rights."),
        ],
        button=(_("Confirm the address"), f"link:{link.id}"),
    )


def sign_in(link: Link) -> Letter:
    return Letter(
        "accounts.sign_in",
        _("Your link to sign in"),
        _("Sign in without a password"),
        [
            _(
                "The link works once, within ten minutes. It opens a page with a button; only the button signs you in."
            ),
            _("If you did not ask for it, do nothing. Nobody was signed in."),
        ],
        button=(_("Sign in"), f"link:{link.id}"),
    )


def reset(link: Link) -> Letter:
    return Letter(
        "accounts.reset",
        _("Set a new password"),
        _("Set a new password"),
        [
            _(
                "The link works once, within thirty minutes. All open sessions end when the new password is set."
            ),
            _("If you did not ask for it, do nothing. Your password stays as it is."),
        ],
        button=(_("Set a new password"), f"link:{link.id}"),
    )


def address_in_use() -> Letter:
    return Letter(
        "accounts.address_in_use",
        _("You already have an account"),
        _("You already have an account"),
        [
            _(
                "Somebody tried to make an account with this address. You have one already, so nothing was changed."
            ),
            _("If you forgot the password, ask for a link on the sign-in page."),
        ],
        button=(_("Go to the sign-in page"), "/sign-in"),
    )


def password_changed() -> Letter:
    return Letter(
        "accounts.password_changed",
        _("Your password was changed"),
        _("Your password was changed"),
        [
            _("All sessions have ended. Sign in with the new password."),
            _("If it was not you, ask for a link on the sign-in page at once and set another password."),
        ],
        button=(_("Go to the sign-in page"), "/sign-in"),
    )

"""Pure decisions about people: addresses, passwords, limits, how long a session lives."""

import re
from datetime import datetime, timedelta

from challenge.accounts import common_passwords
from challenge.accounts.viewer import Viewer
from challenge.foundation.i18n import Text, _
from challenge.foundation.text import one_line

_ADDRESS = re.compile(r"[^@\s<>\"(),:;]{1,64}@[A-Za-z0-9.-]{1,190}\.?[A-Za-z0-9-]{1,63}")
PASSWORD_LENGTH = (12, 256)
FREE_TRIES, LONGEST_WAIT = 5, 900
ADDRESS_TRIES, ADDRESS_WINDOW = 30, timedelta(minutes=10)
LINKS, LINK_WINDOW = 3, timedelta(minutes=15)
SIGN_UPS, SIGN_UP_WINDOW = 5, timedelta(hours=1)
# a workshop of thirty people sits behind one address
SIGN_UPS_FROM_ONE_ADDRESS = 60
SESSIONS_KEPT = 10
PROOF_LIFE = timedelta(minutes=10)
NAME_LENGTH = 200
LINK_LIFE = {
    "sign_in": timedelta(minutes=10),
    "confirm": timedelta(days=7),
    "reset": timedelta(minutes=30),
    "invitation": timedelta(days=7),
}
STAFF_LIFE = (timedelta(hours=1), timedelta(hours=12))
REVIEWER_LIFE = (timedelta(hours=4), timedelta(hours=24))
APPLICANT_LIFE = (timedelta(hours=12), timedelta(days=14))


def tidy_email(typed: str) -> str:
    return one_line(typed).lower()


def why_not_email(email: str) -> Text | None:
    if not email:
        return _("Write an e-mail address, for example name@example.org.")
    if len(email) > 254 or not _ADDRESS.fullmatch(email):
        return _(
            "Write an e-mail address, for example name@example.org. You wrote {typed}.", typed=email[:80]
        )
    return None


def why_not_password(password: str, *, name: str, email: str) -> Text | None:
    """Long is what counts; no rules about signs. Refused is what is guessed first: what everybody uses, and oneself."""
    shortest, longest = PASSWORD_LENGTH
    if len(password) < shortest:
        return _("Use at least {n} characters. A sentence that only you know works well.", n=shortest)
    if len(password) > longest:
        return _("Use at most {n} characters.", n=longest)
    plain = password.casefold()
    if len(set(plain)) < 5:
        return _("Use more than four different characters.")
    if common_passwords.is_common(password):
        return _(
            "Many people use this password or one like it, so it is tried first. A sentence that only you know works well."
        )
    if _names_address(plain, email):
        return _("Leave the name of your e-mail address out of your password.")
    rest = plain
    for word in [
        *name.split(),
        *re.split(r"[@.]", email),
        "password",
        "passwort",
        "motdepasse",
        "contraseña",
        "challenge",
        "123456789",
        "qwerty",
    ]:
        if len(word) > 3:
            rest = rest.replace(word.casefold(), "")
    if len(rest) < 6:
        return _("Use something that is not made of your name, your address or a well-known word.")
    return None


def _names_address(plain: str, email: str) -> bool:
    """Whether the part before the @ stands in it, also without its dots."""
    local = email.casefold().partition("@")[0].partition("+")[0]
    bare = common_passwords.plain_letters(local)
    return len(bare) > 3 and (local in plain or bare in common_passwords.plain_letters(plain))


def wait_after(failures: int) -> timedelta:
    """How long an account waits after so many failures in a row: 5 are free, then 2, 4, ... 900 seconds."""
    if failures < FREE_TRIES:
        return timedelta(0)
    return timedelta(seconds=min(LONGEST_WAIT, 2 ** (failures - FREE_TRIES + 1)))


def life_of(viewer: Viewer) -> tuple[timedelta, timedelta]:
    """(idle, absolute) life of a session."""
    if viewer.is_staff:
        return STAFF_LIFE
    return REVIEWER_LIFE if viewer.is_reviewer else APPLICANT_LIFE


def is_alive(viewer: Viewer, created_at: datetime, seen_at: datetime, moment: datetime) -> bool:
    idle, absolute = life_of(viewer)
    return moment - seen_at <= idle and moment - created_at <= absolute


def is_fresh(proved_at: datetime | None, moment: datetime) -> bool:
    """Whether the person proved who they are a short while ago, as grave things ask."""
    return proved_at is not None and moment - proved_at <= PROOF_LIFE


def why_not_name(name: str) -> Text | None:
    if not name:
        return _("Write your name as it should stand in letters to you.")
    if len(name) > NAME_LENGTH:
        return _("Use at most {n} characters.", n=NAME_LENGTH)
    return None


def home_of(viewer: Viewer) -> str:
    """Where somebody goes on after signing in without having been on the way to a page."""
    if viewer.is_staff:
        return "/desk"
    return "/reviews" if viewer.is_reviewer else "/proposals"


BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def browser_name(user_agent: str) -> str:
    """ "Firefox, Linux": enough for a person to recognise a session in a list, and no more."""
    names = [next((name for mark, name in known if mark in user_agent), "") for known in (BROWSERS, SYSTEMS)]
    return ", ".join(name for name in names if name)

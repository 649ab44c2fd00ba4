"""What people type on their way in and on their account page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from babel.core import get_global

from challenge.accounts import rules
from challenge.accounts.permissions import Can
from challenge.foundation.i18n import LANGUAGES, Text, _, zone_city
from challenge.foundation.text import one_line
from challenge.foundation.web import own_path

Errors = dict[str, Text]
HELD = "_held:"
HELD_PATH = "_held_path"
LONGEST_TOKEN_DAYS = 365


def _plain(form: Mapping[str, Any], name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


@dataclass(slots=True)
class Held:
    """The fields of a form that was refused because nobody was signed in: they wait inside the sign-in form."""

    pairs: list[tuple[str, str]] = field(default_factory=list)
    path: str = ""

    @classmethod
    def read(cls, form: Any) -> "Held":
        path = own_path(_plain(form, HELD_PATH), "")
        pairs = [
            (name.removeprefix(HELD), value)
            for name, value in form.items()
            if name.startswith(HELD) and isinstance(value, str)
        ]
        return cls(pairs if path else [], path)


@dataclass(slots=True)
class SignIn:
    email: str
    password: str
    next: str
    held: Held
    errors: Errors

    @classmethod
    def read(cls, form: Any) -> "SignIn":
        email, password = rules.tidy_email(_plain(form, "email")), _plain(form, "password")
        errors: Errors = {}
        if refusal := rules.why_not_email(email):
            errors["email"] = refusal
        if not password:
            errors["password"] = _("Write your password, or have a link sent to you instead.")
        return cls(email, password[:1000], own_path(_plain(form, "next"), ""), Held.read(form), errors)


@dataclass(slots=True)
class LinkWish:
    email: str
    purpose: str
    next: str
    held: Held
    errors: Errors

    @classmethod
    def read(cls, form: Any) -> "LinkWish":
        email = rules.tidy_email(_plain(form, "email"))
        refusal = rules.why_not_email(email)
        purpose = "reset" if _plain(form, "how") == "reset" else "sign_in"
        return cls(
            email,
            purpose,
            own_path(_plain(form, "next"), "")[:300],
            Held.read(form),
            {"email": refusal} if refusal else {},
        )


@dataclass(slots=True)
class SignUp:
    name: str
    email: str
    password: str
    language: str
    zone: str
    next: str
    errors: Errors

    @classmethod
    def read(cls, form: Mapping[str, Any], offered: Sequence[str]) -> "SignUp":
        profile = Profile.read(form, offered)
        email, password = rules.tidy_email(_plain(form, "email")), _plain(form, "password")
        errors: Errors = {}
        if "name" in profile.errors:
            errors["name"] = profile.errors["name"]
        if refusal := rules.why_not_email(email):
            errors["email"] = refusal
        if refusal := rules.why_not_password(password, name=profile.name, email=email):
            errors["password"] = refusal
        errors.update(profile.errors)
        target = own_path(_plain(form, "next"), "")[:300]
        return cls(profile.name, email, password, profile.language, profile.zone, target, errors)


@dataclass(slots=True)
class Profile:
    name: str
    language: str
    zone: str
    errors: Errors

    @classmethod
    def read(cls, form: Mapping[str, Any], offered: Sequence[str]) -> "Profile":
        name = one_line(_plain(form, "name"))
        language, zone = _plain(form, "language"), _plain(form, "zone") or "UTC"
        errors: Errors = {}
        if refusal := rules.why_not_name(name):
            errors["name"] = refusal
        if language not in offered:
            errors["language"] = _("Choose one of the languages in the list.")
        if zone not in available_timezones():
            errors["zone"] = _("Choose the city whose clock you live by.")
        return cls(name, language, zone, errors)


@dataclass(slots=True)
class NewPassword:
    password: str
    errors: Errors

    @classmethod
    def read(cls, form: Mapping[str, Any], field: str, name: str, email: str) -> "NewPassword":
        password = _plain(form, field)
        refusal = rules.why_not_password(password, name=name, email=email)
        return cls(password, {field: refusal} if refusal else {})


@dataclass(slots=True)
class NewToken:
    name: str
    scopes: list[str]
    days: int
    errors: Errors

    @classmethod
    def read(cls, form: Any) -> "NewToken":
        name = one_line(_plain(form, "name"))
        scopes = [s for s in form.getall("scopes", []) if isinstance(s, str)]
        typed = one_line(_plain(form, "days"))
        days = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 5 else 0
        errors: Errors = {}
        if not name or len(name) > 120:
            errors["name"] = _("Write in a few words what the token is for, at most 120 characters.")
        if not scopes or any(scope not in {can.value for can in Can} for scope in scopes):
            errors["scopes"] = _("Choose at least one thing that the token may do.")
        if not 1 <= days <= LONGEST_TOKEN_DAYS:
            errors["days"] = _(
                "Use a number of days from 1 to {n}. You wrote {typed}.",
                n=LONGEST_TOKEN_DAYS,
                typed=typed[:20],
            )
        return cls(name, scopes, days, errors)


# ---------- the list of zones ----------

REGIONS = {
    "Africa": _("Africa"),
    "America": _("America"),
    "Antarctica": _("Antarctica"),
    "Arctic": _("Europe"),
    "Asia": _("Asia"),
    "Atlantic": _("Atlantic islands"),
    "Australia": _("Australia"),
    "Europe": _("Europe"),
    "Indian": _("Islands of the Indian Ocean"),
    "Pacific": _("Pacific islands"),
}


@lru_cache(maxsize=len(LANGUAGES))
def zone_groups(language: str) -> list[dict[str, Any]]:
    """Zones by region for a select, cities in the language and the order of the reader."""
    found: dict[str, list[tuple[str, str]]] = {}
    known = {zone for zone in get_global("zone_territories") if not zone.startswith("Etc/")}
    for zone in known & available_timezones():
        region = zone.partition("/")[0]
        if region in REGIONS and "/" in zone:
            found.setdefault(str(REGIONS[region]), []).append((zone, zone_city(zone, language)))
    groups = [
        {"label": label, "options": sorted(cities, key=lambda city: city[1])}
        for label, cities in sorted(found.items())
    ]
    return [{"label": _("Everywhere"), "options": [("UTC", "UTC")]}, *groups]

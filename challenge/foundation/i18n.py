"""Languages: lazy texts, catalogues, and the forms of dates, numbers and amounts.

A text is marked for translation where it is born, `_("Saved {time}", time=now)`, and becomes words when it is
shown, in the language that `speaking` set for the request, the mail or the letter.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date as babel_date
from babel.dates import format_time as babel_time
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from markupsafe import escape

Texts = dict[str, str]

LANGUAGES = ("en", "fr", "es", "ar")
NAMES = {"en": "English", "fr": "Français", "es": "Español", "ar": "العربية"}
RTL = frozenset({"ar"})
LOCALES = Path(__file__).parents[1] / "locales"

_language: ContextVar[str] = ContextVar("language", default="en")
_FIELD = re.compile(r"\{([a-z_0-9]+)\}")
_ARABIC_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
# The ILO and the UN write both names of a month in Arabic, for readers in the Levant and elsewhere.
_ARABIC_MONTHS = (
    "كانون الثاني/يناير",
    "شباط/فبراير",
    "آذار/مارس",
    "نيسان/أبريل",
    "أيار/مايو",
    "حزيران/يونيو",
    "تموز/يوليو",
    "آب/أغسطس",
    "أيلول/سبتمبر",
    "تشرين الأول/أكتوبر",
    "تشرين الثاني/نوفمبر",
    "كانون الأول/ديسمبر",
)


def language() -> str:
    return _language.get()


def direction(lang: str | None = None) -> str:
    return "rtl" if (lang or language()) in RTL else "ltr"


@contextmanager
def speaking(lang: str) -> Iterator[None]:
    token = _language.set(lang if lang in LANGUAGES else "en")
    try:
        yield
    finally:
        _language.reset(token)


def speak(lang: str) -> None:
    """Set the language for the rest of this task; `speaking` is the form that gives it back."""
    _language.set(lang if lang in LANGUAGES else "en")


class Catalogue:
    def __init__(self, messages: Mapping[str, str | tuple[str, ...]], plural: Callable[[int], int]) -> None:
        self.messages, self.plural = messages, plural

    def one(self, msgid: str) -> str:
        found = self.messages.get(msgid)
        return found if isinstance(found, str) and found else msgid

    def many(self, one: str, many: str, n: int) -> str:
        found = self.messages.get(one)
        if isinstance(found, tuple):
            index = self.plural(abs(n))
            if index < len(found) and found[index]:
                return found[index]
        return one if n == 1 else many


@lru_cache
def catalogue(lang: str) -> Catalogue:
    path = LOCALES / f"{lang}.po"
    if lang == "en" or not path.exists():
        return Catalogue({}, lambda n: 0 if n == 1 else 1)
    with path.open("rb") as file:
        read = read_po(file, locale=lang)
    messages: dict[str, str | tuple[str, ...]] = {}
    for message in read:
        if not message.id or message.fuzzy:
            continue
        key = message.id[0] if isinstance(message.id, list | tuple) else message.id
        value = message.string
        messages[str(key)] = tuple(value) if isinstance(value, list | tuple) else str(value)
    return Catalogue(messages, _PLURALS[lang])


def _plural_ar(n: int) -> int:
    if n < 3:
        return n
    if 3 <= n % 100 <= 10:
        return 3
    return 4 if n % 100 >= 11 else 5


_PLURALS: dict[str, Callable[[int], int]] = {
    "en": lambda n: int(n != 1),
    "fr": lambda n: int(n > 1),
    "es": lambda n: int(n != 1),
    "ar": _plural_ar,
}


class Text:
    """Words still to be said. `str()` says them in the current language."""

    __slots__ = ("many", "msgid", "n", "params")

    def __init__(self, msgid: str, params: Mapping[str, Any], many: str | None = None, n: int = 0) -> None:
        self.msgid, self.params, self.many, self.n = msgid, params, many, n

    def __str__(self) -> str:
        words = catalogue(language())
        template = words.one(self.msgid) if self.many is None else words.many(self.msgid, self.many, self.n)
        if not self.params and self.many is None:
            return template
        values = {"n": self.n, **self.params}
        return _FIELD.sub(lambda m: said(values[m[1]]) if m[1] in values else m[0], template)

    def __repr__(self) -> str:
        return f"Text({self.msgid!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Text) and (self.msgid, dict(self.params), self.n) == (
            other.msgid,
            dict(other.params),
            other.n,
        )

    def __hash__(self) -> int:
        return hash((self.msgid, self.n))

    def __html__(self) -> str:
        return str(escape(str(self)))


def _(msgid: str, **params: Any) -> Text:
    return Text(msgid, params)


def _n(one: str, many: str, n: int, **params: Any) -> Text:
    return Text(one, params, many, n)


def verbatim(words: str) -> Text:
    """Words of an organizer or an applicant where a Text is asked for; never looked up."""
    return Text("{words}", {"words": words})


def said(value: Any) -> str:
    """A value inside a sentence, in the form of the current language."""
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int | float | Decimal):
        return format_number(value)
    if isinstance(value, datetime):
        return format_datetime(value, "UTC")
    if isinstance(value, date):
        return format_date(value)
    return str(value)


def gettext(msgid: str) -> str:
    return catalogue(language()).one(msgid)


def ngettext(one: str, many: str, n: int) -> str:
    return catalogue(language()).many(one, many, n)


def pick(texts: Any, lang: str | None = None) -> str:
    """The text in the wanted language, else in English, else the first there is."""
    if not texts:
        return ""
    if isinstance(texts, str):
        return texts
    if isinstance(texts, Text):
        return str(texts)
    return texts.get(lang or language()) or texts.get("en") or next(iter(texts.values()), "")


def picked_language(texts: Texts | None, lang: str | None = None) -> str:
    """The language in which `pick` will answer."""
    wanted = lang or language()
    if not texts or texts.get(wanted):
        return wanted
    return "en" if texts.get("en") else next(iter(texts), wanted)


def digits(text: str, lang: str | None = None) -> str:
    return text.translate(_ARABIC_DIGITS) if (lang or language()) == "ar" else text


def format_date(day: date, lang: str | None = None, style: str = "long") -> str:
    return _format_date(day, lang or language(), style)


@lru_cache(maxsize=4096)
def _format_date(day: date, lang: str, style: str) -> str:
    if lang == "ar":
        words = f"{day.day} {_ARABIC_MONTHS[day.month - 1]} {day.year}"
        return digits(words, lang)
    if style == "short":
        return babel_date(day, "d MMM yyyy", locale=lang)
    if style == "weekday":
        return babel_date(day, "EEE d MMM yyyy", locale=lang)
    if lang == "en":
        return babel_date(day, "d MMMM yyyy", locale=lang)
    return babel_date(day, "long", locale=lang)


def format_time(
    moment: datetime | time, zone: str = "UTC", lang: str | None = None, seconds: bool = False
) -> str:
    lang = lang or language()
    if isinstance(moment, datetime):
        moment = moment.astimezone(ZoneInfo(zone)).timetz()
    pattern = "HH:mm:ss" if seconds else "HH:mm"
    if lang == "fr" and not seconds:
        return f"{moment.hour} h {moment.minute:02d}"
    return digits(babel_time(moment, pattern, locale="en"), lang)


def format_datetime(
    moment: datetime, zone: str = "UTC", lang: str | None = None, seconds: bool = False
) -> str:
    lang = lang or language()
    local = moment.astimezone(ZoneInfo(zone))
    day = _format_date(local.date(), lang, "long")
    clock = format_time(local, zone, lang, seconds)
    joined = {"en": "{d}, {t}", "fr": "{d} à {t}", "es": "{d}, {t}", "ar": "{d}، {t}"}[lang]
    return joined.replace("{d}", day).replace("{t}", clock) + " " + zone_name(zone, moment, lang)


def zone_city(zone: str, lang: str | None = None) -> str:
    """The city by which people know a zone: "Geneva" is shown for Europe/Zurich."""
    lang = lang or language()
    if zone in ("UTC", "Etc/UTC"):
        return "UTC"
    if zone == "Europe/Zurich":
        return {"en": "Geneva", "fr": "Genève", "es": "Ginebra", "ar": "جنيف"}[lang]
    return _zone_city(zone, lang)


@lru_cache(maxsize=1024)
def _zone_city(zone: str, lang: str) -> str:
    known = Locale.parse(lang).time_zones.get(zone, {}).get("city")
    return str(known) if known else zone.rsplit("/", 1)[-1].replace("_", " ")


def zone_name(zone: str, moment: datetime, lang: str | None = None) -> str:
    return "UTC" if zone in ("UTC", "Etc/UTC") else f"({zone_city(zone, lang)})"


def format_number(number: int | float | Decimal, lang: str | None = None, places: int | None = None) -> str:
    return _format_number(number, lang or language(), places)


@lru_cache(maxsize=4096)
def _format_number(number: int | float | Decimal, lang: str, places: int | None) -> str:
    pattern = None if places is None else "#,##0" + ("." + "0" * places if places else "")
    system = "arab" if lang == "ar" else "default"
    return digits(format_decimal(number, format=pattern, locale=lang, numbering_system=system), lang)


def format_amount(amount: Decimal | int, currency: str, lang: str | None = None) -> str:
    """ "USD 50,000" in English, "50 000 USD" elsewhere; cents only where there are any."""
    lang = lang or language()
    whole = amount == int(amount)
    number = format_number(amount, lang, places=0 if whole else 2)
    return f"{currency}\u00a0{number}" if lang == "en" else f"{number}\u00a0{currency}"


@lru_cache(maxsize=4096)
def _territory(code: str, lang: str) -> str:
    return str(Locale.parse(lang).territories.get(code.upper(), code))


def country_name(code: str | None, lang: str | None = None) -> str:
    return _territory(code, lang or language()) if code else ""


def language_name(code: str | None, lang: str | None = None) -> str:
    """The name of a language, in the reader's language, as it stands in a list: capitalised."""
    if not code:
        return ""
    name = str(Locale.parse(lang or language()).languages.get(code, code))
    return name[:1].upper() + name[1:]

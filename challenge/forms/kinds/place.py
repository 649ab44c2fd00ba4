import unicodedata
from functools import lru_cache
from typing import Any, ClassVar, TypedDict

from babel import Locale

from challenge.forms.definition import Json, Question
from challenge.forms.kinds.choice import Choice
from challenge.forms.kinds.kind import NOTHING, Fields, Kind, Label, Shown, cells, named
from challenge.forms.kinds.typed import Form, is_ticked, line_typed, typed
from challenge.forms.kinds.yes_no import yes_or_no
from challenge.foundation.i18n import Text, _, country_name, language, pick, speaking

# CLDR lists these beside the countries of ISO 3166-1: unions, exceptional reservations, parts, test codes.
_NO_COUNTRIES = {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"}


@lru_cache(maxsize=1)
def country_codes() -> frozenset[str]:
    names = [str(code) for code in Locale.parse("en").territories]
    return frozenset(c for c in names if len(c) == 2 and c.isalpha() and c.isupper()) - _NO_COUNTRIES


@lru_cache(maxsize=8)
def countries(lang: str) -> tuple[Choice, ...]:
    """All countries in the alphabet of a language; accents do not move a name."""

    def place(choice: Choice) -> str:
        plain = unicodedata.normalize("NFKD", choice.label.casefold())
        return "".join(c for c in plain if not unicodedata.combining(c))

    return tuple(sorted((Choice(code, country_name(code, lang)) for code in country_codes()), key=place))


def country_faults(code: str) -> list[Text]:
    if not code or code in country_codes():
        return []
    return [_("“{found}” is not in the list of countries. Choose from the list.", found=code)]


class PlaceAnswer(TypedDict, total=False):
    country: str
    region: str
    locality: str
    affected: bool


class Place(Kind):
    """Where: country (ISO 3166-1), region, locality, and whether the place is itself affected.

    The organizer words the last by an option with the code "affected".
    """

    code = "place"
    shape: ClassVar[Any] = PlaceAnswer
    blank: ClassVar[Json] = {}

    def parse(self, form: Form, question: Question) -> Json:
        value = {
            "country": typed(form, f"{question.code}.country"),
            "region": line_typed(form, f"{question.code}.region"),
            "locality": line_typed(form, f"{question.code}.locality"),
            "affected": is_ticked(form, f"{question.code}.affected"),
        }
        return {} if self.is_blank(value) else value

    def fields(self, value: Json, question: Question) -> Fields:
        return named(question.code, value or {})

    def is_blank(self, value: Json) -> bool:
        return not value or not any(value.values())

    def countries(self, lang: str | None = None) -> tuple[Choice, ...]:
        return countries(lang or language())

    def affected_label(self, question: Question, lang: str | None = None) -> str:
        for option in question.options:
            if option.code == "affected":
                return pick(option.label, lang)
        with speaking(lang or language()):
            return str(_("This place is itself affected by the change"))

    def why_missing(self, question: Question) -> Text:
        return _("Name the place for “{label}”.", label=Label(question.label))

    def faults(self, value: Json, question: Question) -> list[Text]:
        return country_faults(value.get("country", ""))

    def shortfalls(self, value: Json, question: Question) -> list[Text]:
        if not question.required:
            return []
        found = []
        if not value.get("country"):
            found.append(_("Choose the country."))
        if not value.get("region") and not value.get("locality"):
            found.append(_("Write the region or the locality."))
        return found

    def shown(self, value: Json, question: Question, lang: str | None = None) -> Shown:
        if self.is_blank(value):
            return NOTHING
        with speaking(lang or language()):
            pairs = [
                [str(_("Country")), country_name(value.get("country"), lang)],
                [str(_("Region")), value.get("region", "")],
                [str(_("Locality")), value.get("locality", "")],
                [self.affected_label(question, lang), yes_or_no(bool(value.get("affected")), lang)],
            ]
        return {"form": "pairs", "pairs": [pair for pair in pairs if pair[1]]}

    def export(self, value: Json, question: Question) -> str | list[str]:
        if self.is_blank(value):
            return ""
        where = cells([value.get("country"), value.get("region"), value.get("locality")])
        return f"{where} | affected" if value.get("affected") else where

    def text_for_search(self, value: Json) -> str:
        return "\n".join(filter(None, ((value or {}).get("region"), (value or {}).get("locality"))))

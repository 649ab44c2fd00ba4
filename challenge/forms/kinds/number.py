import re
import unicodedata
from decimal import Decimal
from typing import Any, ClassVar

from challenge.forms.definition import Json, Question
from challenge.forms.kinds.kind import NOTHING, Fields, Kind, Label, Shown
from challenge.forms.kinds.typed import Form, line_typed
from challenge.foundation.i18n import Text, _, digits, format_number, language, pick

# Decimal sign and sign between thousands, where people write one.
_SIGNS = {"en": (".", ","), "fr": (",", " "), "es": (",", "."), "ar": (".", ",")}
_SPACES = re.compile("(?<=[0-9])[ \u00a0\u202f\u2009'’\u066c](?=[0-9])")
_MARKS = re.compile("[\u061c\u200e\u200f]")  # of direction
_NUMBER = re.compile(r"[-+]?[0-9]+(?:[.,][0-9]+)*")
_KEPT = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_EXACT = 2**53  # a whole number up to here is the same in every program that reads JSON


def read_number(text: str, lang: str | None = None, *, whole: bool = False, money: bool = False) -> int | str:
    """A number as people write it: 16 000, 16,000, 16.000, 1,5, ١٦٠٠٠. What is none comes back as typed.

    Whole numbers come back as int, others as exact text ("12.5"). Of an amount of money, a decimal sign with
    three digits behind it can mean two things a thousand times apart: it is not guessed.
    """
    plain = "".join(str(unicodedata.decimal(c)) if unicodedata.category(c) == "Nd" else c for c in text)
    plain = _SPACES.sub("", _MARKS.sub("", plain).replace("\u2212", "-").strip())
    if "\u066b" in plain:  # the Arabic decimal sign means nothing else
        plain = plain.replace(",", "").replace(".", "").replace("\u066b", ".", 1)
        return _kept(plain) if _NUMBER.fullmatch(plain) else text
    if not _NUMBER.fullmatch(plain):
        return text
    signs = re.findall("[.,]", plain)
    if not signs:
        return _kept(plain)
    head, *groups = re.split("[.,]", plain)
    are_thousands = (
        0 < len(head.lstrip("+-")) <= 3 and head.lstrip("+-") != "0" and all(len(g) == 3 for g in groups)
    )
    if len(set(signs)) == 2:  # both: the last one is the decimal sign, once
        *groups, rest = groups
        if signs.count(signs[-1]) > 1 or not all(len(g) == 3 for g in groups):
            return text
        return _kept(f"{head}{''.join(groups)}.{rest}")
    if len(signs) > 1:
        return _kept(head + "".join(groups)) if are_thousands else text
    thousands = _SIGNS.get(lang or language(), _SIGNS["en"])[1]
    if are_thousands and (whole or signs[0] == thousands):
        return _kept(head + groups[0])
    if are_thousands and money:
        return text
    return _kept(f"{head}.{groups[0]}")


def _kept(plain: str) -> int | str:
    number = Decimal(plain)
    if number == number.to_integral_value():
        return int(number) if abs(number) < _EXACT else str(int(number))
    return format(number.normalize(), "f")


def as_decimal(value: Json) -> Decimal | None:
    """The number in a value, or nothing where the person wrote something else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return Decimal(str(value))
    return Decimal(value) if isinstance(value, str) and _KEPT.fullmatch(value) else None


def as_amount(value: Json) -> Decimal | None:
    """The amount in a value: a number with two decimals at most."""
    number = as_decimal(value)
    return number if number is not None and number.as_tuple().exponent in (0, -1, -2) else None


def written(value: Json, lang: str | None = None, *, money: bool = False) -> str:
    """A value as it stands in its input, so that reading it again gives the same value."""
    lang = lang or language()
    if value is None:
        return ""
    if money and (amount := as_amount(value)) is not None:
        return _MARKS.sub("", format_number(amount, lang))
    if as_decimal(value) is None:
        return str(value)
    text = str(value)
    if lang == "ar":
        return digits(text, lang).replace(".", "\u066b")
    return text.replace(".", _SIGNS.get(lang, _SIGNS["en"])[0])


class Number(Kind):
    """One number, with its unit and limits. Something else that was typed is kept as text and flagged."""

    code = "number"
    shape: ClassVar[Any] = int | float | str

    def parse(self, form: Form, question: Question) -> Json:
        text = line_typed(form, question.code)
        return read_number(text, whole=question.whole) if text else None

    def fields(self, value: Json, question: Question) -> Fields:
        return {} if self.is_blank(value) else {question.code: written(value)}

    def written(self, value: Json) -> str:
        return written(value)

    def why_missing(self, question: Question) -> Text:
        return _("Give a number for “{label}”.", label=Label(question.label))

    def faults(self, value: Json, question: Question) -> list[Text]:
        number = as_decimal(value)
        if number is None:
            return [
                _("Use a number, for example {example}. You wrote “{found}”.", example=120, found=str(value))
            ]
        if question.whole and number != number.to_integral_value():
            return [_("Use a whole number. You wrote {found}.", found=number)]
        if question.minimum is not None and number < question.minimum:
            return [_("Use {least} or more. You wrote {found}.", least=question.minimum, found=number)]
        if question.maximum is not None and number > question.maximum:
            return [_("Use {most} or less. You wrote {found}.", most=question.maximum, found=number)]
        return []

    def shown(self, value: Json, question: Question, lang: str | None = None) -> Shown:
        if self.is_blank(value):
            return NOTHING
        number = as_decimal(value)
        text = str(value) if number is None else format_number(number, lang)
        unit = pick(question.unit, lang)
        return {"form": "text", "text": f"{text} {unit}" if unit else text}

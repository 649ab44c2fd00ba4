"""What every letter is: texts in four languages with named gaps, facts to show, fields it cannot lack."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
from babel.numbers import get_currency_name

from challenge.foundation.i18n import LANGUAGES, Text, _, _n, format_amount, format_date, format_number, pick
from challenge.foundation.text import tidy
from challenge.notices.records import Amount, Fact

Value = str | int | Decimal | date | datetime | Sequence[str] | None
Values = Mapping[str, Value]
# Words of one part of a letter, by language.
Words = Mapping[str, str]
# A paragraph is one sentence group, or several to choose from: the first whose fields are all known is used,
# and none if none fits.
Paragraph = str | tuple[str, ...]
Paragraphs = Mapping[str, Sequence[Paragraph]]

PARTS = ("subject", "title", "headline", "salutation", "closing", "demonstration_line")
_GAP = re.compile(r"\{([a-z_]+)\}")

FIELDS: Mapping[str, Text] = {
    "recipient": _("the name of the recipient"),
    "organization": _("the organization"),
    "organizer": _("the organizer"),
    "call_title": _("the title of the call"),
    "programme": _("the programme"),
    "proposal_id": _("the number of the proposal"),
    "proposal_title": _("the title of the proposal"),
    "amount": _("the amount"),
    "currency": _("the currency"),
    "award_types": _("what the award consists of"),
    "accept_by": _("the last day to accept"),
    "panel_on": _("the day of the panel meeting"),
    "decided_on": _("the day of the decision"),
    "reserve_rank": _("the place on the reserve list"),
    "reserve_until": _("the last day of the reserve list"),
    "rule_text": _("the condition that was not met"),
    "complaint_until": _("the last day to write to us"),
    "score": _("the panel score"),
    "notice_number": _("the number of the notice"),
    "verify_url": _("the address of the verification page"),
}


class UnknownField(ValueError):
    """A text has a gap that no notice can fill: a fault of the text, found before anything is sent."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name
        self.text = _("A text has the field {field}, which no notice knows.", field="{" + name + "}")


class Letter(msgspec.Struct, frozen=True):
    """A letter with all gaps filled, ready for the page and for the mail."""

    kind: str
    language: str
    subject: str
    title: str
    headline: str
    salutation: str
    paragraphs: tuple[str, ...]
    closing: str
    demonstration_line: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class FactShown:
    """A fact in the row below the headline: shown when its field has a value."""

    field: str
    label: Words


@dataclass(frozen=True)
class Kind:
    code: str
    outcome: str
    fields: tuple[str, ...]
    """What the letter cannot do without, whatever its texts."""
    facts: tuple[FactShown, ...]
    subject: Words
    title: Words
    headline: Words
    salutation: Words
    paragraphs: Paragraphs
    closing: Words
    demonstration_line: Words

    def with_texts(self, texts: Mapping[str, Any] | None) -> "Kind":
        """The same letter in a call's own words. Languages it leaves out keep the general ones."""
        if not texts:
            return self
        changed: dict[str, Any] = {
            part: {**getattr(self, part), **texts[part]} for part in PARTS if texts.get(part)
        }
        if texts.get("paragraphs"):
            own = {lang: tuple(told) for lang, told in texts["paragraphs"].items() if told}
            changed["paragraphs"] = {**self.paragraphs, **own}
        return replace(self, **changed)

    def gaps(self, lang: str) -> set[str]:
        """The fields which the words need in that language; a choice of paragraphs needs none."""
        needed: set[str] = set()
        for words in self._words(lang):
            needed.update(_GAP.findall(words))
        return needed

    def _words(self, lang: str) -> Iterator[str]:
        for part in PARTS:
            yield pick(getattr(self, part), lang)
        for paragraph in self._told(lang):
            if isinstance(paragraph, str):
                yield paragraph

    def _told(self, lang: str) -> Sequence[Paragraph]:
        return self.paragraphs.get(lang) or self.paragraphs.get("en") or next(iter(self.paragraphs.values()))

    def missing(self, values: Values, lang: str | None = None) -> list[str]:
        """The fields that have no value and are needed: in one language, or in any of the four."""
        spoken = (lang,) if lang else LANGUAGES
        needed = set(self.fields).union(*(self.gaps(each) for each in spoken))
        for name in sorted(needed):
            if name not in FIELDS:
                raise UnknownField(name)
        return [name for name in FIELDS if name in needed and not is_known(values.get(name))]

    def why_not_issue(self, values: Values, lang: str | None = None) -> Text | None:
        """The sentence for whoever wants to send a notice that lacks something, or nothing."""
        lacking = self.missing(values, lang)
        if not lacking:
            return None
        return _n(
            "The notice for {proposal} cannot be issued: {fields} is missing. Nothing was sent.",
            "The notice for {proposal} cannot be issued. Missing are {fields}. Nothing was sent.",
            len(lacking),
            proposal=str(values.get("proposal_id") or values.get("proposal_title") or "?"),
            fields=Listed(tuple(FIELDS[name] for name in lacking)),
        )

    def letter(self, values: Values, lang: str) -> Letter:
        """Fill the gaps. The caller has asked `why_not_issue` before."""
        said = {name: say(name, values, lang) for name in FIELDS if is_known(values.get(name))}
        return Letter(
            kind=self.code,
            language=lang,
            subject=fill(pick(self.subject, lang), said),
            title=fill(pick(self.title, lang), said),
            headline=fill(pick(self.headline, lang), said),
            salutation=fill(pick(self.salutation, lang), said),
            paragraphs=tuple(self._filled(said, lang)),
            closing=fill(pick(self.closing, lang), said),
            demonstration_line=fill(pick(self.demonstration_line, lang), said),
            facts=tuple(
                Fact(pick(fact.label, lang), _as_fact(fact.field, values, lang))
                for fact in self.facts
                if is_known(values.get(fact.field))
            ),
        )

    def _filled(self, said: Mapping[str, str], lang: str) -> Iterator[str]:
        for paragraph in self._told(lang):
            choices = (paragraph,) if isinstance(paragraph, str) else paragraph
            for words in choices:
                if isinstance(paragraph, str) or set(_GAP.findall(words)) <= set(said):
                    yield fill(words, said)
                    break


class Listed:
    """Some texts as one, in the current language."""

    def __init__(self, texts: tuple[Text, ...]) -> None:
        self.texts = texts

    def __str__(self) -> str:
        return ", ".join(str(text) for text in self.texts)


def is_known(value: Value) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    return value is not None and value != ()


def fill(words: str, said: Mapping[str, str]) -> str:
    """Put the values into the gaps, once: a value that looks like a gap stays what it is."""

    def put(gap: re.Match[str]) -> str:
        if gap[1] not in FIELDS:
            raise UnknownField(gap[1])
        value = said[gap[1]]
        return _inner(value) if words[: gap.start()].rstrip().endswith("«") else value

    return _GAP.sub(put, words)


def _inner(value: str) -> str:
    """Guillemets inside guillemets become the quotes of the second level."""
    return re.sub(r"«\s*(.*?)\s*»", r"“\1”", value)


def say(name: str, values: Values, lang: str) -> str:
    """A value in the form of the language: numbers, dates, amounts, names of currencies."""
    value = values[name]
    if name == "currency":
        return currency_name(str(value), lang)
    if isinstance(value, datetime):
        return format_date(value.date(), lang)
    if isinstance(value, date):
        return format_date(value, lang)
    if isinstance(value, Decimal) and name == "amount":
        return format_number(value, lang, places=0 if value == int(value) else 2)
    if isinstance(value, int | Decimal):
        return format_number(value, lang)
    if isinstance(value, str):
        return " ".join(tidy(value).split())
    return ("، " if lang == "ar" else ", ").join(tidy(str(each)) for each in value or ())


def currency_name(code: str, lang: str) -> str:
    """The code; Arabic writes the name, because Latin letters break its line."""
    return get_currency_name(code, locale="ar") if lang == "ar" else code


def said_amount(amount: Decimal, currency: str, lang: str) -> str:
    if lang == "ar":
        number = format_number(amount, lang, places=0 if amount == int(amount) else 2)
        return f"{number}\u00a0{currency_name(currency, lang)}"
    return format_amount(amount, currency, lang)


def amount_of(values: Values) -> Amount | None:
    amount, currency = values.get("amount"), values.get("currency")
    if not isinstance(amount, Decimal | int) or not isinstance(currency, str):
        return None
    return Amount(f"{Decimal(amount):.2f}", currency)


def _as_fact(name: str, values: Values, lang: str) -> str:
    amount, currency = values.get("amount"), values.get("currency")
    if name == "amount" and isinstance(amount, Decimal | int) and isinstance(currency, str):
        return said_amount(Decimal(amount), currency, lang)
    value = values[name]
    if isinstance(value, list | tuple):
        return "\u00a0· ".join(tidy(str(each)) for each in value)
    return say(name, values, lang)

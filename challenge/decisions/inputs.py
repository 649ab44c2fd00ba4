"""What staff typed about decisions: one proposal's outcome, or the first N of a ranking at once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from challenge.decisions.models import Award, Decision, Outcome
from challenge.foundation.i18n import Text, _
from challenge.foundation.text import one_line, tidy

LONGEST = 8000
MOST_PLACE = 10_000


def _typed(form: Any, name: str) -> str:
    return one_line(str(form.get(name) or ""))


@dataclass(slots=True)
class Decided:
    """The form about one proposal, as typed; `outcome` and the numbers as read."""

    outcome: Outcome | None = None
    place: str = ""
    types: list[str] = field(default_factory=list)
    amount: str = ""
    currency: str = ""
    reason: str = ""
    feedback: str = ""
    feedback_language: str = ""
    version: int = 0
    errors: dict[str, Text] = field(default_factory=dict)
    amount_value: Decimal | None = None
    place_value: int | None = None

    @classmethod
    def of(
        cls,
        decision: Decision | None,
        award: Award | None,
        *,
        language: str,
        place: int | None,
        currency: str,
    ) -> "Decided":
        if decision is None:
            return cls(place=str(place or ""), currency=currency, feedback_language=language)
        shown = decision.reserve_place if decision.outcome == Outcome.RESERVE else decision.place
        amount = award.amount if award else None
        return cls(
            outcome=decision.outcome,
            place=str(shown or ""),
            types=list(award.types) if award else [],
            amount=format(amount.normalize(), "f") if amount is not None else "",
            currency=(award.currency if award else "") or currency,
            reason=decision.reason,
            feedback=decision.feedback,
            feedback_language=decision.feedback_language or language,
            version=decision.version,
        )

    @classmethod
    def read(cls, form: Any, *, types: Collection[str], languages: Collection[str]) -> "Decided":
        outcomes = {outcome.value: outcome for outcome in Outcome}
        version = _typed(form, "version")
        read = cls(
            outcome=outcomes.get(_typed(form, "outcome")),
            place=_typed(form, "place"),
            types=[code for code in form.getall("types", []) if code in types],
            amount=_typed(form, "amount"),
            currency=_typed(form, "currency").upper(),
            reason=tidy(str(form.get("reason") or "")).strip()[:LONGEST],
            feedback=tidy(str(form.get("feedback") or "")).strip()[:LONGEST],
            feedback_language=_typed(form, "feedback_language"),
            version=int(version) if version.isdecimal() and len(version) < 9 else 0,
        )
        read._check(languages)
        return read

    def _check(self, languages: Collection[str]) -> None:
        if self.outcome is None:
            self.errors["outcome"] = _("Choose what is decided.")
        if not self.reason:
            self.errors["reason"] = _(
                "Write the reason; it stays in the record and explains the decision years later."
            )
        if self.feedback_language not in languages:
            self.feedback_language = ""
        self.place_value = _place(self.place)
        if self.place and self.place_value is None:
            self.errors["place"] = _(
                "Write the place as a whole number. You wrote “{found}”.", found=self.place[:20]
            )
        if self.outcome == Outcome.RESERVE and not self.place:
            self.errors["place"] = _("Write the place on the reserve list; the letter names it.")
        if self.outcome == Outcome.AWARD:
            self._check_award()

    def _check_award(self) -> None:
        if self.amount:
            self.amount_value = _amount(self.amount)
            if self.amount_value is None:
                self.errors["amount"] = _(
                    "Write the amount as 46000 or 46000.50. You wrote “{found}”.", found=self.amount[:30]
                )
            if not (len(self.currency) == 3 and self.currency.isalpha() and self.currency.isascii()):
                self.errors["currency"] = _("Write the currency as three letters, for example USD.")
        if not self.types and not self.amount:
            self.errors["types"] = _("Choose what the award holds, or write an amount.")

    @property
    def places(self) -> dict[str, int | None]:
        """As the verb takes them: a place among the awards, or one on the reserve list."""
        is_reserve = self.outcome == Outcome.RESERVE
        return {
            "place": None if is_reserve else self.place_value,
            "reserve_place": self.place_value if is_reserve else None,
        }


def _place(text: str) -> int | None:
    if not (text.isascii() and text.isdecimal() and len(text) < 6):
        return None
    number = int(text)
    return number if 1 <= number <= MOST_PLACE else None


def _amount(text: str) -> Decimal | None:
    try:
        amount = Decimal(text.replace(" ", "").replace("\u00a0", ""))
    except InvalidOperation:
        return None
    if not amount.is_finite() or amount <= 0 or amount >= Decimal(10) ** 12 or amount != round(amount, 2):
        return None
    return amount


@dataclass(slots=True)
class Bulk:
    """Award the first so many, put the next on the reserve list, decline the rest."""

    award: str = ""
    reserve: str = ""
    types: list[str] = field(default_factory=list)
    amount: str = ""
    currency: str = ""
    reasons: dict[Outcome, str] = field(default_factory=dict)
    errors: dict[str, Text] = field(default_factory=dict)
    amount_value: Decimal | None = None

    @property
    def award_count(self) -> int:
        return int(self.award) if _is_count(self.award) else 0

    @property
    def reserve_count(self) -> int:
        return int(self.reserve) if _is_count(self.reserve) else 0

    @classmethod
    def asked(cls, query: Any) -> "Bulk":
        read = cls(_typed(query, "award"), _typed(query, "reserve"))
        for name, text in (("award", read.award), ("reserve", read.reserve)):
            if not _is_count(text):
                read.errors[name] = _("Write a whole number. You wrote “{found}”.", found=text[:20])
        return read

    @classmethod
    def read(cls, form: Any, types: Collection[str], needed: Sequence[Outcome]) -> "Bulk":
        read = cls.asked(form)
        read.types = [code for code in form.getall("types", []) if code in types]
        read.amount, read.currency = _typed(form, "amount"), _typed(form, "currency").upper()
        read.reasons = {
            outcome: tidy(str(form.get(f"reason:{outcome.value}") or "")).strip()[:LONGEST]
            for outcome in Outcome
        }
        for outcome in needed:
            if not read.reasons[outcome]:
                read.errors[f"reason:{outcome.value}"] = _(
                    "Write the reason; it stays in the record and explains the decision years later."
                )
        if Outcome.AWARD in needed:
            one = Decided(
                outcome=Outcome.AWARD,
                types=read.types,
                amount=read.amount,
                currency=read.currency,
                reason="-",
            )
            one._check_award()
            read.errors.update(one.errors)
            read.amount_value = one.amount_value
        return read


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 6

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from typing import Any, ClassVar, TypedDict

from challenge.forms.definition import BudgetRule, Json, Question
from challenge.forms.kinds.kind import (
    NOTHING,
    Amount,
    Fields,
    Kind,
    Label,
    Percent,
    Shown,
    cells,
    line,
    named,
)
from challenge.forms.kinds.number import as_amount, read_number, written
from challenge.forms.kinds.rows import rows_typed, too_few_rows, too_many_rows
from challenge.forms.kinds.typed import Form, line_typed, typed
from challenge.foundation.i18n import Text, _, _n, digits, format_amount, language, pick, speaking

SOURCES = ("requested", "own", "other")
ZERO = Decimal(0)


class Line(TypedDict, total=False):
    item: str
    category: str
    source: str
    amount: int | float | str | None


class BudgetAnswer(TypedDict, total=False):
    currency: str
    lines: list[Line]


@dataclass(frozen=True)
class Sums:
    """What the lines add up to; lines whose amount cannot be read are left out."""

    requested: Decimal
    own: Decimal
    other: Decimal
    by_category: dict[str, Decimal]  # of what is asked for
    by_category_total: dict[str, Decimal]  # of everything

    @property
    def total(self) -> Decimal:
        return self.requested + self.own + self.other


@dataclass(frozen=True)
class Check:
    """One rule of the call, held against a budget. `is_met` is None while there is nothing to judge."""

    code: str
    is_met: bool | None
    rule: Text
    found: Text | None
    fix: Text | None
    lines: tuple[int, ...]  # 1 for the first
    is_floor: bool  # a lower limit: a draft may still get there
    refuses: bool

    @property
    def sentence(self) -> Text:
        """The rule, what was found, and what to do about it."""
        if self.found is None:
            return self.rule
        if self.fix is None:
            return _("{rule} {found}", rule=self.rule, found=self.found)
        return _("{rule} {found} {fix}", rule=self.rule, found=self.found, fix=self.fix)


def lines_of(value: Json) -> list[dict[str, Any]]:
    return (value or {}).get("lines") or []


def sums(value: Json) -> Sums:
    by_source = dict.fromkeys(SOURCES, ZERO)
    asked: dict[str, Decimal] = {}
    everything: dict[str, Decimal] = {}
    for each in lines_of(value):
        amount = as_amount(each.get("amount"))
        if amount is None:
            continue
        source, category = each.get("source") or "requested", each.get("category") or ""
        by_source[source if source in by_source else "other"] += amount
        everything[category] = everything.get(category, ZERO) + amount
        if source == "requested":
            asked[category] = asked.get(category, ZERO) + amount
    return Sums(by_source["requested"], by_source["own"], by_source["other"], asked, everything)


def explain(value: Json, question: Question) -> list[Check]:
    """Every rule of the call with what the budget makes of it: while one types, and at submission."""
    found = sums(value)
    return [_RULES[rule.kind](rule, found, value, question) for rule in question.budget_rules]


Rule = Callable[[BudgetRule, Sums, Json, Question], Check]


def _limit(measure: Callable[[Sums], Decimal], sentence: Callable[[Amount], Text], highest: bool) -> Rule:
    """A rule about one sum."""

    def check(rule: BudgetRule, found: Sums, value: Json, question: Question) -> Check:
        currency = rule.currency or question.currency or ""
        limit, sum_found = rule.amount or ZERO, measure(found)
        difference = sum_found - limit if highest else limit - sum_found
        away = Amount(max(difference, ZERO), currency)
        fix = _("Lower it by {amount}.", amount=away) if highest else _("Add {amount}.", amount=away)
        default = (
            _("At most {amount}.", amount=Amount(limit, currency))
            if highest
            else _("At least {amount}.", amount=Amount(limit, currency))
        )
        return _check(
            rule,
            is_met=None if not found.total else difference <= 0,
            rule_text=default,
            found=sentence(Amount(sum_found, currency)),
            fix=fix,
            lines=_lines(value, lambda each: not rule.category or each.get("category") == rule.category),
            is_floor=not highest,
        )

    return check


def _you_ask(amount: Amount) -> Text:
    return _("You ask for {amount}.", amount=amount)


def _your_total(amount: Amount) -> Text:
    return _("Your total is {amount}.", amount=amount)


def _you_have(amount: Amount) -> Text:
    return _("You have {amount}.", amount=amount)


def _category_limit(highest: bool) -> Rule:
    def check(rule: BudgetRule, found: Sums, value: Json, question: Question) -> Check:
        by_category = found.by_category if rule.of == "requested" else found.by_category_total
        there = by_category.get(rule.category or "", ZERO)
        return _limit(lambda _sums: there, _you_have, highest)(rule, found, value, question)

    return check


def _share(highest: bool) -> Rule:
    """A rule about the share of a category."""

    def check(rule: BudgetRule, found: Sums, value: Json, question: Question) -> Check:
        is_of_request = rule.of == "requested"
        whole = found.requested if is_of_request else found.total
        by_category = found.by_category if is_of_request else found.by_category_total
        part, share = by_category.get(rule.category or "", ZERO), (rule.percent or ZERO) / 100
        currency = question.currency or ""
        is_right = part <= share * whole if highest else part >= share * whole
        # What the category may be when the other lines stay: changing it changes the whole as well.
        rest = whole - part
        at_limit = ZERO if share >= 1 else share * rest / (1 - share)
        to = Amount(at_limit.quantize(Decimal(1), ROUND_DOWN if highest else ROUND_UP), currency)
        name = _category(question, rule.category)
        fix = (
            _("Lower {category} to {amount} or less.", category=name, amount=to)
            if highest
            else _("Raise {category} to {amount} or more.", category=name, amount=to)
        )
        wanted = Percent(rule.percent or ZERO)
        default = (
            _("{category}: at most {percent}.", category=name, percent=wanted)
            if highest
            else _("{category}: at least {percent}.", category=name, percent=wanted)
        )

        def is_in(each: dict[str, Any]) -> bool:
            return not is_of_request or (each.get("source") or "requested") == "requested"

        return _check(
            rule,
            is_met=None if not whole else is_right,
            rule_text=default,
            found=_(
                "Yours is {percent}: {part} of {whole}.",
                percent=Percent(part * 100 / whole if whole else ZERO),
                part=Amount(part, currency),
                whole=Amount(whole, currency),
            ),
            fix=fix,
            lines=_lines(value, lambda each: each.get("category") == rule.category and is_in(each)),
            is_floor=not highest,
        )

    return check


def _own_share(rule: BudgetRule, found: Sums, value: Json, question: Question) -> Check:
    share, added = (rule.percent or ZERO) / 100, found.own + found.other
    at_limit = ZERO if share >= 1 else share * found.requested / (1 - share)
    currency = question.currency or ""
    return _check(
        rule,
        is_met=None if not found.total else added >= share * found.total,
        rule_text=_("Own contribution: at least {percent}.", percent=Percent(rule.percent or ZERO)),
        found=_(
            "Yours is {percent}: {part} of {whole}.",
            percent=Percent(added * 100 / found.total if found.total else ZERO),
            part=Amount(added, currency),
            whole=Amount(found.total, currency),
        ),
        fix=_(
            "Raise it to {amount} or more.", amount=Amount(at_limit.quantize(Decimal(1), ROUND_UP), currency)
        ),
        lines=(),
        is_floor=True,
    )


_RULES: dict[str, Rule] = {
    "requested-at-most": _limit(lambda s: s.requested, _you_ask, highest=True),
    "requested-at-least": _limit(lambda s: s.requested, _you_ask, highest=False),
    "total-at-most": _limit(lambda s: s.total, _your_total, highest=True),
    "category-at-most": _category_limit(highest=True),
    "category-at-least": _category_limit(highest=False),
    "category-share-at-most": _share(highest=True),
    "category-share-at-least": _share(highest=False),
    "own-share-at-least": _own_share,
}


def _check(
    rule: BudgetRule,
    *,
    is_met: bool | None,
    rule_text: Text,
    found: Text,
    fix: Text,
    lines: tuple[int, ...],
    is_floor: bool,
) -> Check:
    return Check(
        code=rule.code,
        is_met=is_met,
        rule=_("{rule}", rule=Label(rule.text)) if rule.text else rule_text,
        found=None if is_met is None else found,
        fix=None if is_met is not False else fix,
        lines=lines if is_met is False else (),
        is_floor=is_floor,
        refuses=rule.refuses,
    )


def _lines(value: Json, wanted: Callable[[dict[str, Any]], bool]) -> tuple[int, ...]:
    return tuple(n for n, each in enumerate(lines_of(value), 1) if wanted(each))


def _category(question: Question, code: str | None) -> Label:
    for option in question.budget_categories:
        if option.code == code:
            return Label(option.label)
    return Label({"en": code or ""})


def source_texts() -> dict[str, Text]:
    return {
        "requested": _("Asked for"),
        "own": _("Own contribution"),
        "other": _("From others"),
    }


class Budget(Kind):
    """Lines of money: what for, in which category, asked for or own, held against the rules of the call.

    {"currency": "USD", "lines": [{"item", "category", "source", "amount"}]}; an amount that cannot be read is
    kept as typed.
    """

    code = "budget"
    shape: ClassVar[Any] = BudgetAnswer
    blank: ClassVar[Json] = {}

    def parse(self, form: Form, question: Question) -> Json:
        lines = rows_typed(form, question.code, self._read_line, self._is_blank_line)
        return {"currency": question.currency or "", "lines": lines} if lines else {}

    def _read_line(self, form: Form, prefix: str) -> dict[str, Any]:
        amount = line_typed(form, f"{prefix}.amount")
        return {
            "item": line_typed(form, f"{prefix}.item"),
            "category": typed(form, f"{prefix}.category"),
            "source": typed(form, f"{prefix}.source"),
            "amount": read_number(amount, money=True) if amount else None,
        }

    def _is_blank_line(self, row: dict[str, Any]) -> bool:
        """A new line comes with a source chosen: that alone says nothing."""
        return not row["item"] and row["amount"] is None and not row["category"]

    def fields(self, value: Json, question: Question) -> Fields:
        found: Fields = {}
        for n, each in enumerate(lines_of(value)):
            found |= named(
                f"{question.code}.{n}", {**each, "amount": written(each.get("amount"), money=True)}
            )
        return found

    def written(self, value: Json) -> str:
        return written(value, money=True)

    def live(self, value: Json, question: Question) -> dict[str, Any]:
        currency, found = question.currency or "", sums(value)
        states: dict[bool | None, str] = {True: "met", False: "broken", None: "open"}
        return {
            "sums": {
                "requested": str(Amount(found.requested, currency)),
                "own": str(Amount(found.own, currency)),
                "other": str(Amount(found.other, currency)),
                "added": str(Amount(found.own + found.other, currency)),
                "total": str(Amount(found.total, currency)),
            },
            "checks": [
                {"code": check.code, "state": states[check.is_met], "text": str(check.sentence)}
                for check in explain(value, question)
            ],
        }

    def is_blank(self, value: Json) -> bool:
        return not lines_of(value)

    def explain(self, value: Json, question: Question) -> list[Check]:
        return explain(value, question)

    def sums(self, value: Json) -> Sums:
        return sums(value)

    def amount(self, each: dict[str, Any]) -> Decimal | None:
        return as_amount(each.get("amount"))

    def sources(self, lang: str | None = None) -> tuple[tuple[str, str], ...]:
        with speaking(lang or language()):
            return tuple((code, str(text)) for code, text in source_texts().items())

    def why_missing(self, question: Question) -> Text:
        return _("Fill in a line of “{label}”.", label=Label(question.label))

    def faults(self, value: Json, question: Question) -> list[Text]:
        return [
            *(
                text
                for n, each in enumerate(lines_of(value), 1)
                for text in self._line_faults(each, n, question)
            ),
            *too_many_rows(len(lines_of(value)), question.max_rows),
            *(
                c.sentence
                for c in explain(value, question)
                if c.is_met is False and c.refuses and not c.is_floor
            ),
        ]

    def shortfalls(self, value: Json, question: Question) -> list[Text]:
        return [
            *(
                text
                for n, each in enumerate(lines_of(value), 1)
                for text in self._line_shortfalls(each, n, question)
            ),
            *too_few_rows(len(lines_of(value)), question.min_rows),
            *(c.sentence for c in explain(value, question) if c.is_met is False and c.refuses and c.is_floor),
        ]

    def _line_faults(self, each: dict[str, Any], n: int, question: Question) -> list[Text]:
        found = []
        amount = each.get("amount")
        if amount is not None:
            exact = as_amount(amount)
            if exact is None:
                found.append(
                    _(
                        "Line {line}: write the amount in figures, such as {example}. You wrote “{found}”.",
                        line=line(n),
                        example=digits("16000"),
                        found=str(amount),
                    )
                )
            elif exact < 0:
                found.append(_("Line {line}: an amount cannot be below zero.", line=line(n)))
        known = {option.code for option in question.budget_categories}
        if (category := each.get("category")) and known and category not in known:
            found.append(
                _("Line {line}: “{found}” is not in the list of categories.", line=line(n), found=category)
            )
        if (source := each.get("source")) and source not in SOURCES:
            found.append(
                _("Line {line}: “{found}” is not in the list of sources.", line=line(n), found=source)
            )
        return found

    def _line_shortfalls(self, each: dict[str, Any], n: int, question: Question) -> list[Text]:
        found = []
        if not each.get("item"):
            found.append(_("Line {line}: write what the money is for.", line=line(n)))
        if each.get("amount") is None:
            found.append(_("Line {line}: write the amount.", line=line(n)))
        if question.budget_categories and not each.get("category"):
            found.append(_("Line {line}: choose a category.", line=line(n)))
        return found

    def shown(self, value: Json, question: Question, lang: str | None = None) -> Shown:
        if self.is_blank(value):
            return NOTHING
        lang = lang or language()
        currency, found = value.get("currency") or question.currency or "", sums(value)
        categories = {option.code: pick(option.label, lang) for option in question.budget_categories}
        with speaking(lang):
            sources = dict(self.sources(lang))
            head = [_("What"), _("Category"), _("Source"), _("Amount")]
            foot = [(_("Asked for"), found.requested)]
            foot += [(_("Own contribution"), found.own)] if found.own else []
            foot += [(_("From others"), found.other)] if found.other else []
            foot += [(_("Total"), found.total)] if found.total != found.requested else []
            return {
                "form": "table",
                "head": [str(cell) for cell in head],
                "rows": [
                    [
                        each.get("item", ""),
                        categories.get(each.get("category") or "", each.get("category") or ""),
                        sources.get(each.get("source") or "requested", each.get("source") or ""),
                        self._said(each.get("amount"), currency, lang),
                    ]
                    for each in lines_of(value)
                ],
                "foot": [[str(name), "", "", format_amount(amount, currency, lang)] for name, amount in foot],
            }

    def _said(self, amount: Json, currency: str, lang: str) -> str:
        exact = as_amount(amount)
        return format_amount(exact, currency, lang) if exact is not None else str(amount or "")

    def summary(self, value: Json, question: Question) -> Text:
        """ "USD 49,750 in five lines", for the page where one checks."""
        currency = (value or {}).get("currency") or question.currency or ""
        asked = Amount(sums(value).requested, currency)
        return _n("{asked} in {n} line", "{asked} in {n} lines", len(lines_of(value)), asked=asked)

    def export(self, value: Json, question: Question) -> str | list[str]:
        currency = (value or {}).get("currency") or question.currency or ""
        return [
            cells(
                [
                    each.get("item"),
                    each.get("category"),
                    each.get("source"),
                    f"{each.get('amount')} {currency}",
                ]
            )
            for each in lines_of(value)
        ]

    def text_for_search(self, value: Json) -> str:
        return "\n".join(each["item"] for each in lines_of(value) if each.get("item"))

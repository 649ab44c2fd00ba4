"""The list that is drawn from a ranking: selected, tied at the line, reserve, not selected; each with its cause.

1. Down the ranking everybody comes in who fits: the number (`top`, `share`), the `mark`, the money, and what
   quotas allow at most. A full quota is passed over; number and money draw a line, and nobody below it comes in.
2. Equals come in together or not at all: where only some of them fit they are left open, all taken or all left
   out, as the rubric says. Those of them whom the limit does not touch come in.
3. Where a quota asks for more than came in, the best it speaks of come in, in order, and the lowest it does not
   speak of give way, unless another quota needs them. A share of the money that cannot be reached that way is
   reached by the lowest giving way alone. Nobody else moves up: what stays free stays free. `most_share` is
   the same rule seen from the others.
4. The next in order stand on the reserve list, also those whom a quota kept out.

Everything is exact. Time: O(proposals x quotas) without quotas that ask for more, times the exchanges with them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from math import ceil

from challenge.rubrics.definition import AtLine, Quota, Rubric, Selection
from challenge.scoring.ranking import (
    Cause,
    Chosen,
    Entry,
    Filled,
    Listing,
    RankingResult,
    Row,
    Standing,
    Status,
    rank,
)


def rank_and_list(rubric: Rubric, proposals: Sequence[Entry], *, seed: str = "") -> RankingResult:
    """The ranking, and the list drawn from it where the rubric says how."""
    result = rank(rubric, proposals, seed=seed)
    return result if rubric.selection is None else select(rubric.selection, result, proposals)


def select(selection: Selection, result: RankingResult, proposals: Sequence[Entry]) -> RankingResult:
    """The same rows in the same order, those with a place with their listing.

    Only places and exact scores of the rows are looked at, so a ranking by other scores is listed alike.
    """
    entries = {entry.key: entry for entry in proposals}
    drawing = _Drawing.of(selection, result, entries)
    for _place, group in groupby(result.ranked, key=lambda row: row.place):
        drawing.take(list(group))
    if not drawing.is_open:
        for floor in drawing.floors:
            drawing.fill(floor)
        drawing.open_equals()
        drawing.sum_up()
    drawing.reserve()
    rows = tuple(replace(row, listing=drawing.listings.get(row.key)) for row in result.rows)
    return replace(result, rows=rows, chosen=drawing.chosen())


@dataclass(frozen=True, slots=True, eq=False)
class _Unit:
    """A quota, or a quota for one value of its column."""

    quota: Quota
    value: str
    members: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class _Floor:
    """What must be reached among `members`: so many, or so much of the money."""

    unit: _Unit
    members: frozenset[str]
    least: int = 0
    share: Fraction | None = None


@dataclass(slots=True)
class _Drawing:
    selection: Selection
    rows: dict[str, Row]
    entries: dict[str, Entry]
    units: list[_Unit]
    floors: list[_Floor]
    places: int | None
    places_cause: Cause
    money: Fraction | None
    currency: str
    listings: dict[str, Listing] = field(default_factory=dict)
    # Who is selected, how many of every unit, and for how much money.
    selected: set[str] = field(default_factory=set)
    counts: dict[_Unit, int] = field(default_factory=dict)
    total: Fraction = Fraction(0)
    # What equals left open may yet take: places, money, and the quotas that they fill.
    held: int = 0
    held_money: Fraction = Fraction(0)
    closed: set[_Unit] = field(default_factory=set)
    # Number or money is used up: nobody lower comes in.
    line: Cause | None = None
    bearing: dict[str, list[_Unit]] = field(init=False)
    order: dict[str, int] = field(init=False)
    amounts: dict[str, Fraction] = field(init=False)

    def __post_init__(self) -> None:
        self.order = {key: index for index, key in enumerate(self.rows)}
        self.amounts = {key: Fraction(self.entries[key].amount or 0) for key in self.rows}
        self.bearing = {key: [] for key in self.rows}
        for unit in self.units:
            for key in unit.members:
                self.bearing[key].append(unit)

    @classmethod
    def of(cls, selection: Selection, result: RankingResult, entries: dict[str, Entry]) -> "_Drawing":
        keys = [row.key for row in result.rows]
        units = [unit for quota in selection.quotas for unit in _units(quota, keys, entries)]
        places, cause = selection.top, Cause.TOP
        if selection.share is not None:
            part = ceil(Fraction(selection.share) * len(result.ranked) / 100)
            if places is None or part < places:
                places, cause = part, Cause.SHARE
        money = (
            None if selection.budget is None else Fraction(selection.budget) * Fraction(selection.multiple)
        )
        currencies = {entries[row.key].currency for row in result.ranked if entries[row.key].currency}
        only = currencies.pop() if len(currencies) == 1 else ""
        return cls(
            selection, {row.key: row for row in result.rows}, entries, units, list(_floors(units, keys)),
            places, cause, money, selection.currency or only,
        )  # fmt: skip

    @property
    def is_open(self) -> bool:
        return any(one.status == Status.TIED for one in self.listings.values())

    @property
    def asks_for_money(self) -> bool:
        shares = (q.most_share is not None or q.least_share is not None for q in self.selection.quotas)
        return self.money is not None or any(shares)

    def amount(self, key: str) -> Fraction:
        return self.amounts[key]

    def _add(self, key: str) -> None:
        self.selected.add(key)
        self.total += self.amount(key)
        for unit in self.bearing[key]:
            self.counts[unit] = self._count(unit) + 1

    def _drop(self, key: str) -> None:
        self.selected.remove(key)
        self.total -= self.amount(key)
        for unit in self.bearing[key]:
            self.counts[unit] -= 1

    # ---------- down the ranking ----------

    def take(self, equals: Sequence[Row]) -> None:
        """Equals, best first of all that are left."""
        fitting = [row.key for row in equals if not self._is_kept_out(row)]
        alone = [key for key in fitting if not self._broken([key])]
        broken = self._broken(alone)
        if Cause.MONEY in broken and self._is_below_least():
            # one of them will cross the line, and so may an equal who asks for more
            alone += [key for key in fitting if key not in alone and self._broken([key]) == [Cause.MONEY]]
        if broken:
            self._settle(alone, broken)
        else:
            for key in alone:
                self._select(key, Cause.IN_ORDER)
        self._leave_out([key for key in fitting if key not in alone], is_open=bool(broken))
        drawn = [self.listings[key].cause for key in fitting if self.listings[key].cause in _LINES]
        self.line = drawn[0] if drawn else self.line

    def _is_kept_out(self, row: Row) -> bool:
        selection, entry = self.selection, self.entries[row.key]
        if selection.mark is not None and (row.exact is None or row.exact < Fraction(selection.mark)):
            self._leave(row.key, Cause.MARK, limit=selection.mark, reached=row.score)
        elif self.asks_for_money and entry.amount is None:
            self._leave(row.key, Cause.NO_AMOUNT)
        elif (
            self.asks_for_money and self.currency != entry.currency and (entry.currency or not self.currency)
        ):
            self._leave(row.key, Cause.OTHER_CURRENCY, currency=entry.currency)
        elif self.line is not None:
            self._leave(row.key, self.line)
        else:
            return False
        return True

    def _leave_out(self, equals: Sequence[str], *, is_open: bool) -> None:
        """Those who do not fit, not even alone; but one comes in where the money must reach a least multiple."""
        broken = {key: self._broken([key]) for key in equals}
        beyond = [key for key in equals if broken[key] == [Cause.MONEY]]
        if is_open or not self._is_below_least():
            beyond = []
        for key in equals:
            if key in beyond:
                continue
            if isinstance(cause := broken[key][0], _Unit):
                self._leave_for(key, cause)
            else:
                self._leave(key, cause)
        if len(beyond) == 1:
            self._select(beyond[0], Cause.LEAST_MULTIPLE)
        elif beyond:
            self._settle(beyond, [Cause.MONEY])

    def _is_below_least(self) -> bool:
        least, budget = self.selection.least_multiple, self.selection.budget
        return None not in (least, budget) and self.total < Fraction(least or 0) * Fraction(budget or 0)

    def _broken(self, keys: Sequence[str]) -> list[Cause | _Unit]:
        """The limits that would not hold if all of these came in as well."""
        found: list[Cause | _Unit] = []
        if self.places is not None and keys and len(self.selected) + self.held + len(keys) > self.places:
            found.append(self.places_cause)
        if (
            self.money is not None
            and keys
            and self.total + self.held_money + sum(map(self.amount, keys), Fraction(0)) > self.money
        ):
            found.append(Cause.MONEY)
        coming = Counter(unit for key in keys for unit in self.bearing[key])
        found += [unit for unit, n in coming.items() if unit in self.closed or self._is_over(unit, n)]
        return found

    def _is_over(self, unit: _Unit, coming: int) -> bool:
        most = unit.quota.most
        return most is not None and self._count(unit) + coming > most

    def _count(self, unit: _Unit) -> int:
        return self.counts.get(unit, 0)

    def _settle(self, equals: list[str], broken: list[Cause | _Unit]) -> None:
        """Equals of which only some fit."""
        numbers = [cause for cause in broken if isinstance(cause, Cause)]
        units = [unit for unit in broken if isinstance(unit, _Unit)]
        touched = [key for key in equals if numbers or any(key in unit.members for unit in units)]
        for key in equals:
            if key not in touched:
                self._select(key, Cause.IN_ORDER)
        rule = self.selection.ties
        if rule == AtLine.IN and not units and Cause.MONEY not in numbers:
            for key in touched:
                self._select(key, Cause.WITH_EQUALS, equals=_others(touched, key))
            return
        status = Status.NOT_SELECTED if rule == AtLine.OUT else Status.TIED
        for key in touched:
            self._set(key, status, numbers[0] if numbers else units[0], equals=_others(touched, key))
        if status == Status.TIED and not numbers:
            room = min((unit.quota.most or 0) - self._count(unit) for unit in units)
            self.held += room
            self.held_money += sum(sorted(map(self.amount, touched))[len(touched) - room :], Fraction(0))
        self.closed.update(units)

    # ---------- what quotas ask for ----------

    def fill(self, floor: _Floor) -> None:
        while not self._is_met(floor):
            if self._bring_in(floor):
                continue
            lowest = self._lowest(floor, self.selected) if floor.share is not None else None
            if lowest is None:
                return
            self._give_way(lowest, floor)

    def _is_met(self, floor: _Floor) -> bool:
        inside = [key for key in self.selected if key in floor.members]
        if floor.share is None:
            return len(inside) >= floor.least
        return sum(map(self.amount, inside), Fraction(0)) >= floor.share * self.total

    def _bring_in(self, floor: _Floor) -> bool:
        """The best of those the quota speaks of and for whom there is, or can be made, room."""
        for key in self._waiting():
            if key not in floor.members:
                continue
            leaving: list[str] = []
            while broken := self._broken([key]):
                victim = self._lowest(floor, self._touched(broken))
                if victim is None:
                    break
                self._drop(victim)
                leaving.append(victim)
            if not broken:
                for victim in leaving:
                    self._leave_for(victim, floor.unit, Cause.GAVE_WAY)
                self._select(key, Cause.FOR_QUOTA, label=floor.unit.quota.label, value=floor.unit.value)
                return True
            for victim in leaving:
                self._add(victim)
        return False

    def _waiting(self) -> Iterator[str]:
        """Those in order who are not selected and may yet be."""
        for key, row in self.rows.items():
            listing = self.listings.get(key)
            if row.standing == Standing.RANKED and listing is not None and _may_come_in(listing):
                yield key

    def _touched(self, broken: Iterable[Cause | _Unit]) -> set[str]:
        found: set[str] = set()
        for cause in broken:
            found |= self.selected if isinstance(cause, Cause) else cause.members & self.selected
        return found

    def _lowest(self, floor: _Floor, among: set[str]) -> str | None:
        """Who gives way: the lowest whom neither this quota nor another that is met needs."""
        met = [other for other in self.floors if other is not floor and self._is_met(other)]
        for key in sorted(among - floor.members, key=self.order.__getitem__, reverse=True):
            self._drop(key)
            holds = all(self._is_met(other) for other in met)
            self._add(key)
            if holds:
                return key
        return None

    def _give_way(self, key: str, floor: _Floor) -> None:
        self._drop(key)
        self._leave_for(key, floor.unit, Cause.GAVE_WAY)

    def open_equals(self) -> None:
        """Where a quota parted equals of whom it speaks alike, nothing but chance did: they are left open."""
        swapped = {Cause.FOR_QUOTA, Cause.GAVE_WAY}
        ranked = [row for row in self.rows.values() if row.standing == Standing.RANKED]
        for _place, group in groupby(ranked, key=lambda row: row.place):
            alike: dict[tuple[bool, ...], list[str]] = {}
            for row in group:
                signature = tuple(row.key in unit.members for unit in self.units)
                alike.setdefault(signature, []).append(row.key)
            for keys in alike.values():
                listings = [self.listings[key] for key in keys]
                causes = [one for one in listings if one.cause in swapped]
                if causes and {one.status for one in listings} == {Status.SELECTED, Status.NOT_SELECTED}:
                    for key in keys:
                        self.listings[key] = replace(
                            causes[0], status=Status.TIED, cause=Cause.QUOTA_FULL, equals=_others(keys, key)
                        )
        for key in [key for key in self.selected if self.listings[key].status != Status.SELECTED]:
            self._drop(key)

    def sum_up(self) -> None:
        """Where some gave way, those who came in before them stand at other sums."""
        reached = Fraction(0)
        for key in self.rows:
            if key in self.selected and self.money is not None:
                reached += self.amount(key)
                self.listings[key] = replace(self.listings[key], reached=_decimal(reached))

    # ---------- the reserve list ----------

    def reserve(self) -> None:
        left = self.selection.reserve
        tied = sum(one.status == Status.TIED for one in self.listings.values())
        if tied and self.places is not None:
            left -= max(0, tied - (self.places - len(self.selected)))
        number, waiting = 1, [self.rows[key] for key in self._waiting()]
        for _place, group in groupby(waiting, key=lambda row: row.place):
            keys = [row.key for row in group]
            if left <= 0:
                return
            status = Status.RESERVE
            if len(keys) > left and self.selection.ties != AtLine.IN:
                status = Status.NOT_SELECTED if self.selection.ties == AtLine.OUT else Status.TIED
            for key in keys:
                if status == Status.RESERVE:
                    self.listings[key] = replace(self.listings[key], status=status, number=number)
                else:
                    self._set(key, status, Cause.RESERVE_FULL, equals=_others(keys, key))
            number += len(keys)
            left -= len(keys)

    # ---------- what is written down ----------

    def _select(self, key: str, cause: Cause, **more: object) -> None:
        self._add(key)
        listing = Listing(Status.SELECTED, cause, currency=self.currency)
        if self.money is not None:
            listing = replace(listing, limit=_decimal(self.money), reached=_decimal(self.total))
        elif self.places is not None:
            listing = replace(listing, limit=Decimal(self.places))
        self.listings[key] = replace(listing, **more)  # type: ignore[arg-type]

    def _leave(self, key: str, cause: Cause, **more: object) -> None:
        self._set(key, Status.NOT_SELECTED, cause, **more)

    def _leave_for(self, key: str, unit: _Unit, cause: Cause = Cause.QUOTA_FULL) -> None:
        limit = None if unit.quota.most is None else Decimal(unit.quota.most)
        self._leave(key, cause, label=unit.quota.label, value=unit.value, limit=limit)

    def _set(self, key: str, status: Status, cause: Cause | _Unit, **more: object) -> None:
        if isinstance(cause, _Unit):
            more = {"label": cause.quota.label, "value": cause.value, **more}
            cause = Cause.QUOTA_FULL
        listing = Listing(status, cause, currency=self.currency)
        if cause in (Cause.TOP, Cause.SHARE) and self.places is not None:
            listing = replace(listing, limit=Decimal(self.places))
        elif cause == Cause.MONEY and self.money is not None:
            with_it = self.total + self.amount(key)
            listing = replace(listing, limit=_decimal(self.money), reached=_decimal(with_it))
        self.listings[key] = replace(listing, **more)  # type: ignore[arg-type]

    def chosen(self) -> Chosen:
        asked = [self.entries[key] for key in self.selected]
        is_one = all(one.amount is not None and one.currency in ("", self.currency) for one in asked)
        amount = _decimal(self.total) if is_one else None
        return Chosen(len(asked), amount, self.currency, tuple(map(self._filled, self.units)))

    def _filled(self, unit: _Unit) -> Filled:
        count = self._count(unit)
        floors = [floor for floor in self.floors if floor.unit is unit]
        is_met = all(self._is_met(floor) for floor in floors) and not self._is_over(unit, 0)
        amount = sum((self.amount(key) for key in self.selected if key in unit.members), Fraction(0))
        return Filled(
            unit.quota.code,
            unit.quota.label,
            unit.value,
            count,
            _decimal(amount),
            None if self.is_open and not is_met else is_met,
        )


_LINES = (Cause.TOP, Cause.SHARE, Cause.MONEY)


def _units(quota: Quota, keys: Sequence[str], entries: dict[str, Entry]) -> Iterator[_Unit]:
    borne = {key: entries[key].values(quota.column) for key in keys}
    if quota.values and not quota.each:
        members = frozenset(key for key, values in borne.items() if set(values) & set(quota.values))
        yield _Unit(quota, "", members)
        return
    for value in quota.values or sorted({value for values in borne.values() for value in values}):
        yield _Unit(quota, value, frozenset(key for key, values in borne.items() if value in values))


def _floors(units: Sequence[_Unit], keys: Sequence[str]) -> Iterator[_Floor]:
    for unit in units:
        quota = unit.quota
        if quota.least:
            yield _Floor(unit, unit.members, least=quota.least)
        if quota.least_share is not None:
            yield _Floor(unit, unit.members, share=Fraction(quota.least_share) / 100)
        if quota.most_share is not None:
            others = frozenset(keys) - unit.members
            yield _Floor(unit, others, share=1 - Fraction(quota.most_share) / 100)


def _may_come_in(listing: Listing) -> bool:
    barred = (Cause.MARK, Cause.NO_AMOUNT, Cause.OTHER_CURRENCY)
    return listing.status == Status.NOT_SELECTED and listing.cause not in barred


def _others(keys: Sequence[str], key: str) -> tuple[str, ...]:
    return tuple(other for other in keys if other != key)


def _decimal(amount: Fraction) -> Decimal:
    """A sum of amounts and a multiple of a budget have finite decimals."""
    return Decimal(amount.numerator) / Decimal(amount.denominator)

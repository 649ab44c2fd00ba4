"""A stage of the database as a question to the engine, and the answer in words. Knows no session and writes nothing.

numpy costs start-up time: only who proposes imports this file.
"""

import math
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import numpy as np

from challenge.assignments.affinities import Profile, affinities
from challenge.assignments.markets import Bools, Dense, Ints, Task, ints
from challenge.assignments.matching import Matching, solve
from challenge.assignments.queries import Candidate, Field, Suit, Told, is_open, reviewers
from challenge.assignments.shortfalls import Lack, shortfalls
from challenge.assignments.words import WORD, words
from challenge.calls.vocabularies import label
from challenge.foundation.i18n import LANGUAGES, Text, _
from challenge.panels.queries import Seated

SECONDS = 10.0
MOST_SHARED = 6
WHY_SHORT = {
    Lack.NO_CANDIDATES: _("No reviewer with a seat reads its language."),
    Lack.FEW_CANDIDATES: _("Too few reviewers with a seat read its language."),
    Lack.CONFLICTS: _("Conflicts of interest leave too few reviewers."),
    Lack.FULL: _("All who may review it are at the limit that they offered."),
}
NOTHING = Told()


# ---------- what both sides say ----------


def proposal_profile(proposal: Candidate, told: Told) -> Profile:
    return Profile(
        text=f"{proposal.title}\n{told.text}",
        themes=_themes(told.topics),
        country=proposal.country,
        languages=frozenset({proposal.language} - {""}),
    )


def reviewer_profile(seat: Seated) -> Profile:
    """The text of a reviewer: own keywords, and the names of the themes in the languages that the person reads."""
    named = [code for code in seat.languages if code in LANGUAGES] or ["en"]
    names = [label(*topic, lang) for topic in sorted(seat.topics) for lang in named]
    return Profile(
        text="\n".join([*seat.keywords, *names]),
        themes=_themes(seat.topics),
        keywords=frozenset(seat.keywords),
        country=seat.country,
        languages=frozenset(seat.languages),
    )


def _themes(topics: Iterable[tuple[str, str]]) -> frozenset[str]:
    return frozenset(f"{vocabulary} {code}" for vocabulary, code in topics)


# ---------- the question ----------


@dataclass(frozen=True, slots=True)
class Market:
    """proposals (P) and seats (R) stand behind the numbers of the task. elsewhere (R,): loads outside it, in the same
    stage. offers (R,): whether the person offered a limit; who did not has all of P as max_load."""

    task: Task
    proposals: list[Candidate]
    seats: list[Seated]
    elsewhere: Ints
    offers: Bools


def market_of(field: Field, told: Mapping[UUID, Told]) -> Market:
    """What is assigned is locked. Who is in conflict or on a team is barred by the pairs that the rule reads too."""
    proposals = [each for each in field.proposals.values() if is_open(each)]
    seats = reviewers(field.seats)
    row = {each.id: n for n, each in enumerate(proposals)}
    column = {seat.person_id: n for n, seat in enumerate(seats)}

    def inside(pairs: Iterable[tuple[UUID, UUID]]) -> list[tuple[int, int]]:
        return sorted((row[p], column[r]) for r, p in pairs if p in row and r in column)

    locked = inside(field.present)
    barred = sorted(set(inside(field.conflicts | field.teams)) - set(locked))
    others = Counter(proposal for person, proposal in field.present if person not in column)
    wanted = [max(0, field.stage.reviews_per_proposal - others[each.id]) for each in proposals]
    here = Counter(r for _p, r in locked)
    elsewhere = ints([field.loads[seat.person_id] - here[n] for n, seat in enumerate(seats)])
    offered = [len(proposals) if seat.max_load is None else seat.max_load for seat in seats]
    offers = np.array([seat.max_load is not None for seat in seats], dtype=bool)
    most = np.where(offers, np.maximum(ints(offered) - elsewhere, 0), ints(offered))
    task = Task(
        _affinities(proposals, seats, told),
        demand=ints(wanted),
        min_load=np.zeros(len(seats), dtype=np.int64),
        max_load=most,
        conflicts=ints(barred).reshape(-1, 2),
        locked=ints(locked).reshape(-1, 2),
    )
    return Market(task, proposals, seats, elsewhere, offers)


def _affinities(proposals: Sequence[Candidate], seats: Sequence[Seated], told: Mapping[UUID, Told]) -> Dense:
    matrix = np.full((len(proposals), len(seats)), np.nan, dtype=np.float32)
    ours = [proposal_profile(each, told.get(each.id, NOTHING)) for each in proposals]
    for part in affinities(ours, [reviewer_profile(seat) for seat in seats]):
        matrix[part.edges.proposal, part.edges.reviewer] = part.edges.affinity
    return Dense(matrix)


# ---------- the answer ----------


@dataclass(frozen=True, slots=True)
class Short:
    number: str
    title: str
    missing: int
    why: Text


@dataclass(frozen=True, slots=True)
class Proposed:
    """pairs: (number, e-mail) of what is new; there: how many stand already. total and bound count both.

    bound None: nothing is proved. share: the load that nobody who offered no limit passes, None where all did.
    """

    pairs: list[tuple[str, str]]
    there: int
    total: float
    bound: float | None
    is_proved: bool
    short: list[Short]
    share: int | None


def propose(field: Field, told: Mapping[UUID, Told], seconds: float = SECONDS) -> Proposed:
    """Some seconds of work: not for the event loop. After the time limit an unproved answer obeys every rule as well."""
    deadline = time.monotonic() + seconds
    market = market_of(field, told)
    task, found, share = _evenly(market, deadline)
    is_locked = set(task.keys_of(task.locked).tolist())
    chosen = zip(found.pairs.proposal.tolist(), found.pairs.reviewer.tolist(), strict=True)
    new = [(p, r) for p, r in chosen if p * task.reviewers + r not in is_locked]
    lacks = [lack for lack in shortfalls(task, found) if lack.kind == "proposal"]
    bound = found.bound if math.isfinite(found.bound) else None
    return Proposed(
        pairs=[(market.proposals[p].number, market.seats[r].email) for p, r in new],
        there=len(is_locked),
        total=found.total,
        bound=bound,
        is_proved=found.is_complete and bound is not None,
        short=[
            Short(
                market.proposals[lack.index].number,
                market.proposals[lack.index].title,
                lack.missing,
                WHY_SHORT[lack.reason],
            )
            for lack in lacks
        ],
        share=share,
    )


def _evenly(market: Market, deadline: float) -> tuple[Task, Matching, int | None]:
    """Solve with an even share as the limit of who offered none; double it as long as reviews are missing for it."""
    task = market.task
    if market.offers.all():
        return task, solve(task, deadline=deadline), None
    share = max(1, math.ceil(int(task.demand.sum() + market.elsewhere.sum()) / max(1, task.reviewers)))
    best: tuple[Task, Matching, int] | None = None
    while True:
        limit = np.where(market.offers, task.max_load, np.maximum(share - market.elsewhere, 0))
        limited = replace(task, max_load=limit)
        found = solve(limited, deadline=deadline)
        if best is None or found.short.sum() < best[1].short.sum():
            best = limited, found, share
        is_open_ended = bool((limit < task.proposals)[~market.offers].any())
        if not found.short.any() or not is_open_ended or time.monotonic() > deadline:
            return best
        share *= 2


# ---------- one proposal, side by side with everybody ----------


def suits(proposal: Candidate, told: Told, seats: Sequence[Seated]) -> dict[UUID, Suit]:
    """Person -> what speaks for it. The text is weighed among these people alone; who does not read it has -1."""
    mine, theirs = proposal_profile(proposal, told), [reviewer_profile(seat) for seat in seats]
    worth = np.full(len(seats), -1.0)
    for part in affinities([mine], theirs):
        worth[part.edges.reviewer] = part.edges.affinity
    shared = shared_words(mine.text, [each.text for each in theirs])
    return {
        seat.person_id: Suit(
            float(worth[n]),
            shared[n],
            bool(proposal.country) and proposal.country == seat.country,
        )
        for n, seat in enumerate(seats)
    }


def shared_words(text: str, others: Iterable[str]) -> list[list[str]]:
    """For each of `others` the words of `text` that it has too, as `text` first spells them, the most frequent first."""
    counts, spelt = Counter(words(text)), dict[str, str]()
    for word in WORD.findall(text):
        for plain in words(word):
            spelt.setdefault(plain, word)
    ranked = sorted((word for word in counts if word in spelt), key=lambda word: (-counts[word], word))
    known = (set(words(other)) for other in others)
    return [[spelt[word] for word in ranked if word in some][:MOST_SHARED] for some in known]

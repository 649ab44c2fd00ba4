"""Twelve published calls: their rubrics of the library, against plain loops written from what each call says.

The loops know nothing of the product: weights, levels, thresholds, tie-breaks and lists stand in them as numbers.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest

from challenge.exchange.call_files.importing import rubric_library
from challenge.rubrics.definition import Rubric
from challenge.scoring.explanation import explain, reason
from challenge.scoring.ranking import Entry, RankingResult
from challenge.scoring.records import is_reproduced, record_of
from challenge.scoring.selection import rank_and_list

SEEDS = range(5)
Grid = dict[str, list[dict[str, Fraction]]]


# ---------- synthetic scores ----------


def dice_of(seed: int) -> Random:
    return Random(seed)  # noqa: S311


def grid(seed: int, levels: Mapping[str, Sequence[str]], proposals: int = 40, reviews: int = 3) -> Grid:
    """Coarse enough that scores tie."""
    dice = dice_of(seed)
    made: Grid = {}
    for n in range(proposals):
        lucky = dice.random() < 0.6
        made[f"P{n:02}"] = [
            {
                code: Fraction(dice.choice(steps[len(steps) // 2 :] if lucky else steps))
                for code, steps in levels.items()
            }
            for _review in range(reviews)
        ]
    return made


def steps(low: int, high: int, halves: bool = False) -> list[str]:
    return [str(Fraction(n, 2)) for n in range(2 * low, 2 * high + 1, 1 if halves else 2)]


def decimal(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / Decimal(number.denominator)


def entries(made: Grid, **more: Mapping[str, Any]) -> list[Entry]:
    return [
        Entry(
            key,
            {
                f"{key}-{n}": {code: decimal(score) for code, score in one.items()}
                for n, one in enumerate(reviews)
            },
            **{name: values[key] for name, values in more.items() if key in values},
        )
        for key, reviews in made.items()
    ]


# ---------- plain counting ----------


def mean(numbers: Iterable[Fraction]) -> Fraction:
    listed = list(numbers)
    return sum(listed, Fraction(0)) / len(listed)


def places_of(order: Mapping[str, tuple[Fraction, ...]]) -> dict[str, int]:
    """1 and the number of those that stand strictly better."""
    return {key: 1 + sum(other > mine for other in order.values()) for key, mine in order.items()}


def first(places: Mapping[str, int], top: int) -> tuple[set[str], set[str]]:
    """Who is among the first so many for sure, and who ties across the line."""
    inside, tied = set(), set()
    for key, place in places.items():
        last = place + sum(other == place for other in places.values()) - 1
        if last <= top:
            inside.add(key)
        elif place <= top:
            tied.add(key)
    return inside, tied


def within_money(
    places: Mapping[str, int],
    asked: Mapping[str, int],
    most: Fraction,
    top: int = 10**9,
    least: Fraction = Fraction(0),
) -> tuple[set[str], set[str]]:
    """Down the places, equals together, until the money or the number does not suffice."""
    inside: set[str] = set()
    spent = Fraction(0)
    for place in sorted(set(places.values())):
        group = [key for key in places if places[key] == place]
        fitting = [key for key in group if spent + asked[key] <= most and len(inside) < top]
        over = {key for key in group if key not in fitting} if len(inside) < top else set()
        together = sum(asked[key] for key in fitting)
        if spent + together > most or len(inside) + len(fitting) > top:
            return inside, set(fitting) | (over if spent < least else set())
        inside |= set(fitting)
        spent += together
        if over or len(inside) >= top:
            crossing = over if spent < least else set()
            return (inside | crossing, set()) if len(crossing) < 2 else (inside, crossing)
    return inside, set()


def reserve_of(places: Mapping[str, int], inside: set[str], size: int) -> list[str]:
    """The next in order, where no tie is open."""
    waiting = sorted((place, key) for key, place in places.items() if key not in inside)
    return [key for _place, key in waiting[:size]]


def found(rubric: Rubric, given: Sequence[Entry]) -> RankingResult:
    """The product's answer: the same from its own record, with words for everybody."""
    result = rank_and_list(rubric, given)
    assert is_reproduced(record_of(rubric, given, result))
    for row in result.rows:
        assert str(reason(row)) and all(str(sentence) for sentence in explain(row))
    return result


def places(result: RankingResult) -> dict[str, int]:
    return {row.key: row.place for row in result.ranked if row.place is not None}


def listed(result: RankingResult, status: str) -> set[str]:
    return {row.key for row in result.rows if row.status == status}


def scores(result: RankingResult) -> dict[str, Decimal | None]:
    return {row.key: row.score for row in result.rows}


def same_scores(result: RankingResult, expected: Mapping[str, Fraction]) -> None:
    assert {key: score for key, score in scores(result).items() if score is not None} == {
        key: decimal(Fraction(round(score * 10**6), 10**6)) for key, score in expected.items()
    }


def rubric(call: str, code: str) -> Rubric:
    return rubric_library()[call][code]


each_seed = pytest.mark.parametrize("seed", SEEDS)


# ---------- the calls ----------


@each_seed
def test_culture_at_work(seed: int) -> None:
    """Points of 30, 20, 20, 20 and 10; 75 of 100 to be admitted; fifteen awards from a million; five in reserve."""
    most = {"relevance": 30, "financial-offer": 20, "communication": 20, "team": 20, "experience": 10}
    made = grid(seed, {code: [str(n * top // 10) for n in range(4, 11)] for code, top in most.items()})
    dice = dice_of(seed)
    asked = {key: dice.randrange(20_000, 60_001, 5_000) for key in made}
    points = {key: mean(sum(one.values(), Fraction(0)) for one in reviews) for key, reviews in made.items()}
    order = {}
    for key, reviews in made.items():
        if points[key] >= 75:
            order[key] = (
                points[key],
                mean(one["relevance"] for one in reviews),
                mean(one["financial-offer"] for one in reviews),
            )
    result = found(
        rubric("culture-at-work-africa-2018", "evaluation"),
        entries(made, amount={k: Decimal(v) for k, v in asked.items()}, currency=dict.fromkeys(made, "EUR")),
    )
    same_scores(result, points)
    expected = places_of(order)
    assert places(result) == expected
    assert listed(result, "below-threshold") == {key for key in made if points[key] < 75}
    inside, tied = within_money(expected, asked, Fraction(1_000_000), top=15)
    assert (listed(result, "selected"), listed(result, "tied-at-the-line")) == (inside, tied)
    if not tied and len(set(expected.values())) == len(expected):
        reserve = sorted(
            (row.listing.number or 0, row.key)
            for row in result.rows
            if row.listing and row.status == "reserve"
        )
        assert [key for _number, key in reserve] == reserve_of(expected, inside, 5)


def horizon(
    seed: int,
) -> tuple[Grid, dict[str, dict[str, Fraction]], dict[str, dict[str, Decimal]], dict[str, int]]:
    codes = ("excellence", "impact", "implementation")
    made = grid(seed, dict.fromkeys(codes, steps(2, 5, halves=True)))
    dice = dice_of(seed + 99)
    agreed = {
        key: {code: Fraction(dice.choice(["3", "3", "2.5", "3.5", "4", "4.5"])) for code in codes}
        for key in made
    }
    recorded = {
        key: {
            "uncovered-aspects": Decimal(dice.randrange(2)),
            "gender-balance": Decimal(dice.randrange(3)),
            "geographical-diversity": Decimal(dice.randrange(3)),
        }
        for key in made
    }
    asked = {key: dice.randrange(500_000, 4_000_001, 500_000) for key in made}
    return made, agreed, recorded, asked


def ranked_horizon(
    seed: int, code: str, parts: Callable[[dict[str, Fraction]], tuple[Fraction, ...]]
) -> None:
    made, agreed, recorded, asked = horizon(seed)
    order = {}
    for key, score in agreed.items():
        # thresholds of 3 each and 10 together, before any weight
        if all(each >= 3 for each in score.values()) and sum(score.values()) >= 10:
            told = {name: Fraction(number) for name, number in recorded[key].items()}
            order[key] = (
                parts(score)[0],
                told["uncovered-aspects"],
                *parts(score)[1:],
                told["gender-balance"],
                told["geographical-diversity"],
            )
    result = found(
        rubric("horizon-europe-ria", code),
        entries(
            made,
            consensus={key: {c: decimal(n) for c, n in score.items()} for key, score in agreed.items()},
            tie_break=recorded,
            amount={key: Decimal(amount) for key, amount in asked.items()},
            currency=dict.fromkeys(made, "EUR"),
        ),
    )
    same_scores(result, {key: sum(score.values(), Fraction(0)) for key, score in agreed.items()})
    assert places(result) == places_of(order)
    assert listed(result, "below-threshold") == set(made) - set(order)
    inside, tied = within_money(places_of(order), asked, Fraction(8_000_000))
    assert (listed(result, "selected"), listed(result, "tied-at-the-line")) == (inside, tied)


@each_seed
def test_horizon_europe_research_action(seed: int) -> None:
    """The consensus counts, unweighted; excellence parts equals before impact."""
    ranked_horizon(
        seed, "full-proposal", lambda s: (sum(s.values(), Fraction(0)), s["excellence"], s["impact"])
    )


@each_seed
def test_horizon_europe_innovation_action(seed: int) -> None:
    """Impact counts one and a half times for the order, never for thresholds, and parts equals first."""
    ranked_horizon(
        seed,
        "innovation-action",
        lambda s: (
            s["excellence"] + Fraction(3, 2) * s["impact"] + s["implementation"],
            s["impact"],
            s["excellence"],
        ),
    )


@each_seed
def test_horizon_europe_first_stage(seed: int) -> None:
    """Four of five in both; those invited ask for about three times the budget and for two and a half at least."""
    made = grid(seed, dict.fromkeys(("excellence", "impact"), steps(3, 5, halves=True)))
    agreed = {key: reviews[0] for key, reviews in made.items()}
    dice = dice_of(seed)
    asked = {key: dice.randrange(1_000_000, 9_000_001, 500_000) for key in made}
    order = {
        key: (score["excellence"] + score["impact"],)
        for key, score in agreed.items()
        if score["excellence"] >= 4 and score["impact"] >= 4
    }
    result = found(
        rubric("horizon-europe-ria", "first-stage"),
        entries(
            made,
            consensus={key: {c: decimal(n) for c, n in score.items()} for key, score in agreed.items()},
            amount={key: Decimal(amount) for key, amount in asked.items()},
            currency=dict.fromkeys(made, "EUR"),
        ),
    )
    assert places(result) == places_of(order)
    inside, tied = within_money(places_of(order), asked, Fraction(24_000_000), least=Fraction(20_000_000))
    assert (listed(result, "selected"), listed(result, "tied-at-the-line")) == (inside, tied)


@each_seed
def test_ilo_just_energy_transition(seed: int) -> None:
    """Per cent of the maximum by weight; 65 overall and 2.5 for decent work; three awards, two in reserve."""
    weights = {"relevance": 25, "innovation": 20, "decent-work": 20, "inclusion": 15, "feasibility": 20}
    made = grid(seed, dict.fromkeys(weights, steps(1, 5)))
    score = {
        key: mean(sum(weights[code] * given / 5 for code, given in one.items()) for one in reviews)
        for key, reviews in made.items()
    }
    order = {}
    for key, reviews in made.items():
        means = {code: mean(one[code] for one in reviews) for code in weights}
        if score[key] >= 65 and means["decent-work"] >= Fraction("2.5"):
            order[key] = (score[key], means["inclusion"], means["decent-work"], means["feasibility"])
    result = found(rubric("ilo-just-energy-transition", "rubric"), entries(made))
    same_scores(result, score)
    assert places(result) == places_of(order)
    inside, tied = first(places_of(order), 3)
    assert listed(result, "selected") == inside
    assert tied <= listed(result, "tied-at-the-line")
    if not tied and len(set(places_of(order).values())) == len(order):
        assert listed(result, "reserve") == set(reserve_of(places_of(order), inside, 2))


def unweighted(
    call: str, code: str, codes: Sequence[str], levels: tuple[int, int], seed: int, top: int | None
) -> None:
    made = grid(seed, dict.fromkeys(codes, steps(*levels)), proposals=80)
    score = {
        key: mean(100 * mean(one.values()) / levels[1] for one in reviews) for key, reviews in made.items()
    }
    result = found(rubric(call, code), entries(made))
    same_scores(result, score)
    expected = places_of({key: (value,) for key, value in score.items()})
    assert places(result) == expected
    if top is None:
        assert {row.listing for row in result.rows} == {None}
    else:
        assert (listed(result, "selected"), listed(result, "tied-at-the-line")) == first(expected, top)


@each_seed
def test_ilo_skills_call(seed: int) -> None:
    """The best ten ideas come through; all else is filled in."""
    codes = ("mismatch", "innovation", "inclusion", "partnership")
    unweighted("ilo-skills-innovation-call-1-2020", "assessment", codes, (1, 5), seed, 10)


@each_seed
def test_mit_solve(seed: int) -> None:
    """Six criteria without weights; finalists are asked for a seventh."""
    codes = ("alignment", "impact", "feasibility", "approach", "human-centred", "scalability")
    unweighted("mit-solve-gm-steam", "review", codes, (1, 5), seed, None)
    unweighted("mit-solve-gm-steam", "finalists", (*codes, "partnership"), (1, 5), seed, None)


@each_seed
def test_equator_prize(seed: int) -> None:
    """Five criteria without weights."""
    codes = ("impact", "partnerships", "sustainability", "innovation", "leadership")
    unweighted("undp-equator-prize-2017", "selection", codes, (1, 5), seed, None)


@each_seed
def test_xprize_carbon_removal(seed: int) -> None:
    """Sixty are named, then fifteen of them win; without the highest and the lowest of twelve judges."""
    codes = ("operation", "cost", "scale")
    unweighted("xprize-carbon-removal-2021", "milestone-shortlist", codes, (0, 10), seed, 60)
    made = grid(seed, dict.fromkeys(codes, steps(0, 10)), proposals=60, reviews=12)
    score = {}
    for key, reviews in made.items():
        judged = sorted(10 * mean(one.values()) for one in reviews)
        score[key] = mean(judged[1:-1])
    result = found(rubric("xprize-carbon-removal-2021", "milestone"), entries(made))
    same_scores(result, score)
    expected = places_of({key: (value,) for key, value in score.items()})
    assert places(result) == expected
    assert (listed(result, "selected"), listed(result, "tied-at-the-line")) == first(expected, 15)


@each_seed
def test_nsf_career_compass(seed: int) -> None:
    """20, 20, 20 and 40 per cent, after a screen on the rules; one winner."""
    weights = {"creativity": 20, "clarity": 20, "communication": 20, "usability": 40}
    made = grid(
        seed, {"rules": ["1", "1", "1", "0", "1", "1", "1", "1"], **dict.fromkeys(weights, steps(0, 10))}
    )
    score = {
        key: mean(sum(weights[code] * one[code] / 10 for code in weights) for one in reviews)
        for key, reviews in made.items()
    }
    out = {key for key, reviews in made.items() if any(one["rules"] == 0 for one in reviews)}
    result = found(rubric("nsf-career-compass-2019", "prototypes"), entries(made))
    same_scores(result, score)
    assert out and listed(result, "knocked-out") == out
    expected = places_of({key: (value,) for key, value in score.items() if key not in out})
    assert places(result) == expected
    assert (listed(result, "selected"), listed(result, "tied-at-the-line")) == first(expected, 1)


@each_seed
def test_scottish_just_transition_fund(seed: int) -> None:
    """Levels 0 to 3; among equals those who work with others come first; nineteen million pounds."""
    made = grid(seed, dict.fromkeys(("jobs", "place", "equity", "environment"), steps(0, 3)), proposals=102)
    dice = dice_of(seed)
    asked = {key: dice.randrange(100_000, 1_500_001, 100_000) for key in made}
    partners = {key: dice.randrange(4) for key in made}
    points = {key: mean(sum(one.values(), Fraction(0)) for one in reviews) for key, reviews in made.items()}
    result = found(
        rubric("scot-just-transition-fund-2022", "panel"),
        entries(
            made,
            tie_break={key: {"collaboration": Decimal(n)} for key, n in partners.items()},
            amount={key: Decimal(amount) for key, amount in asked.items()},
            currency=dict.fromkeys(made, "GBP"),
        ),
    )
    same_scores(result, points)
    expected = places_of({key: (points[key], Fraction(partners[key])) for key in made})
    assert places(result) == expected
    assert (listed(result, "selected"), listed(result, "tied-at-the-line")) == within_money(
        expected, asked, Fraction(19_000_000)
    )


@each_seed
def test_ocean_innovation_concepts(seed: int) -> None:
    """Eight criteria of 0 to 3 added up; who is not eligible has 0 everywhere and is dropped."""
    codes = (
        "feasible",
        "innovative",
        "scalable",
        "transformational",
        "equity",
        "ownership",
        "engagement",
        "management",
    )
    made = grid(seed, {"eligible": ["1"] * 8 + ["0"] + ["1"] * 11, **dict.fromkeys(codes, steps(0, 3))})
    points = {}
    dropped = set()
    for key, reviews in made.items():
        points[key] = mean(sum(one[code] for code in codes) for one in reviews)
        if any(one["eligible"] == 0 for one in reviews):
            points[key] = Fraction(0)
            dropped.add(key)
    result = found(rubric("undp-ocean-innovation-challenge", "concept"), entries(made))
    same_scores(result, points)
    assert listed(result, "knocked-out") == dropped
    assert places(result) == places_of({key: (value,) for key, value in points.items() if key not in dropped})


@each_seed
def test_ocean_innovation_call_4(seed: int) -> None:
    """A project summary below 5 of 10 rejects the whole proposal."""
    made = grid(seed, dict.fromkeys(("summary", "other"), steps(0, 10)))
    rejected = {key for key, reviews in made.items() if mean(one["summary"] for one in reviews) < 5}
    points = {key: mean(one["summary"] + one["other"] for one in reviews) for key, reviews in made.items()}
    result = found(rubric("undp-ocean-innovation-challenge", "call-4"), entries(made))
    same_scores(result, points)
    assert rejected and listed(result, "knocked-out") == rejected
    assert places(result) == places_of(
        {key: (value,) for key, value in points.items() if key not in rejected}
    )


@each_seed
def test_rural_tech(seed: int) -> None:
    """Five times 20 points and 5 on top of the hundred; five finalists, then one grand prize."""
    codes = ("methodology", "planning", "community", "improvement", "career")
    made = grid(seed, {**dict.fromkeys(codes, steps(16, 20)), "need": steps(0, 5)})
    points = {key: mean(sum(one.values(), Fraction(0)) for one in reviews) for key, reviews in made.items()}
    result = found(rubric("us-ed-rural-tech-2020", "open-submissions"), entries(made))
    same_scores(result, points)
    expected = places_of({key: (value,) for key, value in points.items()})
    assert places(result) == expected
    assert (listed(result, "selected"), listed(result, "tied-at-the-line")) == first(expected, 5)
    full = {code: [Fraction(20)] for code in codes} | {"need": [Fraction(5)]}
    best = entries({"A": [{code: scores[0] for code, scores in full.items()}]})
    assert found(rubric("us-ed-rural-tech-2020", "open-submissions"), best).rows[0].score == Decimal(105)
    second = ("execution", "improvement", "community", "outcomes", "career")
    made = grid(seed, dict.fromkeys(second, steps(0, 20)), proposals=5)
    points = {key: mean(sum(one.values(), Fraction(0)) for one in reviews) for key, reviews in made.items()}
    result = found(rubric("us-ed-rural-tech-2020", "community-implementation"), entries(made))
    expected = places_of({key: (value,) for key, value in points.items()})
    assert places(result) == expected
    assert (listed(result, "selected"), listed(result, "tied-at-the-line")) == first(expected, 1)


AMAZON = {"BR", "CO", "EC", "GY", "PE", "SR"}


@each_seed
def test_artisanal_mining_in_the_amazon(seed: int) -> None:
    """Ten criteria of ten in four sections; at most twenty share 600,000, half of it for six countries."""
    sections = {
        "value": ("design", "proposition", "novelty"),
        "sustainability": ("adoption", "finance"),
        "impact": ("biodiversity", "human-security", "inclusion"),
        "feasibility": ("risk", "team"),
    }
    codes = [code for inside in sections.values() for code in inside]
    made = grid(seed, dict.fromkeys(codes, steps(0, 10)))
    dice = dice_of(seed)
    country = {key: dice.choice(["US", "GB", "CA", "PE", "CO", "BR", "US", "DE"]) for key in made}
    asked = {key: dice.randrange(30_000, 80_001, 5_000) for key in made}
    points = {key: mean(sum(one.values(), Fraction(0)) for one in reviews) for key, reviews in made.items()}
    result = found(
        rubric("usaid-artisanal-mining-amazon-2021", "external-review"),
        entries(
            made,
            country=country,
            amount={key: Decimal(amount) for key, amount in asked.items()},
            currency=dict.fromkeys(made, "USD"),
        ),
    )
    same_scores(result, points)
    expected = places_of({key: (value,) for key, value in points.items()})
    assert places(result) == expected
    for row in result.rows:
        by_hand = {
            section: mean(sum(one[code] for code in inside) for one in made[row.key])
            for section, inside in sections.items()
        }
        assert {one.code: one.score for one in row.sections} == {
            section: decimal(Fraction(round(value * 10**6), 10**6)) for section, value in by_hand.items()
        }
    inside, tied = within_money(expected, asked, Fraction(600_000), top=20)
    if tied:
        assert listed(result, "tied-at-the-line") == tied
        return
    chosen = sorted(inside, key=lambda key: expected[key])
    waiting = sorted(set(made) - inside, key=lambda key: (expected[key], key))
    gone: set[str] = set()
    while 2 * sum(asked[k] for k in chosen if country[k] in AMAZON) < sum(asked[k] for k in chosen):
        for key in waiting:
            if country[key] not in AMAZON or key in chosen:
                continue
            trial, left = list(chosen), []
            while trial and (sum(asked[k] for k in trial) + asked[key] > 600_000 or len(trial) + 1 > 20):
                others = [k for k in trial if country[k] not in AMAZON]
                if not others:
                    break
                lowest = max(others, key=lambda k: (expected[k], k))
                trial.remove(lowest)
                left.append(lowest)
            if sum(asked[k] for k in trial) + asked[key] <= 600_000 and len(trial) < 20:
                chosen = [*trial, key]
                gone |= set(left)
                break
        else:
            lowest = max((k for k in chosen if country[k] not in AMAZON), key=lambda k: (expected[k], k))
            chosen.remove(lowest)
            gone.add(lowest)
    assert listed(result, "tied-at-the-line") == set() or gone
    if not listed(result, "tied-at-the-line"):
        assert listed(result, "selected") == set(chosen)
    assert result.chosen is not None
    assert result.chosen.quotas[0].is_met or listed(result, "tied-at-the-line")


def test_every_call_of_the_library_stands_in_a_test_here() -> None:
    text = Path(__file__).read_text("utf-8")
    assert [call for call in rubric_library() if f'"{call}"' not in text] == []

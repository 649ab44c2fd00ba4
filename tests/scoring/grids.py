"""Rubrics of three real calls, and the scores of the demonstration, as small as they can be said."""

from collections.abc import Mapping
from decimal import Decimal

from challenge.rubrics.definition import Aggregation, Criterion, Overall, Rubric, Scale, Score, TieBreak
from challenge.scoring.ranking import Entry

ILO = Rubric(
    scale=Scale(min=Decimal(1), max=Decimal(5)),
    criteria=(
        Criterion(code="relevance", label={"en": "Relevance"}, weight=Decimal(25)),
        Criterion(code="innovation", label={"en": "Innovation"}, weight=Decimal(20)),
        Criterion(
            code="decent-work",
            label={"en": "Decent work", "fr": "Travail décent"},
            weight=Decimal(20),
            threshold=Decimal("2.5"),
        ),
        Criterion(
            code="inclusion", label={"en": "Inclusion", "fr": "Inclusion"}, weight=Decimal(15), inclusion=True
        ),
        Criterion(code="feasibility", label={"en": "Feasibility"}, weight=Decimal(20)),
    ),
    aggregation=Aggregation(overall_threshold=Decimal(65)),
    tie_break=("inclusion", "decent-work", "feasibility"),
)

CULTURE = Rubric(
    scale=Scale(min=Decimal(0), max=Decimal(100)),
    criteria=tuple(
        Criterion(code=code, label={"en": code}, max_points=Decimal(points))
        for code, points in (
            ("relevance", 30),
            ("finance", 20),
            ("communication", 20),
            ("team", 20),
            ("past", 10),
        )
    ),
    aggregation=Aggregation(overall=Overall.SUM, overall_threshold=Decimal(75)),
)

HORIZON = Rubric(
    scale=Scale(min=Decimal(0), max=Decimal(5), step=Decimal("0.5")),
    criteria=(
        Criterion(code="excellence", label={"en": "Excellence"}, threshold=Decimal(3)),
        Criterion(code="impact", label={"en": "Impact"}, threshold=Decimal(3), ranking_weight=Decimal("1.5")),
        Criterion(code="implementation", label={"en": "Implementation"}, threshold=Decimal(3)),
    ),
    aggregation=Aggregation(overall=Overall.SUM, overall_threshold=Decimal(10)),
    tie_break=(
        TieBreak(code="uncovered-aspects", label={"en": "Aspects not covered by better proposals"}),
        "impact",
        "excellence",
        TieBreak(code="gender-balance", label={"en": "Gender balance"}),
    ),
)

# Relevance, innovation, decent work, inclusion, feasibility: one digit each, by reviewer.
DEMONSTRATION = {
    "P01": {"R2": "44344", "R5": "54454", "R6": "55554"},
    "P02": {"R2": "43444", "R4": "54544", "R6": "54555"},
    "P03": {"R1": "43453", "R2": "32342", "R3": "43454"},
    "P04": {"R1": "44454", "R3": "45454", "R5": "44454"},
    "P05": {"R4": "23222", "R5": "55545", "R6": "55444"},
    "P06": {"R1": "54545", "R3": "22232", "R5": "34334"},
    "P07": {"R2": "34333", "R5": "44444", "R6": "55445"},
    "P08": {"R1": "43344", "R4": "43334", "R6": "54444"},
    "P09": {"R1": "33443", "R3": "43443", "R4": "33432"},
    "P10": {"R1": "43353", "R2": "22232", "R3": "33343"},
    "P11": {"R3": "44343", "R4": "34333", "R6": "55454"},
    "P12": {"R2": "32232", "R5": "33343", "R6": "44453"},
}
TOO_YOUNG = {"en": "Founded 14 months before closing; 24 are asked for."}


def scores(rubric: Rubric, numbers: str) -> dict[str, Score]:
    """ "4 3.5 5" or "435" as scores, in the order of the criteria."""
    parts = numbers.split() if " " in numbers else list(numbers)
    return {c.code: Decimal(number) for c, number in zip(rubric.criteria, parts, strict=True)}


def entry(
    rubric: Rubric,
    key: str,
    *reviews: str,
    excluded: str | None = None,
    tie_break: Mapping[str, str] | None = None,
) -> Entry:
    return Entry(
        key=key,
        reviews={f"{key}-{n}": scores(rubric, review) for n, review in enumerate(reviews, start=1)},
        excluded=excluded,
        tie_break={code: Decimal(number) for code, number in (tie_break or {}).items()},
    )


def demonstration() -> list[Entry]:
    return [
        Entry(
            key=key,
            reviews={reviewer: scores(ILO, digits) for reviewer, digits in reviews.items()},
            excluded=TOO_YOUNG if key == "P11" else None,
        )
        for key, reviews in DEMONSTRATION.items()
    ]

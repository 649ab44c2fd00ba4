from decimal import Decimal

import msgspec
import pytest

from challenge.rubrics.definition import (
    NOT_APPLICABLE,
    Aggregation,
    Criterion,
    Overall,
    Remark,
    Rubric,
    Scale,
    TieBreak,
    from_builtins,
    level_key,
    to_builtins,
)
from challenge.rubrics.rules import (
    anchor,
    faults,
    has_buttons,
    has_inclusion,
    highest_score,
    level_label,
    levels,
    missing_scores,
    why_not_score,
)
from tests.scoring.grids import CULTURE, HORIZON, ILO


def criterion(code: str = "a", **more: object) -> Criterion:
    return msgspec.structs.replace(Criterion(code=code, label={"en": code.upper()}), **more)


def rubric(*criteria: Criterion, **more: object) -> Rubric:
    plain = Rubric(scale=Scale(min=Decimal(0), max=Decimal(5)), criteria=criteria or (criterion(),))
    return msgspec.structs.replace(plain, **more)


def test_levels_go_from_lowest_to_highest_in_steps() -> None:
    assert [str(level) for level in levels(ILO, ILO.criteria[0])] == ["1", "2", "3", "4", "5"]
    assert [level_key(level) for level in levels(HORIZON, HORIZON.criteria[0])] == [
        "0", "0.5", "1", "1.5", "2", "2.5", "3", "3.5", "4", "4.5", "5",
    ]  # fmt: skip
    assert len(levels(CULTURE, CULTURE.criteria[0])) == 31
    assert has_buttons(ILO, ILO.criteria[0])
    assert has_buttons(HORIZON, HORIZON.criteria[0])
    assert has_buttons(CULTURE, CULTURE.criteria[4])
    assert not has_buttons(CULTURE, CULTURE.criteria[0])


def test_labels_and_anchors_are_found_by_level() -> None:
    scale = Scale(min=Decimal(0), max=Decimal(1), step=Decimal("0.5"), labels={"0.5": {"en": "half"}})
    one = rubric(criterion(anchors={"1": {"en": "all"}}), scale=scale)
    assert level_label(one, one.criteria[0], Decimal("0.50")) == {"en": "half"}
    assert level_label(one, one.criteria[0], Decimal(0)) == {}
    assert anchor(one.criteria[0], Decimal("1.0")) == {"en": "all"}


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("0", None),
        ("4.5", None),
        ("4.50", None),
        ("5.5", "Use a number from 0 to 5. You wrote 5.5."),
        ("-1", "Use a number from 0 to 5. You wrote -1."),
        ("4.3", "Use steps of 0.5 from 0 to 5. You wrote 4.3."),
        ("NaN", "Use a number from 0 to 5."),
        ("Infinity", "Use a number from 0 to 5."),
    ],
)
def test_a_score_must_be_a_level_of_its_scale(value: str, sentence: str | None) -> None:
    said = why_not_score(HORIZON, HORIZON.criteria[0], Decimal(value))
    assert (str(said) if said else None) == sentence


def test_not_applicable_only_where_the_scale_allows_it() -> None:
    assert str(why_not_score(ILO, ILO.criteria[0], NOT_APPLICABLE)) == (
        "This criterion needs a score; it cannot be left out."
    )
    open_scale = rubric(criterion(scale=Scale(min=Decimal(0), max=Decimal(3), na_allowed=True)))
    assert why_not_score(open_scale, open_scale.criteria[0], NOT_APPLICABLE) is None


def test_points_of_a_criterion_end_where_it_says() -> None:
    assert why_not_score(CULTURE, CULTURE.criteria[0], Decimal(30)) is None
    assert str(why_not_score(CULTURE, CULTURE.criteria[4], Decimal(11))) == (
        "Use a number from 0 to 10. You wrote 11."
    )
    assert highest_score(CULTURE) == Decimal(100)
    assert highest_score(HORIZON) == Decimal(15)
    assert highest_score(ILO) == Decimal(100)


def test_missing_scores_come_in_the_order_of_the_rubric() -> None:
    given = {"inclusion": Decimal(3), "relevance": NOT_APPLICABLE, "feasibility": None}
    assert [c.code for c in missing_scores(ILO, given)] == ["innovation", "decent-work", "feasibility"]


def test_the_real_rubrics_have_no_faults() -> None:
    assert [faults(one) for one in (ILO, CULTURE, HORIZON)] == [[], [], []]
    assert has_inclusion(ILO)
    assert not has_inclusion(HORIZON)


@pytest.mark.parametrize(
    ("wrong", "path", "sentence"),
    [
        (rubric(criterion(), criterion()), ("criteria", 1, "code"), "The code a is used twice."),
        (
            rubric(criterion(weight=Decimal(0))),
            ("criteria", 0, "weight"),
            "Use a number above zero. You wrote 0.",
        ),
        (
            rubric(criterion(counted=Decimal(-1))),
            ("criteria", 0, "counted"),
            "Use a number above zero. You wrote -1.",
        ),
        (
            rubric(scale=Scale(min=Decimal(5), max=Decimal(1))),
            ("scale", "max"),
            "The highest level must be above the lowest.",
        ),
        (
            rubric(scale=Scale(min=Decimal(0), max=Decimal(5), step=Decimal(2))),
            ("scale", "step"),
            "Steps of 2 do not lead from 0 to 5.",
        ),
        (
            rubric(scale=Scale(min=Decimal(0), max=Decimal(5), step=Decimal(0))),
            ("scale", "step"),
            "Use a number above zero. You wrote 0.",
        ),
        (
            rubric(scale=Scale(min=Decimal(0), max=Decimal(5), step=Decimal("0.001"))),
            ("scale", "step"),
            "A scale has at most 1,001 levels.",
        ),
        (
            rubric(scale=Scale(min=Decimal(0), max=Decimal(5), labels={"6": {"en": "more"}})),
            ("scale", "labels", "6"),
            "6 is not a level of the scale.",
        ),
        (
            rubric(criterion(anchors={"2.5": {"en": "between"}})),
            ("criteria", 0, "anchors", "2.5"),
            "2.5 is not a level of the scale.",
        ),
        (
            rubric(criterion(threshold=Decimal(6))),
            ("criteria", 0, "threshold"),
            "A threshold lies on the scale, from 0 to 5.",
        ),
        (
            rubric(criterion(max_points=Decimal(0))),
            ("criteria", 0, "max_points"),
            "The highest level must be above the lowest.",
        ),
        (
            rubric(aggregation=Aggregation(overall=Overall.SUM, overall_threshold=Decimal(6))),
            ("aggregation", "overall_threshold"),
            "The overall threshold lies between 0 and 5.",
        ),
        (rubric(tie_break=("b",)), ("tie_break", 0), "No criterion has the code b."),
        (rubric(tie_break=("a", "a")), ("tie_break", 1), "The code a is used twice."),
        (
            rubric(tie_break=(TieBreak(code="a", label={"en": "A"}),)),
            ("tie_break", 0, "code"),
            "A criterion already has the code a.",
        ),
        (
            rubric(remark=Remark(min_words=50, max_words=20)),
            ("remark", "max_words"),
            "The most words must not be fewer than the least.",
        ),
        (rubric(criteria=()), ("criteria",), "A rubric needs at least one criterion."),
    ],
)
def test_a_fault_has_its_place_and_its_sentence(
    wrong: Rubric, path: tuple[object, ...], sentence: str
) -> None:
    assert [(where, str(text)) for where, text in faults(wrong)] == [(path, sentence)]


@pytest.mark.parametrize("one", [ILO, CULTURE, HORIZON])
def test_a_rubric_keeps_through_json(one: Rubric) -> None:
    kept = to_builtins(one)
    assert from_builtins(msgspec.json.decode(msgspec.json.encode(kept))) == one
    assert kept["scale"]["max"] == str(one.scale.max)


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field `wieght`"):
        from_builtins({"scale": {"min": 0, "max": 5}, "criteria": [{"code": "a", "label": {}, "wieght": 1}]})

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from challenge.exchange.call_files.importing import rubric_library
from challenge.exchange.call_files.reading import check, check_rubrics
from challenge.exchange.call_files.schema import CallFile, RubricFile, digest, form_in_use, json_schema
from challenge.exchange.call_files.writing import dump
from challenge.rubrics.definition import Join, Overall, TieBreak, level_key
from challenge.rubrics.rules import has_inclusion, highest_score, levels
from challenge.scoring.ranking import rank
from tests.scoring.grids import demonstration

LIBRARY = Path(__file__).parents[2] / "challenge" / "exchange" / "library"
FILES = sorted(LIBRARY.glob("*.yaml"))
RUBRICS = sorted((LIBRARY / "rubrics").glob("*.yaml"))


def library_call(name: str) -> CallFile:
    path = LIBRARY / f"{name}.yaml"
    call = check(path.read_text("utf-8"), path.name)
    assert isinstance(call, CallFile), [str(fault) for fault in call]
    return call


def test_the_library_holds_the_three_real_calls() -> None:
    assert [path.stem for path in FILES] == [
        "culture-at-work-africa-2018",
        "horizon-europe-ria",
        "ilo-just-energy-transition",
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_call_of_the_library_reads_clean_and_bears_the_name_of_its_file(path: Path) -> None:
    call = library_call(path.stem)
    assert call.id == path.stem
    assert call.sources
    assert call.filled_in


@pytest.mark.parametrize("path", RUBRICS, ids=lambda path: path.stem)
def test_a_rubric_of_the_library_reads_clean_and_bears_the_name_of_its_file(path: Path) -> None:
    file = check_rubrics(path.read_text("utf-8"), path.name)
    assert isinstance(file, RubricFile), [str(fault) for fault in file]
    assert file.id == path.stem
    assert file.sources
    assert rubric_library()[file.id] == file.rubrics


def test_twelve_published_calls_have_their_rubrics() -> None:
    assert len(rubric_library()) == 12
    assert set(rubric_library()) == {path.stem for path in [*FILES, *RUBRICS]}


def test_a_rubric_file_has_its_faults_in_lines_and_columns() -> None:
    path = LIBRARY / "rubrics" / "usaid-artisanal-mining-amazon-2021.yaml"
    wrong = path.read_text("utf-8").replace("section: value", "section: worth").replace("USD", "US$")
    faults = check_rubrics(wrong, "wrong.yaml")
    assert isinstance(faults, list)
    assert [str(fault) for fault in faults][1:3] == [
        "wrong.yaml:16:31: No section has the code worth.",
        "wrong.yaml:17:36: No section has the code worth.",
    ]
    assert any("US$" in str(fault) for fault in faults)


def test_a_quota_on_tracks_names_tracks_of_the_call() -> None:
    text = (LIBRARY / "culture-at-work-africa-2018.yaml").read_text("utf-8")
    quota = "quotas: [{code: q, label: {en: A, fr: A}, column: track, values: [VALUE], most: 8}]"
    for value, is_known in (("cultural-spaces", True), ("culturel-spaces", False)):
        changed = text.replace("reserve: 5}", f"reserve: 5, {quota.replace('VALUE', value)}}}")
        assert changed != text
        found = check(changed, "call.yaml")
        assert isinstance(found, CallFile) == is_known
        if not is_known:
            assert "Did you mean “cultural-spaces”?" in str(found[0])  # type: ignore[index]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_written_and_read_again_a_call_is_the_same(path: Path) -> None:
    call = library_call(path.stem)
    again = check(dump(call), "again.yaml")
    assert again == call
    assert isinstance(again, CallFile)
    assert digest(again) == digest(call)
    assert dump(again) == dump(call)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_call_of_the_library_keeps_the_published_schema(path: Path) -> None:
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    content = with_text_keys(yaml.safe_load(path.read_text("utf-8")))
    assert [error.message for error in Draft202012Validator(schema).iter_errors(content)] == []


@pytest.mark.parametrize("path", [*FILES, *RUBRICS], ids=lambda path: path.stem)
def test_no_code_is_read_as_true_or_false_by_other_readers(path: Path) -> None:
    def walk(value: Any, path: str) -> list[str]:
        if isinstance(value, dict):
            wrong = [f"{path}.{key}" for key in value if isinstance(key, bool)]
            return wrong + [found for key, child in value.items() for found in walk(child, f"{path}.{key}")]
        if isinstance(value, list):
            return [found for child in value for found in walk(child, path)]
        known = (
            "required",
            "public",
            "scored",
            "filled_in",
            "demonstration",
            "whole",
            "inclusion",
            "equals",
            "refuses",
        )
        known += ("thresholds_before_weights", "visible_to_applicant", "consensus", "lot")
        known += ("bonus", "uncounted", "zeroes", "each")
        return [path] if isinstance(value, bool) and path.rsplit(".", 1)[-1] not in known else []

    assert walk(yaml.safe_load(path.read_text("utf-8")), "") == []


def with_text_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): with_text_keys(child) for key, child in value.items()}
    return [with_text_keys(child) for child in value] if isinstance(value, list) else value


def test_everything_a_rubric_can_say_stands_in_a_call_file_and_is_written_back() -> None:
    part = """
    sections: [{code: s, label: {en: S, fr: S}, weight: 60, threshold: 40}]
    lot: true
    selection:
      top: 9
      share: 20
      mark: 75
      budget: 1000
      currency: EUR
      multiple: 3
      least_multiple: 2.5
      ties: out
      reserve: 2
      quotas:
      - {code: q, label: {en: Q, fr: Q}, column: country, values: [SN, ML], each: true, most: 2, least: 1}
      - {code: m, label: {en: M, fr: M}, column: track, values: [cultural-spaces], most_share: 60, least_share: 10}
    aggregation:
      overall: weighted-mean
      panel: trimmed
      consensus: true
      groups: [{code: g, label: {en: G, fr: G}, share: 50}]
    scale: {min: 1, max: 6, step: 0.5, best: low, na_allowed: true}
    criteria:
    - {code: a, section: s, counted: 2, label: {en: A, fr: A}, knock_out: {below: 4, by: majority, zeroes: true}}
    - {code: b, bonus: true, label: {en: B, fr: B}}
    - {code: c, uncounted: true, label: {en: C, fr: C}, scale: {min: 0, max: 1}}
"""
    text = (LIBRARY / "culture-at-work-africa-2018.yaml").read_text("utf-8")
    start, end = text.index("\nrubrics:\n"), text.index("\ndocuments:\n")
    form = re.sub(r"(?m)^ +criteria: \[.*\]\n", "", text[:start])
    call = check(f"{form}\nrubrics:\n  evaluation:{part}{text[end:]}", "call.yaml")
    assert isinstance(call, CallFile), [str(fault) for fault in call]
    rubric = call.rubrics["evaluation"]
    assert rubric.selection is not None and rubric.selection.quotas[0].values == ("SN", "ML")
    assert rubric.aggregation.groups[0].share == Decimal(50)
    assert rubric.criteria[0].knock_out is not None and rubric.criteria[0].knock_out.zeroes
    assert check(dump(call), "again.yaml") == call
    content = with_text_keys(yaml.safe_load(dump(call)))
    assert [error.message for error in Draft202012Validator(json_schema()).iter_errors(content)] == []


def test_the_schema_is_plain_json_and_refuses_unknown_keys() -> None:
    schema = json.loads(json.dumps(json_schema()))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    errors = list(Draft202012Validator(schema).iter_errors({"id": "x", "zonne": "UTC"}))
    assert any("zonne" in error.message for error in errors)


def test_the_ilo_call_says_what_the_demonstration_needs() -> None:
    call = library_call("ilo-just-energy-transition")
    assert call.languages == ("en", "fr", "es", "ar")
    assert [stage.code for stage in call.stages] == ["proposals"]
    assert call.awards.number == 3
    assert call.awards.per_award_max == Decimal(50000)
    assert {notice.kind for notice in call.notices} == {"award", "reserve", "regret", "not-eligible"}
    assert [check.code for check in call.eligibility] == [
        "organization-age",
        "organization-type",
        "one-proposal",
    ]
    form = form_in_use(call, "form")
    assert [question.code for question in form.questions if question.kind == "file"] == ["documents"]
    assert [rule.code for rule in form.question("budget").budget_rules] == [
        "maximum-support",
        "travel-share",
        "no-equipment",
    ]
    rubric = call.rubrics["rubric"]
    assert {c.code: int(c.weight) for c in rubric.criteria} == {
        "relevance": 25,
        "innovation": 20,
        "decent-work": 20,
        "inclusion": 15,
        "feasibility": 20,
    }
    assert all(set(c.anchors) == {"1", "2", "3", "4", "5"} for c in rubric.criteria)
    assert rubric.aggregation.overall_threshold == Decimal(65)
    assert rubric.tie_break == ("inclusion", "decent-work", "feasibility")
    assert has_inclusion(rubric)


def test_the_ilo_rubric_ranks_the_demonstration_as_its_decisions_say() -> None:
    rubric = library_call("ilo-just-energy-transition").rubrics["rubric"]
    assert [(row.place, row.key) for row in rank(rubric, demonstration()).rows] == [
        *enumerate(["P02", "P01", "P04", "P07", "P05", "P08", "P03", "P06", "P09"], start=1),
        (None, "P12"),
        (None, "P10"),
    ]


def test_culture_at_work_adds_up_points_to_a_hundred() -> None:
    call = library_call("culture-at-work-africa-2018")
    rubric = call.rubrics["evaluation"]
    assert rubric.aggregation.overall == Overall.SUM
    assert highest_score(rubric) == Decimal(100)
    assert [track.code for track in call.tracks] == ["cultural-spaces", "intercultural-mediation"]
    assert call.stages[0].closes_at.isoformat() == "2018-09-21T12:00:00+00:00"
    assert len(call.eligibility[1].countries) == 15


def test_horizon_europe_scores_half_points_with_thresholds_first() -> None:
    rubric = library_call("horizon-europe-ria").rubrics["full-proposal"]
    assert [level_key(level) for level in levels(rubric, rubric.criteria[0])][:4] == ["0", "0.5", "1", "1.5"]
    assert [criterion.threshold for criterion in rubric.criteria] == [Decimal(3)] * 3
    assert rubric.aggregation.thresholds_before_weights
    assert rubric.aggregation.panel == Join.MEAN
    assert [item.code if isinstance(item, TieBreak) else item for item in rubric.tie_break] == [
        "uncovered-aspects",
        "excellence",
        "impact",
        "gender-balance",
        "geographical-diversity",
    ]

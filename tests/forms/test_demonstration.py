"""The twelve proposals of the demonstration are complete, but for the one rule that P09 breaks on purpose."""

import pytest

from challenge.forms import rules
from challenge.forms.inputs import fields_of, read_one
from challenge.foundation.i18n import LANGUAGES, speaking
from tests.forms.demonstration import answers_of, demo_form, demo_proposals

FORM = demo_form()
PROPOSALS = demo_proposals()
ANSWERS = {name: answers_of(proposal) for name, proposal in PROPOSALS.items()}


def test_there_are_twelve_and_nothing_makes_the_form_impossible() -> None:
    assert list(PROPOSALS) == [f"P{n:02}" for n in range(1, 13)]
    assert rules.faults_of(FORM) == []


@pytest.mark.parametrize("name", [name for name in PROPOSALS if name != "P09"])
def test_a_proposal_can_be_submitted(name: str) -> None:
    assert rules.problems_of(FORM, ANSWERS[name], final=True) == {}
    assert rules.missing_answers(FORM, ANSWERS[name]) == []


def test_p09_breaks_the_rule_on_travel_and_no_other() -> None:
    with speaking("en"):
        found = {code: [str(text) for text in texts] for code, texts in _problems("P09").items()}
    assert found == {
        "budget": [
            "Travel takes at most 15% of the support asked for. Yours is 27.1%: USD\u00a012,600 of USD\u00a046,500. "
            "Lower Travel to USD\u00a05,982 or less."
        ]
    }


def _problems(name: str) -> dict:
    return rules.problems_of(FORM, ANSWERS[name], final=True)


@pytest.mark.parametrize("name", PROPOSALS)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_answer_passes_through_its_inputs_unchanged(name: str, lang: str) -> None:
    with speaking(lang):
        for question in FORM.asked:
            value = ANSWERS[name].get(question.code)
            if question.code == "logical-framework" and value:
                continue  # its rows come back with every part, see below
            if value is not None:
                assert read_one(fields_of(question, value), question) == _whole(question.kind, value)


def _whole(kind: str, value):
    """Rows as they are read: with all their parts."""
    if kind == "partners":
        return [{"email": "", **row} for row in value]
    if kind == "problem-tree":
        return {"effects": [], **value}
    return value


@pytest.mark.parametrize("name", ["P02", "P04", "P07"])
def test_a_framework_comes_back_step_by_step(name: str) -> None:
    question = FORM.question("logical-framework")
    value = ANSWERS[name]["logical-framework"]
    read = read_one(fields_of(question, value), question)
    assert sorted(row["id"] for row in read) == sorted(row["id"] for row in value)
    by_id = {row["id"]: row for row in read}
    for row in value:
        assert by_id[row["id"]] == {part: cell for part, cell in row.items() if cell or part == "parent"}


def test_digests_differ_from_proposal_to_proposal_and_stay() -> None:
    found = {name: rules.answers_digest(FORM, answers).overall for name, answers in ANSWERS.items()}
    assert len(set(found.values())) == 12
    assert found["P02"] == rules.answers_digest(FORM, answers_of(PROPOSALS["P02"])).overall


def test_progress_of_a_whole_proposal_is_complete() -> None:
    assert all(section.is_complete for section in rules.progress(FORM, ANSWERS["P02"]).values())
    assert rules.progress(FORM, ANSWERS["P02"])["idea"] == rules.Progress("idea", 4, 4, 4, 4)

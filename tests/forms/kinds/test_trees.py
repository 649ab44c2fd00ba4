from challenge.forms.kinds import kind_of
from challenge.foundation.i18n import speaking
from tests.builders.forms import a_question


def problems(question, value, *, final=True) -> list[str]:
    with speaking("en"):
        return [str(text) for text in kind_of(question).problems(value, question, final=final)]


FORM = {
    "q.main_problem": "The mine closes",
    "q.effects": ["The young leave", ""],
    "q.causes.0.text": "Wages are late",
    "q.causes.1.text": "No plan",
    "q.causes.1.cause_of": "C1",
    "q.causes.2.text": "",
    "q.causes.2.cause_of": "MP",
    "q.solutions.0.text": "An agreement",
    "q.solutions.0.addresses": "C1، C2, C2",
    "q.outcome": "Work",
    "q.inputs": ["Advice", "Money"],
}


def test_a_tree_is_read_and_its_rows_are_named() -> None:
    question = a_question("problem-tree")
    value = kind_of(question).parse(FORM, question)
    assert value["causes"] == [
        {"id": "C1", "cause_of": "MP", "text": "Wages are late"},
        {"id": "C2", "cause_of": "C1", "text": "No plan"},
    ]
    assert value["solutions"] == [{"id": "O1", "addresses": ["C1", "C2"], "text": "An agreement"}]
    assert value["effects"] == ["The young leave"]
    assert problems(question, value) == []
    assert [row["id"] for row in kind_of(question).branches(value)] == ["C1"]
    assert kind_of(question).branches(value)[0]["causes"] == [
        {"id": "C2", "cause_of": "C1", "text": "No plan", "causes": []}
    ]


def test_a_new_cause_takes_an_id_that_is_free() -> None:
    question = a_question("problem-tree")
    form = {"q.causes.0.id": "C2", "q.causes.0.text": "a", "q.causes.1.text": "b", "q.causes.2.text": "c"}
    assert [row["id"] for row in kind_of(question).parse(form, question)["causes"]] == ["C2", "C1", "C3"]


def test_a_branch_that_hangs_nowhere_or_on_itself_is_said_and_still_shown() -> None:
    question = a_question("problem-tree")
    value = {
        "main_problem": "",
        "causes": [
            {"id": "C1", "cause_of": "C2", "text": "a"},
            {"id": "C2", "cause_of": "C1", "text": "b"},
            {"id": "C3", "cause_of": "C9", "text": "c"},
        ],
        "solutions": [{"id": "O1", "addresses": ["C7"], "text": "s"}],
    }
    assert problems(question, value) == [
        "C3 says it comes from C9, which is not in the tree.",
        "C1 leads back to itself. Choose another place in the tree.",
        "C2 leads back to itself. Choose another place in the tree.",
        "O1 names C7, which is not among the causes.",
        "Write the main problem.",
    ]
    assert [row["id"] for row in kind_of(question).branches(value)] == ["C1", "C2", "C3"]


def test_a_framework_is_read_level_by_level_from_the_impact_down() -> None:
    question = a_question("logical-framework")
    form = {
        "q.input.0.text": "Advice",
        "q.outcome.0.text": "Work",
        "q.outcome.0.parent": "IM1",
        "q.outcome.0.indicators.0.text": "Jobs",
        "q.outcome.0.indicators.0.target": "30",
        "q.outcome.0.means": "Register",
        "q.impact.0.text": "A fair valley",
        "q.output.0.text": "",
    }
    value = kind_of(question).parse(form, question)
    assert value == [
        {"id": "IM1", "level": "impact", "parent": None, "text": "A fair valley"},
        {
            "id": "OC1",
            "level": "outcome",
            "parent": "IM1",
            "text": "Work",
            "indicators": [{"text": "Jobs", "baseline": "", "target": "30"}],
            "means": "Register",
        },
        {"id": "I1", "level": "input", "parent": None, "text": "Advice"},
    ]
    assert problems(question, value) == []
    assert kind_of(question).shown(value, question, "en")["rows"][1] == [
        "Outcomes · OC1", "Work", "Jobs: 30", "Register", "",
    ]  # fmt: skip


def test_a_step_that_leads_nowhere_is_said() -> None:
    question = a_question("logical-framework")
    value = [
        {"id": "O1", "level": "output", "parent": "OC", "text": "x"},
        {"id": "Z", "level": "dream", "text": ""},
    ]
    assert problems(question, value) == [
        "O1 leads to OC, which is not in the framework.",
        "Z stands on a level that does not exist: dream.",
        "Z: write what it is.",
    ]

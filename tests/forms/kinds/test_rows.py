from challenge.forms.kinds import kind_of
from challenge.foundation.i18n import speaking
from tests.builders.forms import a_question


def problems(question, value, *, final=True) -> list[str]:
    with speaking("en"):
        return [str(text) for text in kind_of(question).problems(value, question, final=final)]


COOP = {
    "name": "Coop", "organization_type": "cooperatives", "country": "KE", "role": "Runs it", "email": "",
    "letter_of_support": False,
}  # fmt: skip


def test_blank_rows_are_dropped_and_numbers_need_not_follow() -> None:
    question = a_question("partners")
    form = {
        "q.0.name": "First", "q.0.role": "", "q.3.name": " ", "q.3.country": "", "q.12.role": "Second, nameless",
        "q.12.letter_of_support": "yes", "q.x.name": "no row", "other.1.name": "no",
    }  # fmt: skip
    value = kind_of(question).parse(form, question)
    assert [(row["name"], row["role"], row["letter_of_support"]) for row in value] == [
        ("First", "", False),
        ("", "Second, nameless", True),
    ]


def test_a_removed_row_is_gone_and_no_other() -> None:
    question = a_question("partners")
    form = {"q.0.name": "First", "q.1.name": "Second", "q.11.name": "Third", "_remove": "q.1"}
    assert [row["name"] for row in kind_of(question).parse(form, question)] == ["First", "Third"]


def test_problems_of_partners() -> None:
    question = a_question("partners", max_rows=2, min_rows=2)
    assert problems(question, [COOP, COOP]) == []
    assert problems(question, [COOP]) == ["At least 2 lines are asked for; there is 1 so far."]
    assert problems(question, [COOP] * 3, final=False) == [
        "At most 2 lines are allowed; there are 3. None of them is lost."
    ]
    assert problems(question, [{"role": "x"}, COOP]) == [
        "Partner 1: write the name of the organization.",
        "Partner 1: choose the type of organization.",
        "Partner 1: choose the country.",
    ]
    wrong = COOP | {"organization_type": "club", "country": "ZZ", "email": "nobody"}
    assert problems(question, [wrong], final=False) == [
        "Partner 1: “club” is not in the list of types.",
        "Partner 1: “ZZ” is not in the list of countries.",
        "Partner 1: write an e-mail address, such as name@example.org. You wrote “nobody”.",
    ]


def test_partners_are_optional_unless_required() -> None:
    assert problems(a_question("partners", min_rows=2), []) == []
    assert problems(a_question("partners", required=True), []) == ["Fill in a line of “Label of q”."]


def test_partners_are_shown_with_labels_and_exported_with_codes() -> None:
    question = a_question("partners")
    kind = kind_of(question)
    assert kind.shown([COOP], question, "en") == {
        "form": "table",
        "head": ["Organization", "Type", "Country", "Role", "Letter of support"],
        "rows": [["Coop", "Cooperatives", "Kenya", "Runs it", "No"]],
        "foot": [],
    }
    assert kind.export([COOP], question) == ["Coop | cooperatives | KE | Runs it"]
    assert kind.text_for_search([COOP]) == "Coop\nRuns it"
    assert kind.words([COOP]) == 3


CONSORTIUM = [
    {"code": "name", "label": {"en": "Name"}, "required": True},
    {"code": "number", "label": {"en": "Identification code"}, "kind": "number"},
    {"code": "country", "label": {"en": "Country"}, "kind": "country"},
    {
        "code": "role",
        "label": {"en": "Role"},
        "kind": "choice",
        "options": [{"code": "lead", "label": {"en": "Lead"}}],
    },
    {"code": "small", "label": {"en": "Small enterprise"}, "kind": "yes-no"},
]


def test_a_table_of_the_organizer() -> None:
    question = a_question("table", columns=CONSORTIUM)
    kind = kind_of(question)
    form = {
        "q.0.name": "A",
        "q.0.number": "999,999,999",
        "q.0.country": "FR",
        "q.0.role": "lead",
        "q.0.small": "yes",
    }
    value = kind.parse(form, question)
    assert value == [{"name": "A", "number": 999999999, "country": "FR", "role": "lead", "small": True}]
    assert problems(question, value) == []
    assert kind.shown(value, question, "en")["rows"] == [["A", "999,999,999", "France", "Lead", "Yes"]]
    assert problems(question, [{"name": "", "number": "nine", "country": "Q", "role": "chief"}]) == [
        "Line 1, Identification code: use a number. You wrote “nine”.",
        "Line 1, Country: “Q” is not in the list of countries.",
        "Line 1, Role: “chief” is not in the list.",
        "Line 1: fill in “Name”.",
    ]

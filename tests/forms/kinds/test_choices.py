from challenge.forms.kinds import kind_of
from challenge.forms.kinds.place import countries, country_codes
from challenge.foundation.i18n import speaking
from tests.builders.forms import a_question

LOTS = [{"code": "a", "label": {"en": "Lot 1", "fr": "Volet 1"}}, {"code": "b", "label": {"en": "Lot 2"}}]


def said(problems) -> list[str]:
    with speaking("en"):
        return [str(text) for text in problems]


def problems(question, value, *, final=True) -> list[str]:
    return said(kind_of(question).problems(value, question, final=final))


def test_yes_no() -> None:
    question = a_question("yes-no", required=True)
    kind = kind_of(question)
    assert [kind.parse({"q": typed}, question) for typed in ("yes", "no", "")] == [True, False, None]
    assert problems(question, None) == ["Choose yes or no for “Label of q”."]
    assert problems(question, None, final=False) == []
    assert problems(question, False) == []
    assert kind.shown(False, question, "en") == {"form": "text", "text": "No"}
    assert [kind.export(value, question) for value in (True, False, None)] == ["yes", "no", ""]


def test_declaration() -> None:
    question = a_question("declaration", required=True)
    kind = kind_of(question)
    assert kind.parse({}, question) is False
    assert kind.parse({"q": "yes"}, question) is True
    assert problems(question, False) == ["Tick the sentence “Label of q” before you submit."]
    assert problems(question, True) == []
    assert (kind.canonical(False), kind.canonical(None)) == (False, None)


def test_choice_of_own_options() -> None:
    question = a_question("choice", options=LOTS, required=True)
    kind = kind_of(question)
    assert kind.parse({"q": "b"}, question) == "b"
    assert kind.parse({"q": "c"}, question) == "c"
    assert problems(question, "c", final=False) == ["“c” is not in the list. Choose from the list."]
    assert problems(question, "") == ["Choose an answer to “Label of q”."]
    assert kind.shown("a", question, "fr") == {"form": "text", "text": "Volet 1"}
    assert [(c.code, c.label) for c in kind.choices(question, "fr")[0][1]] == [
        ("a", "Volet 1"),
        ("b", "Lot 2"),
    ]


def test_choices_of_a_vocabulary() -> None:
    question = a_question("choices", vocabulary="sdgs", required=True, min_choices=1, max_choices=2)
    kind = kind_of(question)
    assert kind.parse({"q": ["sdg-08", "sdg-07", "sdg-08", ""]}, question) == ["sdg-08", "sdg-07"]
    assert kind.parse({}, question) == []
    assert problems(question, ["sdg-01", "sdg-02", "sdg-03"], final=False) == [
        "Choose at most 2; 3 are ticked."
    ]
    assert problems(question, ["sdg-99"], final=False) == [
        "“sdg-99” is not in the list. Choose from the list."
    ]
    assert problems(question, []) == ["Choose an answer to “Label of q”."]
    assert kind.shown(["sdg-07"], question, "en") == {
        "form": "list",
        "items": ["Affordable and clean energy"],
    }
    assert kind.canonical(["sdg-08", "sdg-07"]) == ["sdg-07", "sdg-08"]
    assert kind.export(["sdg-07"], question) == ["sdg-07"]


def test_several_vocabularies() -> None:
    question = a_question(
        "vocabularies",
        required=True,
        vocabularies=[{"vocabulary": "sdgs", "max_choices": 1}, {"vocabulary": "decent-work-pillars"}],
    )
    kind = kind_of(question)
    value = kind.parse({"q.sdgs": ["sdg-07", "sdg-08"]}, question)
    assert value == {"sdgs": ["sdg-07", "sdg-08"]}
    assert problems(question, value, final=False) == [
        "Sustainable Development Goals: Choose at most 1; 2 are ticked.",
    ]
    assert problems(question, {"sdgs": ["sdg-07"]}) == [
        "Pillars of the Decent Work Agenda: Choose at least 1; 0 are ticked so far.",
    ]
    assert kind.shown({"sdgs": ["sdg-07"]}, question, "en") == {
        "form": "pairs",
        "pairs": [["Sustainable Development Goals", "Affordable and clean energy"]],
    }


def test_checklist() -> None:
    question = a_question("checklist", vocabulary="decent-work-checklist", required=True)
    kind = kind_of(question)
    lines = kind.lines(question)
    assert len(lines) == 15
    half = kind.parse({f"q.{line}": "met" for line in lines[:14]} | {"q.nonsense": "met"}, question)
    assert half == {line: "met" for line in lines[:14]}
    assert problems(question, half, final=False) == []
    assert problems(question, half) == ["1 line of the list has no answer yet."]
    assert problems(question, half | {lines[14]: "perhaps"}) == [
        "“perhaps” is not in the list. Choose from the list."
    ]
    assert kind.shown({"equal-pay": "partly"}, question, "es")["pairs"][0][1] == "En parte"
    assert [code for code, _label in kind.answers(question)] == [
        "met", "partly", "planned", "unmet", "not-applicable",
    ]  # fmt: skip


def test_place() -> None:
    question = a_question("place", required=True)
    kind = kind_of(question)
    form = {"q.country": "BA", "q.region": " Canton ", "q.locality": "Vrelo", "q.affected": "yes"}
    value = {"country": "BA", "region": "Canton", "locality": "Vrelo", "affected": True}
    assert kind.parse(form, question) == value
    assert kind.parse({}, question) == {}
    assert problems(question, value) == []
    assert problems(question, {"country": "XX", "region": "x"}, final=False) == [
        "“XX” is not in the list of countries. Choose from the list."
    ]
    assert problems(question, {"affected": True}) == [
        "Choose the country.",
        "Write the region or the locality.",
    ]
    assert kind.shown(value, question, "en") == {
        "form": "pairs",
        "pairs": [
            ["Country", "Bosnia & Herzegovina"],
            ["Region", "Canton"],
            ["Locality", "Vrelo"],
            ["This place is itself affected by the change", "Yes"],
        ],
    }
    assert kind.export(value, question) == "BA | Canton | Vrelo | affected"


def test_the_organizer_may_word_what_affected_means() -> None:
    question = a_question("place", options=[{"code": "affected", "label": {"en": "Coal is mined here"}}])
    assert kind_of(question).affected_label(question, "en") == "Coal is mined here"


def test_countries_stand_in_the_order_of_the_language() -> None:
    codes = [choice.code for choice in countries("en")]
    assert (codes[:3], codes[-1]) == (["AF", "AX", "AL"], "ZW")  # Åland stands as Aland would
    assert [choice.code for choice in countries("fr")][:3] == ["AF", "ZA", "AL"]
    assert set(codes) == country_codes()
    assert len(codes) == 250  # ISO 3166-1 has 249; Kosovo (XK) is in use and in CLDR


def test_files() -> None:
    question = a_question("file", required=True, max_files=2, types=["pdf", "docx"])
    kind = kind_of(question)
    assert kind.parse({"q": ["one", "two", "one"], "_remove": ["q.two"]}, question) == ["one"]
    assert kind.accepted(question) == ".pdf,.docx"
    assert problems(question, ["a", "b", "c"], final=False) == ["Remove 1 file: at most 2 can be sent here."]
    assert problems(question, []) == ["Attach a file for “Label of q”."]
    assert kind.places_left(["a"], question) == 1

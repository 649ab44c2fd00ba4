"""Letters: gaps filled in the form of the language, nothing sent that lacks something."""

from decimal import Decimal

import pytest

from challenge.foundation.i18n import LANGUAGES, pick, speaking
from challenge.notices.kinds import KINDS, kind_for, kind_of
from challenge.notices.kinds.shape import FIELDS, UnknownField, fill
from challenge.notices.records import Fact
from tests.builders.notices import letter_values

EVERY = [(kind.code, lang) for kind in KINDS for lang in LANGUAGES]


@pytest.mark.parametrize(("code", "lang"), EVERY)
def test_every_letter_speaks_every_language_with_no_gap_left(code: str, lang: str) -> None:
    kind = kind_of(code)
    values = letter_values(lang)
    assert kind.missing(values) == []
    letter = kind.letter(values, lang)
    spoken = [letter.subject, letter.title, letter.headline, letter.salutation, letter.closing]
    spoken += [*letter.paragraphs, letter.demonstration_line, *(fact.value for fact in letter.facts)]
    assert all(text.strip() for text in spoken)
    assert not [text for text in spoken if "{" in text or "}" in text]
    assert len(letter.paragraphs) >= 2
    assert letter.facts


@pytest.mark.parametrize(("code", "lang"), EVERY)
def test_every_language_has_words_of_its_own(code: str, lang: str) -> None:
    kind = kind_of(code)
    for part in (kind.subject, kind.title, kind.headline, kind.salutation, kind.closing):
        assert set(part) == set(LANGUAGES)
        assert len(set(part.values())) == len(LANGUAGES)
    assert {len(told) for told in kind.paragraphs.values()} == {len(kind.paragraphs["en"])}


def test_a_french_guillemet_has_its_space_that_does_not_break() -> None:
    letter = kind_of("regret").letter(letter_values("fr"), "fr")
    assert "proposition «\u00a0Négocier la conversion" in letter.paragraphs[0]


def test_guillemets_inside_guillemets_become_the_second_level() -> None:
    letter = kind_of("award").letter(letter_values("fr"), "fr")
    assert "“Innover pour une transition énergétique juste”\u00a0»" in letter.paragraphs[0]


def test_outcomes_have_letters() -> None:
    letters = [kind_for(o).code for o in ("award", "reserve", "decline", "not-eligible")]
    assert letters == ["award", "reserve", "regret", "not-eligible"]


def test_values_take_the_form_of_the_language() -> None:
    kind = kind_of("award")
    english = kind.letter(letter_values("en"), "en")
    assert "worth up to 46,000 USD" in english.paragraphs[1]
    assert "approved on 16 November 2026" in english.paragraphs[0]
    assert english.facts[0] == Fact("Worth up to", "USD\u00a046,000")
    arabic = kind.letter(letter_values("ar"), "ar")
    assert "٤٦٬٠٠٠ دولار أمريكي" in arabic.paragraphs[1]
    assert "١٦ تشرين الثاني/نوفمبر ٢٠٢٦" in arabic.paragraphs[0]


def test_an_award_without_an_amount_says_nothing_of_money() -> None:
    kind = kind_of("award")
    letter = kind.letter(letter_values(amount=None, currency=None), "en")
    assert letter.paragraphs[1] == "What the award consists of, and how it is delivered, is agreed with you."
    assert [fact.label for fact in letter.facts] == ["Award", "Accept by"]


def test_a_missing_value_is_named_and_refused_with_a_sentence() -> None:
    kind = kind_of("award")
    values = letter_values(accept_by=None, recipient="  ")
    assert kind.missing(values) == ["recipient", "accept_by"]
    with speaking("en"):
        assert str(kind.why_not_issue(values)) == (
            "The notice for JET-2026-0002 cannot be issued. Missing are the name of the recipient, the last day "
            "to accept. Nothing was sent."
        )
        assert str(kind.why_not_issue(letter_values(accept_by=None))) == (
            "The notice for JET-2026-0002 cannot be issued: the last day to accept is missing. Nothing was sent."
        )
    assert kind.why_not_issue(letter_values()) is None


def test_a_call_brings_its_own_words_and_with_them_its_own_needs() -> None:
    texts = {
        "title": {"en": "You won"},
        "paragraphs": {"en": ["The panel met on {panel_on} and chose “{proposal_title}”."]},
    }
    kind = kind_of("award").with_texts(texts)
    assert kind.missing(letter_values(panel_on=None), "en") == ["panel_on"]
    assert kind.missing(letter_values(panel_on=None), "fr") == []
    letter = kind.letter(letter_values(), "en")
    assert letter.title == "You won"
    assert letter.paragraphs == (
        "The panel met on 9 November 2026 and chose “After the shaft: a local employment partnership for a coal "
        "mine that will close”.",
    )
    assert kind.letter(letter_values("fr"), "fr").title == "Avis d’attribution"


def test_a_field_nobody_knows_is_found_before_anything_is_sent() -> None:
    kind = kind_of("award").with_texts({"subject": {"en": "Dear {recipent}"}})
    with pytest.raises(UnknownField) as refused:
        kind.missing(letter_values())
    assert str(refused.value.text) == "A text has the field {recipent}, which no notice knows."


def test_a_value_that_looks_like_a_gap_stays_what_it_is() -> None:
    assert fill("{organization} and {recipient}", {"organization": "{recipient}", "recipient": "Ana"}) == (
        "{recipient} and Ana"
    )
    assert fill("{{ 7*7 }} {recipient.__class__} {0}", {}) == "{{ 7*7 }} {recipient.__class__} {0}"


def test_values_lose_what_turns_others_around() -> None:
    letter = kind_of("award").letter(letter_values(organization="Evil\u202e Corp\u2066\x07\nLtd"), "en")
    assert letter.headline == "Evil Corp Ltd\nreceives an award"


def test_every_field_a_letter_needs_has_a_name_for_people() -> None:
    for kind in KINDS:
        assert set(kind.fields) <= set(FIELDS)
        assert {fact.field for fact in kind.facts} <= set(FIELDS)
        assert all(pick(fact.label, "ar") != pick(fact.label, "en") for fact in kind.facts)


def test_a_score_is_shown_when_there_is_one() -> None:
    letter = kind_of("regret").letter(letter_values(score=Decimal("61.4")), "fr")
    assert letter.facts[-1] == Fact("Note du jury", "61,4")

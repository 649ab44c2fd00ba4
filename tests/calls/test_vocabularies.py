import pytest

from challenge.calls.vocabularies import FOLDER, label, vocabulary, vocabulary_ids
from challenge.foundation.i18n import LANGUAGES

ALL = [vocabulary(vocabulary_id) for vocabulary_id in vocabulary_ids()]


def test_every_file_is_named_by_its_id_and_seventeen_ship() -> None:
    assert [each.id for each in ALL] == [file.stem for file in sorted(FOLDER.glob("*.yaml"))]
    assert len(ALL) == 17


@pytest.mark.parametrize("each", ALL, ids=lambda each: each.id)
def test_every_term_has_its_own_code_and_a_label_in_four_languages(each) -> None:
    assert set(each.title) == set(LANGUAGES)
    codes = [term.code for term in each.terms]
    assert len(set(codes)) == len(codes)
    for term in each.terms:
        for lang in LANGUAGES:
            assert each.label(term.code, lang) not in ("", term.code), (term.code, lang)
        assert term.broader is None or term.broader in codes


def test_a_label_is_that_of_the_language_and_an_unknown_code_is_its_own() -> None:
    assert label("sdgs", "sdg-07", "en") == "Affordable and clean energy"
    assert label("inclusion-dimensions", "gender", "ar") == "النوع الاجتماعي"
    assert label("countries-ilo", "PA", "fr") == "Panama"
    assert label("countries-ilo", "africa", "es") == "África"
    assert label("sdgs", "mdg-7", "en") == "Ensure environmental sustainability"
    assert label("sdgs", "sdg-99", "en") == "sdg-99"


def test_groups_gather_and_cannot_be_chosen() -> None:
    checklist = vocabulary("decent-work-checklist")
    assert len(checklist.choices) == 15
    assert [group.code for group, _terms in checklist.groups if group] == [
        "safety", "income", "conditions", "rights", "protection", "dialogue", "skills",
    ]  # fmt: skip
    assert [answer.code for answer in checklist.answers] == [
        "met", "partly", "planned", "unmet", "not-applicable",
    ]  # fmt: skip
    assert "country-support" not in vocabulary("intervention-types").codes
    assert len(vocabulary("intervention-types").codes) == 6


def test_a_broader_term_that_is_no_group_can_be_chosen_too() -> None:
    types = vocabulary("organization-types")
    assert types.by_code["cooperatives"].broader == "enterprises"
    assert {"cooperatives", "enterprises"} <= types.codes
    assert [group for group, _terms in types.groups] == [None]


def test_the_states_are_187() -> None:
    assert len(vocabulary("countries-ilo").terms) == vocabulary("countries-ilo").expected_count == 187


@pytest.mark.parametrize("name", ["", "nothing", "../models", "sdgs.yaml"])
def test_an_unknown_vocabulary_is_a_lookup_error(name: str) -> None:
    with pytest.raises(LookupError):
        vocabulary(name)


def test_the_same_object_is_read_once() -> None:
    assert vocabulary("sdgs") is vocabulary("sdgs")

from challenge.demo import reading
from challenge.demo.story import SLUG
from challenge.exchange.call_files import importing
from challenge.foundation.i18n import LANGUAGES

SAID = {
    5: {
        "en": "five published criteria",
        "fr": "cinq critères publiés",
        "es": "cinco criterios publicados",
        "ar": "خمسة معايير منشورة",
    }
}


def test_the_introduction_names_as_many_criteria_as_the_call_has() -> None:
    (rubric,) = importing.library()[SLUG].rubrics.values()
    told = reading.read("results.yaml")["introduction"]
    assert set(told) == set(LANGUAGES)
    for language, words in SAID[len(rubric.criteria)].items():
        assert words in " ".join(told[language].split())

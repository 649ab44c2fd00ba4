from typing import Any, ClassVar

from challenge.calls.vocabularies import label, vocabulary
from challenge.forms.definition import Chosen, Json, Question
from challenge.forms.kinds.choice import Groups, unknown, vocabulary_choices
from challenge.forms.kinds.choices import too_few, too_many
from challenge.forms.kinds.kind import NOTHING, Fields, Kind, Label, Shown, cells
from challenge.forms.kinds.typed import Form, all_typed
from challenge.foundation.i18n import Text, _, language, pick


class SeveralVocabularies(Kind):
    """Terms of several vocabularies: {"sdgs": ["sdg-07"], ...}."""

    code = "vocabularies"
    shape: ClassVar[Any] = dict[str, list[str]]
    blank: ClassVar[Json] = {}

    def parse(self, form: Form, question: Question) -> Json:
        found = {
            each.vocabulary: list(dict.fromkeys(all_typed(form, f"{question.code}.{each.vocabulary}")))
            for each in question.vocabularies
        }
        return {vocabulary_id: codes for vocabulary_id, codes in found.items() if codes}

    def fields(self, value: Json, question: Question) -> Fields:
        return {f"{question.code}.{name}": list(codes) for name, codes in (value or {}).items()}

    def is_blank(self, value: Json) -> bool:
        return not value or not any(value.values())

    def choices(self, each: Chosen, lang: str | None = None) -> Groups:
        return vocabulary_choices(each.vocabulary, lang or language())

    def title(self, each: Chosen, lang: str | None = None) -> str:
        return pick(each.label or vocabulary(each.vocabulary).title, lang)

    def why_missing(self, question: Question) -> Text:
        return _("Choose an answer to “{label}”.", label=Label(question.label))

    def faults(self, value: Json, question: Question) -> list[Text]:
        return [
            self._of(each, text)
            for each in question.vocabularies
            if (codes := value.get(each.vocabulary))
            for text in (
                *unknown(codes, vocabulary(each.vocabulary).codes),
                *too_many(len(codes), each.max_choices),
            )
        ]

    def shortfalls(self, value: Json, question: Question) -> list[Text]:
        if not question.required:
            return []
        return [
            self._of(each, text)
            for each in question.vocabularies
            for text in too_few(len(value.get(each.vocabulary, [])), each.min_choices)
        ]

    def _of(self, each: Chosen, text: Text) -> Text:
        return _("{list}: {text}", list=Label(each.label or vocabulary(each.vocabulary).title), text=text)

    def shown(self, value: Json, question: Question, lang: str | None = None) -> Shown:
        if self.is_blank(value):
            return NOTHING
        comma = {"ar": "، "}.get(lang or language(), ", ")
        return {
            "form": "pairs",
            "pairs": [
                [self.title(each, lang), comma.join(label(each.vocabulary, code, lang) for code in codes)]
                for each in question.vocabularies
                if (codes := value.get(each.vocabulary))
            ],
        }

    def export(self, value: Json, question: Question) -> str | list[str]:
        return [f"{name}: {cells(codes)}" for name, codes in (value or {}).items()]

    def canonical(self, value: Json) -> Json:
        return (
            None if self.is_blank(value) else {name: sorted(codes) for name, codes in value.items() if codes}
        )

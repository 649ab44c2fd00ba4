from typing import ClassVar

from challenge.forms.definition import Json, Question
from challenge.forms.kinds.kind import Kind
from challenge.forms.kinds.typed import Form, typed
from challenge.foundation.i18n import Text, _n
from challenge.foundation.text import count_words


class PlainText(Kind):
    """Some lines. A text over its limit is kept whole and flagged."""

    code = "text"
    blank: ClassVar[Json] = ""
    rows: ClassVar[int] = 5

    def parse(self, form: Form, question: Question) -> Json:
        return typed(form, question.code)

    def faults(self, value: Json, question: Question) -> list[Text]:
        found = []
        if question.max_words is not None and (over := count_words(value) - question.max_words) > 0:
            found.append(
                _n(
                    "{n} word over the limit of {most}. Shorten it; what you wrote is kept.",
                    "{n} words over the limit of {most}. Shorten it; what you wrote is kept.",
                    over,
                    most=question.max_words,
                )
            )
        if question.max_chars is not None and (over := len(value) - question.max_chars) > 0:
            found.append(
                _n(
                    "{n} character over the limit of {most}. Shorten it; what you wrote is kept.",
                    "{n} characters over the limit of {most}. Shorten it; what you wrote is kept.",
                    over,
                    most=question.max_chars,
                )
            )
        return found

    def shortfalls(self, value: Json, question: Question) -> list[Text]:
        if question.min_words is None or (words := count_words(value)) >= question.min_words:
            return []
        return [
            _n(
                "Write at least {least} words; there is {n} so far.",
                "Write at least {least} words; there are {n} so far.",
                words,
                least=question.min_words,
            )
        ]

    def text_for_search(self, value: Json) -> str:
        return value or ""

from challenge.forms.definition import Json, Question
from challenge.forms.kinds.text import PlainText
from challenge.forms.kinds.typed import Form, line_typed


class ShortText(PlainText):
    """One line."""

    code = "short-text"
    rows = 1

    def parse(self, form: Form, question: Question) -> Json:
        return line_typed(form, question.code)

from challenge.forms.kinds.text import PlainText


class LongText(PlainText):
    """A text to think about: the applicant writes in the face and measure in which the reviewer reads."""

    code = "long-text"
    rows = 14

"""The kinds of question. A new kind is one file here, one template, and one line in this tuple."""

from challenge.forms.definition import Question
from challenge.forms.kinds.budget import Budget
from challenge.forms.kinds.checklist import Checklist
from challenge.forms.kinds.choice import OneOf
from challenge.forms.kinds.choices import SeveralOf
from challenge.forms.kinds.date import Day
from challenge.forms.kinds.declaration import Declaration
from challenge.forms.kinds.file import File
from challenge.forms.kinds.kind import Kind
from challenge.forms.kinds.logical_framework import LogicalFramework
from challenge.forms.kinds.long_text import LongText
from challenge.forms.kinds.number import Number
from challenge.forms.kinds.partners import Partners
from challenge.forms.kinds.place import Place
from challenge.forms.kinds.problem_tree import ProblemTree
from challenge.forms.kinds.short_text import ShortText
from challenge.forms.kinds.table import Table
from challenge.forms.kinds.text import PlainText
from challenge.forms.kinds.vocabularies import SeveralVocabularies
from challenge.forms.kinds.yes_no import YesNo

KINDS: tuple[Kind, ...] = (
    ShortText(),
    PlainText(),
    LongText(),
    Number(),
    Day(),
    YesNo(),
    OneOf(),
    SeveralOf(),
    SeveralVocabularies(),
    Checklist(),
    Place(),
    Partners(),
    Table(),
    Budget(),
    Declaration(),
    File(),
    ProblemTree(),
    LogicalFramework(),
)

BY_CODE = {kind.code: kind for kind in KINDS}


def kind_of(question: Question) -> Kind:
    """Raises LookupError for a kind nobody wrote; `rules.faults_of` finds those before a form is kept."""
    return BY_CODE[question.kind]

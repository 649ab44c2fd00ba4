"""What a reviewer typed or sent -> scores, remarks and what the window knew, or errors by field."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from challenge.foundation.i18n import Text, _
from challenge.foundation.text import one_line, tidy
from challenge.panels import rules as panels
from challenge.reviews.models import RemarkReader
from challenge.rubrics.definition import NOT_APPLICABLE, Rubric, Score
from challenge.rubrics.rules import scale_of

NOT_APPLICABLE_WORDS = frozenset({"na", "n/a", NOT_APPLICABLE.value})
_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩٫", "0123456789.")


class Form(Protocol):
    def get(self, key: str) -> Any: ...
    def __contains__(self, key: object) -> bool: ...


@dataclass(slots=True)
class Typed:
    """One save: only what the request is about. `texts` is what stood in the fields, for the page that comes back."""

    scores: dict[str, Score | None] = field(default_factory=dict)
    remarks: dict[RemarkReader, str] = field(default_factory=dict)
    confidence: str | None = None
    known: dict[str, int] = field(default_factory=dict)
    errors: dict[str, Text] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, form: Form, rubric: Rubric) -> "Typed":
        """A form of the score sheet, whole or in part: a field is meant when it or its version is there."""
        read = cls()
        for criterion in rubric.criteria:
            code = criterion.code
            if read._is_meant(form, code, f"score:{code}", f"score:{code}:na"):
                text = str(form.get(f"score:{code}") or form.get(f"score:{code}:na") or "")
                read._score(rubric, code, text)
        for reader in RemarkReader:
            name = f"remark:{reader.value}"
            if read._is_meant(form, name, name):
                read.texts[name] = read.remarks[reader] = tidy(str(form.get(name) or "")).strip()
        if read._is_meant(form, "confidence", "confidence"):
            read.texts["confidence"] = read.confidence = str(form.get("confidence") or "")
        return read

    @classmethod
    def of(
        cls,
        rubric: Rubric,
        scores: Mapping[str, Any],
        remarks: Mapping[str, str],
        confidence: str | None,
        versions: Mapping[str, int],
    ) -> "Typed":
        """The same from a program."""
        read = cls(confidence=confidence, known=dict(versions))
        for code, value in scores.items():
            read._score(rubric, code, "" if value is None else str(value))
        for name, text in remarks.items():
            if name in set(RemarkReader):
                read.remarks[RemarkReader(name)] = tidy(text).strip()
            else:
                read.errors[f"remark:{name}"] = _("There is no such remark.")
        return read

    def _is_meant(self, form: Form, code: str, *names: str) -> bool:
        version = str(form.get(f"version:{code}") or "")
        self.known[code] = (
            int(version) if version.isascii() and version.isdecimal() and len(version) < 9 else 0
        )
        return f"version:{code}" in form or any(name in form for name in names)

    def _score(self, rubric: Rubric, code: str, text: str) -> None:
        text = one_line(text)[:40]
        self.texts[code] = text
        if not text:
            self.scores[code] = None
        elif text.casefold() in NOT_APPLICABLE_WORDS:
            self.scores[code] = NOT_APPLICABLE
        else:
            number = _number(text)
            criterion = rubric.criterion(code)
            if number is not None or criterion is None:
                self.scores[code] = number
                return
            scale = scale_of(rubric, criterion)
            self.errors[code] = _(
                "Use a number from {lowest} to {highest}. You wrote {value}.",
                lowest=scale.min,
                highest=scale.max,
                value=text,
            )


def _number(text: str) -> Decimal | None:
    plain = text.translate(_DIGITS).replace(",", ".")
    try:
        number = Decimal(plain)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < 9 and _places(number) >= -6 else None


def _places(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return exponent if isinstance(exponent, int) else -99


@dataclass(slots=True)
class Recusal:
    """Stepping aside: the kind of conflict and a few words."""

    kind: str = ""
    reason: str = ""
    errors: dict[str, Text] = field(default_factory=dict)

    @classmethod
    def read(cls, form: Form) -> "Recusal":
        read = cls(str(form.get("kind") or ""), tidy(str(form.get("reason") or "")).strip()[:2000])
        refusal = panels.why_not_declare(read.kind, read.reason, is_on_team=False)
        if refusal is not None:
            read.errors["reason" if read.kind in panels.CONFLICT_KINDS else "kind"] = refusal
        return read

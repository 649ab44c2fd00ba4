"""What staff typed about a proposal."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from challenge.eligibility.models import RulingResult
from challenge.foundation.i18n import Text, _
from challenge.foundation.text import tidy


class Form(Protocol):
    def get(self, key: str) -> Any: ...


@dataclass(slots=True)
class NewRuling:
    result: RulingResult | None = None
    note: str = ""
    errors: dict[str, Text] = field(default_factory=dict)

    @classmethod
    def read(cls, form: Form) -> "NewRuling":
        wanted = str(form.get("result") or "")
        read = cls(
            RulingResult(wanted) if wanted in set(RulingResult) else None,
            tidy(str(form.get("note") or "")).strip()[:4000],
        )
        if read.result is None:
            read.errors["result"] = _("Choose how you rule.")
        if not read.note:
            read.errors["note"] = _("Write the reason; it stays in the record.")
        return read

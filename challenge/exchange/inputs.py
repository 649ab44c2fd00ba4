"""What staff sent to bring in a call."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

from challenge.calls.inputs import as_day, typed, why_not_slug
from challenge.exchange.call_files.faults import Fault
from challenge.exchange.call_files.reading import check
from challenge.exchange.call_files.schema import CallFile
from challenge.foundation.i18n import Text, _

LARGEST = 2 << 20


class Form(Protocol):
    def get(self, key: str) -> Any: ...


@dataclass(slots=True)
class Sent:
    """A call file as it was sent: as a file, or as text on the page that asks to confirm."""

    text: str = ""
    name: str = "call.yaml"
    slug: str = ""
    is_confirmed: bool = False
    file: CallFile | None = None
    faults: list[Fault] = field(default_factory=list)
    errors: dict[str, Text] = field(default_factory=dict)

    @classmethod
    async def read(cls, form: Form) -> "Sent":
        sent = form.get("file")
        read = cls(slug=typed(form, "slug"), is_confirmed=bool(form.get("confirmed")))
        if hasattr(sent, "read"):
            content = await sent.read(LARGEST + 1)
            read.name = str(sent.filename or "call.yaml")
            read._decode(content)
        else:
            read.text = str(form.get("text") or "")
            read.name = typed(form, "name") or "call.yaml"
        if not read.errors:
            read.check()
        return read

    def _decode(self, content: bytes) -> None:
        if len(content) > LARGEST:
            self.errors["file"] = _("A call file has at most {n} MB.", n=LARGEST >> 20)
            return
        try:
            self.text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            self.errors["file"] = _("This is not a text file in UTF-8. A call file is YAML, as text.")

    def check(self) -> None:
        if not self.text.strip():
            self.errors["file"] = _("Choose a call file first.")
            return
        found = check(self.text, self.name)
        if isinstance(found, list):
            self.faults = found
        else:
            self.file = found
            self.slug = self.slug or found.id


@dataclass(slots=True)
class Copy:
    """Which call of the library, under which address, opening when."""

    id: str = ""
    slug: str = ""
    opens: str = ""
    opens_on: date | None = None
    errors: dict[str, Text] = field(default_factory=dict)

    @classmethod
    def read(cls, form: Form) -> "Copy":
        read = cls(typed(form, "id"), typed(form, "slug"), typed(form, "opens"))
        refusal = why_not_slug(read.slug)
        if refusal is not None:
            read.errors["slug"] = refusal
        read.opens_on = as_day(read.opens)
        if read.opens_on is None:
            read.errors["opens"] = _("Write the day as 2027-02-28. You wrote “{found}”.", found=read.opens)
        return read

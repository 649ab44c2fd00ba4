"""What a manager picked or uploaded, read into pairs; a list of pairs as a file, read line by line."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from challenge.assignments.plans import Line, Pick
from challenge.foundation.errors import Unprocessable
from challenge.foundation.i18n import Text, _
from challenge.foundation.sheets import guarded
from challenge.foundation.text import one_line, tidy

MOST_LINES = 5000
MOST_BYTES = 1 << 20
NAMES = {
    "proposal": "proposal",
    "number": "proposal",
    "reviewer": "reviewer",
    "email": "reviewer",
    "e-mail": "reviewer",
    "panel": "panel",
}


class Form(Protocol):
    def get(self, key: str) -> Any: ...
    def getall(self, key: str, default: list[Any]) -> list[Any]: ...


def typed(form: Form, name: str) -> str:
    return one_line(str(form.get(name) or ""))


def reason(form: Form) -> str:
    return tidy(str(form.get("reason") or "")).strip()[:300]


def uuids(form: Form, name: str) -> list[UUID]:
    return [found for text in form.getall(name, []) if (found := _uuid(str(text))) is not None]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def picks(form: Form) -> list[Pick]:
    """Every picked proposal with every picked person, and pairs that were put together before."""
    crossed = [(proposal, person) for proposal in uuids(form, "p") for person in uuids(form, "r")]
    together = [
        (proposal, person)
        for text in form.getall("pair", [])
        if (parts := str(text).split(":"))
        and len(parts) == 2
        and (proposal := _uuid(parts[0])) is not None
        and (person := _uuid(parts[1])) is not None
    ]
    return [Pick(*pair) for pair in dict.fromkeys([*crossed, *together])]


# ---------- a list as a file ----------


@dataclass(frozen=True, slots=True)
class Upload:
    """`text` is what the page carries on to the confirming form, so that nothing is kept in between."""

    text: str
    lines: list[Line]


def refused(text: Text) -> Unprocessable:
    return Unprocessable(text, errors={"file": text})


def decoded(content: bytes) -> str:
    """UTF-8, or UTF-16 as spreadsheets write it. Anything else is refused rather than guessed."""
    if len(content) > MOST_BYTES:
        raise refused(_("The list is larger than 1 MB. Split it into two."))
    code = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(code)
    except UnicodeDecodeError:
        raise refused(
            _(
                "The file is not written in UTF-8. In a spreadsheet, save it as “CSV UTF-8” and upload it again."
            )
        ) from None
    if "\0" in text:
        raise refused(
            _(
                "The file is not a list in plain text. In a spreadsheet, save it as “CSV UTF-8” and upload it again."
            )
        )
    return text


def read_list(content: bytes | str) -> Upload:
    """Lines `proposal,reviewer[,panel]`, with or without a head, separated by comma, semicolon or tab."""
    raw = content.encode() if isinstance(content, str) else content
    text = tidy(decoded(raw)).strip("\n")
    rows = _rows(text)
    if not rows:
        raise refused(
            _("The list is empty. Each line holds the number of a proposal and the e-mail of a reviewer.")
        )
    columns, rows = _columns(rows)
    if len(rows) > MOST_LINES:
        raise refused(_("The list has more than {n} lines. Split it into two.", n=MOST_LINES))
    return Upload(text, [_line(n, cells, columns) for n, cells in rows])


def list_of(pairs: Iterable[tuple[str, str]]) -> str:
    """(number, e-mail) pairs in the very form that an upload takes, safe to open in a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["proposal", "reviewer"])
    for number, email in pairs:
        writer.writerow([number, guarded(email)])
    return out.getvalue()


Row = tuple[int, list[str]]


def _rows(text: str) -> list[Row]:
    """(line number, cells) of every line that is not blank."""
    first = next((line for line in text.split("\n") if line.strip()), "")
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text), delimiter=separator, strict=True)
    rows: list[Row] = []
    try:
        for cells in reader:
            plain = [one_line(cell).lstrip("'") for cell in cells]
            if any(plain):
                rows.append((reader.line_num, plain))
    except csv.Error:
        raise refused(
            _(
                "Line {n} cannot be read; a quotation mark does not close. Correct it and upload again.",
                n=reader.line_num,
            )
        ) from None
    return rows


def _columns(rows: list[Row]) -> tuple[dict[str, int], list[Row]]:
    head = [NAMES.get(cell.casefold()) for cell in rows[0][1]]
    if any(head):
        columns = {name: n for n, name in reversed(list(enumerate(head))) if name}
        if not {"proposal", "reviewer"} <= columns.keys():
            raise refused(_("The head of the list needs the columns “proposal” and “reviewer”."))
        return columns, rows[1:]
    return {"proposal": 0, "reviewer": 1, "panel": 2}, rows


def _line(n: int, cells: Sequence[str], columns: dict[str, int]) -> Line:
    def cell(name: str) -> str:
        at = columns.get(name, len(cells))
        return cells[at][:300] if at < len(cells) else ""

    return Line(n, cell("proposal").upper(), cell("reviewer").lower(), cell("panel"))

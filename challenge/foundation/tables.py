"""CSV files that people bring, read row by row, and those that commands write for them. Every fault is one sentence."""

import csv
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Fault(ValueError):
    """Why a file cannot be used, for the person who wrote it."""

    def __init__(self, path: Path, row: int | None, says: str) -> None:
        super().__init__(f"{path.name}, row {row}: {says}" if row else f"{path.name}: {says}")


def lines(path: Path, needed: Sequence[str], optional: Sequence[str] = ()) -> Iterator[tuple[int, list[str]]]:
    """(row in the file, cells in the order needed + optional; a missing optional column is "")."""
    if not path.is_file():
        raise Fault(path, None, f"the file is not there; it holds the columns {', '.join(needed)}")
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file, strict=True)
        try:
            head = [cell.strip().casefold() for cell in next(reader, [])]
            missing = [name for name in needed if name not in head]
            if missing:
                raise Fault(path, 1, f"the column {missing[0]} is missing")
            if len(set(head)) != len(head):
                raise Fault(path, 1, "a column stands twice")
            at = [head.index(name) if name in head else -1 for name in (*needed, *optional)]
            for cells in reader:
                if not cells or not any(cells):
                    continue
                if len(cells) != len(head):
                    raise Fault(path, reader.line_num, f"{len(cells)} cells where the head has {len(head)}")
                yield reader.line_num, [cells[n].strip() if n >= 0 else "" for n in at]
        except csv.Error:
            raise Fault(
                path, reader.line_num, "the row cannot be read; a quotation mark does not close"
            ) from None
        except UnicodeDecodeError:
            raise Fault(path, None, "the file is not written in UTF-8; save it as CSV UTF-8") from None


def number(path: Path, row: int, name: str, text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        raise Fault(path, row, f"{name} must be a number, not {text!r}") from None
    if not math.isfinite(found) or abs(found) > 1000:
        raise Fault(path, row, f"{name} must be a number between -1000 and 1000, not {text}")
    return found


def columns(path: Path) -> list[str]:
    """The names in the head of a file, as `lines` compares them; none where the file is not there or not readable."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        try:
            return [cell.strip().casefold() for cell in next(csv.reader(file), [])]
        except csv.Error:
            return []


def refuse_place(what: str, *paths: Path | None) -> None:
    """Before minutes of work, not after. `what` is to be written to the paths: "the ranking"."""
    for path in filter(None, paths):
        if path.is_dir():
            raise ValueError(f"{path} is a folder; give the name of a file.")
        if not path.parent.is_dir():
            raise ValueError(
                f"{path.parent} is no folder, so {what} cannot be written there. Where there is no folder, make it first."
            )


@contextmanager
def whole_file(path: Path) -> Iterator[Any]:
    """All or nothing: a file that stood there stays whole until the new one is."""
    beside = path.with_name(path.name + ".part")
    try:
        with beside.open("w", newline="", encoding="utf-8") as file:
            yield csv.writer(file)
        beside.replace(path)
    except OSError as error:
        raise ValueError(
            f"{path} cannot be written: {error.strerror}. What stood there before is whole."
        ) from None
    finally:
        beside.unlink(missing_ok=True)

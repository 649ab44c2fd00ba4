"""What is wrong with a call file, and where."""

from dataclasses import dataclass
from difflib import get_close_matches

from challenge.exchange.call_files.tree import Place
from challenge.foundation.i18n import Text, _

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """`line` and `column` count from 1; `path` reads like stages[0].closes_at, empty for the whole file."""

    file: str
    line: int
    column: int
    path: str
    message: Text

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


# More than these help nobody to mend a file.
MOST_FAULTS = 100


class Enough(Exception):
    """So much is wrong that the rest is not looked at."""


class Found:
    """Faults as they turn up, and the places of everything that was read."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []
        self.places: dict[Path, Place] = {}
        self.keys: dict[Path, Place] = {}

    def add(self, place: Place, path: Path, message: Text) -> None:
        self.faults.append(Fault(self.file, place.line, place.column, written(path), message))
        if len(self.faults) >= MOST_FAULTS:
            raise Enough

    def at(self, path: Path, message: Text, *, key: bool = False) -> None:
        """A fault of what stands at a path; where it has no place of its own, at what it would stand in."""
        if key and path in self.keys:
            return self.add(self.keys[path], path, message)
        there = path
        while there and there not in self.places:
            there = there[:-1]
        return self.add(self.places.get(there, Place(1, 1)), path, message)

    def in_order(self) -> list[Fault]:
        return sorted(self.faults, key=lambda fault: (fault.line, fault.column))


def written(path: Path) -> str:
    """("stages", 0, "closes_at") as stages[0].closes_at."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{short(step)}" if text else short(step)
    return text


def nearest(word: str, known: list[str]) -> str | None:
    found = get_close_matches(word[:80].lower(), known, n=1, cutoff=0.6)
    return found[0] if found else None


def not_known(word: str, known: list[str]) -> Text:
    """For a word out of a closed list."""
    near = nearest(word, known)
    if near:
        return _("“{word}” is not known here. Did you mean “{near}”?", word=short(word), near=near)
    if len(known) <= 12:
        return _("“{word}” is not known here. Known are: {known}.", word=short(word), known=", ".join(known))
    return _("“{word}” is not known here.", word=short(word))


def short(word: str) -> str:
    """What somebody wrote, short enough for a sentence."""
    line = " ".join(word.split())
    return line if len(line) <= 60 else line[:59] + "…"

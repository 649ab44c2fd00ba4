"""YAML as a tree in which every piece knows its line and column.

Read event by event with PyYAML's own parser, so that nothing is ever built from a tag, nothing is repeated by
an alias, and no depth or size of a file can exhaust the machine.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from challenge.foundation.i18n import Text, _
from challenge.foundation.text import tidy

MOST_BYTES = 1 << 20
MOST_DEPTH = 40
MOST_PIECES = 50_000


@dataclass(frozen=True, slots=True)
class Place:
    """Counted from 1, as editors count."""

    line: int
    column: int


@dataclass(slots=True)
class Scalar:
    value: str
    # Written without quotes, so that YAML would read "no" as false and "1" as a number.
    is_plain: bool
    place: Place

    @property
    def is_null(self) -> bool:
        return self.is_plain and self.value in ("", "~", "null", "Null", "NULL")

    @property
    def truth(self) -> bool | None:
        """What YAML 1.1 reads in a word without quotes."""
        word = self.value.lower()
        if not self.is_plain or word not in _TRUE | _FALSE:
            return None
        return word in _TRUE


_TRUE = {"true", "yes", "on"}
_FALSE = {"false", "no", "off"}


@dataclass(slots=True)
class Items:
    items: list["Node"]
    place: Place


@dataclass(slots=True)
class Pairs:
    pairs: list[tuple[Scalar, "Node"]]
    place: Place
    # A key that waits for its value.
    key: Scalar | None = field(default=None, repr=False)

    def has(self, name: str) -> bool:
        return any(key.value == name for key, _value in self.pairs)


Node = Scalar | Items | Pairs


# YAML 1.1 breaks lines at these too.
_LINE_ENDS = re.compile("\r\n|[\r\x85\u2028\u2029]")


class NotATree(Exception):
    """The text cannot be read as a tree; `place` and `text` say where and why."""

    def __init__(self, place: Place, text: Text) -> None:
        super().__init__(text.msgid)
        self.place, self.text = place, text


def tree_of(text: str) -> Node:
    """The tree of one YAML document. Raises NotATree."""
    _refuse_unfit(text)
    # The parser built on C counts and words its faults differently; this one is the same everywhere.
    loader = yaml.SafeLoader(text)
    try:
        return _built(loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise NotATree(_place(mark), _in_words(error)) from None
    except yaml.YAMLError:
        raise NotATree(Place(1, 1), _("This line cannot be read as YAML.")) from None
    except (ValueError, OverflowError, IndexError, RecursionError):
        # PyYAML's scanner stumbles over some escapes and numbers instead of refusing them.
        raise NotATree(_place(loader.get_mark()), _("This line cannot be read as YAML.")) from None
    finally:
        loader.dispose()


def kept(text: str) -> str:
    """A text as a call keeps it: tidy, without white space around, and with one kind of line end."""
    return tidy(_LINE_ENDS.sub("\n", text)).strip()


def _refuse_unfit(text: str) -> None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise NotATree(_place_of(text, error.start), _("This character cannot be kept.")) from None
    if size > MOST_BYTES:
        raise NotATree(
            Place(1, 1),
            _("The file has {size} bytes; a call file has at most {most}.", size=size, most=MOST_BYTES),
        )
    unfit = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if unfit:
        raise NotATree(
            _place_of(text, unfit.start()),
            _("A control character stands here (U+{code}). Delete it.", code=f"{ord(unfit.group()):04X}"),
        )


def _built(loader: Any) -> Node:
    root: Node | None = None
    parents: list[Items | Pairs] = []
    documents = pieces = 0
    while loader.check_event():
        event = loader.get_event()
        place = _place(event.start_mark)
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise NotATree(place, _("A call file holds one document; a second one begins here."))
        elif isinstance(event, yaml.AliasEvent):
            raise NotATree(
                place,
                _(
                    "A call file repeats nothing by reference. Write the part out in place of *{name}.",
                    name=event.anchor,
                ),
            )
        elif isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
            parents.pop()
        elif isinstance(event, yaml.NodeEvent):
            pieces += 1
            if pieces > MOST_PIECES:
                raise NotATree(
                    place, _("A call file has at most {most} pieces; here they end.", most=MOST_PIECES)
                )
            node = _node(event, place)
            _hang(node, parents)
            root = root or node
            if not isinstance(node, Scalar):
                parents.append(node)
                if len(parents) > MOST_DEPTH:
                    raise NotATree(
                        place, _("Here the file is nested more than {most} levels deep.", most=MOST_DEPTH)
                    )
    if root is None:
        raise NotATree(Place(1, 1), _("The file is empty."))
    return root


def _node(event: yaml.NodeEvent, place: Place) -> Node:
    tag = getattr(event, "tag", None)
    if tag not in (None, "!"):
        raise NotATree(
            place,
            _("A call file needs no tags. Remove {tag}.", tag=str(tag).replace("tag:yaml.org,2002:", "!!")),
        )
    if isinstance(event, yaml.ScalarEvent):
        return Scalar(event.value, event.style is None and bool(event.implicit[0]), place)
    return Items([], place) if isinstance(event, yaml.SequenceStartEvent) else Pairs([], place)


def _hang(node: Node, parents: list[Items | Pairs]) -> None:
    if not parents:
        return
    parent = parents[-1]
    if isinstance(parent, Items):
        parent.items.append(node)
    elif parent.key is not None:
        parent.pairs.append((parent.key, node))
        parent.key = None
    elif isinstance(node, Scalar):
        parent.key = node
    else:
        raise NotATree(node.place, _("A key is one word or text, not a list."))


def _place(mark: yaml.Mark | None) -> Place:
    return Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)


def _place_of(text: str, index: int) -> Place:
    before = text[:index]
    return Place(before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1)


_SENTENCES = (
    (
        "mapping values are not allowed",
        _("A colon stands where none may. Put the text in quotes, or begin a new line."),
    ),
    ("could not find expected ':'", _("A colon is missing after the key in this line or the one before.")),
    ("character '\\t'", _("A tab stands at the beginning of the line. Indent with spaces.")),
    ("that cannot start any token", _("A text that begins with this character needs quotes.")),
    ("unexpected end of stream", _("A quote is opened and never closed.")),
    ("<block end>", _("The indentation does not fit the lines above.")),
    ("expected ',' or ']'", _("A comma or a closing ] is missing before this.")),
    ("expected ',' or '}'", _("A comma or a closing } is missing before this.")),
    (
        "unknown escape character",
        _("After a backslash, this character means nothing. Write the backslash twice."),
    ),
    ("undefined alias", _("A text that begins with * needs quotes.")),
)


def _in_words(error: yaml.MarkedYAMLError) -> Text:
    """PyYAML's finding in words that say what to do."""
    found = error.problem or ""
    for part, text in _SENTENCES:
        if part in found:
            return text
    return _("This line cannot be read as YAML.")

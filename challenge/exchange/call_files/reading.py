"""A call file read: the call, or every fault with its line and column."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from msgspec import inspect

from challenge.exchange.call_files.faults import Enough, Fault, Found, Path, nearest, not_known, short
from challenge.exchange.call_files.meaning import look_at, look_at_rubrics
from challenge.exchange.call_files.schema import CallFile, RubricFile
from challenge.exchange.call_files.tree import Items, Node, NotATree, Pairs, Place, Scalar, kept, tree_of
from challenge.exchange.call_files.zones import zone_named
from challenge.foundation.i18n import Text, _


class _Faulty(Enum):
    FAULTY = 0


FAULTY = _Faulty.FAULTY
F = TypeVar("F", CallFile, RubricFile)
_LONGEST_NUMBER = 20


def check(text: str, filename: str = "call.yaml") -> CallFile | list[Fault]:
    """The call, or its faults in the order of the file; never raises for anything a file may hold."""
    return _read(text, filename, CallFile, look_at)


def check_rubrics(text: str, filename: str = "rubrics.yaml") -> RubricFile | list[Fault]:
    """The same for a file that holds rubrics alone."""
    return _read(text, filename, RubricFile, look_at_rubrics)


def _read(text: str, filename: str, wanted: type[F], look: Callable[[F, Found], None]) -> F | list[Fault]:
    found = Found(filename)
    file: Any = FAULTY
    try:
        tree = tree_of(text.removeprefix("\ufeff"))
        file = _Reading(found, _zone_of(tree)).value(tree, _type(wanted), ())
        if not found.faults:
            look(file, found)
    except NotATree as error:
        found.add(error.place, (), error.text)
    except Enough:
        pass
    return found.in_order() or file


@cache
def _type(wanted: type) -> inspect.Type:
    return inspect.type_info(wanted)


def _zone_of(tree: Node) -> ZoneInfo:
    """The zone of the call, needed before its moments are read; a wrong one is found later."""
    if isinstance(tree, Pairs):
        for key, node in tree.pairs:
            if key.value == "zone" and isinstance(node, Scalar):
                return zone_named(node.value) or ZoneInfo("UTC")
    return ZoneInfo("UTC")


@dataclass(slots=True)
class _Reading:
    """Holds a tree against the types of the schema. A method gives the value, or FAULTY after noting why."""

    found: Found
    zone: ZoneInfo

    def value(self, node: Node, wanted: inspect.Type, path: Path) -> Any:
        self.found.places[path] = node.place
        match wanted:
            case inspect.StructType():
                return self._struct(node, wanted, path)
            case inspect.DictType():
                return self._dict(node, wanted, path)
            case inspect.VarTupleType():
                return self._items(node, wanted.item_type, path)
            case inspect.UnionType():
                return self._union(node, wanted.types, path)
            case _:
                return self._scalar(node, wanted, path)

    def _struct(self, node: Node, wanted: inspect.StructType, path: Path) -> Any:
        if not isinstance(node, Pairs):
            return self._fault(node, path, _("Keys with values belong here, as in “key: value”."))
        fields = {field.encode_name: field for field in wanted.fields}
        missing = [name for name, field in fields.items() if field.required and not node.has(name)]
        values: dict[str, Any] = {}
        for key, child in self._once(node, path):
            here = (*path, key.value)
            field = fields.get(key.value)
            if field is None:
                near = nearest(key.value, list(fields))
                self._fault_at(key.place, here, _unknown(key.value, near, list(fields)))
                missing = [name for name in missing if name != near]  # one fault, not two
            elif not (isinstance(child, Scalar) and child.is_null and not field.required):
                values[field.name] = self.value(child, field.type, here)
        for name in missing:
            self._fault(node, (*path, name), _("The key “{key}” is missing here.", key=name))
        if FAULTY in values.values() or any(
            field.required and field.name not in values for field in wanted.fields
        ):
            return FAULTY
        return wanted.cls(**values)

    def _dict(self, node: Node, wanted: inspect.DictType, path: Path) -> Any:
        if not isinstance(node, Pairs):
            if isinstance(wanted.value_type, inspect.StrType):
                return self._fault(node, path, _("A text per language belongs here, as in “en: …”."))
            return self._fault(node, path, _("Keys with values belong here, as in “key: value”."))
        values = {
            key.value: self.value(child, wanted.value_type, (*path, key.value))
            for key, child in self._once(node, path)
        }
        return FAULTY if FAULTY in values.values() else values

    def _once(self, node: Pairs, path: Path) -> list[tuple[Scalar, Node]]:
        """The pairs of a mapping; a key that stands twice counts the first time and is a fault the second."""
        seen: dict[str, Scalar] = {}
        pairs = []
        for key, child in node.pairs:
            first = seen.setdefault(key.value, key)
            if first is key:
                self.found.keys[*path, key.value] = key.place
                pairs.append((key, child))
            else:
                self._fault_at(
                    key.place,
                    (*path, key.value),
                    _(
                        "The key “{key}” already stands in line {line}.",
                        key=key.value,
                        line=str(first.place.line),
                    ),
                )
        return pairs

    def _items(self, node: Node, wanted: inspect.Type, path: Path) -> Any:
        if not isinstance(node, Items):
            return self._fault(
                node, path, _("A list belongs here, each item after a dash or between [ and ].")
            )
        values = tuple(self.value(item, wanted, (*path, index)) for index, item in enumerate(node.items))
        return FAULTY if FAULTY in values else values

    def _union(self, node: Node, types: tuple[inspect.Type, ...], path: Path) -> Any:
        """Of several types, the one that fits the form of what is written."""
        if isinstance(node, Scalar):
            if node.is_null and any(isinstance(one, inspect.NoneType) for one in types):
                return None
            simple = [one for one in types if not isinstance(one, _COMPOUND | inspect.NoneType)]
            if len(simple) > 1:
                return self._one_of(node, simple, path)
            fitting: list[inspect.Type] = simple
        elif isinstance(node, Items):
            fitting = [one for one in types if isinstance(one, inspect.VarTupleType)]
        else:
            fitting = [one for one in types if isinstance(one, inspect.StructType | inspect.DictType)]
        others = [one for one in types if not isinstance(one, inspect.NoneType)]
        return self.value(node, (fitting or others)[0], path)

    def _one_of(self, node: Scalar, types: list[inspect.Type], path: Path) -> Any:
        """A condition's value: true, 3 and "text" are three different things."""
        kinds = {type(one) for one in types}
        if inspect.BoolType in kinds and node.truth is not None:
            return node.truth
        if inspect.IntType in kinds and node.is_plain and node.value.lstrip("+-").isdecimal():
            return self._scalar(node, inspect.IntType(), path)
        text = next((one for one in types if isinstance(one, inspect.StrType)), types[0])
        return self._scalar(node, text, path)

    def _scalar(self, node: Node, wanted: inspect.Type, path: Path) -> Any:
        if not isinstance(node, Scalar):
            return self._fault(node, path, _one_value(wanted))
        written = kept(node.value)
        match wanted:
            case inspect.StrType():
                return self._text(node, written, path)
            case inspect.BoolType():
                if node.truth is None:
                    return self._fault(
                        node, path, _("Write true or false. You wrote “{value}”.", value=short(written))
                    )
                return node.truth
            case inspect.IntType():
                return self._whole(node, written, path)
            case inspect.DecimalType():
                return self._number(node, written, path)
            case inspect.DateTimeType():
                return self._moment(node, written, path)
            case inspect.DateType():
                return self._date(node, written, path)
            case inspect.LiteralType():
                return self._known(node, written, [str(one) for one in wanted.values], path)
            case inspect.EnumType():
                known = self._known(node, written, [str(one.value) for one in wanted.cls], path)
                return known if known is FAULTY else wanted.cls(known)
            case _:
                return self._fault(node, path, _("This cannot be said in a call file."))

    def _text(self, node: Scalar, written: str, path: Path) -> Any:
        if node.truth is not None:
            return self._fault(node, path, _put_in_quotes(node.value))
        if not written:
            return self._fault(node, path, _("A text belongs here."))
        return written

    def _known(self, node: Scalar, written: str, known: list[str], path: Path) -> Any:
        if written in known:
            return written
        if node.truth is not None:
            return self._fault(node, path, _put_in_quotes(node.value))
        return self._fault(node, path, not_known(written, known))

    def _whole(self, node: Scalar, written: str, path: Path) -> Any:
        if written.isascii() and written.lstrip("+-").isdecimal() and len(written) <= _LONGEST_NUMBER:
            try:
                return int(written)
            except ValueError:
                pass
        return self._fault(
            node, path, _("A whole number belongs here. You wrote “{value}”.", value=short(written))
        )

    def _number(self, node: Scalar, written: str, path: Path) -> Any:
        try:
            number = Decimal(written) if written.isascii() and len(written) <= _LONGEST_NUMBER else None
        except InvalidOperation:
            number = None
        if number is None or not number.is_finite() or abs(number.adjusted()) > _LONGEST_NUMBER:
            return self._fault(
                node,
                path,
                _("A number belongs here, as 0.5 or 50000. You wrote “{value}”.", value=short(written)),
            )
        return number

    def _date(self, node: Scalar, written: str, path: Path) -> Any:
        try:
            return date.fromisoformat(written) if len(written) == 10 else self._no_date(node, written, path)
        except ValueError:
            return self._no_date(node, written, path)

    def _no_date(self, node: Scalar, written: str, path: Path) -> Any:
        return self._fault(
            node, path, _("Write a day as 2027-02-28. You wrote “{value}”.", value=short(written))
        )

    def _moment(self, node: Scalar, written: str, path: Path) -> Any:
        try:
            moment = datetime.fromisoformat(written) if len(written) > 10 else None
            if moment is not None:
                offset = moment.utcoffset()
                return self._instant(node, moment, offset, path)
        except (ValueError, OverflowError):
            pass
        return self._fault(
            node,
            path,
            _(
                "Write a moment as 2027-02-28T17:00, in the zone of the call. You wrote “{value}”.",
                value=short(written),
            ),
        )

    def _instant(self, node: Scalar, moment: datetime, offset: timedelta | None, path: Path) -> Any:
        """The instant in UTC. A clock time is read in the call's zone; an offset must be that zone's own."""
        if offset is not None:
            of_zone = moment.astimezone(self.zone).utcoffset()
            if offset and offset != of_zone:
                return self._fault(
                    node,
                    path,
                    _(
                        "At that moment the offset of {zone} is {offset}, not {written}.",
                        zone=self.zone.key,
                        offset=_offset(of_zone),
                        written=_offset(offset),
                    ),
                )
            return moment.astimezone(UTC)
        local = moment.replace(tzinfo=self.zone)
        instant = local.astimezone(UTC)
        if instant.astimezone(self.zone).replace(tzinfo=None) != moment:
            return self._fault(
                node, path, _("The clocks of {zone} leave this hour out. Choose another.", zone=self.zone.key)
            )
        if local.utcoffset() != local.replace(fold=1).utcoffset():
            return self._fault(
                node,
                path,
                _(
                    "The clocks of {zone} show this hour twice. Write the offset behind it.",
                    zone=self.zone.key,
                ),
            )
        return instant

    def _fault(self, node: Node, path: Path, message: Text) -> Any:
        return self._fault_at(node.place, path, message)

    def _fault_at(self, place: Place, path: Path, message: Text) -> Any:
        self.found.add(place, path, message)
        return FAULTY


_COMPOUND = inspect.StructType | inspect.DictType | inspect.VarTupleType


def _unknown(key: str, near: str | None, known: list[str]) -> Text:
    if near:
        return _("The key “{key}” is not known here. Did you mean “{near}”?", key=short(key), near=near)
    return _("The key “{key}” is not known here. Known are: {known}.", key=short(key), known=", ".join(known))


def _put_in_quotes(word: str) -> Text:
    return _("Put “{word}” in quotes: without them YAML reads true or false.", word=word)


def _one_value(wanted: inspect.Type) -> Text:
    if isinstance(wanted, inspect.StrType):
        return _("A text belongs here, not a list.")
    return _("One value belongs here, not a list.")


def _offset(offset: timedelta | None) -> str:
    minutes = int((offset or timedelta()).total_seconds()) // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"

"""A call written as a file again: reading it gives the same call, with the same digest."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import yaml

from challenge.exchange.call_files.schema import CallFile
from challenge.exchange.call_files.tree import kept
from challenge.exchange.call_files.zones import zone_named
from challenge.rubrics.definition import Rubric

WIDTH = 110
# Texts longer than this stand below their key, folded.
LONG = 90


class _Folded(str):
    __slots__ = ()


class _Writer(yaml.SafeDumper):
    """Lists stand indented below their key; nothing is written as a reference."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def dump(call: CallFile, heading: str = "") -> str:
    """The call as YAML; `heading` becomes comment lines at the top."""
    text = _as_yaml(call, zone_named(call.zone) or ZoneInfo("UTC"))
    comments = "".join(f"# {line}\n" if line else "#\n" for line in heading.splitlines())
    return comments + text


def dump_rubrics(rubrics: Mapping[str, Rubric]) -> str:
    """Rubrics as the part of a call file that holds them."""
    return _as_yaml({"rubrics": rubrics}, ZoneInfo("UTC"))


def _as_yaml(value: Any, zone: ZoneInfo) -> str:
    plain = msgspec.to_builtins(value, builtin_types=(datetime, date, Decimal), str_keys=True)
    return yaml.dump(
        _for_yaml(plain, zone), Dumper=_Writer, allow_unicode=True, sort_keys=False, width=WIDTH, indent=2
    )


def _for_yaml(value: Any, zone: ZoneInfo) -> Any:
    if isinstance(value, dict):
        return {key: _for_yaml(child, zone) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [_for_yaml(child, zone) for child in value]
    if isinstance(value, datetime):
        return value.astimezone(zone if zone.key != "UTC" else UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        text = kept(value)
        return _Folded(text) if len(text) > LONG or "\n" in text else text
    return value


def _write_number(writer: yaml.SafeDumper, number: Decimal) -> yaml.ScalarNode:
    digits = format(number, "f")
    return writer.represent_scalar(f"tag:yaml.org,2002:{'float' if '.' in digits else 'int'}", digits)


def _write_folded(writer: yaml.SafeDumper, text: _Folded) -> yaml.ScalarNode:
    return writer.represent_scalar("tag:yaml.org,2002:str", str(text), style=">")


_Writer.add_representer(Decimal, _write_number)
_Writer.add_representer(_Folded, _write_folded)

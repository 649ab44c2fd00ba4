"""Every setting and every command stands in the manual, and the manual names nothing else."""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from challenge.cli import parser
from challenge.settings import Settings

MANUAL = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")


def commands(of: argparse.ArgumentParser) -> Iterator[str]:
    """`challenge person add`, ...: those that do something, not those that only hold others."""
    nested = [a for a in of._actions if isinstance(a, argparse._SubParsersAction)]
    if not nested:
        yield of.prog
    for action in nested:
        for each in action.choices.values():
            yield from commands(each)


def first_cells(title: str) -> list[str]:
    part = MANUAL.split(f"## {title}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `([^`]+)` \|", part, flags=re.MULTILINE)


def test_every_setting_stands_in_the_manual() -> None:
    assert sorted(first_cells("Settings")) == sorted(
        f"CHALLENGE_{name.upper()}" for name in Settings.model_fields
    )


def test_every_command_stands_in_the_manual() -> None:
    assert sorted(first_cells("Commands")) == sorted(commands(parser()))


def test_every_command_has_help_and_does_something() -> None:
    def walk(of: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
        nested = [a for a in of._actions if isinstance(a, argparse._SubParsersAction)]
        for action in nested:
            assert {a.dest for a in action._choices_actions} == set(action.choices)
            for each in action.choices.values():
                yield from walk(each)
        if not nested:
            yield of

    for each in walk(parser()):
        assert each.get_default("run") is not None, each.prog


def test_every_setting_says_what_it_is() -> None:
    silent = [name for name, field in Settings.model_fields.items() if not field.description]
    assert silent == ["environment"]

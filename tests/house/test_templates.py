"""Every template compiles, is shown by somebody, and stumbles over a value that nobody gave."""

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import lru_cache
from pathlib import Path

import jinja2
import pytest
from jinja2 import meta

from challenge.foundation.templates import PACKAGE, TEMPLATES, environment
from challenge.mail.plain import plain_environment
from challenge.notices import pdf

ENDINGS = {".html", ".txt", ".xml"}
NAMES = sorted(
    path.relative_to(TEMPLATES).as_posix()
    for path in TEMPLATES.rglob("*")
    if path.is_file() and path.suffix in ENDINGS and "static" not in path.relative_to(TEMPLATES).parts
)
_QUOTED = re.compile(r"""["']([\w./{}-]+\.(?:html|txt|xml))["']""")


PAPERS = {f"notices/{name}.html" for name in ("_document", "notice", "proposal", "questions", "receipt")}


def environment_of(name: str) -> jinja2.Environment:
    if name in PAPERS:
        return pdf._environment()
    return plain_environment() if name.endswith(".txt") else environment()


@pytest.mark.parametrize("name", NAMES)
def test_it_compiles(name: str) -> None:
    env = environment_of(name)
    env.compile((TEMPLATES / name).read_text(encoding="utf-8"), name)


def test_every_template_is_shown_by_python_or_by_another_template() -> None:
    wanted = named_in_python() | named_in_templates()
    unused = [name for name in NAMES if not any(fnmatch(name, pattern) for pattern in wanted)]
    assert unused == []


def test_whatever_is_shown_exists() -> None:
    """A name that stands whole in Python or in a template has its file."""
    literal = {name for name in named_in_python() | named_in_templates() if "*" not in name and "/" in name}
    folders = {name.split("/")[0] for name in NAMES}
    missing = sorted(n for n in literal if n.split("/")[0] in folders and n not in NAMES)
    assert missing == []


@lru_cache
def named_in_python() -> frozenset[str]:
    """Names of templates in the code; a part that is filled in counts as anything."""
    return frozenset(name for path in PACKAGE.rglob("*.py") for name in _names_in(path))


def _names_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(p.value) if isinstance(p, ast.Constant) else "*" for p in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if Path(text).suffix in ENDINGS and " " not in text and text.strip("*") not in ENDINGS:
            yield text


@lru_cache
def named_in_templates() -> frozenset[str]:
    found: set[str] = set()
    for name in NAMES:
        source = (TEMPLATES / name).read_text(encoding="utf-8")
        for target in meta.find_referenced_templates(environment_of(name).parse(source)):
            if target is not None:
                found.add(target)
        for tag in re.findall(r"{%-?\s*(?:include|extends|import|from)\s+(.*?)-?%}", source, re.S):
            joined = re.sub(r"\s*~\s*[\w.\[\]()\"']+?\s*~\s*", "*", tag)  # "forms/kinds/" ~ code ~ ".html"
            found |= set(
                re.findall(
                    r"""["']([\w./*\"'-]+?)["'](?:\s|$|,)""", joined.replace('"*"', "*").replace("'*'", "*")
                )
            )
    return frozenset(found)


@pytest.mark.parametrize(
    "env", [environment, plain_environment, pdf._environment], ids=["pages", "plain mail", "papers"]
)
def test_a_value_that_nobody_gave_is_an_error(env: object) -> None:
    made: jinja2.Environment = env()  # type: ignore[operator]
    assert issubclass(made.undefined, jinja2.StrictUndefined)
    with pytest.raises(jinja2.UndefinedError):
        made.from_string("{{ nothing }}").render()


def test_whatever_a_template_prints_is_escaped() -> None:
    assert environment().from_string("{{ x }}").render(x="<b>&\"'") == "&lt;b&gt;&amp;&#34;&#39;"


def test_nothing_is_declared_safe_outside_the_parts() -> None:
    safe = [
        name
        for name in NAMES
        if re.search(r"\|\s*safe\b", (TEMPLATES / name).read_text(encoding="utf-8"))
        and not name.startswith("parts/")
    ]
    assert safe == []


def test_no_template_holds_a_style_or_a_script_of_its_own() -> None:
    """The content policy of pages would not let them act. Papers and letters are not pages."""
    found = [
        name
        for name in NAMES
        if not name.startswith(("mail/", "notices/"))
        and re.search(
            r"\sstyle=|<style\b|<script(?![^>]*\bsrc=)|\son[a-z]+=\"",
            (TEMPLATES / name).read_text(encoding="utf-8"),
        )
    ]
    assert found == []

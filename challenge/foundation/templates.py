"""Templates, compiled once for each language: a fixed text is translated when its template is compiled,
not each time it is shown. Only texts with gaps are looked up while a page is made."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any
from urllib.parse import urlsplit

import jinja2
from jinja2 import nodes
from jinja2.compiler import CodeGenerator
from jinja2.runtime import Context, Macro
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

from challenge import __version__
from challenge.foundation import clock, i18n, text

PACKAGE = Path(__file__).parents[1]
TEMPLATES = next(p for p in (PACKAGE / "templates", PACKAGE.parent / "templates") if p.is_dir())

_SIMPLE = (FunctionType, MethodType, BuiltinFunctionType)


class _Translating(NodeTransformer):
    def __init__(self, lang: str) -> None:
        self.catalogue = i18n.catalogue(lang)

    def visit_Call(self, call: nodes.Call) -> nodes.Node:
        self.generic_visit(call)
        given = call.args
        is_fixed = (
            isinstance(call.node, nodes.Name)
            and call.node.name == "_"
            and len(given) == 1
            and isinstance(given[0], nodes.Const)
            and not (call.kwargs or call.dyn_args or call.dyn_kwargs)
        )
        if not is_fixed:
            return call
        words = self.catalogue.one(given[0].value)  # type: ignore[attr-defined]
        shown = Markup(words % {})  # noqa: S704 - the words of our own catalogues
        return nodes.Const(shown, lineno=call.lineno, environment=call.environment)


class _Compiler(CodeGenerator):
    def visit_Template(self, node: nodes.Template, frame: Any = None) -> None:
        lang = getattr(self.environment, "lang", "en")
        super().visit_Template(_Translating(lang).visit(node), frame)


class _QuickContext(Context):
    """Macros and plain functions are most of what a page calls; the general way asks much more about them."""

    def call(self, called: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if type(called) is Macro:
            kwargs.pop("_loop_vars", None)
            kwargs.pop("_block_vars", None)
            return called(self.eval_ctx, *args, **kwargs)
        if type(called) in _SIMPLE and not hasattr(called, "jinja_pass_arg"):
            kwargs.pop("_loop_vars", None)
            kwargs.pop("_block_vars", None)
            return called(*args, **kwargs)
        return super().call(called, *args, **kwargs)


class _Environment(jinja2.Environment):
    code_generator_class = _Compiler
    context_class = _QuickContext
    lang = "en"


def _filled(msgid: str, /, **values: Any) -> Markup:
    return Markup(i18n.gettext(msgid)) % values  # noqa: S704


def _counted(one: str, many: str, n: int, /, **values: Any) -> Markup:
    return Markup(i18n.ngettext(one, many, n)) % {"num": n, **values}  # noqa: S704


def _moment(moment: Any, zone: str = "UTC") -> str:
    return i18n.format_datetime(moment, zone)


def web_link(address: str) -> str:
    """The address when it is one that people may follow, else nothing."""
    return address if urlsplit(address).scheme in ("http", "https", "mailto") else ""


FILTERS: dict[str, Callable[..., Any]] = {
    "t": i18n.pick,
    "date": i18n.format_date,
    "time": i18n.format_time,
    "moment": _moment,
    "number": i18n.format_number,
    "amount": i18n.format_amount,
    "country": i18n.country_name,
    "language_name": i18n.language_name,
    "city": i18n.zone_city,
    "digits": i18n.digits,
    "words": text.count_words,
    "markdown": text.markdown,
    "web_link": web_link,
    "picked_language": i18n.picked_language,
}
# What all templates may call; one dictionary for the environments of all languages.
GLOBALS: dict[str, Any] = {
    "_": _filled,
    "gettext": _filled,
    "ngettext": _counted,
    "now": clock.now,
    "direction": i18n.direction,
    "version": __version__,
}


def environment(lang: str | None = None) -> jinja2.Environment:
    return _environment(lang or i18n.language())


@lru_cache
def _environment(lang: str) -> jinja2.Environment:
    env = _Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
        extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"],
    )
    env.lang = lang
    env.filters.update(FILTERS)
    GLOBALS.update({name: value for name, value in env.globals.items() if name not in GLOBALS})
    env.globals = GLOBALS
    return env

"""Templates of plain text: no HTML escaping, for what people read as it is."""

from functools import lru_cache

import jinja2

from challenge.foundation import i18n
from challenge.foundation.templates import TEMPLATES


@lru_cache
def plain_environment() -> jinja2.Environment:
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=False,  # noqa: S701 - plain text is not HTML
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    env.install_gettext_callables(i18n.gettext, i18n.ngettext, newstyle=True)  # type: ignore[attr-defined]
    return env

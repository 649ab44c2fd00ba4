"""Collects the texts marked for translation and brings the catalogues up to date.

A catalogue keeps only what is used, sorted, without dates and line numbers, so that a change of a text is the
only X
"""

import argparse
import sys
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

TOP = Path(__file__).resolve().parents[1]
LOCALES = TOP / "challenge" / "locales"
PLURALS = {
    "en": "nplurals=2; plural=(n != 1)",
    "fr": "nplurals=2; plural=(n > 1)",
    "es": "nplurals=2; plural=(n != 1)",
    "ar": "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2"
    " : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5)",
}
FORMS = {language: int(rule[9]) for language, rule in PLURALS.items()}
HEADER = "# Texts of Challenge. Written by scripts/messages; only the msgstr lines are for hands."
KEYWORDS = {
    "_": None,
    "_n": (1, 2),
    "N_": None,
    "gettext": None,
    "ngettext": (1, 2),
}
METHODS = {
    "challenge": [("**/locales/**", "ignore"), ("**.py", "python")],
    "templates": [("static/**", "ignore"), ("**.html", "jinja2"), ("**.txt", "jinja2"), ("**.xml", "jinja2")],
}
JINJA = {
    "trimmed": "true",
    "newstyle_gettext": "true",
    "silent": "false",
    "extensions": "jinja2.ext.do,jinja2.ext.loopcontrols",
}


def texts_in_use() -> Catalog:
    template = Catalog()
    for folder, methods in METHODS.items():
        patterns = {pattern: JINJA for pattern, method in methods if method == "jinja2"}
        found = extract_from_dir(
            TOP / folder, methods, patterns, KEYWORDS, comment_tags=("Translators:",), strip_comment_tags=True
        )
        for _file, _line, message, comments, context in found:
            template.add(message, auto_comments=comments, context=context)
    return template


def brought_up_to_date(language: str, template: Catalog) -> Catalog:
    path = LOCALES / f"{language}.po"
    known = Catalog(locale=language)
    if path.exists():
        with path.open("rb") as file:
            known = read_po(file, locale=language)
    catalogue = Catalog(locale=language)
    for text in template:
        if not text.id:
            continue
        before = known.get(text.id, text.context)
        words = text.id if language == "en" else before.string if before else ""
        if text.pluralizable != isinstance(words, (list, tuple)):
            words = ("",) * FORMS[language] if text.pluralizable else ""
        flags = before.flags if before else set()
        catalogue.add(text.id, words, flags=flags, auto_comments=text.auto_comments, context=text.context)
    return catalogue


def missing(catalogue: Catalog) -> list[str]:
    """The first words of every text that has no translation, or not all of its plural forms."""
    lacking = []
    for message in catalogue:
        if not message.id:
            continue
        forms = message.string if isinstance(message.string, (list, tuple)) else [message.string]
        wanted = FORMS[str(catalogue.locale)] if message.pluralizable else 1
        if message.fuzzy or len(forms) < wanted or not all(forms):
            lacking.append(message.id[0] if isinstance(message.id, (list, tuple)) else message.id)
    return lacking


def written(catalogue: Catalog, language: str | None) -> bytes:
    out = BytesIO()
    write_po(out, catalogue, width=100, no_location=True, sort_output=True, omit_header=True)
    head = [HEADER, 'msgid ""', 'msgstr ""', '"Content-Type: text/plain; charset=utf-8\\n"']
    if language:
        head += [f'"Language: {language}\\n"', f'"Plural-Forms: {PLURALS[language]};\\n"']
    return "\n".join([*head, "", ""]).encode() + out.getvalue()


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/messages", description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit 1 when something is missing"
    )
    parser.add_argument("--list", action="store_true", help="print the texts that lack a translation")
    args = parser.parse_args()

    template = texts_in_use()
    files = {LOCALES / "messages.pot": written(template, None)}
    incomplete = False
    for language in PLURALS:
        catalogue = brought_up_to_date(language, template)
        files[LOCALES / f"{language}.po"] = written(catalogue, language)
        lacking = missing(catalogue)
        incomplete = incomplete or bool(lacking)
        print(f"{language}: {len(template)} texts, {len(lacking)} without translation")
        if args.list:
            for text in lacking:
                print(f"  {text!r}")

    outdated = [p.name for p, content in files.items() if not p.exists() or p.read_bytes() != content]
    if args.check:
        if outdated:
            print(f"out of date, run scripts/messages: {', '.join(outdated)}")
        return 1 if outdated or incomplete else 0
    LOCALES.mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        path.write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())

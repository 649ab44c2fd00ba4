"""Every text that people read is there in all four languages, with the same gaps and all plural forms."""

import re
from collections.abc import Iterable

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from scripts import update_messages as messages

TRANSLATED = ("fr", "es", "ar")
_GAP = re.compile(r"\{[a-z_0-9]+\}")
_PERCENT = re.compile(r"%\((\w+)\)[sd]")


@pytest.fixture(scope="module")
def in_use() -> Catalog:
    return messages.texts_in_use()


def kept(language: str) -> Catalog:
    with (messages.LOCALES / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


def forms_of(text: object) -> list[str]:
    return [str(one) for one in text] if isinstance(text, (list, tuple)) else [str(text or "")]


def gaps_in(texts: Iterable[str]) -> set[str]:
    """The named gaps of some texts: {name} and %(name)s."""
    found: set[str] = set()
    for text in texts:
        percents = set(_PERCENT.findall(text))
        found |= {f"%({name})" for name in percents}
        if not percents:
            found |= set(_GAP.findall(text))
    return found


def short(message: Message) -> str:
    return forms_of(message.id)[0][:80]


def listed(lines: list[str], most: int = 25) -> str:
    return "\n".join(["", *lines[:most], f"… {len(lines)} in all"])


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_has_a_translation_with_all_its_plural_forms(in_use: Catalog, language: str) -> None:
    catalogue, lacking = kept(language), []
    for message in in_use:
        if not message.id:
            continue
        there = catalogue.get(message.id, message.context)
        forms = forms_of(there.string) if there else []
        wanted = messages.FORMS[language] if message.pluralizable else 1
        if len(forms) != wanted or not all(form.strip() for form in forms):
            lacking.append(f"{short(message)!r}: {sum(map(bool, forms))} of {wanted} forms")
    assert not lacking, listed(lacking)


@pytest.mark.parametrize("language", ("en", *TRANSLATED))
def test_a_translation_has_the_gaps_of_its_text_and_no_others(in_use: Catalog, language: str) -> None:
    """A form for one or two may spell its number out; no form may name what is not given."""
    catalogue, wrong = kept(language), []
    for message in in_use:
        there = catalogue.get(message.id, message.context) if message.id else None
        forms = [form for form in forms_of(there.string) if form] if there else []
        if not forms:
            continue
        asked, given = gaps_in(forms_of(message.id)), [gaps_in([form]) for form in forms]
        is_odd = any(not one <= asked for one in given) or set().union(*given) != asked
        if is_odd or (not message.pluralizable and given[0] != asked):
            wrong.append(f"{short(message)!r}: {sorted(asked)} became {[sorted(one) for one in given]}")
    assert not wrong, listed(wrong)


@pytest.mark.parametrize("language", ("en", *TRANSLATED))
def test_a_text_of_a_template_can_be_filled_in(in_use: Catalog, language: str) -> None:
    """Templates fill texts in with the % operator, in which a bare percent sign begins a gap."""
    catalogue, broken = kept(language), []
    for message in in_use:
        there = catalogue.get(message.id, message.context) if message.id else None
        if there is None or not any(path.endswith((".html", ".txt")) for path, _line in message.locations):
            continue
        forms = forms_of(there.string)
        values = {name: "7" for form in forms for name in _PERCENT.findall(form)}
        for form in forms:
            try:
                form % values
            except (TypeError, ValueError, KeyError):
                broken.append(form)
            else:
                if form % values != re.sub(r"%\((\w+)\)[sd]", "7", form).replace("%%", "%"):
                    broken.append(form)
    assert not broken, listed(broken)


@pytest.mark.parametrize("language", ("en", *TRANSLATED))
def test_no_translation_is_a_guess(language: str) -> None:
    assert [short(message) for message in kept(language) if message.id and message.fuzzy] == []


@pytest.mark.parametrize("language", ("en", *TRANSLATED))
def test_a_catalogue_holds_what_is_used_and_nothing_else(in_use: Catalog, language: str) -> None:
    def ids(catalogue: Catalog) -> set[str]:
        return {forms_of(message.id)[0] for message in catalogue if message.id}

    assert sorted(ids(in_use) ^ ids(kept(language)))[:10] == [], "run scripts/messages"


def test_plural_rules_are_those_of_the_languages() -> None:
    assert messages.FORMS == {"en": 2, "fr": 2, "es": 2, "ar": 6}
    assert {language: kept(language).num_plurals for language in messages.FORMS} == messages.FORMS

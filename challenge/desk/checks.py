"""What is ready in a call and what is not, before it is published. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from challenge.calls.models import Call, Milestone, Stage
from challenge.forms.definition import FormDefinition
from challenge.foundation.i18n import Text, Texts, _, _n, language_name
from challenge.rubrics.definition import Rubric
from challenge.rubrics.rules import has_inclusion


@dataclass(frozen=True, slots=True)
class Check:
    text: Text
    state: str = "ok"
    """ok, bad (it cannot be published like this) or open (worth a look)."""
    href: str | None = None
    link: Text | None = None


def checks(
    call: Call,
    stages: Sequence[Stage],
    milestones: Sequence[Milestone],
    forms: dict[str, FormDefinition],
    rubrics: dict[str, Rubric],
    moment: datetime,
    base: str,
) -> list[Check]:
    return [
        *_of_call(call, stages, milestones, moment),
        *(check for stage in stages for check in _of_stage(call, stage, forms, rubrics, base)),
    ]


def _of_call(
    call: Call, stages: Sequence[Stage], milestones: Sequence[Milestone], moment: datetime
) -> Iterator[Check]:
    missing = [code for code in call.languages if not call.title.get(code) or not call.summary.get(code)]
    if missing:
        yield Check(_("Title or summary is missing in {languages}.", languages=_names(missing)), "bad")
    else:
        yield Check(
            _n("Title and summary in {n} language", "Title and summary in {n} languages", len(call.languages))
        )
    if stages and all(stage.closes_at <= moment for stage in stages):
        yield Check(_("All closing dates lie in the past."), "bad")
    elif stages:
        yield Check(_("The deadline lies ahead"))
    if milestones:
        yield Check(_n("{n} date in the timetable", "{n} dates in the timetable", len(milestones)))
    else:
        yield Check(_("The timetable is empty: applicants will not know when they hear from you."), "open")
    if not call.facts.get("eligibility"):
        yield Check(_("No condition of eligibility: everybody may apply."), "open")
    kinds = {notice.get("kind") for notice in call.facts.get("notices") or []}
    if kinds:
        yield Check(_n("Texts of {n} kind of notice", "Texts of {n} kinds of notice", len(kinds)))


def _of_stage(
    call: Call,
    stage: Stage,
    forms: dict[str, FormDefinition],
    rubrics: dict[str, Rubric],
    base: str,
) -> Iterator[Check]:
    form = forms.get(stage.form_code)
    if form is None:
        yield Check(_("There is no form for this stage."), "bad")
    else:
        yield Check(_n("{n} question", "{n} questions", len(form.asked)), href=f"{base}/form")
        untold = missing_texts(form, call.languages)
        if untold:
            yield Check(
                _n(
                    "{n} text of the form lacks a translation.",
                    "{n} texts of the form lack a translation.",
                    len(untold),
                ),
                "open",
                f"{base}/form",
            )
    rubric = rubrics.get(stage.rubric_code)
    if rubric is None:
        yield Check(_("There is no rubric for this stage."), "bad")
        return
    yield Check(
        _n("{n} criterion in the rubric", "{n} criteria in the rubric", len(rubric.criteria)),
        href=f"{base}/rubric",
    )
    if not has_inclusion(rubric):
        yield Check(_("No criterion asks who is usually forgotten."), "open", f"{base}/rubric")


def missing_texts(form: FormDefinition, languages: Sequence[str]) -> list[tuple[str, list[str]]]:
    """The labels and hints of a form that are not told in every language: (where, languages missing)."""
    return [
        (where, missing)
        for where, texts in _texts_of(form)
        if texts and (missing := [code for code in languages if not texts.get(code)])
    ]


def _texts_of(form: FormDefinition) -> Iterator[tuple[str, Texts]]:
    parts: list[Any] = [*form.sections, *form.asked]
    for part in parts:
        yield part.code, part.label
        yield part.code, part.help
        for option in getattr(part, "options", ()):
            yield f"{part.code}.{option.code}", option.label


def _names(codes: Sequence[str]) -> "Names":
    return Names(tuple(codes))


@dataclass(frozen=True, slots=True)
class Names:
    """Languages inside a sentence, in the reader's language."""

    codes: tuple[str, ...]

    def __str__(self) -> str:
        return ", ".join(language_name(code) for code in self.codes)

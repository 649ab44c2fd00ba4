"""What a call file says, once its shape is right: references, languages, dates, rubrics, forms."""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

import msgspec
from babel import Locale
from babel.numbers import list_currencies

from challenge.calls.vocabularies import vocabulary
from challenge.exchange.call_files.faults import Found, Path, nearest, not_known, short
from challenge.exchange.call_files.schema import (
    NOTICE_FIELDS,
    CallFile,
    EligibilityCheck,
    RubricFile,
    form_in_use,
)
from challenge.exchange.call_files.zones import zone_named, zone_names
from challenge.forms import rules as form_rules
from challenge.forms.definition import FormDefinition
from challenge.foundation.i18n import LANGUAGES, _, language_name
from challenge.rubrics import rules as rubric_rules

_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_PREFIX = re.compile(r"[A-Z][A-Z0-9]{1,11}")
_ADDRESS = re.compile(r"https?://[^\s<>\"]+")
_MAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+")
_GAP = re.compile(r"\{([^{}]*)\}")
_LONGEST_CODE = 40
_LONGEST_SLUG = 80


def look_at(call: CallFile, found: Found) -> None:
    """Note everything that cannot stand as it is written."""
    _look_at_names(call, found)
    _look_at_languages(call, found)
    _look_at_parts(call, (), call, found)
    _look_at_vocabularies(call, found)
    _look_at_awards(call, found)
    _look_at_stages(call, found)
    _look_at_timetable(call, found)
    for n, condition in enumerate(call.eligibility):
        _look_at_condition(call, condition, ("eligibility", n), found)
    _look_at_forms(call, found)
    _look_at_rubrics(call, found)
    _look_at_tracks_of_quotas(call, found)
    _look_at_notices(call, found)


def look_at_rubrics(file: RubricFile, found: Found) -> None:
    """The same for a file that holds rubrics alone."""
    _look_at_languages(file, found)
    _look_at_parts(file, (), file, found)
    _look_at_rubrics(file, found)


def _look_at_rubrics(file: CallFile | RubricFile, found: Found) -> None:
    for code, rubric in file.rubrics.items():
        _look_at_code(code, ("rubrics", code), found, key=True)
        for path, text in rubric_rules.faults(rubric):
            found.at(("rubrics", code, *path), text, key=len(path) > 2 and path[-2] in ("anchors", "labels"))
        if rubric.selection is not None and rubric.selection.currency:
            _look_at_currency(rubric.selection.currency, ("rubrics", code, "selection", "currency"), found)


def _look_at_tracks_of_quotas(call: CallFile, found: Found) -> None:
    """A quota on tracks names tracks of the call."""
    known = [track.code for track in call.tracks]
    for code, rubric in call.rubrics.items():
        for n, quota in enumerate(rubric.selection.quotas if rubric.selection else ()):
            for m, value in enumerate(quota.values if quota.column == "track" else ()):
                if value not in known:
                    where = ("rubrics", code, "selection", "quotas", n, "values", m)
                    found.at(where, not_known(value, known))


def _look_at_names(call: CallFile, found: Found) -> None:
    for path, slug in ((("id",), call.id), (("programme", "slug"), call.programme.slug)):
        if not _CODE.fullmatch(slug) or len(slug) > _LONGEST_SLUG:
            found.at(
                path,
                _(
                    "Use small letters, digits and single hyphens, at most {most}. You wrote “{value}”.",
                    most=_LONGEST_SLUG,
                    value=short(slug),
                ),
            )
    if not _PREFIX.fullmatch(call.prefix):
        found.at(
            ("prefix",),
            _(
                "Use 2 to 12 capital letters and digits, as in JET. You wrote “{value}”.",
                value=short(call.prefix),
            ),
        )
    if zone_named(call.zone) is None:
        near = nearest(call.zone, zone_names())
        found.at(
            ("zone",),
            _("There is no zone “{value}”. Did you mean {near}?", value=short(call.zone), near=near)
            if near
            else _("There is no zone “{value}”. Write one as Europe/Zurich or UTC.", value=short(call.zone)),
        )
    if call.organizer.contact_email and not _MAIL.fullmatch(call.organizer.contact_email):
        found.at(
            ("organizer", "contact_email"),
            _("Write an e-mail address. You wrote “{value}”.", value=short(call.organizer.contact_email)),
        )
    addresses: list[tuple[Path, str | None]] = [
        *((("sources", n, "url"), source.url) for n, source in enumerate(call.sources)),
        *((("partners", n, "url"), partner.url) for n, partner in enumerate(call.partners)),
        *((("documents", n, "url"), document.url) for n, document in enumerate(call.documents)),
    ]
    for where, address in addresses:
        if address and not _ADDRESS.fullmatch(address):
            found.at(
                where,
                _(
                    "A web address begins with http:// or https://. You wrote “{value}”.",
                    value=short(address),
                ),
            )


def _look_at_languages(call: CallFile | RubricFile, found: Found) -> None:
    if not call.languages:
        found.at(("languages",), _("Name at least one language."))
    for n, lang in enumerate(call.languages):
        if lang not in LANGUAGES:
            found.at(("languages", n), not_known(lang, list(LANGUAGES)))
        elif lang in call.languages[:n]:
            found.at(("languages", n), _("“{value}” stands twice.", value=lang))


def _look_at_parts(value: Any, path: Path, call: CallFile | RubricFile, found: Found) -> None:
    """What holds for every part alike: codes, each once; texts in every language; marks that name fields."""
    if isinstance(value, msgspec.Struct):
        for name, field in zip(value.__struct_fields__, msgspec.structs.fields(value), strict=True):
            child = getattr(value, name)
            if isinstance(child, dict) and (child or field.required):
                _look_at_texts(child, (*path, name), call, found)
            _look_at_parts(child, (*path, name), call, found)
        _look_at_marks(value, path, found)
        code = getattr(value, "code", None)
        if isinstance(code, str) and path[:1] != ("forms",):
            _look_at_code(code, (*path, "code"), found)
    elif isinstance(value, dict):
        for key, child in value.items():
            _look_at_parts(child, (*path, key), call, found)
    elif isinstance(value, tuple):
        if path[:1] not in (("forms",), ("rubrics",)):
            _look_at_twice(value, path, found)
        for n, child in enumerate(value):
            _look_at_parts(child, (*path, n), call, found)


def _look_at_texts(texts: dict[str, Any], path: Path, call: CallFile | RubricFile, found: Found) -> None:
    if any(not isinstance(text, str | tuple) for text in texts.values()):
        return
    for lang in texts:
        if lang not in LANGUAGES:
            found.at((*path, lang), not_known(lang, list(LANGUAGES)), key=True)
    missing = [lang for lang in call.languages if lang in LANGUAGES and lang not in texts]
    if missing:
        found.at(path, _("The text is missing in {languages}.", languages=_Languages(missing)))


class _Languages:
    """Names of languages, in the language of the sentence."""

    def __init__(self, codes: Iterable[str]) -> None:
        self.codes = tuple(codes)

    def __str__(self) -> str:
        return str(_(", ")).join(language_name(code) for code in self.codes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Languages) and self.codes == other.codes

    def __hash__(self) -> int:
        return hash(self.codes)


def _look_at_marks(part: msgspec.Struct, path: Path, found: Found) -> None:
    marks = getattr(part, "filled_in", False)
    if isinstance(marks, tuple):
        for n, name in enumerate(marks):
            if name not in part.__struct_fields__:
                found.at((*path, "filled_in", n), not_known(name, list(part.__struct_fields__)))


def _look_at_code(code: str, path: Path, found: Found, *, key: bool = False) -> None:
    if not _CODE.fullmatch(code) or len(code) > _LONGEST_CODE:
        found.at(
            path,
            _(
                "Use small letters, digits and single hyphens, at most {most}. You wrote “{value}”.",
                most=_LONGEST_CODE,
                value=short(code),
            ),
            key=key,
        )


def _look_at_twice(parts: tuple[Any, ...], path: Path, found: Found) -> None:
    seen: set[str] = set()
    for n, part in enumerate(parts):
        name = "code" if hasattr(part, "code") else "kind" if path == ("notices",) else None
        code = getattr(part, name) if name else part
        if name is None and (not isinstance(part, str) or path[-1] in ("source_themes", "notes")):
            continue
        if code in seen and path != ("languages",) and "paragraphs" not in path:
            found.at(
                (*path, n, name) if name else (*path, n), _("“{value}” stands twice.", value=short(code))
            )
        seen.add(code)


def _look_at_vocabularies(call: CallFile, found: Found) -> None:
    for path, name, code in _codes_in(call):
        terms = vocabulary(name)
        if code not in terms.codes:
            near = nearest(code, sorted(terms.codes))
            found.at(
                path,
                _(
                    "The vocabulary {vocabulary} has no “{code}”. Did you mean “{near}”?",
                    vocabulary=name,
                    code=short(code),
                    near=near,
                )
                if near
                else _("The vocabulary {vocabulary} has no “{code}”.", vocabulary=name, code=short(code)),
            )


def _codes_in(call: CallFile) -> Iterator[tuple[Path, str, str]]:
    for field, name in (
        ("themes", "coalition-themes"),
        ("country_focus_areas", "country-focus-areas"),
        ("sdgs", "sdgs"),
        ("policy_areas", "just-transition-policy-areas"),
    ):
        for n, code in enumerate(getattr(call, field)):
            yield (field, n), name, code
    if call.intervention_type is not None:
        yield ("intervention_type",), "intervention-types", call.intervention_type
    yield ("organizer", "organization_type"), "organization-types", call.organizer.organization_type
    if call.organizer.governance_body is not None:
        yield ("organizer", "governance_body"), "governance-bodies", call.organizer.governance_body
    for n, partner in enumerate(call.partners):
        if partner.organization_type is not None:
            yield ("partners", n, "organization_type"), "organization-types", partner.organization_type
    for n, condition in enumerate(call.eligibility):
        for m, code in enumerate(condition.allowed):
            yield ("eligibility", n, "allowed", m), "organization-types", code
    for n, code in enumerate(call.awards.types):
        yield ("awards", "types", n), "award-types", code
    for n, document in enumerate(call.documents):
        yield ("documents", n, "type"), "document-types", document.type


def _look_at_awards(call: CallFile, found: Found) -> None:
    awards = call.awards
    if not awards.types:
        found.at(("awards", "types"), _("Name at least one type of award."))
    if awards.number is not None and awards.number < 1:
        found.at(
            ("awards", "number"), _("Use a number above zero. You wrote {value}.", value=str(awards.number))
        )
    amounts = ("per_award_min", "per_award_max", "total_pool")
    for name in amounts:
        amount = getattr(awards, name)
        if amount is not None and amount <= 0:
            found.at(("awards", name), _("Use a number above zero. You wrote {value}.", value=str(amount)))
        if amount is not None and awards.currency is None:
            found.at(
                ("awards", name), _("An amount stands with its currency; the key “currency” is missing here.")
            )
    if awards.currency is not None:
        _look_at_currency(awards.currency, ("awards", "currency"), found)
    if awards.per_award_min and awards.per_award_max and awards.per_award_min > awards.per_award_max:
        found.at(("awards", "per_award_max"), _("The highest amount is below the lowest."))
    for n, rule in enumerate(call.budget_rules):
        if rule.currency is not None:
            _look_at_currency(rule.currency, ("budget_rules", n, "currency"), found)
        if rule.category is not None and rule.category not in {
            option.code for option in call.budget_categories
        }:
            known = [option.code for option in call.budget_categories]
            found.at(("budget_rules", n, "category"), not_known(rule.category, known))
    for n, track in enumerate(call.tracks):
        if track.award_count is not None and track.award_count < 0:
            found.at(
                ("tracks", n, "award_count"),
                _("Use zero or a number above. You wrote {value}.", value=str(track.award_count)),
            )


def _look_at_currency(currency: str, path: Path, found: Found) -> None:
    if currency not in list_currencies():
        found.at(
            path,
            _(
                "Write the currency as three letters of ISO 4217, as in USD. You wrote “{value}”.",
                value=short(currency),
            ),
        )


def _look_at_stages(call: CallFile, found: Found) -> None:
    if not call.stages:
        found.at(("stages",), _("A call has at least one stage."))
    for n, stage in enumerate(call.stages):
        here: Path = ("stages", n)
        if stage.closes_at <= stage.opens_at:
            found.at((*here, "closes_at"), _("The stage closes before it opens."))
        if n and stage.closes_at < call.stages[n - 1].closes_at:
            found.at((*here, "closes_at"), _("The stage closes before the one listed above it."))
        if stage.form not in call.forms:
            found.at((*here, "form"), not_known(stage.form, list(call.forms)))
        if stage.rubric not in call.rubrics:
            found.at((*here, "rubric"), not_known(stage.rubric, list(call.rubrics)))
        if stage.reviews_per_proposal < 0:
            found.at(
                (*here, "reviews_per_proposal"),
                _("Use zero or a number above. You wrote {value}.", value=str(stage.reviews_per_proposal)),
            )


def _look_at_timetable(call: CallFile, found: Found) -> None:
    for n, (earlier, later) in enumerate(zip(call.timetable, call.timetable[1:], strict=False), start=1):
        if later.date < earlier.date:
            found.at(
                ("timetable", n, "date"),
                _(
                    "This day, {day}, is before the one listed above it, {above}.",
                    day=later.date,
                    above=earlier.date,
                ),
            )
    dates: list[tuple[str, date]] = [
        (name, day)
        for name in ("panel_on", "accept_by", "complaint_until")
        if isinstance(day := getattr(call.dates, name), date)
    ]
    if call.stages:
        closes = min(stage.closes_at for stage in call.stages).date()
        for name, day in dates:
            if day < closes:
                found.at(("dates", name), _("This day is before the first stage closes."))


def _look_at_condition(call: CallFile, condition: EligibilityCheck, path: Path, found: Found) -> None:
    needs = {
        "organization-age": "minimum_months",
        "organization-type": "allowed",
        "organization-country": "countries",
        "implementation-country": "countries",
        "proposals-per-organization": "maximum",
        "consortium-size": "minimum",
    }
    need = needs.get(condition.kind)
    if need and not getattr(condition, need):
        found.at(path, _("A condition of the kind {kind} needs “{key}”.", kind=condition.kind, key=need))
    territories = Locale.parse("en").territories
    for n, country in enumerate(condition.countries):
        if not (len(country) == 2 and country.isupper() and country in territories):
            found.at(
                (*path, "countries", n),
                _(
                    "Write a country as two letters of ISO 3166, as in SN. You wrote “{value}”.",
                    value=short(country),
                ),
            )
    if condition.question is not None and not any(
        question.code == condition.question for form in call.forms.values() for question in form.questions
    ):
        found.at(
            (*path, "question"),
            _("No form has a question with the code “{value}”.", value=short(condition.question)),
        )


def _look_at_forms(call: CallFile, found: Found) -> None:
    for code, form in call.forms.items():
        _look_at_code(code, ("forms", code), found, key=True)
        for path, text in form_rules.faults_of(form_in_use(call, code)):
            if "budget_rules" not in path or _has_rules(form, path):  # those of the call are looked at there
                found.at(("forms", code, *path), text)
        rubrics = [call.rubrics[s.rubric] for s in call.stages if s.form == code and s.rubric in call.rubrics]
        known = [criterion.code for rubric in rubrics for criterion in rubric.criteria]
        for n, question in enumerate(form.questions):
            for m, criterion in enumerate(question.criteria):
                if rubrics and criterion not in known:
                    found.at(("forms", code, "questions", n, "criteria", m), not_known(criterion, known))


def _has_rules(form: FormDefinition, path: Path) -> bool:
    index = path[1]
    return isinstance(index, int) and bool(form.questions[index].budget_rules)


def _look_at_notices(call: CallFile, found: Found) -> None:
    for n, notice in enumerate(call.notices):
        for part in ("subject", "title", "headline", "salutation", "closing"):
            for lang, text in getattr(notice, part).items():
                _look_at_gaps(text, ("notices", n, part, lang), found)
        for lang, paragraphs in notice.paragraphs.items():
            for m, text in enumerate(paragraphs):
                _look_at_gaps(text, ("notices", n, "paragraphs", lang, m), found)


def _look_at_gaps(text: str, path: Path, found: Found) -> None:
    for name in _GAP.findall(text):
        if name not in NOTICE_FIELDS:
            found.at(
                path, not_known("{" + name + "}", ["{" + known + "}" for known in sorted(NOTICE_FIELDS)])
            )

"""What may happen to a notice, what one needs, and what a rehearsal finds. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from challenge.calls import vocabularies
from challenge.calls.models import Blindness, Call, Programme
from challenge.decisions.models import Outcome
from challenge.foundation.i18n import LANGUAGES, Text, _, pick
from challenge.notices.documents import ACCENT, Brand
from challenge.notices.kinds import kind_for
from challenge.notices.kinds.shape import Kind, Letter, UnknownField, Value
from challenge.notices.models import Notice, NoticeState
from challenge.notices.records import ProposalLine

VERIFY_LIMIT, VERIFY_WINDOW = 30, timedelta(minutes=1)
NOTICE_MOVES = {
    (NoticeState.PREPARED, "issue"): NoticeState.ISSUED,
    (NoticeState.ISSUED, "revoke"): NoticeState.REVOKED,
    (NoticeState.ISSUED, "replace"): NoticeState.REPLACED,
}
AWARD_TYPES = "award-types"


@dataclass(frozen=True, slots=True)
class Addressed:
    """One decision with everything its letter says, and the person to whom it goes: the lead of the team."""

    decision_id: UUID
    proposal_id: UUID
    outcome: Outcome
    reason: str
    feedback: str
    reserve_place: int | None
    decided_at: datetime
    types: list[str] | None
    amount: Decimal | None
    currency: str | None
    number: str
    title: str
    organization: str
    person_id: UUID | None
    recipient: str | None
    email: str | None
    language: str | None
    broken_rule: str = ""
    """The code of the condition that a ruling named."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Something that does not fit. `stops`: with it nothing is released."""

    number: str
    proposal_id: UUID
    text: Text
    stops: bool = True


# ---------------------------------------------------------------- the letter of one decision


def kind_of_call(call: Call, outcome: Outcome) -> Kind:
    """The letter for an outcome in the words of the call, where it has its own."""
    kind = kind_for(outcome.value)
    own: Mapping[str, Any] = next(
        (texts for texts in call.facts.get("notices") or [] if texts.get("kind") == kind.code), {}
    )
    line = call.facts.get("demonstration_line")
    return kind.with_texts({**own, **({"demonstration_line": line} if line else {})})


def values_of(
    one: Addressed, call: Call, programme: Programme, *, signed_at: datetime | None, lang: str
) -> dict[str, Value]:
    """What fills the gaps of the letter, in one language. What is not known is not there."""
    facts = call.facts
    dates = facts.get("dates") or {}
    reserve = (facts.get("awards") or {}).get("reserve_list") or {}
    organizer = facts.get("organizer") or programme.organizer
    decided_at = signed_at or one.decided_at
    values: dict[str, Value] = {
        "recipient": one.recipient,
        "organization": one.organization,
        "organizer": pick(organizer.get("name"), lang),
        "programme": pick(programme.title, lang),
        "call_title": pick(call.title, lang),
        "proposal_id": one.number,
        "proposal_title": one.title,
        "amount": one.amount,
        "currency": one.currency or None,
        "award_types": tuple(vocabularies.label(AWARD_TYPES, code, lang) for code in one.types or ()),
        "accept_by": as_day(dates.get("accept_by")),
        "panel_on": as_day(dates.get("panel_on")),
        "decided_on": decided_at.astimezone(ZoneInfo(call.zone)).date(),
        "reserve_rank": one.reserve_place,
        "reserve_until": as_day(reserve.get("expires_on")),
        "rule_text": rule_text(facts, one.broken_rule, lang),
        "complaint_until": as_day(dates.get("complaint_until")),
    }
    return {name: value for name, value in values.items() if value is not None and value != ()}


def as_day(text: Any) -> date | None:
    if isinstance(text, date):
        return text
    return date.fromisoformat(text) if text else None


def rule_text(facts: Mapping[str, Any], code: str, lang: str) -> str:
    """The condition that was not met, in the words that the call published."""
    listed = [*(facts.get("eligibility") or ()), *(facts.get("budget_rules") or ())]
    found = next((rule for rule in listed if rule.get("code") == code), None)
    return pick(found.get("text"), lang) if found else ""


def brand_of(call: Call, programme: Programme, lang: str) -> Brand:
    organizer = call.facts.get("organizer") or programme.organizer
    accent = str(programme.brand.get("accent") or "")
    return Brand(
        organizer=pick(organizer.get("name"), lang),
        programme=pick(programme.title, lang),
        accent=accent if re.fullmatch(r"#[0-9a-fA-F]{6}", accent) else ACCENT,
    )


def subject_of(letter: Letter, proposal: ProposalLine, blindness: Blindness) -> str:
    """The subject of the mail: where a stage is blind, a title does not stand on the outside of a letter."""
    if blindness == Blindness.OPEN or not proposal.title:
        return letter.subject
    return letter.subject.replace(proposal.title, proposal.number)


# ---------------------------------------------------------------- what may happen


def why_not_revoke(notice: Notice, reason: str, moment: datetime) -> Text | None:
    if refusal := why_not_replace(notice, moment):
        return refusal
    if not reason.strip():
        return _("Write the reason; it stays in the record.")
    return None


def why_not_replace(notice: Notice, moment: datetime) -> Text | None:
    if notice.state == NoticeState.REVOKED:
        return _("This notice is revoked already.")
    if notice.state == NoticeState.REPLACED:
        return _("This notice was replaced by another already.")
    if notice.state == NoticeState.PREPARED or notice.issued_at is None or notice.issued_at > moment:
        return _("This notice is not out yet.")
    return None


def contradictions_of(
    one: Addressed, call: Call, programme: Programme, signed_at: datetime | None
) -> Iterable[Contradiction]:
    """What keeps this letter from going out, or should be looked at before it does."""

    def found(text: Text, stops: bool = True) -> Contradiction:
        return Contradiction(one.number, one.proposal_id, text, stops)

    if one.person_id is None:
        yield found(_("Nobody leads the team, so there is nobody to write to."))
        return
    if not one.email:
        yield found(_("{name} has no e-mail address.", name=one.recipient or ""))
    if not one.reason.strip():
        yield found(_("The decision has no reason."))
    if one.outcome != Outcome.AWARD and not one.feedback.strip():
        yield found(_("There is no feedback to the applicant."), stops=False)
    if one.amount is not None and not one.currency:
        yield found(_("The amount has no currency."))
    if one.outcome == Outcome.AWARD and not one.types and one.amount is None:
        yield found(_("The award says neither what is granted nor how much."))
    language = one.language or ""
    if language not in LANGUAGES:
        yield found(
            _(
                "{name} reads {language}, for which there is no letter.",
                name=one.recipient or "",
                language=language,
            )
        )
        return
    kind = kind_of_call(call, one.outcome)
    values = {**values_of(one, call, programme, signed_at=signed_at, lang=language), **STAND_IN}
    try:
        refusal = kind.why_not_issue(values, language)
    except UnknownField as fault:
        refusal = fault.text
    if refusal is not None:
        yield found(refusal)


@dataclass(frozen=True, slots=True)
class Letters:
    """Letters of one outcome to come: how many, in which languages."""

    outcome: Outcome
    count: int
    by_language: tuple[tuple[str, int], ...]


def letters_by_outcome(going: Iterable[Addressed]) -> list[Letters]:
    counted: dict[Outcome, Counter[str]] = {}
    for one in going:
        counted.setdefault(one.outcome, Counter())[one.language or ""] += 1
    return [
        Letters(outcome, counted[outcome].total(), tuple(sorted(counted[outcome].items())))
        for outcome in Outcome
        if outcome in counted
    ]


# known only when a notice is made; a rehearsal has them stand in
STAND_IN: dict[str, Value] = {"notice_number": "0000", "verify_url": "/verify"}

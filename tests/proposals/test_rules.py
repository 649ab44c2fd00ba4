"""What may happen to a proposal, as tables."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from challenge.accounts.models import Organization
from challenge.calls.models import Call, CallState, Stage
from challenge.forms.definition import Question
from challenge.forms.rules import progress
from challenge.foundation.errors import NotNow
from challenge.foundation.ids import new_id
from challenge.foundation.lifecycle import move
from challenge.proposals import inputs, rules, words
from challenge.proposals.models import Proposal, ProposalState
from tests.builders.forms import a_form, a_question

NOON = datetime(2027, 2, 1, 12, tzinfo=UTC)
DRAFT, SUBMITTED, WITHDRAWN = ProposalState


def a_call(**facts: Any) -> Call:
    return Call(
        programme_id=new_id(), slug="c", prefix="C", title={}, summary={}, zone="UTC", languages=["en"],
        state=CallState.PUBLISHED, facts=facts,
    )  # fmt: skip


def a_stage(**more: Any) -> Stage:
    times = {"opens_at": NOON - timedelta(days=9), "closes_at": NOON}
    return Stage(call_id=new_id(), code="s", label={}, **{**times, **more})


def a_proposal(state: ProposalState) -> Proposal:
    return Proposal(
        call_id=new_id(), stage_id=new_id(), sheet_id=new_id(), number="1", language="en", state=state
    )


@pytest.mark.parametrize(
    ("state", "verb", "after"),
    [
        (DRAFT, "submit", SUBMITTED),
        (DRAFT, "withdraw", None),
        (DRAFT, "reopen", None),
        (SUBMITTED, "submit", None),
        (SUBMITTED, "withdraw", WITHDRAWN),
        (SUBMITTED, "reopen", DRAFT),
        (WITHDRAWN, "submit", None),
        (WITHDRAWN, "withdraw", None),
        (WITHDRAWN, "reopen", DRAFT),
    ],
)
def test_moves(state: ProposalState, verb: str, after: ProposalState | None) -> None:
    if after is None:
        with pytest.raises(NotNow):
            move(rules.PROPOSAL_MOVES, state, verb)
    else:
        assert move(rules.PROPOSAL_MOVES, state, verb) == after


@pytest.mark.parametrize("state", list(ProposalState))
@pytest.mark.parametrize(("seconds", "is_open"), [(-1, True), (0, False), (1, False)])
def test_only_a_draft_is_edited_and_only_before_the_closing_instant(
    state: ProposalState, seconds: int, is_open: bool
) -> None:
    moment = NOON + timedelta(seconds=seconds)
    reason = rules.why_not_edit(a_proposal(state), a_call(), a_stage(), moment)
    assert (reason is None) == (state == DRAFT and is_open)
    reopening = rules.why_not_reopen(a_proposal(state), a_call(), a_stage(), moment)
    assert (reopening is None) == (state != DRAFT and is_open)


def test_a_latecomer_reads_both_times_to_the_second() -> None:
    reason = rules.why_not_edit(
        a_proposal(DRAFT), a_call(), a_stage(), NOON + timedelta(minutes=4, seconds=12)
    )
    assert str(reason) == (
        "This call closed on 1 February 2027, 12:00:00 UTC; your request reached us on "
        "1 February 2027, 12:04:12 UTC. Nothing you saved is lost."
    )


@pytest.mark.parametrize(
    ("state", "is_decided", "may"),
    [(SUBMITTED, False, True), (SUBMITTED, True, False), (DRAFT, False, False), (WITHDRAWN, False, False)],
)
def test_only_what_is_submitted_and_undecided_is_withdrawn(
    state: ProposalState, is_decided: bool, may: bool
) -> None:
    assert (rules.why_not_withdraw(a_proposal(state), is_decided) is None) == may


@pytest.mark.parametrize(
    ("state", "hours", "ranked", "code"),
    [
        (DRAFT, -1, False, "draft"),
        (DRAFT, 1, False, "draft"),
        (WITHDRAWN, 1, True, "withdrawn"),
        (SUBMITTED, -1, False, "submitted"),
        (SUBMITTED, 1, False, "under-review"),
        (SUBMITTED, 1, True, "in-decision"),
    ],
)
def test_the_word_for_a_state_follows_dates_that_are_the_same_for_all(
    state: ProposalState, hours: int, ranked: bool, code: str
) -> None:
    stage = a_stage(reviews_closed_at=NOON if ranked else None)
    assert rules.status_code(state, stage, NOON + timedelta(hours=hours)) == code
    assert words.status(code).word != code


@pytest.mark.parametrize(
    ("kinds", "has_one", "has_day", "stands_in_the_way"),
    [
        ([], False, False, False),
        (["consortium-size"], False, False, False),
        (["organization-type"], False, False, True),
        (["organization-type"], True, False, False),
        (["organization-age"], True, False, True),
        (["organization-age"], True, True, False),
    ],
)
def test_an_organization_is_asked_for_when_a_condition_needs_it(
    kinds: list[str], has_one: bool, has_day: bool, stands_in_the_way: bool
) -> None:
    call = a_call(eligibility=[{"kind": kind} for kind in kinds])
    organization = Organization(
        name="O", organization_type="academia", country="KE", founded_on=NOON.date() if has_day else None
    )
    reason = rules.why_not_organization(call, organization if has_one else None)
    assert (reason is not None) == stands_in_the_way


@pytest.mark.parametrize(
    ("seen_by", "team", "staff", "reviewer"),
    [
        ("team", True, False, False),
        ("staff", True, True, False),
        ("reviewers", True, True, True),
        ("public", True, True, True),
    ],
)
def test_files_are_read_by_whom_they_were_given_to(
    seen_by: Any, team: bool, staff: bool, reviewer: bool
) -> None:
    question: Question = a_question("file", seen_by=seen_by)
    assert rules.may_read_file(question, is_team=True, is_staff=False) == team
    assert rules.may_read_file(question, is_team=False, is_staff=True) == staff
    assert rules.may_read_file(question, is_team=False, is_staff=False) == reviewer


def test_the_first_unfinished_section_is_the_one_to_write() -> None:
    form = a_form(
        {"code": "a", "kind": "text", "required": True},
        {"code": "b", "kind": "text", "section": "people", "required": True},
    )
    far = progress(form, {"a": "done"})
    assert rules.first_unfinished(form, far, set()) == "people"
    assert rules.first_unfinished(form, far, {"a"}) == "idea"
    assert rules.first_unfinished(form, progress(form, {"a": "x", "b": "y"}), set()) == "idea"
    assert rules.next_section(form, "idea") == "people"
    assert rules.next_section(form, "people") is None


def test_differences_give_both_texts_back() -> None:
    before, after = (
        "Seats rotate every year, because.\n\nNew line",
        "Two seats are kept, because.\n\nNew  line",
    )
    pieces = words.differences(before, after)
    assert "".join(p["text"] for p in words.side(pieces, "del")) == before
    assert "".join(p["text"] for p in words.side(pieces, "ins")) == after


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        ({"name": "N", "organization_type": "academia", "country": "KE", "founded": ""}, set()),
        ({"name": "", "organization_type": "club", "country": "XX", "founded": "4 March"},
         {"name", "organization_type", "country", "founded_on"}),
        ({"name": "N", "organization_type": "academia", "country": "KE", "founded": "2030-01-01"}, {"founded_on"}),
    ],
)  # fmt: skip
def test_an_organization_is_checked_in_one_go(given: dict[str, Any], faults: set[str]) -> None:
    assert set(inputs.TypedOrganization(**given).checked(NOON.date()).errors) == faults

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import col, select

from challenge.accounts.models import Person, RoleName, Scope
from challenge.assignments.models import Assignment
from challenge.calls.models import Blindness, Milestone
from challenge.files.models import Document, DocumentState
from challenge.foundation import clock
from challenge.foundation.db import Db
from challenge.panels.models import SeatState
from challenge.proposals.models import Attachment
from challenge.reviews.models import Remark, Review, ReviewState, Score
from tests.assignments.world import World, a_world, in_conflict, stored
from tests.builders.assignments import a_sent_proposal, an_assignment
from tests.builders.calls import a_call
from tests.builders.panels import a_panel, a_seat
from tests.builders.people import a_person, with_role
from tests.builders.reviews import WORDS, a_draft_review, a_submitted_review
from tests.client import Client, words_of
from tests.reviews.statements import counted


@pytest.fixture
async def world(db: Db) -> World:
    return await a_world(db)


async def scores_of(client: Client, review_id: UUID) -> dict[str, Decimal | None]:
    found = await stored(client.database, select(Score).where(Score.review_id == review_id))
    return {score.criterion: score.value for score in found}


async def review_of(client: Client, review_id: UUID) -> Review | None:
    return next(iter(await stored(client.database, select(Review).where(Review.id == review_id))), None)


WHOLE = {
    "score:relevance": "4",
    "version:relevance": "0",
    "score:feasibility": "3",
    "version:feasibility": "0",
    "remark:applicant": WORDS,
    "version:remark:applicant": "0",
    "remark:panel": "",
    "version:remark:panel": "0",
    "confidence": "medium",
    "version:confidence": "0",
}


# ---------- the queue ----------


async def test_the_queue_begins_with_invitations_and_what_is_begun(
    db: Db, client: Client, world: World
) -> None:
    begun = await world.given(db, world.wind, world.amina)
    await world.given(db, world.coal, world.amina)
    sent = await world.given(db, world.sun, world.amina)
    await a_draft_review(db, begun, world.amina, {"relevance": 4})
    await a_submitted_review(db, sent, world.amina)
    other_call, other_stage = await a_call(db, "another-call")
    panel = await a_panel(db, other_call, other_stage)
    seat, _person = await a_seat(db, panel, world.amina, state=SeatState.INVITED)
    db.add(
        Milestone(
            call_id=world.call.id,
            code="reviews",
            date=clock.now().date(),
            label={"en": "Last day for reviews"},
        )
    )
    await db.commit()
    await client.sign_in(world.amina.id)
    shown = await client.get("/reviews")
    words = words_of(shown)
    assert shown.status_code == 200
    assert "2 reviews to go" in words
    assert f"/reviews/invitations/{seat.id}" in shown.text
    assert (
        words.index("Wind with a wage floor") < words.index("After the coal") < words.index("Sun for schools")
    )
    assert "1 of 2" in words and "72.0" in words and "Go on with AC-WIND2" in words
    assert f'<a class="button is-main" href="/reviews/{begun.id}">' in shown.text


async def test_an_empty_queue_says_what_will_stand_there(db: Db, client: Client) -> None:
    person = await a_person(db)
    await db.commit()
    await client.sign_in(person.id)
    assert "No proposals are given to you" in words_of(await client.get("/reviews"))


async def test_the_queue_sends_the_same_number_of_statements_for_1_and_for_30(
    db: Db, client: Client, world: World
) -> None:
    await world.given(db, world.wind, world.amina)
    await db.commit()
    await client.sign_in(world.amina.id)
    with counted(client) as one:
        await client.get("/reviews")
    for n in range(29):
        proposal = await a_sent_proposal(db, world.call, world.stage)
        given = await world.given(db, proposal, world.amina)
        if n % 3:
            await a_draft_review(db, given, world.amina, {"relevance": 2})
    await db.commit()
    with counted(client) as thirty:
        shown = await client.get("/reviews")
    assert "30 reviews to go" in words_of(shown)
    assert len(thirty) == len(one)


# ---------- the sheet ----------


async def test_the_sheet_shows_what_reviewers_may_read_and_nothing_else(db: Db, client: Client) -> None:
    form: dict[str, Any] = {
        "sections": [{"code": "idea", "label": {"en": "Your idea"}}],
        "questions": [
            {"code": "title", "section": "idea", "kind": "short-text", "label": {"en": "Title"}},
            {"code": "problem", "section": "idea", "kind": "text", "label": {"en": "What is wrong?"}},
            {
                "code": "boss",
                "section": "idea",
                "kind": "text",
                "personal": True,
                "label": {"en": "Who leads?"},
            },
            {"code": "bank", "section": "idea", "kind": "text", "seen_by": "staff", "label": {"en": "Bank?"}},
            {"code": "letters", "section": "idea", "kind": "file", "label": {"en": "Letters"}},
        ],
    }
    call, stage = await a_call(db, form=form)
    panel = await a_panel(db, call, stage)
    _seat, reviewer = await a_seat(db, panel)
    answers: dict[str, object] = {
        "title": "Wind",
        "problem": "Too much coal.",
        "boss": "Zahra Q.",
        "bank": "CH93 0076",
    }
    proposal = await a_sent_proposal(
        db, call, stage, "AC-WIND2", title="Wind", organization="Windward", answers=answers
    )
    document = Document(
        name="zahra.pdf", media_type="application/pdf", size=2048, sha256="0", key="k",
        state=DocumentState.AVAILABLE,
    )  # fmt: skip
    db.add(document)
    await db.flush()
    db.add(Attachment(proposal_id=proposal.id, document_id=document.id, question="letters"))
    given = await an_assignment(db, proposal, reviewer, panel, stage)
    await db.commit()
    await client.sign_in(reviewer.id)
    single = await client.get(f"/reviews/{given.id}")
    for text in ("Too much coal.", "Zahra Q.", "Windward", "zahra.pdf", f"/files/{document.id}"):
        assert text in single.text
    assert "CH93" not in single.text

    stage.blindness = Blindness.DOUBLE
    db.add(stage)
    await db.commit()
    double = await client.get(f"/reviews/{given.id}")
    assert "Too much coal." in double.text and "AC-WIND2-letters-1.pdf" in double.text
    for text in ("Zahra", "Windward", "zahra.pdf", "CH93", "2 KB"):
        assert text not in double.text


async def test_a_form_without_javascript_saves_and_comes_back(db: Db, client: Client, world: World) -> None:
    given = await world.given(db, world.wind, world.amina)
    await db.commit()
    await client.sign_in(world.amina.id)
    path = f"/reviews/{given.id}"
    assert await review_of(client, given.id) is None
    saved = await client.post(f"{path}/scores", WHOLE)
    assert (saved.status_code, saved.headers["location"]) == (303, path)
    shown = await client.get(path)
    assert "Saved. 2 of 2 scored." in words_of(shown)
    assert "72 of 100" in words_of(shown)
    assert '<input type="hidden" name="version:relevance" value="1">' in shown.text
    assert await scores_of(client, given.id) == {"relevance": Decimal(4), "feasibility": Decimal(3)}


async def test_autosave_answers_with_versions_and_the_total(db: Db, client: Client, world: World) -> None:
    given = await world.given(db, world.wind, world.amina)
    await db.commit()
    await client.sign_in(world.amina.id)
    path = f"/reviews/{given.id}/scores"
    saved = await client.autosave(path, {"score:relevance": "4", "version:relevance": "0"})
    told = saved.json()
    assert saved.status_code == 200
    assert (told["versions"], told["done"], told["total"]) == (
        {"relevance": 1},
        "1 of 2 scored",
        "80 of 100 so far",
    )
    clash = await client.autosave(
        path,
        {
            "score:relevance": "2",
            "version:relevance": "0",
            "score:feasibility": "3",
            "version:feasibility": "0",
        },
    )
    assert clash.status_code == 409
    told = clash.json()
    assert told["versions"] == {"feasibility": 1}
    assert {k: told["clash"]["relevance"][k] for k in ("yours", "theirs", "version")} == {
        "yours": "2",
        "theirs": "4",
        "version": 1,
    }
    off = await client.autosave(path, {"score:relevance": "7", "version:relevance": "1"})
    assert (off.status_code, off.json()["detail"]) == (
        422,
        "Relevance: Use a number from 1 to 5. You wrote 7.",
    )
    assert await scores_of(client, given.id) == {"relevance": Decimal(4), "feasibility": Decimal(3)}


async def test_two_windows_without_javascript_show_both_values(db: Db, client: Client, world: World) -> None:
    given = await world.given(db, world.wind, world.amina)
    await a_draft_review(
        db, given, world.amina, {"relevance": 5, "feasibility": 3}, remark="The first window."
    )
    await db.commit()
    await client.sign_in(world.amina.id)
    path = f"/reviews/{given.id}"
    late = await client.post(f"{path}/scores", {**WHOLE, "remark:applicant": "The second window."})
    words = words_of(late)
    assert late.status_code == 409
    assert "Another window saved 5 here; this one says 4." in words
    assert "The first window." in words and "The second window." in words
    assert '<input type="hidden" name="version:relevance" value="1">' in late.text
    assert (await scores_of(client, given.id))["relevance"] == Decimal(5)
    knowing = {
        **WHOLE,
        "version:relevance": "1",
        "remark:applicant": "Both.",
        "version:remark:applicant": "1",
    }
    knowing |= {"version:feasibility": "1", "version:confidence": "1"}
    assert (await client.post(f"{path}/scores", knowing)).status_code == 303
    assert (await scores_of(client, given.id))["relevance"] == Decimal(4)


async def test_submitting_with_something_missing_loses_nothing(db: Db, client: Client, world: World) -> None:
    given = await world.given(db, world.wind, world.amina)
    await db.commit()
    await client.sign_in(world.amina.id)
    path = f"/reviews/{given.id}"
    typed = {key: value for key, value in WHOLE.items() if key != "score:feasibility"}
    refused = await client.post(f"{path}/submission", typed)
    assert refused.status_code == 422
    assert "Feasibility: Give a score for this criterion." in words_of(refused)
    assert 'href="#score-feasibility"' in refused.text
    remarks = await stored(client.database, select(Remark.text).where(Remark.review_id == given.id))
    assert remarks == [WORDS]
    assert await scores_of(client, given.id) == {"relevance": Decimal(4)}

    versions = {"version:relevance": "1", "version:remark:applicant": "1", "version:confidence": "1"}
    sent = await client.post(f"{path}/submission", {**WHOLE, **versions})
    assert (sent.status_code, sent.headers["location"]) == (303, path)
    review = await review_of(client, given.id)
    assert review is not None and (review.state, review.overall) == (ReviewState.SUBMITTED, Decimal(72))
    assert "Your review is in. Overall score 72." in words_of(await client.get(path))


async def test_a_score_off_the_scale_stops_the_submission_and_keeps_the_rest(
    db: Db, client: Client, world: World
) -> None:
    given = await world.given(db, world.wind, world.amina)
    await db.commit()
    await client.sign_in(world.amina.id)
    refused = await client.post(f"/reviews/{given.id}/submission", {**WHOLE, "score:relevance": "4.5"})
    assert refused.status_code == 422
    assert "Use steps of 1 from 1 to 5. You wrote 4.5." in words_of(refused)
    assert await scores_of(client, given.id) == {"feasibility": Decimal(3)}


async def test_after_submission_it_is_locked_and_the_next_is_offered(
    db: Db, client: Client, world: World
) -> None:
    given = await world.given(db, world.wind, world.amina)
    following = await world.given(db, world.sun, world.amina)
    await a_submitted_review(db, given, world.amina)
    await db.commit()
    await client.sign_in(world.amina.id)
    path = f"/reviews/{given.id}"
    shown = await client.get(path)
    assert "The chair of the panel can reopen it." in words_of(shown)
    assert f'<a class="button is-main" href="/reviews/{following.id}">' in shown.text
    assert "data-autosave" not in shown.text
    late = await client.post(f"{path}/scores", WHOLE)
    assert late.status_code == 409
    assert WORDS in late.text


async def test_others_are_hidden_until_the_own_review_is_in(db: Db, client: Client, world: World) -> None:
    own = await world.given(db, world.wind, world.amina)
    other = await world.given(db, world.wind, world.bruno)
    await a_submitted_review(db, other, world.bruno, 2, 5, "Bruno doubts it.")
    await db.commit()
    await client.sign_in(world.amina.id)
    path = f"/reviews/{own.id}"
    before = await client.get(path)
    assert "Bruno" not in before.text and "Reviewer" not in words_of(before)
    assert (await client.post(f"{path}/submission", WHOLE)).status_code == 303
    after = await client.get(path)
    assert "Bruno doubts it." in after.text and "For the panel: Bruno doubts it." in after.text
    assert "Bruno Costa" not in after.text and str(world.bruno.id) not in after.text
    assert "Reviewer A" in words_of(after) or "Reviewer B" in words_of(after)


# ---------- standing aside, and who may do what ----------


async def test_standing_aside_hides_everything_at_once(db: Db, client: Client, world: World) -> None:
    given = await world.given(db, world.wind, world.amina)
    await a_submitted_review(db, given, world.amina)
    await db.commit()
    await client.sign_in(world.amina.id)
    path = f"/reviews/{given.id}"
    assert "Do you have a conflict of interest?" in words_of(await client.get(f"{path}/recusal"))
    refused = await client.post(f"{path}/recusal", {"reason": "They are friends."})
    assert refused.status_code == 422
    assert "Choose what kind of conflict it is." in words_of(refused) and "They are friends." in refused.text
    aside = await client.post(f"{path}/recusal", {"kind": "family", "reason": "They are friends."})
    assert (aside.status_code, aside.headers["location"]) == (303, "/reviews")
    queue = await client.get("/reviews")
    assert "Wind with a wage floor" not in queue.text
    for method, address in (
        ("GET", path),
        ("GET", f"{path}/recusal"),
        ("POST", f"{path}/scores"),
        ("POST", f"{path}/submission"),
        ("POST", f"{path}/recusal"),
    ):
        send = client.get(address) if method == "GET" else client.post(address, {})
        assert (await send).status_code == 404


async def test_nobody_opens_the_sheet_of_somebody_else(db: Db, client: Client, world: World) -> None:
    given = await world.given(db, world.wind, world.amina)
    admin = await with_role(db, await a_person(db), RoleName.ADMINISTRATOR, Scope.SITE)
    applicant = await a_person(db)
    await db.commit()
    expected: list[tuple[Person, int, int]] = [
        (world.amina, 200, 303),
        (world.bruno, 404, 404),
        (world.chair, 404, 404),
        (world.manager, 403, 403),
        (admin, 403, 403),
        (applicant, 403, 403),
    ]
    for person, seen, saved in expected:
        await client.sign_in(person.id)
        assert (await client.get(f"/reviews/{given.id}")).status_code == seen
        assert (await client.post(f"/reviews/{given.id}/scores", WHOLE)).status_code == saved
    client.sign_out()
    assert (await client.get(f"/reviews/{given.id}")).status_code == 401


async def test_the_sheet_of_a_stranger_and_of_nobody_look_the_same(
    db: Db, client: Client, world: World
) -> None:
    given = await world.given(db, world.wind, world.amina)
    await db.commit()
    await client.sign_in(world.bruno.id)
    there, nowhere = await client.get(f"/reviews/{given.id}"), await client.get(f"/reviews/{uuid4()}")
    assert there.status_code == nowhere.status_code == 404
    assert words_of(there)[:200] == words_of(nowhere)[:200]


# ---------- the chair ----------


async def test_the_chair_sees_what_is_in_and_reopens(db: Db, client: Client, world: World) -> None:
    given = await world.given(db, world.wind, world.amina)
    await world.given(db, world.sun, world.bruno)
    await a_submitted_review(db, given, world.amina, 5, 1)
    await db.commit()
    await client.sign_in(world.chair.id)
    panel = f"/reviews/panels/{world.panel.id}"
    shown = await client.get(panel)
    words = words_of(shown)
    assert "One review is still out" in words and "5 · 1" in words and "68.0" in words and WORDS in words
    path = f"/reviews/{given.id}/reopening"
    assert "Give this review back to Amina Diallo?" in words_of(await client.get(path))
    assert (await client.post(path, {"reason": " "})).status_code == 422
    done = await client.post(path, {"reason": "One page was missing."})
    assert (done.status_code, done.headers["location"]) == (303, panel)
    review = await review_of(client, given.id)
    assert review is not None and review.state == ReviewState.DRAFT
    assert (await client.get(path)).status_code == 409
    await client.sign_in(world.amina.id)
    assert "The chair has reopened this review." in words_of(await client.get(f"/reviews/{given.id}"))


async def test_a_conflicted_chair_meets_nothing_of_the_proposal(db: Db, client: Client, world: World) -> None:
    given = await world.given(db, world.wind, world.amina)
    await world.given(db, world.sun, world.bruno)
    await a_submitted_review(db, given, world.amina)
    await in_conflict(db, world.chair, world.wind)
    await db.commit()
    await client.sign_in(world.chair.id)
    shown = await client.get(f"/reviews/panels/{world.panel.id}")
    assert "Wind" not in shown.text and "0 of 1" in words_of(shown)
    assert (await client.get(f"/reviews/{given.id}/reopening")).status_code == 404
    assert (await client.post(f"/reviews/{given.id}/reopening", {"reason": "x"})).status_code == 404


@pytest.mark.parametrize("who", ["amina", "manager"])
async def test_reviewers_and_staff_do_not_reopen(db: Db, client: Client, world: World, who: str) -> None:
    given = await world.given(db, world.wind, world.amina)
    await a_submitted_review(db, given, world.amina)
    await db.commit()
    await client.sign_in(getattr(world, who).id)
    assert (await client.get(f"/reviews/panels/{world.panel.id}")).status_code == 403
    assert (await client.post(f"/reviews/{given.id}/reopening", {"reason": "x"})).status_code == 403


# ---------- progress ----------


async def test_progress_counts_only_what_one_sees(db: Db, client: Client, world: World) -> None:
    first = await world.given(db, world.wind, world.amina)
    await world.given(db, world.wind, world.bruno)
    await world.given(db, world.sun, world.bruno)
    await a_submitted_review(db, first, world.amina)
    await db.commit()
    await client.sign_in(world.manager.id)
    path = f"/desk/calls/{world.call.slug}/progress"
    words = words_of(await client.get(path))
    assert "2 reviews are still out" in words and "1 of 3" in words and "0 of 3" in words
    assert "Amina Diallo" in words
    only = words_of(await client.get(f"{path}?only=open"))
    assert "Wind with a wage floor" in only

    await in_conflict(db, world.manager, world.wind)
    await db.commit()
    hidden = await client.get(path)
    assert "Wind" not in hidden.text and "Amina" not in hidden.text
    assert "One review is still out" in words_of(hidden) and "0 of 1" in words_of(hidden)


async def test_progress_says_what_is_overdue(db: Db, client: Client, world: World) -> None:
    await world.given(db, world.wind, world.amina)
    day = (clock.now().astimezone(ZoneInfo(world.call.zone)) - clock.days(3)).date()
    db.add(Milestone(call_id=world.call.id, code="reviews", date=day, label={"en": "Last day"}))
    await db.commit()
    await client.sign_in(world.manager.id)
    words = words_of(await client.get(f"/desk/calls/{world.call.slug}/progress"))
    assert "3 days over" in words and "Overdue" in words


@pytest.mark.parametrize("page", ["progress", "panel", "sheet"])
async def test_pages_send_the_same_number_of_statements_for_1_and_for_30(
    db: Db, client: Client, world: World, page: str
) -> None:
    given = await world.given(db, world.wind, world.amina)
    await a_submitted_review(db, given, world.amina)
    await db.commit()
    path, person = {
        "progress": (f"/desk/calls/{world.call.slug}/progress", world.manager),
        "panel": (f"/reviews/panels/{world.panel.id}", world.chair),
        "sheet": (f"/reviews/{given.id}", world.amina),
    }[page]
    await client.sign_in(person.id)
    await client.get(path)  # what never changes, form and rubric, is read once and kept
    with counted(client) as one:
        assert (await client.get(path)).status_code == 200
    for _n in range(29):
        proposal = await a_sent_proposal(db, world.call, world.stage)
        another = await world.given(db, proposal, world.amina)
        await a_submitted_review(db, another, world.amina)
        _seat, somebody = await a_seat(db, world.panel)
        await a_submitted_review(db, await world.given(db, world.wind, somebody), somebody)
    await db.commit()
    with counted(client) as thirty:
        assert (await client.get(path)).status_code == 200
    assert len(thirty) == len(one)
    present = select(Assignment.id).where(col(Assignment.removed_at).is_(None))
    assert len(await stored(client.database, present)) == 59

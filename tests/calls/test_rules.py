from datetime import UTC, datetime, timedelta

import pytest

from challenge.calls import rules, words
from challenge.calls.inputs import NewDeadline, why_not_slug
from challenge.calls.models import Call, CallState, Stage
from challenge.foundation.i18n import speaking

OPENS = datetime(2027, 1, 11, 8, 0, tzinfo=UTC)
CLOSES = datetime(2027, 2, 28, 16, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def a_stage(code: str = "proposals", opens: datetime = OPENS, closes: datetime = CLOSES) -> Stage:
    return Stage(code=code, label={"en": "Proposals"}, opens_at=opens, closes_at=closes)  # type: ignore[call-arg]


def a_call(
    state: CallState = CallState.PUBLISHED, zone: str = "Europe/Zurich", results: datetime | None = None
) -> Call:
    return Call(  # type: ignore[call-arg]
        slug="a",
        prefix="A",
        title={"en": "A"},
        summary={"en": "A"},
        zone=zone,
        languages=["en"],
        state=state,
        results_at=results,
    )


@pytest.mark.parametrize(
    ("moment", "phase"),
    [
        (OPENS - SECOND, "announced"),
        (OPENS, "open"),
        (OPENS + SECOND, "open"),
        (CLOSES - SECOND, "open"),
        (CLOSES, "closed"),
        (CLOSES + SECOND, "closed"),
    ],
)
def test_a_call_changes_phase_at_the_very_instant(moment: datetime, phase: str) -> None:
    assert words.standing(a_call(), [a_stage()], moment).phase == phase


@pytest.mark.parametrize(
    ("state", "results", "phase"),
    [
        (CallState.DRAFT, None, "draft"),
        (CallState.ARCHIVED, None, "archived"),
        (CallState.PUBLISHED, CLOSES + SECOND, "closed"),
        (CallState.PUBLISHED, CLOSES, "decided"),
    ],
)
def test_draft_archived_and_decided_win_over_the_dates(
    state: CallState, results: datetime | None, phase: str
) -> None:
    assert words.standing(a_call(state, results=results), [a_stage()], CLOSES).phase == phase


def test_between_two_stages_the_next_one_counts() -> None:
    later = a_stage("full", CLOSES + timedelta(days=30), CLOSES + timedelta(days=60))
    found = words.standing(a_call(), [a_stage(), later], CLOSES + timedelta(days=1))
    assert (found.stage, found.phase) == (later, "announced")


@pytest.mark.parametrize(
    ("zone", "day", "hour", "instant"),
    [
        # the same clock time before and after the clocks go forward on 28 March 2027
        ("Europe/Zurich", "2027-03-27", "17:00", datetime(2027, 3, 27, 16, 0, tzinfo=UTC)),
        ("Europe/Zurich", "2027-03-28", "17:00", datetime(2027, 3, 28, 15, 0, tzinfo=UTC)),
        ("Africa/Nairobi", "2027-03-28", "17:00", datetime(2027, 3, 28, 14, 0, tzinfo=UTC)),
        ("America/Lima", "2027-03-28", "23:59", datetime(2027, 3, 29, 4, 59, tzinfo=UTC)),
        # shown twice when the clocks go back: the later one, so that nobody loses time
        ("Europe/Zurich", "2027-10-31", "02:30", datetime(2027, 10, 31, 1, 30, tzinfo=UTC)),
    ],
)
def test_day_and_hour_in_the_zone_of_the_call_are_one_instant(
    zone: str, day: str, hour: str, instant: datetime
) -> None:
    read = NewDeadline.read({"stage": "proposals", "day": day, "hour": hour}, zone)
    assert (read.errors, read.instant) == ({}, instant)


def test_an_hour_that_the_clocks_leave_out_is_refused_in_words() -> None:
    read = NewDeadline.read({"stage": "s", "day": "2027-03-28", "hour": "02:30"}, "Europe/Zurich")
    assert read.instant is None
    assert str(read.errors["hour"]) == "On that day the clocks of Geneva leave this hour out. Choose another."


def test_what_is_no_day_or_hour_is_quoted_back() -> None:
    read = NewDeadline.read({"stage": "s", "day": "28.2.2027", "hour": "5 pm"}, "UTC")
    assert str(read.errors["day"]) == "Write the day as 2027-02-28. You wrote “28.2.2027”."
    assert str(read.errors["hour"]) == "Write the hour as 17:00. You wrote “5 pm”."


def test_a_deadline_is_shown_in_three_zones_with_the_day_of_each() -> None:
    late = datetime(2027, 3, 27, 22, 59, tzinfo=UTC)
    shown = words.deadline(a_call(), late, OPENS, "Asia/Tokyo")
    assert [(str(z["label"]), z["time"], z["date"]) for z in shown.zones] == [
        ("Geneva, the call's time", "23:59", "Sat 27 Mar 2027"),
        ("Tokyo, your time", "07:59", "Sun 28 Mar 2027"),
        ("Universal time (UTC)", "22:59", "Sat 27 Mar 2027"),
    ]
    assert shown.iso == "2027-03-27T22:59:00Z"


def test_a_reader_in_the_zone_of_the_call_sees_it_once() -> None:
    shown = words.deadline(a_call(), CLOSES, OPENS, "Europe/Zurich")
    assert [str(z["label"]) for z in shown.zones] == [
        "Geneva, the call's time and yours",
        "Universal time (UTC)",
    ]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "12 days 4 hours"),
        ("fr", "12\u00a0jours 4\u00a0heures"),
        ("es", "12 días 4 horas"),
        ("ar", "١٢ يومًا و٤ ساعات"),
    ],
)
def test_time_left_is_said_as_the_browser_says_it(language: str, said: str) -> None:
    with speaking(language):
        assert words.span(timedelta(days=12, hours=4, minutes=59, seconds=59)) == said


def test_the_last_minutes_are_said_in_minutes() -> None:
    assert words.span(timedelta(hours=1, minutes=1, seconds=1)) == "1 hour 1 minute"
    assert words.span(timedelta(seconds=59)) == "0 hours 0 minutes"


@pytest.mark.parametrize(
    ("forms", "rubrics", "refusal"),
    [
        ({"form"}, {"rubric"}, None),
        ({"form", "more"}, {"rubric", "more"}, None),
        (set(), {"rubric"}, "There is no form for this stage."),
        ({"another"}, {"rubric"}, "There is no form for this stage."),
        ({"form"}, {"another"}, "There is no rubric for this stage."),
    ],
)
def test_a_call_is_published_with_the_form_and_the_rubric_of_each_stage(
    forms: set[str], rubrics: set[str], refusal: str | None
) -> None:
    found = rules.why_not_publish(a_call(CallState.DRAFT), [a_stage()], OPENS, forms=forms, rubrics=rubrics)
    assert (str(found) if found else None) == refusal


def test_an_open_call_can_close_later_but_not_earlier() -> None:
    stage = a_stage()
    assert rules.why_not_move_deadline(stage, CLOSES + SECOND, OPENS) is None
    assert (
        str(rules.why_not_move_deadline(stage, CLOSES - SECOND, OPENS))
        == "The call is open; its deadline can be moved later, not earlier."
    )
    assert rules.why_not_move_deadline(stage, CLOSES - SECOND, OPENS - SECOND) is None
    assert rules.why_not_move_deadline(stage, OPENS, OPENS - SECOND) is not None


@pytest.mark.parametrize("slug", ["", "Green", "green--skills", "-green", "import", "a" * 81, "grün"])
def test_an_address_has_small_letters_digits_and_hyphens(slug: str) -> None:
    assert why_not_slug(slug) is not None


def test_a_plain_address_is_taken_as_it_is() -> None:
    assert why_not_slug("green-skills-2027") is None

"""The public pages of a call: what they say, how they are cached, what they cost."""

from datetime import datetime, timedelta
from io import BytesIO

from pypdf import PdfReader

from challenge.accounts.viewer import for_command
from challenge.calls import actions as call_actions
from challenge.calls.models import CallState, Milestone
from challenge.calls.queries import opening_of
from challenge.exchange.call_files.importing import edition, import_call, library
from challenge.forms import queries as forms
from challenge.foundation import clock
from challenge.foundation.db import Database
from challenge.rubrics import queries as rubrics
from tests.assignments.test_pages import counted
from tests.builders.calls import a_call
from tests.builders.people import a_person
from tests.client import Client, words_of
from tests.conftest import NOON

BY = for_command()


async def the_ilo_call(database: Database, slug: str = "jet-2027") -> None:
    """Opened on 11 January 2027, closes on 5 April 2027, 23:59 in Geneva."""
    async with database.writing() as db:
        file = edition(library()["ilo-just-energy-transition"], slug, (NOON - timedelta(days=21)).date())
        call = await import_call(db, file, slug=slug, by=BY)
        await call_actions.publish(
            db,
            await opening_of(db, call.id),
            forms=await forms.codes_of(db, call.id),
            rubrics=await rubrics.codes_of(db, call.id),
            by=BY,
        )
        await db.commit()


async def test_a_call_page_says_what_applicants_ask(database: Database, client: Client) -> None:
    with clock.stopped(NOON):
        await the_ilo_call(database)
        page = await client.get("/calls/jet-2027")
    words = words_of(page)
    assert page.status_code == 200
    for part in (
        "Open call",
        "Up to USD 50,000 Technical support",
        "For Organizations at least 2 years old",
        "English, French, Spanish, Arabic",
        "Geneva, the call's time 23:59 Mon 5 Apr 2027",
        "Universal time (UTC) 21:59 Mon 5 Apr 2027",
        "63 days 9 hours left",
        "Read all 20 questions",
        "The organization has existed for at least two calendar years on the closing date.",
        "Next: in 22 days.",
        "Innovation Does the idea break with business as usual in its place? 20%",
        "It was not issued by the International Labour Organization.",
    ):
        assert part in words
    assert 'href="/calls/jet-2027/start"' in page.text


async def test_a_signed_in_reader_has_the_own_zone(database: Database, client: Client) -> None:
    with clock.stopped(NOON):
        await the_ilo_call(database)
        async with database.writing() as db:
            person = await a_person(db)
            person.zone = "Africa/Nairobi"
            db.add(person)
            await db.commit()
        await client.sign_in(person.id)
        page = await client.get("/calls/jet-2027")
    assert "Nairobi, your time 00:59 Tue 6 Apr 2027" in words_of(page)
    assert "data-your-time" not in page.text


async def test_nobody_in_particular_gets_a_place_for_the_browsers_zone(
    database: Database, client: Client
) -> None:
    with clock.stopped(NOON):
        await the_ilo_call(database)
        page = await client.get("/calls/jet-2027")
    assert 'hidden data-your-time="2027-04-05T23:59+02:00"' in page.text


async def test_the_page_speaks_arabic_from_right_to_left(database: Database, client: Client) -> None:
    with clock.stopped(NOON):
        await the_ilo_call(database)
        page = await client.get("/calls/jet-2027?lang=ar")
    assert '<html lang="ar" dir="rtl"' in page.text
    assert "٥ نيسان/أبريل ٢٠٢٧" in page.text
    assert "تحدي الابتكار لمنظمة العمل الدولية" in page.text


async def test_text_in_another_language_than_the_page_keeps_its_own_direction(
    database: Database, client: Client
) -> None:
    with clock.stopped(NOON):
        async with database.writing() as db:
            await a_call(db)
            await db.commit()
        page = await client.get("/calls/a-call?lang=ar")
    assert '<h1 lang="en" dir="ltr">A call for ideas</h1>' in page.text


async def test_a_public_page_is_sent_once_and_then_not_again(database: Database, client: Client) -> None:
    with clock.stopped(NOON):
        await the_ilo_call(database)
        for path in ("/calls", "/calls/jet-2027", "/calls/jet-2027/questions"):
            first = await client.get(path)
            again = await client.get(path, headers={"if-none-match": first.headers["etag"]})
            assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
            assert first.headers["cache-control"] == "public, max-age=60"
    with clock.stopped(NOON + timedelta(minutes=1)):
        changed = await client.get("/calls/jet-2027", headers={"if-none-match": first.headers["etag"]})
        assert changed.status_code == 200


async def test_all_questions_are_readable_before_starting(database: Database, client: Client) -> None:
    with clock.stopped(NOON):
        await the_ilo_call(database)
        words = words_of(await client.get("/calls/jet-2027/questions"))
    assert "All 20 questions of this call" in words
    assert (
        "1.3 What is the problem, and for whom? Describe the people, enterprises or communities affected by the "
        "change of energy, and how you know it. Give figures if you have them, and their source. Required · "
        "Long text · Between 150 and 300 words Read for: Relevance for a just energy transition"
    ) in words
    assert "5 · Declarations" in words


async def test_the_questions_are_a_pdf_in_the_language_of_the_reader(
    database: Database, client: Client
) -> None:
    with clock.stopped(NOON):
        await the_ilo_call(database)
        answer = await client.get("/calls/jet-2027/questions.pdf?lang=fr")
        again = await client.get("/calls/jet-2027/questions.pdf?lang=fr")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert 'filename="jet-2027-fr.pdf"' in answer.headers["content-disposition"]
    text = "".join(page.extract_text() for page in PdfReader(BytesIO(answer.content)).pages)
    assert "Titre de votre proposition" in " ".join(text.split())
    assert again.content == answer.content


async def test_the_list_tells_open_coming_and_closed_calls_apart(
    database: Database, client: Client, at_noon: datetime
) -> None:
    empty = words_of(await client.get("/calls"))
    assert "No call is published yet" in empty
    async with database.writing() as db:
        await a_call(db, "open-one")
        await a_call(db, "coming", opened=at_noon + timedelta(days=1))
        await a_call(db, "closed", closes_in=timedelta(days=-1))
        await a_call(db, "decided", closes_in=timedelta(days=-2), results_at=at_noon)
        await a_call(db, "hidden", state=CallState.DRAFT)
        await a_call(db, "old", state=CallState.ARCHIVED)
        await db.commit()
    page = (await client.get("/calls")).text
    places = [page.index(f'href="/calls/{slug}"') for slug in ("open-one", "coming", "closed", "decided")]
    assert places == sorted(places)
    assert "/calls/hidden" not in page
    assert "/calls/old" not in page
    assert 'href="/calls/decided/results"' in page


async def test_results_are_linked_from_the_moment_of_publication(database: Database, client: Client) -> None:
    with clock.stopped(NOON):
        async with database.writing() as db:
            await a_call(db, closes_in=timedelta(days=-1), results_at=NOON + timedelta(hours=1))
            await db.commit()
        assert "/results" not in (await client.get("/calls/a-call")).text
    with clock.stopped(NOON + timedelta(hours=1)):
        page = await client.get("/calls/a-call")
        assert 'href="/calls/a-call/results"' in page.text
        assert "Decided call" in words_of(page)


async def test_the_timetable_marks_past_now_and_later(
    database: Database, client: Client, at_noon: datetime
) -> None:
    async with database.writing() as db:
        call, _stage = await a_call(db)
        for code, days in (("a", -3), ("b", 0), ("c", 9)):
            day = (at_noon + timedelta(days=days)).date()
            db.add(Milestone(call_id=call.id, code=code, date=day, label={"en": f"Day {code}"}))
        await db.commit()
    page = (await client.get("/calls/a-call")).text
    assert page.count('<li class="is-past">') == 1
    assert page.count('<li class="is-later">') == 1
    assert "Today." in page


async def test_a_published_call_page_costs_one_statement_once_it_is_warm(
    database: Database, client: Client, at_noon: datetime
) -> None:
    await the_ilo_call(database)
    await client.get("/calls/jet-2027")
    with counted(client) as said:
        await client.get("/calls/jet-2027")
    assert len([s for s in said if s.lstrip().upper().startswith("SELECT")]) == 1

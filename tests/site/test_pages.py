"""The public front: home, help, refusals explained, the API told, the state of the service."""

from datetime import timedelta

from challenge.accounts.models import RoleName
from challenge.app import DOORS, build
from challenge.calls.models import CallState
from challenge.foundation import clock
from challenge.foundation.db import Database
from challenge.foundation.errors import Problem
from challenge.settings import Settings
from challenge.site import reference
from tests.builders.calls import a_call
from tests.builders.people import a_person, with_role
from tests.client import Client, words_of
from tests.conftest import NOON


async def test_home_leads_to_the_call_that_closes_first(client: Client, database: Database) -> None:
    with clock.stopped(NOON):
        async with database.writing() as db:
            made = [
                await a_call(db, "later", closes_in=timedelta(days=20)),
                await a_call(db, "sooner", closes_in=timedelta(days=2, hours=3)),
                await a_call(db, "coming", opened=NOON + timedelta(days=5)),
                await a_call(db, "hidden", state=CallState.DRAFT),
            ]
            for call, _stage in made:
                call.title = {"en": f"The {call.slug} call"}
            await db.commit()
        page = await client.get("/")
    read = words_of(page)
    assert "2 calls are open" in read
    assert "<h1>The sooner call</h1>" in page.text
    assert "2 days 3 hours left" in read
    assert 'class="button is-main" href="/calls/sooner"' in page.text
    assert page.text.count("is-main") == 1
    assert "The later call" in read
    assert read.index("Opening soon") < read.index("The coming call")
    assert "The hidden call" not in read


async def test_home_without_calls_says_so(client: Client) -> None:
    read = words_of(await client.get("/"))
    assert "No call is open today" in read
    assert "When an organizer publishes one, it stands here with its dates and questions." in read


async def test_home_of_a_signed_in_person_is_not_kept_by_the_browser(
    client: Client, database: Database
) -> None:
    async with database.writing() as db:
        person = await with_role(db, await a_person(db, "Amina Okafor"), RoleName.MANAGER)
        await db.commit()
    await client.sign_in(person.id)
    page = await client.get("/")
    assert page.headers["cache-control"] == "no-store"
    assert "Amina Okafor" in words_of(page)


async def test_short_pages_stand(client: Client) -> None:
    for path, words in (
        ("/help", "How to apply"),
        ("/accessibility", "Web Content Accessibility Guidelines 2.2"),
        ("/privacy", "Whoever only reads gets none."),
        ("/problems", "stale-version"),
    ):
        page = await client.get(path)
        assert page.status_code == 200
        assert words in words_of(page)


async def test_every_refusal_of_ours_has_a_page(client: Client) -> None:
    def kinds(of: type[Problem]) -> set[str]:
        return {of.slug}.union(*(kinds(sub) for sub in of.__subclasses__()))

    assert kinds(Problem) <= set(reference.PROBLEMS)
    for slug, told in reference.PROBLEMS.items():
        page = await client.get(f"/problems/{slug}")
        assert page.status_code == 200
        assert str(told.title) in words_of(page)
    assert (await client.get("/problems/no-such")).status_code == 404


async def test_the_api_is_told_to_machines_and_to_people(client: Client) -> None:
    schema = (await client.get("/api/openapi.json")).json()
    api = {
        (path, method)
        for door in DOORS
        if door.opt.get("api")
        for path in door.paths
        for method in door.http_methods
    }
    told = {(path, method.upper()) for path, methods in schema["paths"].items() for method in methods}
    assert len(told) == len(api)
    assert all(path.startswith("/api/v1/") for path, _method in told)
    people = schema["paths"]["/api/v1/people"]["get"]
    assert people["security"] == [{"bearer": ["person:read"]}]
    assert [p["name"] for p in people["parameters"]] == ["email"]
    made = schema["paths"]["/api/v1/tokens"]["post"]
    assert [p["name"] for p in made["parameters"]] == ["Idempotency-Key"]
    assert made["responses"]["default"] == {"$ref": "#/components/responses/Problem"}
    page = words_of(await client.get("/api/docs"))
    assert "POST /api/v1/tokens/{token_id}/revocation" in page
    assert "Scope person:read" in page
    for path in ("/schema", "/schema/openapi.json", "/api/schema"):
        assert (await client.get(path)).status_code == 404


async def test_alive_and_ready(client: Client) -> None:
    alive = await client.get("/healthz")
    assert (alive.status_code, alive.text) == (200, "alive\n")
    ready = await client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json() == {
        "ready": True, "parts": {"database": True, "storage": True, "mail": True, "scanner": True}
    }  # fmt: skip


async def test_not_ready_when_the_database_is_down_and_says_no_more_than_that(client: Client) -> None:
    broken = build(Settings(database_url="postgresql://canary@127.0.0.1:1/nothing"))
    client.http._transport.app = broken  # type: ignore[attr-defined]
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["ready"] is False
    assert answer.json()["parts"]["database"] is False
    assert "canary" not in answer.text
    assert (await client.get("/healthz")).status_code == 200
    page = await client.get("/")
    assert page.status_code == 503
    assert "The database does not answer." in words_of(page)


async def test_metrics_ask_for_the_token_when_there_is_one(client: Client, database: Database) -> None:
    await client.get("/help")
    assert (
        b'challenge_requests_total{door="/help",method="GET",status="200"}'
        in (await client.get("/metrics")).content
    )
    guarded = build(Settings(database_url=database.url, metrics_token="only for the operator"))
    client.http._transport.app = guarded  # type: ignore[attr-defined]
    assert (await client.get("/metrics")).status_code == 404
    for sent, status in (("wrong", 404), ("only for the operator", 200)):
        answer = await client.get("/metrics", headers={"authorization": f"Bearer {sent}"})
        assert answer.status_code == status
    await guarded.database.close()  # type: ignore[attr-defined]


async def test_robots_are_told_what_is_private(client: Client) -> None:
    text = (await client.get("/robots.txt")).text
    assert "Disallow: /desk\n" in text
    assert "/calls" not in text


async def test_a_report_of_the_policy_needs_no_token_and_is_small(client: Client) -> None:
    report = (
        b'{"csp-report": {"effective-directive": "script-src-elem", "blocked-uri": "https://evil.example"}}'
    )
    headers = {"content-type": "application/csp-report", "origin": "null"}
    assert (await client.http.post("/csp-reports", content=report, headers=headers)).status_code == 204
    assert (await client.http.post("/csp-reports", content=b"x" * 9000, headers=headers)).status_code == 413
    assert reference.violated_rule(report) == "script-src-elem"
    assert reference.violated_rule(b'[{"body": {"effectiveDirective": "img-src"}}]') == "img-src"
    assert reference.violated_rule(b"<nonsense") == "unreadable"
    assert reference.violated_rule(b'{"csp-report": {"effective-directive": "x\\ny"}}') == "unknown"


async def test_an_address_asked_in_the_wrong_way_is_not_our_fault(client: Client) -> None:
    page = await client.get("/sign-out")
    assert page.status_code == 405
    assert "<h1>There is no such page</h1>" in page.text
    assert "wrong on our side" not in page.text

"""Doors of the public front: home, help, state of the service, what programs may ask, what refusals mean."""

import hmac
import json
import time
from collections import deque
from typing import Any

from litestar import Request, Response

from challenge.accounts.gate import Db, FromPath, Me
from challenge.calls import queries as calls
from challenge.foundation import clock, observe
from challenge.foundation.errors import NotFound
from challenge.foundation.web import Page, get, page, post, visit_of
from challenge.site import operations, reference
from challenge.site.calls import entry

Ask = Request[Any, Any, Any]


@get("/", public=True)
async def home(db: Db, me: Me) -> Page:
    """What is open now, the nearest deadline first; then what comes and what was decided."""
    moment = clock.now()
    openings = await calls.visible_openings(db, me)
    entries = sorted(
        (entry(opening, moment, me) for opening in openings),
        key=lambda e: (e["instant"] is None, e["instant"] or moment),
    )
    shown = {phase: [e for e in entries if e["phase"] == phase] for phase in ("open", "announced")}
    decided = [e for e in reversed(entries) if e["phase"] == "decided"][:3]
    programmes = {e["programme"].id: e for e in entries if e["phase"] != "draft"}
    return page(
        "site/home.html",
        open_calls=shown["open"],
        announced=shown["announced"],
        decided=decided,
        programmes=[
            {"title": e["programme"].title, "organizer": e["organizer"]} for e in programmes.values()
        ],
    )


@get("/help", public=True)
async def help_page() -> Page:
    return page("site/help.html")


@get("/accessibility", public=True)
async def accessibility() -> Page:
    return page("site/accessibility.html")


@get("/privacy", public=True)
async def privacy() -> Page:
    return page("site/privacy.html")


# ---------- for programs and for whoever runs the site ----------


@get("/api/openapi.json", open=True)
async def openapi(request: Ask) -> Response[bytes]:
    schema = request.app.state.api_schema()
    return Response(json.dumps(schema, ensure_ascii=False).encode(), media_type="application/json")


@get("/api/docs", open=True)
async def docs(request: Ask) -> Page:
    return page("site/docs.html", groups=reference.groups_of(request.app.state.api_schema()))


@get("/problems/{slug:str}", public=True)
async def problem(slug: FromPath[str]) -> Page:
    found = reference.PROBLEMS.get(slug)
    if found is None:
        raise NotFound
    return page("site/problem.html", slug=slug, problem=found)


@get("/problems", public=True)
async def problems() -> Page:
    return page("site/problems.html", problems=reference.PROBLEMS)


@get("/healthz", open=True)
async def healthz() -> Response[str]:
    return Response("alive\n", media_type="text/plain")


@get("/readyz", open=True)
async def readyz(request: Ask) -> Response[bytes]:
    """Yes or no for each part. Why not is told to whoever runs `challenge doctor`, not to the world."""
    found = await operations.readiness(visit_of(request).database, request.app.state.settings)
    is_ready = operations.is_ready(found)
    parts = {finding.part.replace(" ", "_"): finding.is_ok for finding in found}
    body = json.dumps({"ready": is_ready, "parts": parts}).encode()
    return Response(body, status_code=200 if is_ready else 503, media_type="application/json")


@get("/metrics", open=True)
async def metrics(request: Ask) -> Response[bytes]:
    wanted = request.app.state.settings.metrics_token
    sent = request.headers.get("authorization", "")
    if wanted and not hmac.compare_digest(sent.encode(), f"Bearer {wanted}".encode()):
        raise NotFound
    return Response(observe.metrics_text(), media_type="text/plain; version=0.0.4")


PRIVATE = ("/account", "/desk", "/proposals", "/reviews", "/links/", "/sign-in", "/sign-up", "/api/")


@get("/robots.txt", open=True)
async def robots() -> Response[str]:
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in PRIVATE)]
    return Response("\n".join(lines) + "\n", media_type="text/plain")


REPORTS_A_MINUTE = 20
_reported: deque[float] = deque(maxlen=REPORTS_A_MINUTE)


@post("/csp-reports", open=True, no_csrf=True, status_code=204, request_max_body_size=8192)
async def csp_report(request: Ask) -> None:
    """Browsers tell what the policy stopped. Only the name of the rule is written down, a few times a minute."""
    body = await request.body()
    moment = time.monotonic()
    if len(_reported) == REPORTS_A_MINUTE and moment - _reported[0] < 60:
        return
    _reported.append(moment)
    observe.logger.warning(
        "policy violated", kind=reference.violated_rule(body), request_id=visit_of(request).id
    )


doors: list[Any] = [
    home, help_page, accessibility, privacy, openapi, docs, problem, problems,
    healthz, readyz, metrics, robots, csp_report,
]  # fmt: skip

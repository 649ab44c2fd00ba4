"""Builds the web application; the only list of routers."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any

from litestar import Litestar, Request, Response
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from sqlalchemy.orm.exc import StaleDataError

from challenge import __version__, wiring
from challenge.accounts import api as accounts_api
from challenge.accounts import gate
from challenge.accounts import pages as accounts_pages
from challenge.accounts.idempotency import Keeping
from challenge.announcements import api as announcements_api
from challenge.announcements import pages as announcements_pages
from challenge.assignments import api as assignments_api
from challenge.assignments import pages as assignments_pages
from challenge.calls import api as calls_api
from challenge.calls import pages as calls_pages
from challenge.decisions import api as decisions_api
from challenge.decisions import pages as decisions_pages
from challenge.desk import api as desk_api
from challenge.desk import pages as desk_pages
from challenge.desk import proposals as desk_proposals
from challenge.desk import record as desk_record
from challenge.exchange import api as exchange_api
from challenge.exchange import pages as exchange_pages
from challenge.files import pages as files_pages
from challenge.files.store import find_out
from challenge.forms.kinds import kind_of
from challenge.foundation import db as database
from challenge.foundation import errors
from challenge.foundation.api import problem_response, schema_of
from challenge.foundation.db import Database
from challenge.foundation.errors import Problem
from challenge.foundation.i18n import _
from challenge.foundation.observe import logger, record_visit
from challenge.foundation.templates import GLOBALS
from challenge.foundation.web import App, Frame, Page, visit_of, wants_json
from challenge.notices import api as notices_api
from challenge.notices import pages as notices_pages
from challenge.panels import api as panels_api
from challenge.panels import pages as panels_pages
from challenge.proposals import api as proposals_api
from challenge.proposals import pages as proposals_pages
from challenge.reviews import api as reviews_api
from challenge.reviews import pages as reviews_pages
from challenge.scoring import api as scoring_api
from challenge.scoring import pages as scoring_pages
from challenge.settings import Settings, settings
from challenge.site import calls as site_calls
from challenge.site import pages as site_pages

ROUTERS = (
    site_pages.doors,
    site_calls.doors,
    accounts_pages.doors,
    calls_pages.doors,
    files_pages.doors,
    proposals_pages.doors,
    panels_pages.doors,
    assignments_pages.doors,
    reviews_pages.doors,
    scoring_pages.doors,
    decisions_pages.doors,
    notices_pages.doors,
    announcements_pages.doors,
    desk_pages.doors,
    desk_record.doors,
    desk_proposals.doors,
    exchange_pages.doors,
    accounts_api.doors,
    calls_api.doors,
    proposals_api.doors,
    panels_api.doors,
    assignments_api.doors,
    reviews_api.doors,
    scoring_api.doors,
    decisions_api.doors,
    notices_api.doors,
    announcements_api.doors,
    exchange_api.doors,
    desk_api.doors,
)
DOORS = [door for router in ROUTERS for door in router]
DEPENDENCIES = {
    "db": Provide(gate.provide_db),
    "me": Provide(gate.provide_me),
    "form": Provide(gate.provide_form),
}

FORM_LIMIT_EXTRA = 1 << 20
SECRET_FIELDS = frozenset({"_csrf_token", "password", "new_password", "token"})


def build(config: Settings | None = None) -> App:
    """The whole application: Litestar inside the frame. One process may hold several, each with its database."""
    config = config or settings()
    wiring.connect()
    GLOBALS["kind_of"] = kind_of
    data = Database(config.database)
    app = litestar(config, data)
    frame = Frame(Keeping(app), data, record_visit)
    frame.litestar = app  # type: ignore[attr-defined]
    return frame


def litestar(config: Settings, data: Database) -> Litestar:
    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        looking = asyncio.create_task(
            find_out(config)
        )  # nobody waits for it; who is first to send a file may
        yield
        looking.cancel()
        await data.close()

    check_doors(DOORS)
    return Litestar(
        route_handlers=list(DOORS),
        guards=[gate.guard],
        dependencies=DEPENDENCIES,
        before_request=gate.begin_or_replay,
        exception_handlers={Exception: answer_error},
        lifespan=[lifespan],
        state=State(
            {
                "database": data,
                "settings": config,
                "languages": config.offered_languages,
                "base_url": config.base_url,
                "brand": {"name": "Challenge", "programme": ""},
                "demonstration": False,
                "token_for": gate.pre_session_token,
                "api_schema": api_schema,
            }
        ),
        openapi_config=None,
        request_max_body_size=config.upload_limit_mb * (1 << 20) + FORM_LIMIT_EXTRA,
        logging_config=None,
        debug=False,
    )


@lru_cache
def api_schema() -> dict[str, Any]:
    """OpenAPI of the doors for programs; made when first asked for."""
    doors = [door for door in DOORS if door.opt.get("api")]
    return schema_of(doors, DEPENDENCIES, __version__)


def check_doors(handlers: Any) -> None:
    """A door that declares neither what it needs nor that it is open does not start."""
    for handler in handlers:
        opt = getattr(handler, "opt", {})
        if "needs" not in opt or (opt["needs"] is None and not opt["open"]):
            raise RuntimeError(f"door without needs= or open=: {sorted(handler.paths)} {handler.fn}")


def answer_error(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    problem = as_problem(error)
    visit = visit_of(request)
    if problem.status >= 500:
        logger.error(
            "failed", request_id=visit.id, door=visit.door, kind=type(error).__name__, exc_info=error
        )
    if wants_json(request):
        return problem_response(problem, settings().base_url, visit.id)
    if visit.viewer is None:
        visit.viewer = gate.NOBODY
    answer = Page(
        f"errors/{page_of(problem.status)}.html",
        status=problem.status,
        reason=problem.text,
        slug=problem.slug,
        facts=problem.facts,
        errors=getattr(problem, "errors", {}),
        next=address_of(request) if request.method == "GET" else "",
        **held_form(request),
    )
    if isinstance(problem, errors.TooMany):
        answer.headers["retry-after"] = str(problem.retry_after)
    return answer


PAGES = frozenset({401, 403, 404, 409, 410, 413, 422, 429, 500, 503, 507})


def page_of(status: int) -> int:
    """A status without a page of its own borrows one: the fault is ours only from 500 on."""
    if status in PAGES:
        return status
    return 500 if status >= 500 else 404 if status == 405 else 422


def held_form(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """What somebody sent with the form that was refused, so that the page can offer to send it again.

    The gate reads forms of our own pages before anything can refuse them; a foreign form is never given back.
    """
    form = visit_of(request).form
    if request.method != "POST" or form is None:
        return {"held": [], "held_files": [], "held_path": ""}
    pairs = [(name, value) for name, value in form.items() if name not in SECRET_FIELDS]
    return {
        "held": [(name, value) for name, value in pairs if isinstance(value, str)],
        "held_files": [value.filename for _name, value in pairs if getattr(value, "filename", "")],
        "held_path": address_of(request),
    }


def address_of(request: Request[Any, Any, Any]) -> str:
    return str(request.url.path) + (f"?{request.url.query}" if request.url.query else "")


def as_problem(error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, StaleDataError):
        return errors.Clash()
    if database.is_down(error):
        return database.unavailable()
    if isinstance(error, NotFoundException):
        return errors.NotFound()
    if isinstance(error, MethodNotAllowedException):
        problem = Problem(_("This address does not take that kind of request."))
        problem.status, problem.slug = 405, "method-not-allowed"
        return problem
    if isinstance(error, HTTPException):
        return from_http(error)
    return Problem()


def from_http(error: HTTPException) -> Problem:
    known = {
        cls.status: cls for cls in (errors.SignInNeeded, errors.NotAllowed, errors.NotFound, errors.TooMany)
    }
    if error.status_code in known:
        return known[error.status_code]()
    if error.status_code == 413:
        problem = Problem(
            _("What you sent is larger than this service takes. Nothing was stored; your saved text is safe.")
        )
        problem.status, problem.slug = 413, "too-large"
        return problem
    if 400 <= error.status_code < 500:
        problem = Problem(_("The request could not be read. Check the values and send it again."))
        problem.status, problem.slug = error.status_code, "invalid"
        extra = getattr(error, "extra", None)
        if isinstance(extra, list):
            problem.facts["errors"] = [
                {"pointer": str(e.get("key", "")), "message": str(e.get("message", ""))}
                for e in extra
                if isinstance(e, dict)
            ]
        return problem
    return Problem()


logging.getLogger("litestar").setLevel(logging.CRITICAL)

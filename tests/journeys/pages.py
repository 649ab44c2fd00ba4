"""Which pages people look at, by role. The addresses come out of the demonstration's own database."""

import sqlite3
from dataclasses import dataclass

from challenge.demo.story import NEXT_SLUG, SLUG
from tests.journeys.browsing import Site

NOWHERE = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Seen:
    """A page to look at: a name for its picture, its path, and the status it answers with."""

    name: str
    path: str
    status: int = 200


def one(site: Site, question: str, *values: str | bool) -> str:
    """The single value a question to the database gives; a key comes as it stands in an address."""
    with sqlite3.connect(f"file:{site.database}?mode=ro", uri=True) as db:
        found = db.execute(question, values).fetchone()
    assert found is not None, question
    text = str(found[0])
    if len(text) == 32 and "-" not in text:
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
    return text


def proposal_of(site: Site, email: str) -> str:
    return one(
        site,
        "SELECT m.proposal_id FROM teammember m JOIN person p ON p.id = m.person_id WHERE p.email = ? AND m.role = 'lead'",
        email,
    )


def review_of(site: Site, email: str, *, submitted: bool = True) -> str:
    """A score sheet of this reviewer: one that is in, or one that is not begun."""
    return one(
        site,
        "SELECT a.id FROM assignment a JOIN person p ON p.id = a.person_id LEFT JOIN review r ON r.assignment_id = a.id"
        " WHERE p.email = ? AND (r.id IS NOT NULL) = ? ORDER BY a.id",
        email,
        submitted,
    )


def public(site: Site) -> list[Seen]:
    code = one(site, "SELECT code FROM notice ORDER BY code")
    story = one(site, "SELECT slug FROM story")
    return [
        Seen("home", "/"),
        Seen("calls", "/calls"),
        Seen("call open", f"/calls/{NEXT_SLUG}"),
        Seen("call decided", f"/calls/{SLUG}"),
        Seen("call of culture", "/calls/culture-at-work-africa-2018"),
        Seen("questions", f"/calls/{NEXT_SLUG}/questions"),
        Seen("apply", f"/calls/{NEXT_SLUG}/apply"),
        Seen("results", f"/calls/{SLUG}/results"),
        Seen("stories", "/stories"),
        Seen("story", f"/stories/{story}"),
        Seen("verify", "/verify"),
        Seen("verified", f"/verify/{code}"),
        Seen("sign in", "/sign-in"),
        Seen("sign in by link", "/sign-in/link"),
        Seen("sign up", "/sign-up"),
        Seen("help", "/help"),
        Seen("accessibility", "/accessibility"),
        Seen("privacy", "/privacy"),
        Seen("problems", "/problems"),
        Seen("api", "/api/docs"),
        Seen("error sign in needed", "/proposals", 401),
        Seen("error not found", "/calls/there-is-no-such-call", 404),
    ]


def applicant(site: Site) -> list[Seen]:
    own = f"/proposals/{proposal_of(site, 'p02@example.org')}"
    return [
        Seen("proposals", "/proposals"),
        Seen("proposal decided", own),
        Seen("decision", f"{own}/decision"),
        Seen("proposal organization", f"{own}/organization"),
        Seen("proposal preview", f"{own}/preview"),
        Seen("proposal receipt", f"{own}/receipt"),
        Seen("proposal team", f"{own}/team"),
        Seen("proposal answer history", f"{own}/history/title"),
        Seen("apply signed in", f"/calls/{NEXT_SLUG}/apply"),
        Seen("account", "/account"),
        Seen("account tokens", "/account/tokens"),
        Seen("error no proposal", f"/proposals/{NOWHERE}", 404),
        Seen("error not allowed", "/desk", 403),
    ]


def reviewer(site: Site) -> list[Seen]:
    begun = f"/reviews/{review_of(site, 'r2@example.org')}"
    fresh = f"/reviews/{review_of(site, 'r2@example.org', submitted=False)}"
    return [
        Seen("reviews", "/reviews"),
        Seen("sheet", fresh),
        Seen("sheet submitted", begun),
        Seen("recusal", f"{fresh}/recusal"),
        Seen("conflicts", "/reviews/conflicts"),
        Seen("expertise", "/account/expertise"),
    ]


def chair(site: Site) -> list[Seen]:
    panel = one(site, "SELECT id FROM panel")
    review = review_of(site, "r3@example.org")
    return [
        Seen("reviews of a chair", "/reviews"),
        Seen("panel of the chair", f"/reviews/panels/{panel}"),
        Seen("reopening of a review", f"/reviews/{review}/reopening"),
    ]


def manager(site: Site) -> list[Seen]:
    base = f"/desk/calls/{SLUG}"
    proposal = proposal_of(site, "p02@example.org")
    panel = one(site, "SELECT id FROM panel")
    ranking = one(site, "SELECT id FROM ranking")
    reviewer_id = one(site, "SELECT id FROM person WHERE email = ?", "r2@example.org")
    return [
        Seen("desk", "/desk"),
        Seen("desk library", "/desk/library"),
        Seen("desk import", "/desk/calls/import"),
        Seen("desk call", base),
        Seen("desk open call", f"/desk/calls/{NEXT_SLUG}"),
        Seen("desk deadline", f"/desk/calls/{NEXT_SLUG}/deadline"),
        Seen("desk form", f"{base}/form"),
        Seen("desk rubric", f"{base}/rubric"),
        Seen("desk proposals", f"{base}/proposals"),
        Seen("desk proposal", f"{base}/proposals/{proposal}"),
        Seen("desk panels", f"{base}/panels"),
        Seen("desk panel", f"{base}/panels/{panel}"),
        Seen("desk assignments", f"{base}/assignments"),
        Seen("desk assignments of a proposal", f"{base}/assignments/proposals/{proposal}"),
        Seen("desk assignments of a person", f"{base}/assignments/people/{reviewer_id}"),
        Seen("desk progress", f"{base}/progress"),
        Seen("desk ranking", f"{base}/ranking"),
        Seen("desk frozen ranking", f"{base}/ranking/{ranking}"),
        Seen("desk decisions", f"{base}/decisions"),
        Seen("desk release", f"{base}/release"),
        Seen("desk notices", f"{base}/notices"),
        Seen("desk announcement", f"{base}/announcement"),
    ]


def reviewing_manager(site: Site) -> list[Seen]:
    base = f"/desk/calls/{SLUG}"
    return [
        Seen("desk live ranking", f"{base}/ranking"),
        Seen("desk freezing", f"{base}/rankings/new"),
        Seen("desk reviews under way", f"{base}/progress"),
    ]


def deciding_manager(site: Site) -> list[Seen]:
    base = f"/desk/calls/{SLUG}"
    proposal = proposal_of(site, "p02@example.org")
    return [
        Seen("desk decisions unsigned", f"{base}/decisions"),
        Seen("desk decision", f"{base}/decisions/{proposal}"),
        Seen("desk signature", f"{base}/decisions/signature"),
    ]


def administrator(site: Site) -> list[Seen]:
    return [Seen("desk operations", "/desk/operations"), Seen("desk record", f"/desk/calls/{SLUG}/record")]

"""What every staff page of a call shows around its content."""

from typing import Any

from challenge.accounts.permissions import Can
from challenge.accounts.viewer import Viewer
from challenge.calls.queries import Opening
from challenge.foundation.i18n import _, pick

PLACES = (
    ("", _("Overview"), Can.OPEN_DESK, False),
    ("form", _("Form"), Can.MANAGE_CALLS, True),
    ("rubric", _("Rubric"), Can.MANAGE_CALLS, False),
    ("proposals", _("Proposals"), Can.READ_PROPOSALS, True),
    ("panels", _("Panels"), Can.MANAGE_REVIEWS, True),
    ("assignments", _("Assignments"), Can.MANAGE_REVIEWS, False),
    ("progress", _("Progress"), Can.READ_REVIEWS, False),
    ("ranking", _("Ranking"), Can.READ_RANKING, True),
    ("decisions", _("Decisions"), Can.READ_DECISIONS, False),
    ("notices", _("Notices"), Can.READ_DECISIONS, False),
    ("announcement", _("Announcement"), Can.READ_DECISIONS, False),
    ("record", _("Record"), Can.READ_AUDIT, True),
)


def brand_of(opening: Opening) -> dict[str, str]:
    return {"name": pick(opening.programme.organizer.get("name")), "programme": pick(opening.programme.title)}


def around(opening: Opening) -> dict[str, Any]:
    """Values for a public, applicant's or reviewer's page about a call."""
    return {
        "call": opening.call,
        "programme": opening.programme,
        "stages": opening.stages,
        "brand": brand_of(opening),
        "demonstration": opening.call.is_demonstration,
    }


def desk_values(opening: Opening, viewer: Viewer, current: str) -> dict[str, Any]:
    """Values for a staff page: the call, the brand and the side navigation, only with places that open."""
    base = f"/desk/calls/{opening.call.slug}"
    scope = {"call_id": opening.call.id, "programme_id": opening.programme.id}
    nav = [
        {
            "path": f"{base}/{place}" if place else base,
            "label": label,
            "current": place == current,
            "gap": gap,
        }
        for place, label, needs, gap in PLACES
        if viewer.can(needs, **scope)
    ]
    return {**around(opening), "desk_nav": nav, "base": base}

"""The demonstration's files, put into the shapes of the product."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

ZONE = ZoneInfo("Europe/Zurich")
CONTENT = Path(__file__).parent / "content" / "ilo-just-energy-transition"
TEXTS = ("title", "summary", "problem", "solution", "jobs", "inclusion", "dialogue", "evidence", "scale")
VOCABULARIES = {
    "policy_areas": "just-transition-policy-areas",
    "sdgs": "sdgs",
    "themes": "coalition-themes",
    "services": "green-jobs-services",
    "focus_areas": "country-focus-areas",
    "intervention_types": "intervention-types",
    "pillars": "decent-work-pillars",
}
PARTNER = ("name", "organization_type", "country", "role", "letter_of_support")


@cache
def read(name: str) -> Any:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load((CONTENT / name).read_text("utf-8"), Loader=loader)  # noqa: S506 - a safe loader, in C


@cache
def proposals() -> dict[str, dict[str, Any]]:
    """By id, in the order in which they came in."""
    found = {
        path.stem: read(f"proposals/{path.name}") for path in sorted((CONTENT / "proposals").glob("P*.yaml"))
    }
    return dict(sorted(found.items(), key=lambda pair: moment(pair[1]["submitted_at"])))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def moved(text: str, by: timedelta) -> datetime:
    """Later by whole days, as the clocks of the call show it: its dates move so too, over summer and winter time."""
    local = moment(text).astimezone(ZONE).replace(tzinfo=None) + by
    return local.replace(tzinfo=ZONE, fold=1).astimezone(UTC)


def answers_of(proposal: Mapping[str, Any]) -> dict[str, Any]:
    """Answers by code of the question. Coordinates, confirmations and the marks "invented" are no answers."""
    place = proposal["place"]
    answers: dict[str, Any] = {code: proposal["answers"][code].strip() for code in TEXTS}
    answers |= {
        "inclusion-dimensions": proposal["inclusion_dimensions"],
        "decent-work-checklist": proposal["decent_work_checklist"],
        "place": {
            "country": place["country"],
            "region": place["region"],
            "locality": place["locality"],
            "affected": place["affected_community"],
        },
        "partners": [{part: row[part] for part in PARTNER} for row in proposal["partners"]],
        "classification": {VOCABULARIES[key]: codes for key, codes in proposal["classification"].items()},
        "budget": proposal["budget"],
        **proposal["declarations"],
    }
    if tree := proposal.get("problem_tree"):
        answers["problem-tree"] = {
            "main_problem": tree["main_problem"]["text"],
            "causes": [{key: c[key] for key in ("id", "cause_of", "text")} for c in tree["causes"]],
            "solutions": [{key: s[key] for key in ("id", "addresses", "text")} for s in tree["solutions"]],
            "outcome": tree["outcome"]["text"],
            "impact": tree["impact"]["text"],
            "inputs": tree["inputs"],
        }
    if framework := proposal.get("logical_framework"):
        answers["logical-framework"] = framework
    return answers

"""The demonstration call as it lies in its files, put into the shapes of the product."""

from pathlib import Path
from typing import Any

import yaml

import challenge
from challenge.forms.definition import FormDefinition, decode

CONTENT = Path(challenge.__file__).parent / "demo" / "content"
FOLDER = next((file.parent for file in sorted(CONTENT.rglob("form.yaml"))), CONTENT)

TEXTS = ("title", "summary", "problem", "solution", "jobs", "inclusion", "dialogue", "evidence", "scale")
VOCABULARIES = {  # keys of `classification` in a proposal's file -> the vocabulary
    "policy_areas": "just-transition-policy-areas",
    "sdgs": "sdgs",
    "themes": "coalition-themes",
    "services": "green-jobs-services",
    "focus_areas": "country-focus-areas",
    "intervention_types": "intervention-types",
    "pillars": "decent-work-pillars",
}
PARTNER = ("name", "organization_type", "country", "role", "letter_of_support")


def read(path: Path) -> Any:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_text("utf-8"), Loader=loader)  # noqa: S506


def demo_form() -> FormDefinition:
    """The form; the rules and the categories of the budget stand in the call's file."""
    form, call = read(FOLDER / "form.yaml"), read(FOLDER / "call.yaml")
    budget = next(question for question in form["questions"] if question["kind"] == "budget")
    budget |= {"budget_rules": call["budget_rules"], "budget_categories": call["budget_categories"]}
    return decode(form)


def demo_proposals() -> dict[str, dict[str, Any]]:
    return {file.stem: read(file) for file in sorted((FOLDER / "proposals").glob("P*.yaml"))}


def answers_of(proposal: dict[str, Any]) -> dict[str, Any]:
    """Answers by code of the question, from a proposal's file.

    Coordinates, the confirmation of partners and the marks "invented" are no answers and stay behind.
    """
    place = proposal["place"]
    answers = {code: proposal["answers"][code].strip() for code in TEXTS}
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
            "causes": [{"id": c["id"], "cause_of": c["cause_of"], "text": c["text"]} for c in tree["causes"]],
            "solutions": [
                {"id": s["id"], "addresses": s["addresses"], "text": s["text"]} for s in tree["solutions"]
            ],
            "outcome": tree["outcome"]["text"],
            "impact": tree["impact"]["text"],
            "inputs": tree["inputs"],
        }
    if framework := proposal.get("logical_framework"):
        answers["logical-framework"] = framework
    return answers

"""Questions and forms: the smallest valid ones."""

from typing import Any

from challenge.forms.definition import FormDefinition, Question, decode


def a_question(kind: str = "text", code: str = "q", **more: Any) -> Question:
    return decode(a_form_as_json({"code": code, "kind": kind, **more})).question(code)


def a_form(*questions: dict[str, Any], **more: Any) -> FormDefinition:
    return decode(a_form_as_json(*questions, **more))


def a_form_as_json(*questions: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Questions without a section stand in "idea", without a label are called "Label of <code>"."""
    return {
        "sections": [
            {"code": "idea", "label": {"en": "Your idea", "ar": "فكرتكم"}},
            {"code": "people", "label": {"en": "People"}},
        ],
        "questions": [
            {"section": "idea", "label": {"en": f"Label of {question['code']}"}, **question}
            for question in questions
        ],
        **more,
    }


def a_budget_question(*rules: dict[str, Any], **more: Any) -> Question:
    categories = [
        {"code": code, "label": {"en": code.capitalize()}} for code in ("expertise", "travel", "audit")
    ]
    return a_question(
        "budget", "budget", currency="USD", budget_categories=categories, budget_rules=list(rules), **more
    )


def a_budget(*lines: tuple[str, str, Any]) -> dict[str, Any]:
    """A budget of (category, source, amount)."""
    return {
        "currency": "USD",
        "lines": [
            {"item": f"Item {n}", "category": category, "source": source, "amount": amount}
            for n, (category, source, amount) in enumerate(lines, 1)
        ],
    }

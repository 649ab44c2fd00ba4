"""What programs can ask and what a refusal means, for people to read. Pure."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from challenge.foundation.i18n import Text, _

METHODS = ("get", "post", "put", "patch", "delete")


# ---------- the API, from its own OpenAPI ----------


def groups_of(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Operations by the first noun of their path."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path, methods in sorted(schema["paths"].items()):
        noun = path.removeprefix("/api/v1/").split("/")[0]
        for method in METHODS:
            if method in methods:
                found.setdefault(noun, []).append(_operation(schema, path, method, methods[method]))
    return [{"noun": noun, "operations": operations} for noun, operations in found.items()]


def _operation(schema: Mapping[str, Any], path: str, method: str, told: Mapping[str, Any]) -> dict[str, Any]:
    body = told.get("requestBody", {}).get("content", {})
    code = next((code for code in told["responses"] if code.startswith("2")), "")
    answer: Mapping[str, Any] = told["responses"].get(code, {})
    return {
        "method": method.upper(),
        "path": path,
        "id": f"{method}{path.replace('/', '-').replace('{', '').replace('}', '')}",
        "summary": str(told.get("description") or told.get("summary", "")).split("\n\n")[0],
        "scope": told.get("x-scope", ""),
        "asked": [
            {
                "name": p["name"],
                "kind": _kind(schema, p.get("schema", {})),
                "is_required": p.get("required", False),
            }
            for p in told.get("parameters", [])
            if p["in"] == "query"
        ],
        "body": list(_fields(schema, _first(body))),
        "status": code,
        "answer": list(_fields(schema, _first(answer.get("content", {})))),
    }


def _first(content: Mapping[str, Any]) -> Mapping[str, Any]:
    return next((each.get("schema", {}) for each in content.values()), {})


def _resolved(schema: Mapping[str, Any], shape: Mapping[str, Any]) -> Mapping[str, Any]:
    name = str(shape.get("$ref", "")).rpartition("/")[2]
    found: Mapping[str, Any] = schema["components"]["schemas"][name] if name else shape
    return found


def _fields(schema: Mapping[str, Any], shape: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    whole = _resolved(schema, shape)
    if whole.get("type") == "array":
        whole = _resolved(schema, whole.get("items", {}))
    for name, field in whole.get("properties", {}).items():
        yield {
            "name": name,
            "kind": _kind(schema, field),
            "is_required": name in whole.get("required", ()),
        }


def _kind(schema: Mapping[str, Any], shape: Mapping[str, Any]) -> str:
    """ "uuid", "list of Role", "text or nothing" in the words of JSON."""
    if "$ref" in shape:
        whole = _resolved(schema, shape)
        return str(whole.get("title") or str(shape["$ref"]).rpartition("/")[2])
    if "oneOf" in shape or "anyOf" in shape:
        kinds = [_kind(schema, each) for each in shape.get("oneOf") or shape["anyOf"]]
        return " | ".join(dict.fromkeys(kinds))
    if shape.get("type") == "array":
        return f"[{_kind(schema, shape.get('items', {}))}]"
    if "enum" in shape:
        return " | ".join(str(value) for value in shape["enum"])
    return str(shape.get("format") or shape.get("type") or "any")


def violated_rule(report: bytes) -> str:
    """The directive that a browser's report names, in both forms that reports have."""
    try:
        told = json.loads(report)
    except ValueError:
        return "unreadable"
    if isinstance(told, list):
        told = told[0] if told else {}
    body = told.get("csp-report") or told.get("body") or {} if isinstance(told, dict) else {}
    named = (
        body.get("effective-directive") or body.get("effectiveDirective") or body.get("violated-directive")
    )
    rule = str(named or "unknown").split(" ")[0][:40]
    return rule if rule.replace("-", "").isalpha() else "unknown"


# ---------- refusals ----------


@dataclass(frozen=True, slots=True)
class Told:
    """A kind of refusal: its status, what it says, what to do."""

    status: int
    title: Text
    what: Text
    do: Text


PROBLEMS: dict[str, Told] = {
    "invalid": Told(
        400,
        _("The request could not be read"),
        _("A value is missing, has another form than the one described, or the body is not JSON."),
        _("Compare the request with the description of the door. The list of errors names each place."),
    ),
    "unknown-parameter": Told(
        400,
        _("A parameter is not known"),
        _("A filter that is spelt wrongly would return everything, so it is refused."),
        _("Look up the names of the parameters of this door."),
    ),
    "cursor-mismatch": Told(
        400,
        _("The cursor belongs to another list"),
        _("A cursor holds on to the filters and the order of the list that gave it."),
        _("Begin the list anew without a cursor."),
    ),
    "sign-in-needed": Told(
        401,
        _("Nobody is signed in"),
        _("The request carries no session and no token, or one that has ended, expired or been revoked."),
        _("Send the header Authorization: Bearer with a token from the page of your account."),
    ),
    "proof-needed": Told(
        401,
        _("Show once more that it is you"),
        _("The last proof is older than ten minutes, and what you ask for is grave."),
        _("Sign in again; what was typed is kept."),
    ),
    "not-allowed": Told(
        403,
        _("Your roles do not include this"),
        _("You may see the thing, but not do this to it."),
        _("Ask whoever runs the call for the role."),
    ),
    "scope-missing": Told(
        403,
        _("The token lacks a scope"),
        _("A token does only what its scopes name, even where the person may do more."),
        _("Make a token with the scope that the answer names."),
    ),
    "old-form": Told(
        403,
        _("The form belongs to another session"),
        _("It was opened before you signed in, or in another session. Only forms of the present one count."),
        _("Open the page again, or send what you typed once more from the page that says so."),
    ),
    "not-found": Told(
        404,
        _("There is nothing here"),
        _("Either there is no such thing, or it is not yours to see. Both look alike on purpose."),
        _("Look at the address; ask for the list that the thing belongs to."),
    ),
    "method-not-allowed": Told(
        405,
        _("The address takes other kinds of requests"),
        _("There is something at this address, but not for this method."),
        _("Look up which methods the door takes."),
    ),
    "not-now": Told(
        409,
        _("This cannot be done now"),
        _("The state of the thing or the time stands in the way. The sentence in the answer says which."),
        _("Read the thing again and go on from its present state."),
    ),
    "stale-version": Told(
        409,
        _("Somebody changed this in the meantime"),
        _("The change was made on a version that is no longer the newest. Nothing was overwritten."),
        _("Read the newest version, join both, and send it again."),
    ),
    "conflict-of-interest": Told(
        409,
        _("A conflict of interest stands in the way"),
        _("The person is tied to the proposal and must not judge it."),
        _("Choose somebody else."),
    ),
    "request-in-progress": Told(
        409,
        _("The first request is still running"),
        _("A request with the same Idempotency-Key has not been answered yet."),
        _("Wait as long as Retry-After says, then send the same request again."),
    ),
    "gone": Told(
        410,
        _("It was here and is no longer"),
        _("A link was used before, has expired, or the thing was taken away."),
        _("Ask for a new link."),
    ),
    "too-large": Told(
        413,
        _("What was sent is too large"),
        _("The body is larger than this door takes. Nothing of it was stored."),
        _("Send less at once; files have a way of their own."),
    ),
    "unprocessable": Told(
        422,
        _("Some values need another look"),
        _("The request was read, but something in it cannot be right."),
        _("The list of errors names each place and says what would be right."),
    ),
    "idempotency-key-reused": Told(
        422,
        _("The Idempotency-Key belongs to another request"),
        _("The same key was sent with another body within 24 hours."),
        _("Use a new key for new content, and the old key only to repeat the very same request."),
    ),
    "too-many": Told(
        429,
        _("Many requests in a short time"),
        _("Each door takes a number of requests in a span of time."),
        _("Wait as long as Retry-After says."),
    ),
    "internal": Told(
        500,
        _("Something went wrong on our side"),
        _("The fault is ours and has been written down. Nothing you sent before was changed."),
        _("Try again later; if it goes on, tell us the instance of the answer."),
    ),
    "unavailable": Told(
        503,
        _("A part of the service is down"),
        _("The database, the storage or another part does not answer. What was saved is safe."),
        _("Try again in a few minutes."),
    ),
    "no-room": Told(
        507,
        _("There is no room for files"),
        _("The file store is full. What was saved before is safe; what this request sent was not kept."),
        _("Try again later; tell the organizers if it goes on."),
    ),
}

"""JSON doors: the same verbs and the same visibility as the pages, problem+json for refusals, cursor pages."""

import re
from typing import Any, Generic, TypeVar

import msgspec
from litestar import Litestar, Response
from litestar import delete as litestar_delete
from litestar import get as litestar_get
from litestar import patch as litestar_patch
from litestar import post as litestar_post
from litestar import put as litestar_put
from litestar.openapi import OpenAPIConfig

from challenge.foundation.errors import Problem
from challenge.foundation.web import DoorMaker, signed, unsigned

PREFIX = "/api/v1"
T = TypeVar("T")


class Body(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """Base of what the API takes and gives: camelCase outside, absent rather than null."""


class Items(Body, Generic[T], omit_defaults=True):
    items: list[T]
    next: str | None = None


def _door(maker: Any, path: str, needs: Any, is_open: bool, status: int, more: dict[str, Any]) -> DoorMaker:
    short = more.pop("short", False)  # as with doors of pages
    opt = {"needs": needs, "open": is_open, "fresh": False, "public": False, "api": True, "short": short}
    door: DoorMaker = maker(PREFIX + path, opt=opt, status_code=status, **more)
    return door


def api_get(path: str, *, needs: Any = None, open: bool = False, **more: Any) -> DoorMaker:
    return _door(litestar_get, path, needs, open, 200, more)


def api_post(
    path: str, *, needs: Any = None, open: bool = False, status: int = 200, **more: Any
) -> DoorMaker:
    return _door(litestar_post, path, needs, open, status, more)


def api_put(path: str, *, needs: Any = None, open: bool = False, **more: Any) -> DoorMaker:
    return _door(litestar_put, path, needs, open, 200, more)


def api_patch(path: str, *, needs: Any = None, open: bool = False, **more: Any) -> DoorMaker:
    return _door(litestar_patch, path, needs, open, 200, more)


def api_delete(path: str, *, needs: Any = None, open: bool = False, **more: Any) -> DoorMaker:
    return _door(litestar_delete, path, needs, open, 204, more)


def schema_of(doors: list[Any], dependencies: dict[str, Any], version: str) -> dict[str, Any]:
    """OpenAPI 3.1 of some doors, each operation with the scope it needs and the shape of a refusal."""
    config = OpenAPIConfig(title="Challenge", version=version, use_handler_docstrings=True)
    schema: dict[str, Any] = Litestar(
        route_handlers=list(doors), dependencies=dependencies, openapi_config=config, logging_config=None
    ).openapi_schema.to_schema()
    needs = {
        (path, method.lower()): door.opt["needs"]
        for door in doors
        for path in door.paths
        for method in door.http_methods
    }
    for (path, method), scope in needs.items():
        operation = schema["paths"][_TYPED.sub(r"{\1}", path)].get(method)
        if operation is None:
            continue
        operation["security"] = [{"bearer": [scope.value]}] if scope else [{}, {"bearer": []}]
        operation["x-scope"] = scope.value if scope else ""
        operation["responses"]["default"] = {"$ref": "#/components/responses/Problem"}
        if method == "post":
            operation.setdefault("parameters", []).append(_KEY)
    parts = schema.setdefault("components", {})
    parts["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    parts["responses"] = {"Problem": _PROBLEM}
    return schema


_TYPED = re.compile(r"\{(\w+):\w+\}")
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key with the same body has its effect once; the first answer is kept for 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
_PROBLEM = {
    "description": "A refusal. `type` is the address of a page that explains it, `detail` one sentence.",
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "required": ["type", "title", "status", "detail", "instance"],
                "properties": {
                    "type": {"type": "string", "format": "uri"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string"},
                    "instance": {"type": "string"},
                    "errors": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {"pointer": {"type": "string"}, "message": {"type": "string"}},
                        },
                    },
                },
            }
        }
    },
}


def problem_response(problem: Problem, base_url: str, reference: str) -> Response[dict[str, Any]]:
    body: dict[str, Any] = {
        "type": f"{base_url}/problems/{problem.slug}",
        "title": problem.slug.replace("-", " ").capitalize(),
        "status": problem.status,
        "detail": str(problem.text),
        "instance": f"urn:request:{reference}",
    }
    errors = getattr(problem, "errors", None)
    if errors:
        body["errors"] = [{"pointer": name, "message": str(message)} for name, message in errors.items()]
    for name, value in problem.facts.items():
        body.setdefault(name, value)
    headers = {"retry-after": str(problem.retry_after)} if hasattr(problem, "retry_after") else {}
    return Response(body, status_code=problem.status, media_type="application/problem+json", headers=headers)


def cursor(values: list[str]) -> str:
    return signed(msgspec.json.encode(values).decode(), "cursor")


def read_cursor(text: str | None) -> list[str] | None:
    plain = unsigned(text, "cursor") if text else None
    return msgspec.json.decode(plain, type=list[str]) if plain else None

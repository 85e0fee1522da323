"""The desk's API as an OpenAPI document, from the table of its routes and the structs of its bodies."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import msgspec
from starlette.requests import Request
from starlette.responses import Response

Answering: TypeAlias = Callable[[Request], Awaitable[Response]]

_PART = re.compile(r"{([a-z]+)}")
_PARTS = {"number": {"type": "integer", "minimum": 1}, "id": {"type": "string"}}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
    },
}
_FAULTS = {
    "400": "Something is wrong, unknown or lacking in what was asked",
    "401": "Nobody is named: no token, or a wrong one",
    "403": "Sent by a page of another site, or without the token of forms",
    "404": "There is no such thing",
    "413": "More bytes than such a request may have",
    "422": "The file cannot be used, or does not fit what is known now",
    "429": "Too many wrong tokens from this address; Retry-After says when to try again",
    "503": "The database is away or busy",
}


class DeskApiRoute(NamedTuple):
    """A route, served and described: *body* is the struct of its JSON, *takes* its parameters."""

    method: str
    path: str
    summary: str
    answer: Answering
    body: type[msgspec.Struct] | None = None
    takes: Mapping[str, str] = {}
    gives: int = 200


def api_document(table: Sequence[DeskApiRoute], base: str) -> dict[str, Any]:
    """Return the document of the routes of *table* below the URL *base*, OpenAPI 3.1."""
    bodies = [each.body for each in table if each.body is not None]
    _, components = msgspec.json.schema_components(bodies, ref_template="#/components/schemas/{name}")
    paths: dict[str, dict[str, Any]] = {}
    for each in table:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "The desk",
            "version": "1",
            "description": "Imports before they are published, corrections, withdrawals. For the desk: it"
            " does not obey the embargo.",
        },
        "servers": [{"url": base}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": {**components, "Problem": _PROBLEM},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: DeskApiRoute) -> dict[str, Any]:
    parts = _PART.findall(route.path)
    parameters = [{"name": each, "in": "path", "required": True, "schema": _PARTS[each]} for each in parts]
    parameters += [
        {"name": name, "in": "query", "description": words, "schema": {"type": "string"}}
        for name, words in route.takes.items()
    ]
    found: dict[str, Any] = {
        "operationId": route.answer.__name__,
        "summary": route.summary,
        "parameters": parameters,
        "responses": {
            str(route.gives): {"description": "Done", "content": {"application/json": {"schema": {}}}},
            **{code: _problem(words) for code, words in _FAULTS.items()},
        },
    }
    if route.body is not None:
        schema = {"$ref": f"#/components/schemas/{route.body.__name__}"}
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    elif route.method == "POST":
        found["requestBody"] = {"required": True, "content": {"application/octet-stream": {"schema": {}}}}
    return found


def _problem(words: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": words, "content": {"application/problem+json": {"schema": schema}}}

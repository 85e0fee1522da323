"""The API as an OpenAPI document, from its routes: 3.1, and 3.0 for clients that know no other.

Nothing is in it that the two versions read differently, so they differ in their number alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tileserver.publish.openapi_parameters import PATH, QUERY, Parameter

OPENAPI_30 = "application/vnd.oai.openapi+json;version=3.0"
OPENAPI_31 = "application/vnd.oai.openapi+json;version=3.1"
VERSIONS = {OPENAPI_30: "3.0.3", OPENAPI_31: "3.1.0"}
_PART = re.compile(r"{([A-Za-z]+)}")
_PROBLEM = "#/components/schemas/Problem"
_KEYS: Mapping[str, Mapping[str, str]] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A key as Authorization: Bearer KEY"},
    "header": {"type": "apiKey", "in": "header", "name": "X-Api-Key", "description": "The same key"},
    "query": {"type": "apiKey", "in": "query", "name": "key", "description": "The same, seen in the address"},
    "signed": {
        "type": "apiKey",
        "in": "query",
        "name": "signed",
        "description": "ID.EXPIRES.LENGTH.MAC: for a while what a key opens, without the key",
    },
}
# What is public takes no key, and is the same with one.
_SECURITY: Sequence[Mapping[str, Sequence[str]]] = ({}, *({name: ()} for name in _KEYS))
_KEY_FAULTS = {
    "401": "No key of this server, revoked or expired; a signature that is wrong or over",
    "403": "The key is for other tilesets, or for pages of another origin",
}
_FAULTS = {
    "400": "A parameter that is wrong, unknown or repeated",
    "404": "A thing of that name is not there, or not public",
    "406": "A form that is not offered",
    "416": "A range outside of the file",
    "429": "More than one address, or one key, may ask for",
    "501": "A form that is known and not made here",
    "503": "The database is away or busy; Retry-After says when to ask again",
}
_QUOTA = ("RateLimit", "RateLimit-Policy")
_HEADERS = {
    "RateLimit": "Of a key with quotas: what is left by window, and seconds to its end",
    "RateLimit-Policy": "Of a key with quotas: how many requests, and in how many seconds",
    "Retry-After": "Seconds after which to ask again",
    "WWW-Authenticate": "That a key is asked for",
}
_TOLD = {"401": ("WWW-Authenticate",), "429": ("Retry-After", *_QUOTA), "503": ("Retry-After",)}
_TEXT = {"type": "string"}


@dataclass(frozen=True, slots=True)
class Described:
    """A route as described: path, id, summary, media types of its answer, names of its parameters.

    ``choices`` are the categories by which events can be chosen, and their codes; ``takes_key`` where a key
    opens more than is public.
    """

    path: str
    id: str
    summary: str
    gives: tuple[str, ...]
    takes: tuple[str, ...]
    choices: Mapping[str, Sequence[str]]
    takes_key: bool = False


def openapi_document(
    routes: Sequence[Described], names: Mapping[str, Sequence[str]], base: str, media_type: str
) -> dict[str, Any]:
    """Return the document of *routes* below the URL *base*, of the version that *media_type* names.

    *names* are what the parts of paths can be called at present, such as tilesets.
    """
    return {
        "openapi": VERSIONS[media_type],
        "info": {
            "title": "tileserver",
            "version": "1",
            "description": "Dated vector tiles, at any instant and as known at any revision.",
        },
        "servers": [{"url": base or "/"}],
        "paths": {route.path: {"get": _operation(route, names)} for route in routes},
        "components": {
            "securitySchemes": _KEYS,
            "headers": {name: {"description": says, "schema": _TEXT} for name, says in _HEADERS.items()},
            "schemas": {"Problem": _problem()},
            "responses": {
                f"Problem{status}": {
                    "description": says,
                    "headers": {name: _header(name) for name in _TOLD.get(status, ())},
                    "content": {"application/problem+json": {"schema": {"$ref": _PROBLEM}}},
                }
                for status, says in (_FAULTS | _KEY_FAULTS).items()
            },
        },
    }


def _operation(route: Described, names: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    in_path = [
        _parameter("path", part, PATH[part], names.get(part, ())) for part in _PART.findall(route.path)
    ]
    in_query = [_parameter("query", name, QUERY[name]) for name in route.takes]
    chosen = [
        _parameter(
            "query", name, Parameter("events of these codes alone, with commas", {"type": "string"}, codes[0])
        )
        for name, codes in route.choices.items()
    ]
    return {
        "operationId": route.id,
        "summary": route.summary,
        "parameters": in_path + in_query + chosen,
        **({"security": _SECURITY} if route.takes_key else {}),
        "responses": _responses(route),
    }


def _responses(route: Described) -> dict[str, Any]:
    content = {each: {"schema": _content(each)} for each in route.gives}
    quota = {"headers": {name: _header(name) for name in _QUOTA}} if route.takes_key else {}
    faults = _FAULTS | _KEY_FAULTS if route.takes_key else _FAULTS
    return {
        "200": {"description": route.summary, "content": content, **quota},
        "204": {"description": "Nothing is there"},
        "206": {"description": "A range of the file", "content": content},
        "304": {"description": "As it is known already"},
        **{status: {"$ref": f"#/components/responses/Problem{status}"} for status in faults},
        **({"404": _missing_page()} if any(each.startswith("text/html") for each in route.gives) else {}),
    }


def _header(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/headers/{name}"}


def _missing_page() -> dict[str, Any]:
    """Return the answer to a reader who asks for a map that is not there: a page, too."""
    page, problem = {"schema": {"type": "string"}}, {"schema": {"$ref": _PROBLEM}}
    content = {"text/html; charset=utf-8": page, "application/problem+json": problem}
    return {"description": _FAULTS["404"], "content": content}


def _parameter(place: str, name: str, parameter: Parameter, names: Sequence[str] = ()) -> dict[str, Any]:
    example = names[0] if names else parameter.example
    return {
        "name": name,
        "in": place,
        "description": parameter.says,
        "required": place == "path",
        "schema": dict(parameter.schema),
        **({} if example is None else {"example": example}),
    }


def _content(media_type: str) -> dict[str, Any]:
    if media_type.partition(";")[0].endswith("json"):
        return {"type": "object"}
    return {"type": "string"}


def _problem() -> dict[str, Any]:
    """Return the schema of a problem (RFC 9457)."""
    return {
        "type": "object",
        "required": ["type", "title", "status"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "request_id": {"type": "string"},
        },
    }

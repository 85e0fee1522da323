"""Refusals of the framework in plain text, of a range beyond a file say, put into the form of a problem."""

from __future__ import annotations

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Scope

from tileserver.web.problems import problem

_KEPT = ("content-range", "allow", "retry-after")


def is_plain(start: Message) -> bool:
    """Whether the answer that begins with *start* is a plain text."""
    return Headers(raw=start["headers"]).get("content-type", "").startswith("text/plain")


def worded(scope: Scope, start: Message) -> Response:
    """Return a problem in the place of the refusal that begins with *start*."""
    headers, status = Headers(raw=start["headers"]), HTTPStatus(start["status"])
    kept = {name: headers[name] for name in _KEPT if name in headers}
    return problem(Request(scope), status, status.phrase, status.description, kept)

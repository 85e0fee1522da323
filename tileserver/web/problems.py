"""Errors as `application/problem+json` (RFC 9457), never stored, never with more than the caller may know."""

from __future__ import annotations

from typing import Any

import msgspec
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tileserver.errors import StoreUnavailable, TileserverError, TooManyAtOnce, Unavailable, cause_of
from tileserver.web.keys_text import without_keys

log = structlog.get_logger()

RETRY_AFTER_S = 2
_NO_PATH = "there is nothing at this path; /tilesets lists what there is, /developers every path"


def problem(
    request: Request, status: int, title: str, detail: str, headers: dict[str, str] | None = None
) -> Response:
    """Return one problem document."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "request_id": request.scope.get("request_id", ""),
    }
    return Response(
        msgspec.json.encode(body),
        status,
        {"Cache-Control": "no-store", **(headers or {})},
        media_type="application/problem+json",
    )


async def known_problem(request: Request, error: Exception) -> Response:
    """Answer an error of our own tree."""
    assert isinstance(error, TileserverError)
    if isinstance(error, Unavailable):
        log.warning("unavailable", error=str(error), cause=cause_of(error))
    if error.status == 500:
        return await unknown_problem(request, error)
    is_passing = isinstance(error, StoreUnavailable | TooManyAtOnce)
    headers = {"Retry-After": str(RETRY_AFTER_S)} if is_passing else None
    return problem(request, error.status, error.title, str(error), headers)


async def http_problem(request: Request, error: Exception) -> Response:
    """Answer an error of the router: no such path, no such method."""
    assert isinstance(error, HTTPException)
    detail = {404: _NO_PATH}.get(error.status_code, error.detail)
    return problem(request, error.status_code, error.detail, detail, dict(error.headers or {}))


async def unknown_problem(request: Request, error: Exception) -> Response:
    """Log an unforeseen error and answer with the request id alone."""
    log.error("unforeseen error", exc_info=error, path=without_keys(request.scope["path"]))
    return problem(request, 500, "Internal error", "the server failed; the request id names the log entry")

"""Leave for everybody's pages to read map data: CORS, without credentials (Fetch, 3.2)."""

from __future__ import annotations

import re

from starlette.datastructures import Headers

OPEN_PATHS = (
    *("/tiles", "/history/", "/changes/", "/styles/", "/pictures/", "/oembed"),  # and /tilesets
    *("/api", "/arcgis/", "/dated/", "/conformance", "/collections", "/tileMatrixSets"),
    *("/fonts/", "/sprites/"),
)
BUILT_PATHS = ("/static/",)  # for our own pages, which in a sandbox are of no origin
_OPEN_DOCUMENTS = "/corrections/"  # beside a page of the same name
_METHODS = "GET, HEAD"
_EXPOSED = "ETag, OGCAPI-datetime, Content-Location, Retry-After, Missing-Layers, Cache-Status, X-Request-Id"
OPEN_HEADERS = (  # any page may read such an answer, whatever its status, and time it
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", _EXPOSED.encode()),
    (b"timing-allow-origin", b"*"),
    (b"cross-origin-resource-policy", b"cross-origin"),
)
_USUAL = "Accept, If-None-Match, Range"
# RFC 9110 5.1: a field name is a token. What is none is not repeated.
_NAMES = re.compile(r"[\w!#$%&'*+.^`|~-]+(?:[ \t]*,[ \t]*[\w!#$%&'*+.^`|~-]+)*\Z", re.ASCII)
_MAX_NAMES = 2048


def is_open(path: str) -> bool:
    """Whether everybody's pages may read the answer at *path*: map data, and no page of ours."""
    return path.startswith(OPEN_PATHS) or (
        path.startswith(_OPEN_DOCUMENTS) and path.endswith((".json", ".atom"))
    )


def options_headers(request: Headers) -> dict[str, str]:
    """Return the headers that answer ``OPTIONS``: to a preflight, leave for whichever headers are asked for.

    A header that is not known here does nothing, so a client that adds one, to trace a request say, must not
    fail for it. By name: ``*`` does not stand for ``Authorization``, and older browsers know no ``*``.
    """
    answer = {"Allow": f"{_METHODS}, OPTIONS", "Cache-Control": "public, max-age=86400"}
    if "access-control-request-method" in request:
        asked = ", ".join(filter(None, request.getlist("access-control-request-headers")))
        known = len(asked) <= _MAX_NAMES and _NAMES.match(asked)
        answer["Vary"] = "Access-Control-Request-Method, Access-Control-Request-Headers"
        answer["Access-Control-Allow-Methods"] = _METHODS
        answer["Access-Control-Allow-Headers"] = asked if known else _USUAL
        answer["Access-Control-Max-Age"] = "86400"
    return answer

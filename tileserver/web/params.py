"""Query parameters become typed values first; what is unknown, repeated or absurd is refused."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from starlette.requests import Request

from tileserver.errors import BadParameter

_MAX_QUERY = 512
_REVISION = re.compile(r"[1-9][0-9]{0,14}\Z")


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters of a dated request, as text; ``None`` where one was not given."""

    datetime: str | None = None
    revision: int | None = None


def read_query(request: Request, allowed: Collection[str] = ("datetime", "revision")) -> Query:
    """Return the parameters of *request*, each known and given at most once."""
    raw = request.scope["query_string"]
    if len(raw) > _MAX_QUERY:
        raise BadParameter(f"the query is {len(raw)} bytes long; at most {_MAX_QUERY} make sense")
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in allowed:
            known = ", ".join(allowed) or "none"
            raise BadParameter(f"parameter {name[:40]!r} is not known here; known are: {known}")
        if name in found:
            raise BadParameter(f"parameter {name!r} is given more than once")
        found[name] = value
    return Query(found.get("datetime"), _revision(found.get("revision")))


def _revision(text: str | None) -> int | None:
    if text is None:
        return None
    if not _REVISION.match(text):
        raise BadParameter(f"revision {text[:20]!r} is no whole number from 1")
    return int(text)

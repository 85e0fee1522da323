"""Query parameters become typed values first; what is unknown, repeated or absurd is refused."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from starlette.requests import Request

from tileserver.errors import BadParameter

_MAX_QUERY = 512
_REVISION = re.compile(r"[1-9][0-9]{0,14}\Z")


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters of a dated request, as text; ``None`` where one was not given."""

    datetime: str | None = None
    revision: int | None = None
    known: int | None = None
    choices: Mapping[str, str] = field(default_factory=dict)  # the others, by name


def read_query(request: Request, allowed: Collection[str] = ("datetime", "revision")) -> Query:
    """Return the parameters of *request*, each known and given at most once."""
    raw = request.scope["query_string"]
    if len(raw) > _MAX_QUERY:
        raise BadParameter(f"the query is {len(raw)} bytes long; at most {_MAX_QUERY} make sense")
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in allowed:
            there = ", ".join(allowed) or "none"
            raise BadParameter(f"parameter {name[:40]!r} is not known here; known are: {there}")
        if name in found:
            raise BadParameter(f"parameter {name!r} is given more than once")
        found[name] = value
    revision, known = _revision(found, "revision"), _revision(found, "known")
    choices = {name: value for name, value in found.items() if name not in ("datetime", "revision", "known")}
    return Query(found.get("datetime"), revision, known, choices)


def _revision(found: Mapping[str, str], name: str) -> int | None:
    text = found.get(name)
    if text is None:
        return None
    if not _REVISION.match(text):
        raise BadParameter(f"{name} {text[:20]!r} is no whole number from 1")
    return int(text)

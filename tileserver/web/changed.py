"""The route of the list of changed tiles."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tileserver.errors import BadParameter
from tileserver.grid import parse_address_text, zooms_within
from tileserver.model import Revision
from tileserver.numerals import whole_number
from tileserver.publish.changed import (
    USUAL,
    ChangedPage,
    changed_document,
    newest_public,
    public_of,
)
from tileserver.publish.documents import missing_block
from tileserver.publish.events_document import bounds_of, limit_of
from tileserver.publish.public import public_part
from tileserver.tiles.cache import BodyCache
from tileserver.tiles.changed import Changes, Standing, standing_at
from tileserver.tiles.current import Current
from tileserver.tiles.horizon import horizon_of
from tileserver.tiles.tileset import NO_REVISION, Tileset
from tileserver.web.params import DATED, Query, document_question, window_asked
from tileserver.web.represent import JSON, freshness, raw, represent

COUNTED = (*DATED, "since", "public", "bbox", "zooms", "limit", "after")
_REPEATED = ("datetime", "since", "public", "bbox", "zooms", "limit")  # by the query of the next page


class ChangedKey(NamedTuple):
    """Cache key of a page of changed tiles: reading of the catalogue, tileset, question, public part."""

    reading: int
    tileset: str
    revision: int
    asked: tuple[tuple[str, str], ...]
    public: Hashable


@dataclass(frozen=True, slots=True)
class ChangedRoute:
    """The endpoint of changed tiles; *max_age* is in seconds."""

    current: Current
    kept: BodyCache[ChangedKey]
    max_age: int

    async def json(self, request: Request) -> Response:
        """``/tilesets/{tileset}/changed?since=&public=&datetime=&bbox=&zooms=&limit=&after=&revision=``."""
        catalogue, tileset, query = await document_question(request, self.current, COUNTED)
        older, page = _revision_held(query, tileset), _page(query, tileset)
        revision, now = tileset.revision(query.revision), self.current.clock()
        horizon = horizon_of(tileset, now)
        told = public_of(query.choices["public"]) if "public" in query.choices else None
        period = None if query.datetime is None else await window_asked(tileset, query, self.current, horizon)
        known = await self.current.periods_at(tileset, revision)
        changes = Changes(tileset, standing_at(older, horizon, told), Standing(revision, horizon), period)
        asked = _asked(query)

        async def compute() -> bytes:
            def written() -> bytes:
                newest = newest_public(tileset, known, horizon)
                document = changed_document(changes, page, newest, asked)
                return msgspec.json.encode({**document, **missing_block(tileset)})

            async with self.current.lanes.documents.place():
                return await asyncio.to_thread(written)

        both = [await public_part(self.current, tileset, each, now) for each in (older, revision)]
        named = (*asked, ("after", query.choices.get("after", "")))
        key = ChangedKey(catalogue.serial, tileset.label, revision, named, (period, *both))
        answer = await self.kept.answer(key, compute)
        return await represent(request, answer, raw(*freshness(tileset, self.max_age)), JSON)


def _revision_held(query: Query, tileset: Tileset) -> Revision:
    since = whole_number(query.choices.get("since", "0"), 10**9 - 1)
    if since is None:
        raise BadParameter("since is a revision, a whole number from 0: the list is of what came after")
    return tileset.revision(since) if since else NO_REVISION


def _page(query: Query, tileset: Tileset) -> ChangedPage:
    asked = query.choices
    return ChangedPage(
        zooms_within(asked["zooms"], tileset.zooms) if "zooms" in asked else tuple(_all(tileset.zooms)),
        bounds_of(asked["bbox"]) if "bbox" in asked else None,
        parse_address_text(asked["after"]) if "after" in asked else None,
        limit_of(asked["limit"]) if "limit" in asked else USUAL,
    )


def _all(zooms: tuple[int, int]) -> range:
    return range(zooms[0], zooms[1] + 1)


def _asked(query: Query) -> tuple[tuple[str, str], ...]:
    """Return the parameters that the query of the next page repeats, in one order."""
    given = {**query.choices, **({} if query.datetime is None else {"datetime": query.datetime})}
    return tuple((name, given[name]) for name in _REPEATED if name in given)

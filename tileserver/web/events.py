"""The route of events as a document."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tileserver.publish.documents import missing_block
from tileserver.publish.events_document import (
    USUAL,
    bounds_of,
    event_of,
    events_document,
    hidden_of,
    limit_of,
)
from tileserver.publish.public import public_part
from tileserver.store.event_rows import ListedEvents, Listing, load_listed
from tileserver.store.event_window import EventWindow
from tileserver.tiles.cache import BodyCache
from tileserver.tiles.current import Current
from tileserver.tiles.horizon import horizon_of
from tileserver.tiles.locate import window_of
from tileserver.tiles.tileset import Tileset
from tileserver.times import Period
from tileserver.web.params import DATED, Query, document_question, window_asked
from tileserver.web.represent import JSON, freshness, raw, represent

WINDOWED = (*DATED, "bbox", "event", "hide", "limit")


class EventsKey(NamedTuple):
    """Cache key of a list of events: reading of the catalogue, tileset, question, public part."""

    reading: int
    tileset: str
    revision: int
    asked: tuple[Period, Listing]
    public: Hashable


@dataclass(frozen=True, slots=True)
class EventRoutes:
    """The endpoint of lists of events; *max_age* is in seconds."""

    current: Current
    kept: BodyCache[EventsKey]
    max_age: int

    async def json(self, request: Request) -> Response:
        """``/tilesets/{tileset}/events.json``, by `WINDOWED` parameters: the newest first."""
        catalogue, tileset, query = await document_question(request, self.current, WINDOWED)
        revision, now = tileset.revision(query.revision), self.current.clock()
        horizon, listing = horizon_of(tileset, now), _listing(tileset, query)
        period = await window_asked(tileset, query, self.current, horizon)

        async def compute() -> bytes:
            listed = await self._load(window_of(revision, period, horizon), listing)
            document = {**events_document(tileset, revision, listed), **missing_block(tileset)}
            return await asyncio.to_thread(msgspec.json.encode, document)

        public = await public_part(self.current, tileset, revision, now)
        key = EventsKey(catalogue.serial, tileset.label, revision, (period, listing), public)
        answer = await self.kept.answer(key, compute)
        return await represent(request, answer, raw(*freshness(tileset, self.max_age)), JSON)

    async def _load(self, window: EventWindow, listing: Listing) -> ListedEvents:
        if not listing.layers:
            return ListedEvents()
        async with self.current.lanes.documents.place(), self.current.pool.acquire() as connection:
            return await load_listed(connection, window, listing)


def _listing(tileset: Tileset, query: Query) -> Listing:
    asked = query.choices
    layer, event = event_of(asked["event"]) if "event" in asked else (None, None)
    windows = [served.stored for served in tileset.layers if not served.is_state]
    return Listing(
        tuple(stored.layer_id for stored in windows if layer in (None, stored.layer.name)),
        bounds_of(asked["bbox"]) if "bbox" in asked else None,
        hidden_of(asked["hide"], tileset) if "hide" in asked else (),
        tileset.theatre.day_zone,
        limit_of(asked["limit"]) if "limit" in asked else USUAL,
        event,
    )

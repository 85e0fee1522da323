"""The route of a tileset's named places."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tileserver.publish.places import load_places, places_document
from tileserver.tiles.cache import BodyCache
from tileserver.tiles.current import Current
from tileserver.tiles.horizon import stride_of
from tileserver.web.params import document_question
from tileserver.web.represent import freshness, raw, represent

GEOJSON = "application/geo+json"


class PlacesKey(NamedTuple):
    """Cache key of a tileset's places: the reading of the catalogue, the layers, the stride.

    Lists of the desk come and go without a revision, so nothing is kept for longer than a stride.
    """

    reading: int
    tileset: str
    missing: int
    stride: datetime


@dataclass(frozen=True, slots=True)
class PlaceRoutes:
    """The endpoint of named places; *max_age* is in seconds."""

    current: Current
    kept: BodyCache[PlacesKey]
    max_age: int

    async def places(self, request: Request) -> Response:
        """``/tilesets/{tileset}/places``: GeoJSON, of the desk and of public events."""
        catalogue, tileset, _ = await document_question(request, self.current, ())
        now = self.current.clock()
        key = PlacesKey(catalogue.serial, tileset.name, len(tileset.missing), stride_of(now))

        async def compute() -> bytes:
            async with self.current.lanes.documents.place(), self.current.pool.acquire() as connection:
                found = await load_places(connection, tileset, now)
            return await asyncio.to_thread(lambda: msgspec.json.encode(places_document(found)))

        answer = await self.kept.answer(key, compute)
        return await represent(request, answer, raw(*freshness(tileset, self.max_age)), GEOJSON)

"""The gains routes: land that passed from holder to holder, day by day, as a document and as a table."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tileserver.publish.gains import Gains
from tileserver.publish.gains_document import gains_document, gains_rows
from tileserver.publish.gains_service import GainsName, GainsService
from tileserver.publish.measures import csv_text, measured_layer
from tileserver.tiles.cache import BodyCache
from tileserver.tiles.current import Current
from tileserver.tiles.tileset import Tileset
from tileserver.web.params import document_question, period_of
from tileserver.web.represent import CSV, JSON, freshness, raw, represent


class GainsKey(NamedTuple):
    """Cache key of a form of gains: their name, the form, and the days that were asked for."""

    name: GainsName
    form: str
    asked: Hashable


@dataclass(frozen=True, slots=True)
class GainsRoutes:
    """The two endpoints, over one service; *max_age* is in seconds."""

    current: Current
    gains: GainsService
    kept: BodyCache[GainsKey]
    max_age: int

    async def json(self, request: Request) -> Response:
        """``/tilesets/{tileset}/gains.json?datetime=&revision=``: land that passed on each day."""
        return await self._answer(request, "json", _json, JSON)

    async def csv(self, request: Request) -> Response:
        """``/tilesets/{tileset}/gains.csv``: the same, a row for each day and way (RFC 4180)."""
        return await self._answer(request, "csv", _csv, CSV)

    async def _answer(
        self, request: Request, form: str, written: Callable[[Tileset, int, Gains], bytes], media_type: str
    ) -> Response:
        _, tileset, query = await document_question(request, self.current)
        measured_layer(tileset)
        asked = None if query.datetime is None else period_of(query.datetime, tileset.zone)
        revision = tileset.revision(query.revision)

        async def compute() -> bytes:
            gains = await self.gains.gains(tileset, revision)
            return written(tileset, revision, gains if asked is None else gains.within(asked, tileset.zone))

        key = GainsKey(await self.gains.name(tileset, revision), form, asked)
        answer = await self.kept.answer(key, compute)
        headers = raw(*freshness(tileset, self.max_age))
        return await represent(request, answer, headers, media_type)


def _json(tileset: Tileset, revision: int, gains: Gains) -> bytes:
    return msgspec.json.encode(gains_document(tileset, revision, gains))


def _csv(tileset: Tileset, revision: int, gains: Gains) -> bytes:
    return csv_text(*gains_rows(gains)).encode()

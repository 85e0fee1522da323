"""Figures of a picture's legend, of the whole map: land by status, events by kind; and named places."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TypeAlias

from tileserver.errors import NothingMeasured
from tileserver.model import Layer, LayerId, Revision
from tileserver.picture.press.sheet import Village
from tileserver.picture.press.view import View
from tileserver.publish.gains_service import GainsName, GainsService
from tileserver.publish.measures import Series, load_series, measured_layer
from tileserver.publish.picture_words import kilometres, number
from tileserver.publish.places import MOST, distinct_places, load_places
from tileserver.store.event_rows import load_counts
from tileserver.store.event_window import EventWindow
from tileserver.store.places import NamedPlace
from tileserver.tiles.current import Current
from tileserver.tiles.horizon import horizon_of, stride_of
from tileserver.tiles.locate import window_of
from tileserver.tiles.recent import Recent
from tileserver.tiles.tileset import Tileset
from tileserver.times import Period

_SERIES = 8  # of theatres and revisions
_COUNTS = 256  # windows whose events were counted
_SPOTS = 8  # theatres
_BEYOND = 0.1  # of a view's side: places beyond it are not written


_Counts: TypeAlias = dict[tuple[LayerId, str], int]


class Figures:
    """Figures over the database of *current*, under the embargo like the documents that tell the same.

    They are part of a picture's name, so every request asks for them, also for a kept picture: what the
    database said is remembered.
    """

    def __init__(self, current: Current, gains: GainsService) -> None:
        self._current, self._gains = current, gains
        self._series: Recent[GainsName, Series] = current.memory(_SERIES)
        self._counts: Recent[tuple[str, EventWindow], _Counts] = current.memory(_COUNTS)
        self._spots: Recent[tuple[str, datetime], list[tuple[NamedPlace, str]]] = current.memory(_SPOTS)

    async def land(self, tileset: Tileset, revision: int, day: date, language: str) -> dict[str, str]:
        """Return the km2 of each status on the local *day* as texts; later the last day's."""
        try:
            measured_layer(tileset)
        except NothingMeasured:
            return {}
        name = await self._gains.name(tileset, revision)
        if (series := self._series.get(name)) is None:
            async with self._current.lanes.documents.place(), self._current.pool.acquire() as connection:
                series = await load_series(connection, tileset, revision, self._current.clock())
            self._series.keep(name, series)
        if not series.days or day < series.days[0]:
            return {}
        place = min((day - series.days[0]).days, len(series.days) - 1)
        return {
            code: kilometres([km2[place]], language) for code, km2 in series.km2.items() if km2[place] > 0
        }

    async def events(
        self, tileset: Tileset, layers: Sequence[Layer], revision: Revision, window: Period, language: str
    ) -> dict[str, dict[str, str]]:
        """Return how many events of *layers* a half-open *window* has, by layer and code, as texts."""
        drawn = {layer.name for layer in layers}
        windows = [each.stored for each in tileset.layers if each.stored.layer.name in drawn]
        if not windows:
            return {}
        limits = window_of(revision, window, horizon_of(tileset, self._current.clock()))
        fields = {stored.layer_id: stored.layer.category for stored in windows}
        name = ",".join(sorted(str(each.ref) for each in windows)), limits
        if (counts := self._counts.get(name)) is None:
            async with self._current.lanes.documents.place(), self._current.pool.acquire() as connection:
                counts = self._counts.keep(name, await load_counts(connection, limits, fields))
        return {
            stored.layer.name: {
                code: number(count, language)
                for (layer_id, code), count in counts.items()
                if layer_id == stored.layer_id
            }
            for stored in windows
        }

    async def spots(self, tileset: Tileset, view: View) -> tuple[Village, ...]:
        """Return the named places that may be written in *view*."""
        near = []
        for place, origin in await self._places(tileset):
            x, y = view.at(place.lon, place.lat)
            across, down = _BEYOND * view.width, _BEYOND * view.height
            is_near = -across < x < view.width + across and -down < y < view.height + down
            if place.zoom <= view.camera.zoom and is_near:
                near.append(Village(place.names, place.zoom, place.lon, place.lat, origin))
        return tuple(near)

    async def _places(self, tileset: Tileset) -> list[tuple[NamedPlace, str]]:
        """Return the named places of *tileset* with their origins; lists of the desk have no revision."""
        now = self._current.clock()
        name = tileset.label, stride_of(now)
        if (places := self._spots.get(name)) is None:
            async with self._current.lanes.documents.place(), self._current.pool.acquire() as connection:
                found = await load_places(connection, tileset, now)
            places = self._spots.keep(name, list(distinct_places(found))[:MOST])
        return places

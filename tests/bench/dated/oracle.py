"""The truth of the invented war, worked out by shapely from what was generated, and by nothing of ours.

A state is known by the publication that tells it and its day. In a tile all is in its own units, 4096 to a
side, down from the north-western corner, without a buffer. Days are numbers from the first one on; both ends
of a window are in it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from tests.bench.dated.world import LAST_PUBLIC, STATUSES, Area, Event, Publication

EXTENT = 4096  # units of a tile's side
RADIUS = 6_378_137.0  # metres, of EPSG:3857
_HALF = math.pi * RADIUS

Land: TypeAlias = dict[str, BaseGeometry]  # by status, units of a tile
Telling: TypeAlias = tuple[int, int]  # a publication, and the day whose state it tells
Xy: TypeAlias = npt.NDArray[np.float64]


class Tile(NamedTuple):
    """A tile's address: zoom, column, row from the north-west."""

    z: int
    x: int
    y: int

    @property
    def path(self) -> str:
        """As it stands in addresses."""
        return f"{self.z}/{self.x}/{self.y}"

    @property
    def unit_m(self) -> float:
        """Metres of EPSG:3857 in one of its units."""
        return 2 * _HALF / (1 << self.z) / EXTENT


def tile_at(lon: float, lat: float, zoom: int) -> Tile:
    """Return the tile in which a place in degrees lies."""
    (x, y), last = _projected(np.array([[lon, lat]]))[0], 2**zoom - 1
    column, row = (x + _HALF) / (2 * _HALF) * 2**zoom, (_HALF - y) / (2 * _HALF) * 2**zoom
    return Tile(zoom, min(max(int(column), 0), last), min(max(int(row), 0), last))


class State(NamedTuple):
    """Whole land of one day as one publication tells it; metres of EPSG:3857."""

    statuses: tuple[str, ...]
    tree: shapely.STRtree


class Truth:
    """The land and the events that are right on a day, as was known after a publication."""

    def __init__(self, publications: Sequence[Publication]) -> None:
        self._told = {
            (each.number, day): areas for each in publications for day, areas in each.states.items()
        }
        self._events = {each.number: each.events for each in publications}
        self.newest = max(self._events)
        self.state = lru_cache(maxsize=None)(self._state)
        self.land = lru_cache(maxsize=4096)(self._land)  # of a tile, as told

    def told(self, day: int, known: int) -> Telling:
        """Return which telling holds on a day: the newest one of the day, or of the last day before it."""
        day = min(day, LAST_PUBLIC)
        while day >= 0:
            found = [number for number in range(known, 0, -1) if (number, day) in self._told]
            if found:
                return found[0], day
            day -= 1
        return 0, -1

    def areas(self, day: int, known: int) -> tuple[Area, ...]:
        """Return the areas that hold on a day, in degrees; none before the first one."""
        return self._told.get(self.told(day, known), ())

    @property
    def secret(self) -> list[Telling]:
        """The states that are told already, and too young to be public."""
        return [each for each in self._told if each[1] > LAST_PUBLIC]

    def changed(self, tile: Tile, first: int, last: int, known: int) -> dict[tuple[str, str], BaseGeometry]:
        """Return the land that passed from one status to another between two days, in units of the tile."""
        before, after = (self.land(tile, self.told(day, known)) for day in (first, last))
        pairs = {(was, now): before[was] & after[now] for was in before for now in after if was != now}
        return {pair: polygonal(land) for pair, land in pairs.items() if polygonal(land).area > 0}

    def events(self, first: int, last: int, known: int, *, early: bool = False) -> dict[str, Event]:
        """Return the events of a window, both days in it, by their keys; *early* those too young as well."""
        last = last if early else min(last, LAST_PUBLIC)
        newest = {each.key: each for number in range(1, known + 1) for each in self._events.get(number, ())}
        return {key: each for key, each in newest.items() if first <= each.day <= last}

    def _state(self, told: Telling) -> State:
        areas = self._told.get(told, ())
        shapes = shapely.transform([each.polygon for each in areas], _projected)
        return State(tuple(each.status for each in areas), shapely.STRtree(shapes))

    def _land(self, tile: Tile, told: Telling) -> Land:
        state = self.state(told)
        side = tile.unit_m * EXTENT
        west, north = tile.x * side - _HALF, _HALF - tile.y * side
        box = shapely.box(west, north - side, west + side, north)
        parts: dict[str, list[BaseGeometry]] = {status: [] for status in STATUSES}
        for place in state.tree.query(box, "intersects").tolist():
            parts[state.statuses[place]].append(state.tree.geometries[place] & box)

        def to_units(xy: Xy) -> Xy:
            return np.column_stack([xy[:, 0] - west, north - xy[:, 1]]) * np.float64(EXTENT / side)

        return {
            status: polygonal(shapely.transform(shapely.union_all(own), to_units))
            for status, own in parts.items()
        }


def placed(event: Event, tile: Tile) -> tuple[float, float]:
    """Return where an event lies, in units of a tile; outside of it too."""
    x, y = _projected(np.array([[event.lon, event.lat]]))[0]
    unit = tile.unit_m
    return (x + _HALF) / unit - tile.x * EXTENT, (_HALF - y) / unit - tile.y * EXTENT


def _projected(lonlat: Xy) -> Xy:
    """Degrees to metres of EPSG:3857, on the sphere as it is defined."""
    lon, lat = np.radians(lonlat[:, 0]), np.radians(lonlat[:, 1])
    return np.column_stack([RADIUS * lon, RADIUS * np.log(np.tan(np.pi / 4 + lat / 2))])


def polygonal(shape: BaseGeometry) -> BaseGeometry:
    """Leave out the lines and points in which areas touch."""
    parts = shapely.get_parts(shape)
    return shapely.union_all(parts[shapely.get_dimensions(parts) == 2])

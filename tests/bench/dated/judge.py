"""Whether an answer is right, and what is wrong with it; units are those of a tile, 4096 to its side.

A map shows a tile 512 pixels wide, so eight units are a pixel. Land is right where its edges are at most half
a pixel from the truth on average, and where it has the day that was asked for and no other. The day is told
by the land that differs between two days, drawn in by two units: whose status there is the answer's?
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import mapbox_vector_tile
import shapely
from shapely.geometry.base import BaseGeometry

from tests.bench.dated.oracle import EXTENT, Land, Telling, Tile, Truth, placed, polygonal
from tests.bench.dated.world import EXACTNESS, STATUSES, Event

HALF_A_PIXEL = 4.0  # units
SEEN = 64.0  # square units, a pixel: land of which it can be told whose it is
_NARROW = 2.0  # units, by which such land is drawn in
_SHORTEST = 512.0  # units of border to which an error is spread at least
_TILE = shapely.box(0, 0, EXTENT, EXTENT)


@dataclass(slots=True)
class Verdict:
    """One answer: its faults by kind, and by how much land it is wrong, square units and units of border."""

    faults: Counter[str] = field(default_factory=Counter)
    wrong: float = 0.0
    land: float = 0.0
    border: float = 0.0
    torn: float = 0.0  # gaps between statuses and overlaps of them
    days: frozenset[str] = frozenset()  # "asked" or "other": what land that differs shows

    @property
    def right(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.faults

    @property
    def displaced(self) -> float:
        """By how many units a border lies beside the truth, on average."""
        return self.wrong / max(self.border, _SHORTEST)


@dataclass(frozen=True, slots=True)
class Piece:
    """A feature of a tile: its properties, and its shape in units, beyond the tile's edges too."""

    properties: Mapping[str, Any]
    shape: BaseGeometry


def pieces(body: bytes, layer: str) -> list[Piece]:
    """Return the features of one layer of an uncompressed tile; of an empty one none."""
    if not body:
        return []
    decoded = mapbox_vector_tile.decode(body, default_options={"y_coord_down": True})
    found = decoded.get(layer, {"features": [], "extent": EXTENT})
    scale = EXTENT / found["extent"]
    shapes = [shapely.make_valid(shapely.geometry.shape(each["geometry"])) for each in found["features"]]
    if scale != 1:
        shapes = [shapely.transform(each, lambda xy: xy * scale) for each in shapes]
    return [Piece(each["properties"], shape) for each, shape in zip(found["features"], shapes, strict=True)]


def land_of(found: Iterable[Piece]) -> Land:
    """Return who holds what within the tile, by what is drawn."""
    parts: dict[str, list[BaseGeometry]] = {status: [] for status in STATUSES}
    for each in found:
        parts.setdefault(str(each.properties.get("status")), []).append(each.shape)
    return {status: polygonal(shapely.union_all(own) & _TILE) for status, own in parts.items()}


@lru_cache(maxsize=8192)
def difference(truth: Truth, tile: Tile, asked: Telling, other: Telling) -> Land | None:
    """Return the land whose status two states tell otherwise, by its status in the first; None if unseen."""
    if asked == other:
        return None
    mine, theirs = truth.land(tile, asked), truth.land(tile, other)
    found: Land = {status: polygonal(mine[status] - theirs[status]).buffer(-_NARROW) for status in STATUSES}
    return found if sum(each.area for each in found.values()) >= SEEN else None


def shown(truth: Truth, tile: Tile, drawn: Land, asked: Telling, other: Telling) -> str:
    """Tell whether a drawn tile shows "asked", "other" or "neither"; "" where they cannot be told apart."""
    mine, theirs = difference(truth, tile, asked, other), difference(truth, tile, other, asked)
    if mine is None or theirs is None:
        return ""
    for name, land in (("asked", mine), ("other", theirs)):
        same = sum((drawn[status] & own).area for status, own in land.items())
        if same > 0.6 * sum(each.area for each in land.values()):
            return name
    return "neither"


def judge_land(truth: Truth, tile: Tile, drawn: Land, asked: Telling, others: Sequence[Telling]) -> Verdict:
    """Hold a drawn state to the one that was asked for, and see that it is none of the *others*."""
    expected = truth.land(tile, asked)
    verdict = _compared(drawn, expected)
    verdict.wrong /= 2  # land of a wrong status is missing from one, and too much in another
    days = [shown(truth, tile, drawn, asked, each) for each in others]
    verdict.days = frozenset(each for each in days if each)
    if verdict.displaced > HALF_A_PIXEL:
        verdict.faults["wrong land"] += 1
    if verdict.days & {"other", "neither"}:
        verdict.faults["wrong date"] += 1
    return verdict


def judge_change(found: Iterable[Piece], expected: Mapping[tuple[str, str], BaseGeometry]) -> Verdict:
    """Hold a tile of what passed from one status to another to the truth."""
    parts: dict[tuple[str, str], list[BaseGeometry]] = {pair: [] for pair in expected}
    for each in found:
        if each.shape.area and {"was", "is"} <= set(each.properties):
            pair = str(each.properties["was"]), str(each.properties["is"])
            parts.setdefault(pair, []).append(each.shape)
    drawn = {pair: polygonal(shapely.union_all(own) & _TILE) for pair, own in parts.items()}
    verdict = _compared(drawn, expected)
    verdict.torn = 0.0  # land that did not change lies between what did
    if verdict.displaced > HALF_A_PIXEL:
        verdict.faults["wrong land"] += 1
    return verdict


def judge_events(
    found: Iterable[Piece], tile: Tile, expected: Mapping[str, Event], public: Mapping[str, Event]
) -> Verdict:
    """Hold a window to the events that were public in it; what lies within its place's square is right.

    *public* are all that may be shown on any day: what is none of them came out too early.
    """
    verdict, keys = Verdict(), set[str]()
    for each in found:
        key = str(each.properties.get("event"))
        ((x, y),) = shapely.get_coordinates(each.shape).tolist()
        if not (0 <= x < EXTENT and 0 <= y < EXTENT):
            continue
        event = expected.get(key)
        if event is None:
            verdict.faults["extra event" if key in public else "too early"] += 1
        elif not _near(event, tile, x, y):
            verdict.faults["misplaced event"] += 1
        elif not _told_as(each.properties, event):
            verdict.faults["wrong telling"] += 1
        verdict.faults["event twice"] += key in keys
        keys.add(key)
    missing = [each for each in expected.values() if each.key not in keys and _well_inside(each, tile)]
    verdict.faults["missing event"] += len(missing)
    verdict.faults = +verdict.faults
    return verdict


def seam(left: Land, right: Land, *, downwards: bool = False) -> float:
    """Return for how many units of the edge that two drawn tiles share they tell two statuses.

    *left* is the western or, *downwards*, the northern one; both with what lies beyond their edges.
    """
    ends = (EXTENT, 0)
    lines = [
        shapely.LineString([(0, at), (EXTENT, at)] if downwards else [(at, 0), (at, EXTENT)]) for at in ends
    ]
    off = 0.0
    for status in STATUSES:
        one, other = left[status] & lines[0], right[status] & lines[1]
        moved = shapely.transform(one, lambda xy: xy - ([0, EXTENT] if downwards else [EXTENT, 0]))
        off += (moved ^ other).length
    return off / 2  # what one calls this and the other that is counted twice


def drawn_beyond(found: Iterable[Piece]) -> Land:
    """Return who holds what, the buffer beyond the tile's edges included."""
    parts: dict[str, list[BaseGeometry]] = {status: [] for status in STATUSES}
    for each in found:
        parts.setdefault(str(each.properties.get("status")), []).append(each.shape)
    return {status: polygonal(shapely.union_all(own)) for status, own in parts.items()}


def _compared(drawn: Mapping[Any, BaseGeometry], expected: Mapping[Any, BaseGeometry]) -> Verdict:
    empty = shapely.Polygon()
    wrong = sum((drawn.get(key, empty) ^ expected.get(key, empty)).area for key in {*drawn, *expected})
    whole, covered = shapely.union_all(list(expected.values())), shapely.union_all(list(drawn.values()))
    overlaps = sum(each.area for each in drawn.values()) - covered.area
    edges = shapely.union_all([each.boundary for each in expected.values()]) - _TILE.boundary.buffer(0.5)
    return Verdict(
        wrong=wrong,
        land=whole.area,
        border=edges.length,
        torn=(whole - covered).area + overlaps,
    )


def _told_as(properties: Mapping[str, Any], event: Event) -> bool:
    same = properties.get("text") == event.text and properties.get("kind") == event.kind
    return same and json.loads(properties.get("sources") or "[]") == json.loads(event.sources)


def _near(event: Event, tile: Tile, x: float, y: float) -> bool:
    """Whether a point is within the square that its class of exactness has, and the rounding of a tile."""
    right, down = placed(event, tile)
    metres = EXACTNESS[event.exactness] * 2  # of EPSG:3857, at most at these latitudes
    return max(abs(x - right), abs(y - down)) <= 1.5 + metres / 2 / tile.unit_m


def _well_inside(event: Event, tile: Tile) -> bool:
    right, down = placed(event, tile)
    room = 1.5 + EXACTNESS[event.exactness] * 2 / tile.unit_m
    return room <= right <= EXTENT - room and room <= down <= EXTENT - room

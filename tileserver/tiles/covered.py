"""Addresses of the tiles that boxes meet: where a tileset has, or ever had, anything at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np

from tileserver.grid import BUFFER, EXTENT, WORLD_UNITS, BoundsLonLat, TileAddress, address_at
from tileserver.model import Integers
from tileserver.store.index import Rows
from tileserver.tiles.tileset import Tileset

# Edges ``west, north, east, south`` in world units, shape (n,) each.
Boxes: TypeAlias = Rows | Mapping[str, Integers]


def covered(tileset: Tileset, zoom: int, bounds: BoundsLonLat | None = None) -> list[TileAddress]:
    """Return the addresses at *zoom* where *tileset* has anything in any revision, and that touch *bounds*.

    Ascending by column, then row. Of what is public, and of what is not: an address says nothing.
    """
    boxes: list[Boxes] = []
    for index in tileset.indexes:
        boxes.append(index.at_zoom(zoom) if index.events is None else index.events.boxes())
    return met_by(boxes, zoom, bounds)


def places_met_by(
    boxes: Sequence[Boxes], zoom: int, bounds: BoundsLonLat | None = None
) -> tuple[Integers, Integers]:
    """Return columns and rows of the same tiles as `met_by`, in the same order."""
    there = (
        np.unique(np.concatenate([_met(each, zoom) for each in boxes])) if boxes else np.empty(0, np.int64)
    )
    x, y = there >> zoom, there & ((1 << zoom) - 1)
    if bounds is not None:
        first = address_at(bounds.west, bounds.north, zoom)
        last = address_at(bounds.east, bounds.south, zoom)
        inside = (first.x <= x) & (x <= last.x) & (first.y <= y) & (y <= last.y)
        x, y = x[inside], y[inside]
    return x, y


def met_by(boxes: Sequence[Boxes], zoom: int, bounds: BoundsLonLat | None = None) -> list[TileAddress]:
    """Return the addresses at *zoom* whose buffered square meets any of *boxes*, and that touch *bounds*."""
    x, y = places_met_by(boxes, zoom, bounds)
    return [TileAddress(zoom, *place) for place in zip(x.tolist(), y.tolist(), strict=True)]


def _met(rows: Boxes, zoom: int) -> Integers:
    """Return the tiles at *zoom* whose buffered square meets a box of *rows*: column << zoom | row."""
    side = WORLD_UNITS / (1 << zoom)
    margin = side * BUFFER / EXTENT
    top = (1 << zoom) - 1

    def number(edge: str, offset: float) -> Integers:
        return np.clip(np.floor((rows[edge] + offset) / side), 0, top).astype(np.int64)

    boxes = [number(*each) for each in (("west", -margin), ("east", margin))]
    boxes += [number(*each) for each in (("north", -margin), ("south", margin))]
    west, east, north, south = np.unique(np.column_stack(boxes), axis=0).T
    high = south - north + 1
    tiles = (east - west + 1) * high
    box = np.repeat(np.arange(len(tiles)), tiles)
    within = np.arange(len(box)) - np.repeat(np.cumsum(tiles) - tiles, tiles)
    places: Integers = ((west[box] + within // high[box]) << zoom) + north[box] + within % high[box]
    return np.unique(places)

"""Limits of a tileset: columns and rows of the tiles that touch its bounds, by zoom."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from tileserver.grid import TileAddress, address_at

_NORTHERNMOST = 85.0511287  # degrees: a little inside of the matrix


@dataclass(frozen=True, slots=True)
class TileLimits:
    """Columns and rows of one zoom, all inclusive."""

    min_x: int
    min_y: int
    max_x: int
    max_y: int

    def __contains__(self, address: TileAddress) -> bool:
        return self.min_x <= address.x <= self.max_x and self.min_y <= address.y <= self.max_y


@lru_cache(4096)
def limits_of(bounds: tuple[float, float, float, float], zoom: int) -> TileLimits:
    """Return the limits at *zoom* of *bounds*: west, south, east, north in degrees."""
    west, south, east, north = bounds
    first = address_at(west, min(north, _NORTHERNMOST), zoom)
    last = address_at(east, max(south, -_NORTHERNMOST), zoom)
    return TileLimits(first.x, first.y, last.x, last.y)

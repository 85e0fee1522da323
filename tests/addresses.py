"""Every tile address of a box."""

from __future__ import annotations

import mercantile

from tileserver.grid import BoundsLonLat, TileAddress


def addresses_in(bounds: BoundsLonLat, zoom: int) -> list[TileAddress]:
    """Return the addresses at *zoom* that touch *bounds*, row by row within each column."""
    found = mercantile.tiles(bounds.west, bounds.south, bounds.east, bounds.north, [zoom])
    return sorted(TileAddress(zoom, tile.x, tile.y) for tile in found)

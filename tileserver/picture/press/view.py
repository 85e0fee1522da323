"""A view: the part of the world in a picture, and where tiles and places stand there; in pixels, y down."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from tileserver.grid import EXTENT, TileAddress

SIDE = 512.0  # pixels of the world at zoom 0, as the page's map has it
_EQUATOR_M = 40_075_016.686  # on the sphere of EPSG:3857
_NORTHMOST = 85.0511287798066


class Camera(msgspec.Struct, frozen=True):
    """The middle of a view in degrees, and its zoom as the page counts zooms, fractions allowed."""

    zoom: float
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Placing:
    """Where a tile stands in a picture: pixels of its north-western corner, and pixels of a tile unit."""

    left: float
    top: float
    unit: float


@dataclass(frozen=True, slots=True)
class View:
    """The world through *camera* in a picture of so many pixels."""

    camera: Camera
    width: int
    height: int

    @property
    def world(self) -> float:
        """The side of the whole world, in pixels."""
        return SIDE * float(2**self.camera.zoom)

    def at(self, lon: float, lat: float) -> tuple[float, float]:
        """Return the pixel of a place."""
        x, y = _unit_square(lon, lat)
        left, top = self._corner
        return x * self.world - left, y * self.world - top

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Return the place of a pixel: longitude and latitude in degrees."""
        left, top = self._corner
        northing = math.pi * (1 - 2 * (y + top) / self.world)
        return (x + left) / self.world * 360 - 180, math.degrees(math.atan(math.sinh(northing)))

    def placing(self, address: TileAddress) -> Placing:
        """Return where a tile stands."""
        side = self.world / float(1 << address.z)
        left, top = self._corner
        return Placing(address.x * side - left, address.y * side - top, side / EXTENT)

    def tiles(self, low: int, high: int) -> Iterator[TileAddress]:
        """Yield every tile in the view, of the zoom that the page takes from a source of *low* to *high*."""
        z = max(low, min(math.floor(self.camera.zoom), high))
        side = self.world / float(1 << z)
        left, top = self._corner
        last = (1 << z) - 1
        west, east = math.floor(left / side), math.ceil((left + self.width) / side)
        north, south = math.floor(top / side), math.ceil((top + self.height) / side)
        for y in range(max(0, north), min(last + 1, south)):
            for x in range(max(0, west), min(last + 1, east)):
                yield TileAddress(z, x, y)

    def lattice(self, side: float) -> tuple[float, float, float]:
        """Return where a pattern of *side* pixels begins to repeat, and by how much a view enlarges patterns.

        As on the page, which lays patterns from the corner of the world on, as large as they are at the whole
        zoom before this one.
        """
        times = float(2 ** (self.camera.zoom % 1))
        left, top = self._corner
        return -left % (side * times), -top % (side * times), times

    @property
    def metres(self) -> float:
        """The metres on the ground of a pixel in the middle."""
        return _EQUATOR_M * math.cos(math.radians(self.camera.lat)) / self.world

    @property
    def _corner(self) -> tuple[float, float]:
        x, y = _unit_square(self.camera.lon, self.camera.lat)
        return x * self.world - self.width / 2, y * self.world - self.height / 2


def _unit_square(lon: float, lat: float) -> tuple[float, float]:
    """Return a place in Web Mercator as shares of the world, from the north-western corner."""
    sine = math.sin(math.radians(max(-_NORTHMOST, min(_NORTHMOST, lat))))
    return (lon + 180) / 360, 0.5 - math.log((1 + sine) / (1 - sine)) / (4 * math.pi)

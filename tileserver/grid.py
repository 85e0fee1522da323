"""Tile addresses in WebMercatorQuad, and the metres of EPSG:3857; the only user of mercantile."""

from __future__ import annotations

import re
from dataclasses import dataclass

import mercantile

from tileserver.errors import AddressOutside, BadParameter
from tileserver.numerals import whole_number

EXTENT = 4096  # side of a tile, in tile units (MVT 2.1, 4.1)
BUFFER = 64  # strip kept beyond each side, in tile units
MAX_ZOOM = 24
UNIT_ZOOM = 14  # the zoom whose tile units are the *world units*
WORLD_UNITS = EXTENT << UNIT_ZOOM  # world units around the world, from the north-western corner
WORLD = 20037508.342789244  # half the circumference of the sphere of EPSG:3857, metres

# No plus, no leading zero, no underscore, ASCII only: one address has one spelling. A whole number may be
# negative or of any length, and is then outside the matrix.
_NUMBER = re.compile(r"(?:0|-?[1-9][0-9]*)\Z")
_LONGEST = 8  # digits of the greatest column, 2^24 - 1


@dataclass(frozen=True, slots=True)
class Bounds:
    """West, south, east, north in metres of EPSG:3857."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True)
class BoundsLonLat:
    """West, south, east, north in degrees."""

    west: float
    south: float
    east: float
    north: float

    def contains(self, lon: float, lat: float) -> bool:
        """Whether the point lies inside or on the edge."""
        return self.west <= lon <= self.east and self.south <= lat <= self.north


@dataclass(frozen=True, slots=True, order=True)
class TileAddress:
    """Zoom, column, row from the north-west; always in this order."""

    z: int
    x: int
    y: int

    def __post_init__(self) -> None:
        if not 0 <= self.z <= MAX_ZOOM:
            raise AddressOutside(f"zoom {self.z} is outside the tile matrix, which has zooms 0-{MAX_ZOOM}")
        side = 1 << self.z
        if not (0 <= self.x < side and 0 <= self.y < side):
            raise AddressOutside(
                f"{self.z}/{self.x}/{self.y} is outside the tile matrix: zoom {self.z} has 0-{side - 1}"
            )

    def __str__(self) -> str:
        return f"{self.z}/{self.x}/{self.y}"

    def above(self, zooms: int) -> TileAddress:
        """Return the tile around the tile, so many *zooms* above."""
        return TileAddress(self.z - zooms, self.x >> zooms, self.y >> zooms)

    @property
    def bounds(self) -> Bounds:
        """Bounds without buffer, in metres."""
        box = mercantile.xy_bounds(self.x, self.y, self.z)
        return Bounds(box.left, box.bottom, box.right, box.top)


@dataclass(frozen=True, slots=True)
class Band:
    """Zooms that share one generalisation: from *lowest* to the next band's, or for ever.

    Coordinates are whole tile units of the lowest zoom, so no zoom of the band rounds them again, and what
    meets in the band meets in the tile. Each cell, a tile of ``cell_zoom``, is generalised by itself; where
    one area has a whole tile some zooms *above* that, it is one cell.
    """

    lowest: int
    cell_zoom: int

    @property
    def unit_m(self) -> float:
        """The side of the band's grid, in metres of EPSG:3857."""
        return tile_unit_m(self.lowest)

    def cell(self, x: int, y: int, above: int = 0) -> int:
        """Return the number of the cell at column *x* and row *y* of the zoom so many above ``cell_zoom``.

        A larger cell has the number of the one in its north-western corner, with *above* in the bits that no
        number of a cell fills.
        """
        return (above << 2 * self.cell_zoom) + (x << above << self.cell_zoom) + (y << above)

    def cell_address(self, cell: int) -> TileAddress:
        """Return the tile that the cell of that number is."""
        above, place = divmod(cell, 1 << 2 * self.cell_zoom)
        x, y = divmod(place, 1 << self.cell_zoom)
        return TileAddress(self.cell_zoom - above, x >> above, y >> above)


# Two zooms a band: at the upper one the grid is a quarter of a display pixel. Cells small enough that a
# change rewrites little, large enough that their own edges weigh little: chosen on the real archive.
BANDS = (Band(0, 6), Band(3, 8), Band(5, 9), Band(7, 10), Band(9, 11), Band(11, 12), Band(13, 12))


BAND_BY_ZOOM = tuple(
    next(band for band in reversed(BANDS) if band.lowest <= zoom) for zoom in range(MAX_ZOOM + 1)
)


def band_at(zoom: int) -> Band:
    """Return the band that *zoom* is drawn from."""
    return BAND_BY_ZOOM[zoom]


def parse_address(z: str, x: str, y: str) -> TileAddress:
    """Parse three path segments; each number has exactly one spelling.

    Raises `BadParameter` for what is no whole number, and `AddressOutside` for whole numbers that no tile
    has, however large or negative.
    """
    for text in (z, x, y):
        if not _NUMBER.match(text):
            raise BadParameter(f"{text[:20]!r} is no whole number; a tile address is z/x/y, such as 8/154/88")
    for text in (z, x, y):
        if len(text) > _LONGEST:
            raise AddressOutside(f"{text[:20]} is outside the tile matrix, which has zooms 0-{MAX_ZOOM}")
    return TileAddress(int(z), int(x), int(y))


def parse_address_text(text: str) -> TileAddress:
    """Parse ``z/x/y``."""
    parts = text.split("/")
    if len(parts) != 3:
        raise BadParameter(f"{text[:40]!r} is no tile address; write z/x/y, such as 8/154/88")
    return parse_address(*parts)


def address_at(lon: float, lat: float, zoom: int) -> TileAddress:
    """Return the address of the tile at *zoom* that holds the point, in degrees."""
    tile = mercantile.tile(lon, lat, zoom)
    return TileAddress(zoom, tile.x, tile.y)


def tile_unit_m(zoom: int) -> float:
    """Return the side of one tile unit at *zoom*, in metres of EPSG:3857."""
    return 2 * WORLD / ((1 << zoom) * EXTENT)


def zooms_within(text: str, there: tuple[int, int]) -> tuple[int, ...]:
    """Return the zooms of *text* (``0-12`` or ``8``) that are within *there*, lowest and highest.

    Raises `BadParameter` for any other text, and for zooms that no tile has.
    """
    first, dash, last = text.partition("-")
    low, high = whole_number(first, MAX_ZOOM), whole_number(last if dash else first, MAX_ZOOM)
    if low is None or high is None or low > high:
        raise BadParameter(f"zooms {text[:20]!r} are no zooms; write 0-12 or 8")
    return tuple(range(max(low, there[0]), min(high, there[1]) + 1))

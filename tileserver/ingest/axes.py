"""Order of axes in a file, longitude or latitude first: decided once, from the whole file.

A feature by itself cannot tell: a neighbour's longitude can be a latitude of the theatre. So every geometry
of the file is held against the bounds, in both orders, before the first one is used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from shapely.geometry.base import BaseGeometry

from tileserver.errors import UnreadableSource
from tileserver.grid import BoundsLonLat

Axes: TypeAlias = Literal["lonlat", "latlon"]
Fit: TypeAlias = Literal["lonlat", "both", "near", "far", "neither"]

STRAYS = 0.05  # share of a file's features that may be strays against all the others
_NAMED = 3  # rows that a refusal names
FAR = 3.0  # degrees outside the bounds from which swapped axes are likelier than a place nearby


@dataclass(frozen=True, slots=True)
class Tally:
    """How many features lie in the bounds as written, in either order, only swapped, or in neither."""

    lonlat: int
    both: int
    near: int  # only swapped; as written it lies not far from the bounds
    far: int  # only swapped; as written it lies far off
    neither: int
    swapped_at: tuple[int, ...] = ()  # the first features that lie in the bounds only swapped, from 1

    @property
    def swapped(self) -> int:
        """Features that lie in the bounds only with their axes swapped."""
        return self.near + self.far

    @property
    def strays(self) -> float:
        """How many features may stand against all the others."""
        return STRAYS * (self.lonlat + self.both + self.swapped)


def tally(shapes: Iterable[BaseGeometry | None], bounds: BoundsLonLat) -> Tally:
    """Count how *shapes* lie to *bounds*, in degrees, as written and swapped; no shape is kept.

    A feature without a shape is none of them.
    """
    counts: Counter[Fit] = Counter()
    swapped: list[int] = []
    for number, shape in enumerate(shapes, 1):
        if shape is None:
            continue
        fit = _fit(shape, bounds)
        counts[fit] += 1
        if fit in ("near", "far") and len(swapped) < _NAMED:
            swapped.append(number)
    return Tally(
        counts["lonlat"], counts["both"], counts["near"], counts["far"], counts["neither"], tuple(swapped)
    )


def decide(found: Tally, origin: str, *, is_latlon_system: bool = False) -> Axes:
    """Return the order of axes of the whole file; `UnreadableSource` where no one order holds.

    Longitude first is what RFC 7946 says, so it holds where either order fits, where neither does, and
    where a few strays alone would fit the other way. Latitude first is found where hardly anything fits
    otherwise and most lies far off as written, or *is_latlon_system*: the file names a reference system
    whose own order is that. Anything between is for the desk to say.
    """
    if found.far <= found.strays and found.near <= found.lonlat:
        return "lonlat"
    sure = is_latlon_system or found.far >= found.swapped / 2
    alone = found.lonlat <= found.strays and found.neither <= STRAYS * (found.swapped + found.both)
    if sure and alone:
        return "latlon"
    raise UnreadableSource(
        f"{origin}: {found.swapped:,} features lie in the theatre only as latitude, longitude,"
        f" as row {', '.join(map(str, found.swapped_at))},"
        f" {found.lonlat:,} only as longitude, latitude, {found.both:,} either way,"
        f" {found.neither:,} neither way;"
        " nothing is imported, for one order has to hold for the whole file: say which with"
        " --axes latlon or --axes lonlat, in a mapping ([geometry] axes), or in the layer's definition"
    )


def _fit(shape: BaseGeometry, bounds: BoundsLonLat) -> Fit:
    west, south, east, north = shape.bounds
    as_written = (
        west <= bounds.east and east >= bounds.west and south <= bounds.north and north >= bounds.south
    )
    swapped = bounds.contains(south, west) and bounds.contains(north, east)
    if as_written:
        return "both" if swapped else "lonlat"
    if not swapped:
        return "neither"
    off = max(bounds.west - east, west - bounds.east, bounds.south - north, south - bounds.north)
    return "far" if off > FAR else "near"

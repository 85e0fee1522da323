"""Holders of land that changed hands, and movement told apart from another drawing of a line.

A status says who holds what has it. What no area covers is held by whose land it is, as in the front line:
uncovered land that is nowhere twice the margin wide is two outlines of one coast or border, and nobody moved
where such a strip comes or goes; nor where areas and what is no side's land, a sea say, trade ground.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import shapely
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry

from tileserver.shape.compare import NO_STATUS, Piece
from tileserver.shape.ground import Ground
from tileserver.shape.measure import area_km2, polygons_in

# From hand to hand; from unmarked land to contested land or back, which says that somebody doubts and not
# that anybody came; along a coast or border that is drawn anew; slivers, as in a comparison.
Kind: TypeAlias = Literal["movement", "marked", "outline", "sliver"]
KINDS: tuple[Kind, ...] = ("movement", "marked", "outline", "sliver")

NOBODY = ""  # who holds what is contested
NOWHERE = None  # no side's land: a sea, another country, what a status says is beyond the theatre
Holder: TypeAlias = str | None

# The land that any area covers within a box of EPSG:3857, before the change or after it.
Covered: TypeAlias = Callable[[bool, BaseGeometry], BaseGeometry]

_AROUND = 4  # margins of land that are looked at around a strip; its own width cannot be told from less


class Transfer(NamedTuple):
    """Land that passed from one holder to another, a geometry of polygons in EPSG:3857, of *km2*."""

    kind: Kind
    before: Holder
    after: Holder
    shape: BaseGeometry
    km2: float
    statuses: tuple[str, str]  # before and after; '' is no status


@dataclass(frozen=True, slots=True)
class Holders:
    """Holder of each status, and the ground held where no area covers any; ``None``: nobody knows."""

    by_status: Mapping[str, Holder]
    ground: Ground | None


def transfers(pieces: Sequence[Piece], holders: Holders, covered: Covered) -> Iterator[Transfer]:
    """Yield the land of *pieces*, EPSG:3857, that passed from holder to holder; no km2 is lost.

    Land that passed between two statuses of one holder, or from a status to uncovered land of the same
    holder, passed to nobody, and is left out.
    """
    for piece in pieces:
        uncovered = NO_STATUS in (piece.before, piece.after)
        for holder, outline, shape, km2 in _divided(piece, holders, covered) if uncovered else _whole(piece):
            before = holder if piece.before == NO_STATUS else holders.by_status[piece.before]
            after = holder if piece.after == NO_STATUS else holders.by_status[piece.after]
            if before != after:
                redrawn = outline or NOWHERE in (before, after)
                marked = uncovered and holders.ground is not None and NOBODY in (before, after)
                kind: Kind = "outline" if redrawn else "marked" if marked else "movement"
                statuses = piece.before, piece.after
                yield Transfer("sliver" if piece.sliver else kind, before, after, shape, km2, statuses)


_Part: TypeAlias = tuple[
    Holder, bool, BaseGeometry, float
]  # holder if uncovered, is it an outline's, land, km2


def _whole(piece: Piece) -> Iterator[_Part]:
    yield NOBODY, False, piece.polygon, piece.km2


def _divided(piece: Piece, holders: Holders, covered: Covered) -> Iterator[_Part]:
    """Yield the parts of *piece*, which was or is uncovered, by the side whose land has the part."""
    where = holders.ground
    if where is None:
        yield from _whole(piece)
        return
    parts = list(_by_land(piece.polygon, where, whole=piece.sliver))
    areas = [piece.km2] if len(parts) == 1 else [area_km2(shape) for _, shape in parts]
    total = sum(areas)
    for (holder, shape), area in zip(parts, areas, strict=True):
        outline = (
            holder is not NOWHERE and not piece.sliver and _is_strip(shape, holder, piece, where, covered)
        )
        yield holder, outline, shape, piece.km2 * area / total if total else 0.0


def _by_land(shape: BaseGeometry, where: Ground, *, whole: bool) -> Iterator[tuple[Holder, BaseGeometry]]:
    """Yield the parts of *shape* by the side whose land has the part; a *whole* shape goes by a point."""
    rest, asked = shape, shapely.point_on_surface(shape) if whole else shape
    for side, land in where.lands.items():
        if shapely.contains(land, asked):
            yield side, rest
            return
        if not whole and shapely.intersects(land, rest):
            own = MultiPolygon(list(polygons_in(shapely.intersection(rest, land))))
            rest = MultiPolygon(list(polygons_in(shapely.difference(rest, land))))
            if not own.is_empty:
                yield side, own
    if not rest.is_empty:
        yield NOWHERE, rest


def _is_strip(shape: BaseGeometry, side: str, piece: Piece, where: Ground, covered: Covered) -> bool:
    """Whether *shape*, in the land of *side*, lies in a strip along its outline too narrow to be held.

    Looked at in the state in which it was uncovered.
    """
    corners = shapely.points(shapely.get_coordinates(shape))
    _, far = where.outlines[side].query_nearest(corners, all_matches=False, return_distance=True)
    if np.max(far) > 2 * where.margin:
        return False
    west, south, east, north = shapely.bounds(shape)
    more = _AROUND * where.margin
    box = shapely.box(west - more, south - more, east + more, north + more)
    free = shapely.difference(
        shapely.intersection(where.lands[side], box), covered(piece.before == NO_STATUS, box)
    )
    wide = shapely.buffer(shapely.buffer(free, -where.margin, quad_segs=2), where.margin, quad_segs=2)
    return bool(shapely.area(shapely.intersection(shape, wide)) < shapely.area(shape) / 2)

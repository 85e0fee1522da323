"""Measures region by region; land in no region goes under ``None``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple, TypeAlias

import shapely

from tileserver.model import Moment
from tileserver.publish.measures import Km2, Series, daily, measured_layer
from tileserver.shape.regions import Nearby, Regions
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection
from tileserver.store.measures import MeasuredFace, load_measured_faces, load_polygons
from tileserver.tiles.tileset import Tileset
from tileserver.times import TICK, day_period, from_micros

Region: TypeAlias = str | None


class Share(NamedTuple):
    """The km2 of a face that lie in a region."""

    face: MeasuredFace
    region: Region
    km2: float


async def load_areas_by_region(
    connection: Connection, stored: StoredLayer, moment: Moment, regions: Regions
) -> dict[Region, dict[str, float]]:
    """Return the km2 of each status in each region, and in none, at *moment*."""
    found: dict[Region, defaultdict[str, float]]
    found = {region: defaultdict(float) for region in (*regions.names, None)}
    at = from_micros(moment.at)
    for face, region, km2 in await _shares(connection, stored, moment.revision, at, at, regions):
        found[region][face.status] += km2
    return {region: dict(sorted(own.items())) for region, own in found.items()}


def summed(found: Mapping[Region, Mapping[str, float]]) -> dict[str, float]:
    """Return the km2 of each status in all regions and in none, ascending by status."""
    whole: defaultdict[str, float] = defaultdict(float)
    for own in found.values():
        for status, km2 in own.items():
            whole[status] += km2
    return dict(sorted(whole.items()))


async def load_series_by_region(
    connection: Connection, tileset: Tileset, revision: int, series: Series, regions: Regions
) -> dict[Region, Km2]:
    """Return the km2 of *series*, the whole of the measured layer, region by region.

    Each face is cut once, however many days it lasts.
    """
    stored = measured_layer(tileset).stored
    nets: dict[Region, defaultdict[str, defaultdict[datetime, float]]]
    nets = {region: defaultdict(lambda: defaultdict(float)) for region in (*regions.names, None)}
    if series.days:
        first = day_period(series.days[0], tileset.zone).start
        end = day_period(series.days[-1], tileset.zone).end
        assert first is not None
        assert end is not None
        for face, region, km2 in await _shares(connection, stored, revision, first, end - TICK, regions):
            own = nets[region][face.status]
            own[face.start] += km2
            if face.end is not None:
                own[face.end] -= km2
    return {
        region: daily({status: _running(own) for status, own in by_status.items()}, series.days, tileset)
        for region, by_status in nets.items()
    }


def _running(net: Mapping[datetime, float]) -> list[tuple[datetime, float]]:
    km2 = 0.0
    return [(at, km2 := km2 + net[at]) for at in sorted(net)]


async def _shares(
    connection: Connection,
    stored: StoredLayer,
    revision: int,
    first: datetime,
    last: datetime,
    regions: Regions,
) -> Iterator[Share]:
    """Return the shares of each face that holds at some time from *first* to *last*.

    Polygons are read of those cells alone that the edge of a region crosses.
    """
    faces = await load_measured_faces(connection, stored, revision, first, last)
    band = stored.layer.bands[-1]
    boxes = {face.cell: band.cell_address(face.cell).bounds for face in faces}
    nearby = {cell: regions.near(box.west, box.south, box.east, box.north) for cell, box in boxes.items()}
    crossed = [cell for cell, near in nearby.items() if not near.whole]
    polygons = await load_polygons(connection, stored, revision, first, last, crossed)
    return _divided(faces, nearby, polygons)


def _divided(
    faces: Iterable[MeasuredFace], nearby: Mapping[int, Nearby], polygons: Mapping[tuple[int, bytes], bytes]
) -> Iterator[Share]:
    known: dict[tuple[int, bytes], dict[Region, float]] = {}  # a face may hold in several periods
    for face in faces:
        near, key = nearby[face.cell], (face.cell, face.feature_hash)
        if near.whole:
            yield Share(face, near.names[0], face.km2)
            continue
        if key not in known:
            known[key] = near.shares(shapely.from_wkb(polygons[key]), face.km2)
        for region, km2 in known[key].items():
            yield Share(face, region, km2)

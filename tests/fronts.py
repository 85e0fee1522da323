"""Fronts of real days: ours, derived from the areas of one publisher, and the line that another one drew."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from tests.conftest import ARCHIVE, DATA
from tileserver.desk.draw import front_ground, side_areas
from tileserver.desk.prepare import Preparer
from tileserver.ingest import ReadOptions, Report
from tileserver.ingest.deepstate import published, read
from tileserver.shape.frontline import Fronts
from tileserver.shape.project import to_mercator
from tileserver.theatres import load_theatre

OTHERS = DATA / "control" / "uacontrolmap_areas_20221207_20241231.tar.xz"
KYIV = ZoneInfo("Europe/Kyiv")
STRETCH = 1.5  # projected metres to a true one at 48 degrees


def our_fronts(days: Iterable[str], folder: Path) -> dict[str, dict[str, BaseGeometry]]:
    """Return by day and side the front at the end of the local day, EPSG:3857."""
    theatre = load_theatre("ukraine")
    layer, fronts = theatre.layer("control"), Fronts(front_ground(theatre, theatre.layer("frontline")))
    found = {}
    with tarfile.open(ARCHIVE) as tar:
        members = {at: each for each in tar if (at := published(each.name))}
        wanted = {day: max(at for at in members if at < _end(day)) for day in days}
        for day, at in sorted(wanted.items(), key=lambda item: item[1]):
            path = folder / f"{int(at.timestamp())}.geojson"
            path.write_bytes(tar.extractfile(members[at]).read())  # type: ignore[union-attr]
            report = Report()
            preparer = Preparer(theatre, layer, report)
            (snapshot,) = read(path, theatre, layer, ReadOptions(), report)
            contents = [content for each in snapshot.features if (content := preparer.prepare(each))]
            found[day] = fronts.lines(side_areas(layer, contents))
    return found


def their_fronts(days: Iterable[str]) -> dict[str, BaseGeometry | None]:
    """Return by day the line that the other publisher drew, EPSG:3857; none before May 2023."""
    wanted = {f"{day.replace('-', '')}.json": day for day in days}
    found: dict[str, BaseGeometry | None] = {}
    with tarfile.open(OTHERS) as tar:
        for member in tar:
            day = wanted.get(member.name.rpartition("/")[2])
            if day:
                line = json.load(tar.extractfile(member))["frontline"]  # type: ignore[arg-type]
                found[day] = shapely.LineString(to_mercator(np.array(line)[:, ::-1])) if line else None
    return found


def shares(line: BaseGeometry, other: BaseGeometry, kilometres: Iterable[float]) -> list[float]:
    """Return the share of *line* that lies within so many true kilometres of *other*."""
    return [
        shapely.intersection(line, shapely.buffer(other, km * 1000 * STRETCH)).length / line.length
        for km in kilometres
    ]


def far_stretches(line: BaseGeometry, other: BaseGeometry, km: float) -> list[BaseGeometry]:
    """Return what of *line* is farther than *km* from *other*, the longest first."""
    rest = shapely.difference(line, shapely.buffer(other, km * 1000 * STRETCH))
    parts = shapely.get_parts(shapely.line_merge(rest) if rest.geom_type == "MultiLineString" else rest)
    return sorted(parts, key=lambda part: -part.length)


def _end(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day) + timedelta(days=1), datetime.min.time(), KYIV)

"""An invented archive and events in the formats that `ukraine` reads: the same seed, the same bytes.

The archive is a front that wobbles: vertex by vertex a line from north to south, its longitude a rough
curve that never folds back, so every area is valid. East of it lies occupied land, west of it a liberated
strip that shares its vertices; both are cut across into sectors, as the publishers do, and a day's change
touches the areas of a few. Enclaves of unknown status lie behind it. Nothing in it is real.
"""

from __future__ import annotations

import csv
import io
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

Degrees: TypeAlias = npt.NDArray[np.float64]

NORTH, SOUTH = 50.0, 46.9  # degrees of latitude: where the front begins and ends
LON_NORTH, LON_SOUTH = 37.2, 34.2  # degrees of longitude there
DEPTH = 1.2  # degrees from the front to the eastern edge of the occupied land
STRIP = 0.12  # degrees: mean width of the liberated strip
SECTOR_VERTICES = 400  # of an area; the real archive's have up to 1,000
BUMPS = 5  # places a day at which the front moves
COLOURS = {"occupied": "#a52714", "liberated": "#0f9d58", "unknown": "#bcaaa4"}


@dataclass(frozen=True, slots=True)
class Scale:
    """How much to invent: days, vertices a day, vertices changed a day, events in all, enclaves."""

    days: int = 120
    vertices: int = 14_000
    changes: int = 200
    events: int = 6_000
    enclaves: int = 12
    start: datetime = datetime(2023, 1, 1, 18, tzinfo=UTC)


def write_archive(path: Path, scale: Scale, seed: int = 1) -> None:
    """Write one ``<unix seconds>.geojson`` a day into the tar *path*."""
    write_snapshots(path, snapshots(scale, np.random.default_rng(seed)))


def write_snapshots(path: Path, days: Iterable[tuple[datetime, list[dict[str, Any]]]]) -> None:
    """Write publication times and features as such a tar."""
    with tarfile.open(path, "w") as tar:
        for at, features in days:
            data = msgspec.json.encode({"type": "FeatureCollection", "features": features})
            info = tarfile.TarInfo(f"invented/{int(at.timestamp())}.geojson")
            info.size, info.mtime = len(data), int(at.timestamp())
            tar.addfile(info, io.BytesIO(data))


def write_events(path: Path, scale: Scale, seed: int = 1) -> None:
    """Write the events as CSV, ascending by day, spread around the line between the front's ends."""
    rng = np.random.default_rng([seed, 1])
    days = np.sort(rng.integers(0, scale.days, scale.events))
    along = rng.random(scale.events)
    lon = LON_NORTH + along * (LON_SOUTH - LON_NORTH) + rng.normal(0, 0.4, scale.events)
    lat = NORTH + along * (SOUTH - NORTH) + rng.normal(0, 0.2, scale.events)
    sides = np.where(rng.random(scale.events) < 0.6, "ru", "ua")
    with path.open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(("date_key", "side", "lon", "lat", "d"))
        for number, (day, side, x, y) in enumerate(zip(days, sides, lon, lat, strict=True)):
            date = scale.start + timedelta(days=int(day))
            text = f"Invented event {number}, east of nowhere. https://example.org/events/{number}"
            rows.writerow((f"{date:%Y%m%d}", side, f"{x:.6f}", f"{y:.6f}", text))


def snapshots(scale: Scale, rng: np.random.Generator) -> Iterator[tuple[datetime, list[dict[str, Any]]]]:
    """Yield each day's publication time and features."""
    vertices = scale.vertices // 3  # each is in an occupied and a liberated area; the strip has a back edge
    lat = np.linspace(NORTH, SOUTH, vertices)
    line = np.linspace(LON_NORTH, LON_SOUTH, vertices)
    front = line + _rough(rng, vertices, 0.15)
    back = STRIP * (1 + 0.4 * np.sin(np.linspace(0, 40, vertices)))  # the strip's width
    enclaves = list(_enclaves(scale, rng))
    for day in range(scale.days):
        if day:
            _move(front, scale.changes, rng)
        shapes = [*_sectors(line, lat, front, back), *enclaves]
        yield scale.start + timedelta(days=day), [_feature(code, ring) for code, ring in shapes]


def _rough(rng: np.random.Generator, size: int, amplitude: float) -> Degrees:
    """Return *size* offsets that are jagged at every scale, about *amplitude* degrees at the largest."""
    places = np.linspace(0, 1, size)
    offsets = np.zeros(size)
    knots = 8
    while knots < size:
        offsets += np.interp(places, np.linspace(0, 1, knots), rng.normal(0, amplitude, knots))
        knots, amplitude = knots * 2, amplitude * 0.5
    return offsets


def _move(front: Degrees, changes: int, rng: np.random.Generator) -> None:
    """Push the front east or west at a few places, *changes* vertices in all."""
    width = max(changes // BUMPS, 3)
    bump = np.hanning(width + 2)[1:-1]
    for first in rng.integers(0, max(len(front) - width, 1), BUMPS):
        stretch = front[first : first + width]
        stretch += bump[: len(stretch)] * rng.normal(0, 0.02)


def _sectors(line: Degrees, lat: Degrees, front: Degrees, back: Degrees) -> Iterator[tuple[str, Degrees]]:
    """Yield the occupied and the liberated area of each sector; neighbours share their vertices."""
    for first in range(0, len(lat) - 1, SECTOR_VERTICES):
        part = slice(first, first + SECTOR_VERTICES + 1)
        edge = np.column_stack([front[part], lat[part]])
        east = np.column_stack([line[part] + DEPTH, lat[part]])[[-1, 0]]
        west = np.column_stack([front[part] - back[part], lat[part]])[::-1]
        yield "occupied", np.vstack([edge, east])
        yield "liberated", np.vstack([edge, west])


def _enclaves(scale: Scale, rng: np.random.Generator) -> Iterator[tuple[str, Degrees]]:
    angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    for along in np.linspace(0.05, 0.95, scale.enclaves):
        lon = LON_NORTH + along * (LON_SOUTH - LON_NORTH) + DEPTH * 0.75
        lat = NORTH + along * (SOUTH - NORTH)
        radius = 0.02 + 0.01 * rng.random(len(angles))
        yield "unknown", np.column_stack([lon + radius * np.cos(angles), lat + radius * np.sin(angles)])


def _feature(code: str, ring: Degrees) -> dict[str, Any]:
    heights = np.zeros((len(ring) + 1, 1))  # the archive's coordinates have them
    closed = np.hstack([np.vstack([ring, ring[:1]]).round(7), heights])
    return {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [closed.tolist()]},
        "properties": {"name": code.capitalize(), "fill": COLOURS[code]},
    }

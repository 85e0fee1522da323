"""Small drawn histories, and a desk that imports them into a database of its own."""

from __future__ import annotations

import io
import json
import math
import tarfile
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import asyncpg
import pytest

from tests.desk.keyed import KEYED
from tileserver.desk.importer import import_file, import_snapshots
from tileserver.desk.job import Job, Outcome
from tileserver.ingest import RawFeature, RawSnapshot, ReadOptions, Report
from tileserver.store.catalogue import StoredLayer, add_theatre, load_layers
from tileserver.theatres import load_theatre

if TYPE_CHECKING:
    from tests.conftest import Databases

Result = TypeVar("Result")
Work: TypeAlias = Callable[[asyncpg.Connection], Coroutine[Any, Any, Result]]
Cell: TypeAlias = tuple[int, int]  # column and row of a lattice in the east of Ukraine, far from its edges
Cells: TypeAlias = Mapping[Cell, str]
Row: TypeAlias = tuple[Cell, str, datetime, datetime | None]

WEST, SOUTH, SIDE = 36.0, 48.0, 0.1  # degrees
FILLS = {"occupied": "#a52714", "liberated": "#0f9d58", "unknown": "#bcaaa4"}


def square(cell: Cell) -> Any:
    west, south = WEST + cell[0] * SIDE, SOUTH + cell[1] * SIDE
    corners = [(west, south), (west + SIDE, south), (west + SIDE, south + SIDE), (west, south + SIDE)]
    ring = [[round(lon, 6), round(lat, 6)] for lon, lat in [*corners, corners[0]]]
    return {"type": "Polygon", "coordinates": [ring]}


class Desk:
    """One database with the theatre ``ukraine``: imports into it, and what it holds."""

    def __init__(self, databases: Databases, dsn: str | None = None) -> None:
        self._databases = databases
        self.dsn = dsn or databases.new()
        self.theatre = load_theatre("ukraine")
        databases.run(self.dsn, lambda connection: add_theatre(connection, self.theatre))

    def import_states(self, states: Mapping[datetime, Cells], accept: str = "drawn to be told") -> Outcome:
        """Import whole states, in ascending order; however much they change."""

        async def work(connection: asyncpg.Connection) -> Outcome:
            report = Report(read=sum(map(len, states.values())))
            snapshots = [snapshot(at, states[at]) for at in sorted(states)]
            job = Job(connection, await self.layers(connection), "control", accept=accept)
            return await import_snapshots(job, snapshots, report, "drawn")

        return self.run(work)

    def import_file(
        self,
        layer: str,
        path: Path,
        options: ReadOptions | None = None,
        *,
        complete: bool = False,
        accept: str = "drawn to be told",
    ) -> Outcome:
        """Import a file into *layer*, however much it changes."""

        async def work(connection: asyncpg.Connection) -> Outcome:
            job = Job(connection, await self.layers(connection), layer, accept=accept)
            return await import_file(job, path, options or ReadOptions(), complete=complete)

        return self.run(work)

    @staticmethod
    async def layers(connection: asyncpg.Connection) -> dict[str, StoredLayer]:
        """The layers by name."""
        return {each.layer.name: each for each in await load_layers(connection)}

    def rows(self, revision: int) -> list[Row]:
        """Return what the control layer holds at *revision*, by cell."""
        found = self.fetch(
            "SELECT ST_X(at) AS lon, ST_Y(at) AS lat, status, a, b FROM (SELECT properties->>'status' AS"
            " status, lower(valid) AS a, upper(valid) AS b, ST_Transform(ST_Centroid(geom), 4326) AS at"
            " FROM feature_version f JOIN layer l ON l.id = f.layer"
            " WHERE l.name = 'control' AND known @> $1::bigint) AS held",
            revision,
        )
        return [
            ((_lattice(row["lon"] - WEST), _lattice(row["lat"] - SOUTH)), row["status"], row["a"], row["b"])
            for row in found
        ]

    def faces(self, revision: int) -> set[tuple[object, ...]]:
        """Return what is drawn at *revision*, and when."""
        rows = self.fetch(
            "SELECT name, band, cell, content, f.id, valid, properties, round(km2::numeric, 9), geom"
            " FROM face f JOIN layer l ON l.id = f.layer WHERE known @> $1::bigint",
            revision,
        )
        return {(*row.values(),) for row in ({**row, "properties": str(row["properties"])} for row in rows)}

    def fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        """Return the rows of a query."""
        return self.run(lambda connection: connection.fetch(query, *arguments))

    def run(self, work: Work[Result]) -> Result:
        """Run *work* on a connection of its own."""
        return self._databases.run(self.dsn, work)

    def dump(self) -> list[str]:
        """Return all that an import writes, as text, in an order of its own, without times of day."""
        found = [f"revision {row[0]}" for row in self.fetch("SELECT id FROM revision ORDER BY 1")]
        for table in ("feature_version", "face", "snapshot", "revision_layer", "quarantine"):
            rows = self.fetch(f"SELECT md5(t::text) FROM {table} AS t ORDER BY 1")
            found += [f"{table} {row[0]}" for row in rows]
        return found


def _lattice(degrees: float) -> int:
    return math.floor(degrees / SIDE)


def snapshot(at: datetime, cells: Cells) -> RawSnapshot:
    features = tuple(
        RawFeature(json.dumps(square(cell)).encode(), {"status": status}, origin=f"{at}{cell}")
        for cell, status in sorted(cells.items())
    )
    return RawSnapshot(at, features, str(at))


def _collection(cells: Cells) -> bytes:
    features = [
        {"type": "Feature", "properties": {"fill": FILLS[status]}, "geometry": square(cell)}
        for cell, status in cells.items()
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def _write_archive(path: Path, states: Mapping[datetime, Cells]) -> Path:
    with tarfile.open(path, "w") as tar:
        for at in sorted(states):
            data = _collection(states[at])
            info = tarfile.TarInfo(f"drawn/{int(at.timestamp())}.geojson")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


@pytest.fixture(scope="session")
def open_desk(databases: Databases) -> Callable[[], Desk]:
    """A function that opens a desk over a new database."""
    return lambda: Desk(databases)


@pytest.fixture
def desk(open_desk: Callable[[], Desk]) -> Desk:
    """A desk over a new database."""
    return open_desk()


@pytest.fixture
def listed(desk: Desk, tmp_path: Path) -> Callable[..., Outcome]:
    """A function that imports events from a file, by their keys unless *options* say otherwise."""

    def run(*events: Mapping[str, Any], options: ReadOptions = KEYED, complete: bool = False) -> Outcome:
        path = tmp_path / "events.geojson"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": events}))
        return desk.import_file("events", path, options, complete=complete, accept="")

    return run


@pytest.fixture(scope="session")
def write_archive() -> Callable[[Path, Mapping[datetime, Cells]], Path]:
    """A function that writes states as an archive in the dialect of the shipped theatre's layer."""
    return _write_archive

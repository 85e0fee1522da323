"""Past days rewritten at once, and nothing else changed: ``python -m tests.bench.rewrite``.

Snapshots of the real archive are imported; then as many past days as asked are imported once more, in one
folder, with every corner in a small box moved. Told are the revision, the seconds, the rows, and of all tiles
how many have another version on how many days. On every other day, and in every tile beside the box, the
version has to be the one of before: a version is a digest of all that a tile holds.
"""

from __future__ import annotations

import asyncio
import json
import tarfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, TypeAlias

import asyncpg
import numpy as np
import rich.box
import typer
from rich.console import Console
from rich.table import Table

from tests.conftest import ARCHIVE
from tileserver.desk.importer import import_file
from tileserver.desk.job import Job, Outcome
from tileserver.embedded.cluster import Cluster
from tileserver.grid import TileAddress, address_at
from tileserver.ingest import ReadOptions
from tileserver.model import LayerId, Revision
from tileserver.store.catalogue import StoredLayer, add_theatre, load_layers
from tileserver.store.connect import connect
from tileserver.store.index import load_rows
from tileserver.store.migrations import migrate
from tileserver.theatres import load_theatre
from tileserver.tiles.index import LayerIndex, TileView
from tileserver.times import Micros

Box: TypeAlias = tuple[float, float, float, float]  # west, south, east, north

BOX = (37.7, 48.4, 38.1, 48.7)  # degrees: around Bakhmut
REACH = (37.2, 47.9, 38.6, 49.2)  # as far as what is moved there changes how land is drawn
MOVED = 0.004  # degrees, to the north
ZOOMS = range(13)


@dataclass(slots=True)
class Touched:
    """Tiles of all zooms: how many there are, how many a revision gave another version, on how many days."""

    tiles: int = 0
    changed: int = 0
    versions: int = 0  # pairs of tile and day
    beside: int = 0  # of these pairs, such as are of no day rewritten, or of a tile beside the box


def members(count: int, path: Path = ARCHIVE) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the bytes of the first *count* snapshots of 2023 in the archive, one a file."""
    with tarfile.open(path) as tar:
        for member in tar:
            at = int(Path(member.name).stem) if member.isfile() else 0
            if at >= datetime(2023, 1, 1, tzinfo=UTC).timestamp() and count:
                count -= 1
                yield Path(member.name).name, tar.extractfile(member).read()  # type: ignore[union-attr]


def moved(snapshot: bytes) -> bytes:
    """Return GeoJSON, as bytes, with each corner within the box moved."""
    found = json.loads(snapshot)
    for feature in found["features"]:
        for geometry in feature["geometry"].get("geometries", [feature["geometry"]]):
            if geometry["type"] != "Point":
                geometry["coordinates"] = _moved(geometry["coordinates"])
    return json.dumps(found).encode()


def _moved(place: Any) -> Any:
    if isinstance(place[0], list):
        return [_moved(each) for each in place]
    lon, lat, *rest = place
    inside = BOX[0] <= lon <= BOX[2] and BOX[1] <= lat <= BOX[3]
    return [lon, lat + MOVED * inside, *rest]


async def touched(
    connection: asyncpg.Connection, stored: StoredLayer, days: Sequence[int], *revisions: int, box: Box
) -> Touched:
    """Compare the versions of all tiles of a layer at the instants of *days* in two *revisions*.

    *days* are microseconds since 1970, UTC. All tiles beside *box*, in degrees, are to stay as they were.
    """
    index, found = (
        LayerIndex(await load_rows(connection, stored), has_bands=stored.layer.has_faces),
        Touched(),
    )
    at = np.array(days, dtype=np.int64)
    old, new = revisions
    bounds = stored.layer.bounds or stored.theatre.bounds
    for zoom in ZOOMS:
        near = set(_tiles(zoom, *box))
        for address in _tiles(zoom, *bounds):
            rows = index.near(address)
            if len(rows):
                view = TileView([rows])
                differs = int((_digests(view, at, old) != _digests(view, at, new)).sum())
                found.tiles += 1
                found.changed += differs > 0
                found.versions += differs
                found.beside += differs * (address not in near)
    return found


def _digests(view: TileView, at: Any, revision: int) -> Any:
    edges, digests = view.epochs(view.step(Revision(revision)))
    places = edges.searchsorted(at, side="right")
    return np.concatenate([[np.uint64(0)], digests])[places]


def _tiles(zoom: int, west: float, south: float, east: float, north: float) -> Iterator[TileAddress]:
    first, last = address_at(west, north, zoom), address_at(east, south, zoom)
    for x in range(first.x, last.x + 1):
        for y in range(first.y, last.y + 1):
            yield TileAddress(zoom, x, y)


async def instants(connection: asyncpg.Connection, layer: LayerId) -> list[Micros]:
    """Return the instants of the snapshots of a layer, microseconds since 1970, UTC, ascending."""
    rows = await connection.fetch(
        "SELECT DISTINCT (extract(epoch FROM at) * 1000000)::int8 AS at FROM snapshot WHERE layer = $1"
        " ORDER BY 1",
        layer,
    )
    return [Micros(row["at"]) for row in rows]


async def _import(connection: asyncpg.Connection, folder: Path) -> Outcome:
    layers = {each.layer.name: each for each in await load_layers(connection)}
    job = Job(connection, layers, "control", accept="rewritten by its publisher")
    return await import_file(job, folder, ReadOptions())


async def rewrite(dsn: str, count: int, days: int) -> dict[str, object]:
    """Import *count* snapshots, then *days* of them rewritten, none of the newest; return what is told."""
    connection = await connect(dsn)
    try:
        await migrate(connection)
        await add_theatre(connection, load_theatre("ukraine"))
        with TemporaryDirectory() as first, TemporaryDirectory() as second:
            files = list(members(count))
            for number, (name, content) in enumerate(files):
                (Path(first) / name).write_bytes(content)
                if (count - days) // 2 <= number < (count - days) // 2 + days:
                    (Path(second) / name).write_bytes(moved(content))
            began = time.perf_counter()
            await _import(connection, Path(first))
            between = time.perf_counter()
            outcome = await _import(connection, Path(second))
            ended = time.perf_counter()
        layers = {each.layer.name: each for each in await load_layers(connection)}
        told: dict[str, object] = {"snapshots": count, "seconds to import them": f"{between - began:.1f}"}
        told |= {"days rewritten": outcome.snapshots, "revision": outcome.revision}
        told |= {"seconds": f"{ended - between:.1f}", "features added": outcome.added}
        told |= {"faces drawn": outcome.faces_added, "faces ended": outcome.faces_ended}
        at = await instants(connection, layers["control"].layer_id)
        rewritten = at[(count - days) // 2 :][:days]
        for name in ("control", "frontline"):
            own = await touched(connection, layers[name], rewritten, 1, 2, box=REACH)
            others = await touched(connection, layers[name], sorted({*at} - {*rewritten}), 1, 2, box=REACH)
            told[f"{name}: tiles with land"] = own.tiles
            told[f"{name}: tiles changed, on those days"] = own.changed
            told[f"{name}: versions changed, tile by day"] = own.versions
            told[f"{name}: versions changed beside the box"] = own.beside
            told[f"{name}: versions changed on other days"] = others.versions
        return told
    finally:
        await connection.close()


def main(
    count: Annotated[int, typer.Option(help="Snapshots to import.")] = 250,
    days: Annotated[int, typer.Option(help="Of which so many are rewritten.")] = 188,
) -> None:
    """Print what rewriting past days changed."""
    with TemporaryDirectory() as folder, Cluster.at(Path(folder), durable=False).running() as dsn:
        told = asyncio.run(rewrite(dsn, count, days))
    table = Table("", "", box=rich.box.SIMPLE)
    for name, value in told.items():
        table.add_row(name, f"{value:,}" if isinstance(value, int) else str(value))
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)

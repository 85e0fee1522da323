"""Law: what tiles draw is what the source says, at every zoom, to the pixel; without cracks and overlaps.

Over random dates, zooms and tiles that the source touches, the same each time. ``TILESERVER_TRIPLES`` sets
how many, ``TILESERVER_SNAPSHOTS`` the file or folder of snapshots that they are drawn from instead of those
that all tests share; ``-s`` shows the table.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncpg
import pytest
import shapely
from starlette.testclient import TestClient

from tests import exactness
from tests.conftest import NOW, Databases, settings_for
from tests.exactness import BUFFERED, PIXEL, Source, Triple
from tileserver.desk.importer import import_file
from tileserver.desk.job import Job
from tileserver.grid import TileAddress
from tileserver.ingest import ReadOptions
from tileserver.store.catalogue import add_theatre, load_layers
from tileserver.store.connect import prepare_connection
from tileserver.theatres import load_theatre
from tileserver.tiles.text import decode_tile
from tileserver.times import format_instant
from tileserver.web.app import create_app

pytestmark = [pytest.mark.db, pytest.mark.data]

TRIPLES = int(os.environ.get("TILESERVER_TRIPLES", "210"))
SNAPSHOTS = os.environ.get("TILESERVER_SNAPSHOTS")
ZOOMS = 15
SEED = 20231109
HELD = tuple(each.code for each in load_theatre("ukraine").layer("control").categories if each.side)
ROWS = """
SELECT properties->>'status' AS status, lower(valid) AS start, upper(valid) AS end, geom
FROM feature_version f JOIN layer l ON l.id = f.layer WHERE l.name = 'control' AND upper_inf(known)
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of one tile; lengths in its units.

    A change later means the source's next change, wherever that is; it is quiet where it leaves the source
    as it was in the tile and its buffer, and silent where in all cells that the tile draws from.
    """

    triple: Triple
    off: float  # the largest difference of areas, to what is allowed
    overlap: float  # square units that two faces have
    invalid: int
    beyond: float  # how far what is drawn lies from the source
    missed: float  # how far the source lies from what is drawn, but for what is narrow
    narrow: int  # parts narrower than two grid units that are not drawn to their ends
    crack: float  # how far the outline of all that is drawn lies from that of the source
    seam: float  # the longest stretch of an edge on which two neighbours differ
    loose: float  # how far the front lies from the edges of what is held
    quiet: bool
    same_drawing: bool  # whether the tile shows the same a change later, whatever the ids
    silent: bool
    same_bytes: bool


class Tiles:
    """Tiles by instant and address."""

    def __init__(self, client: TestClient) -> None:
        self._client = client

    def get(self, at: datetime, address: TileAddress) -> bytes:
        path = f"/tiles/ukraine.control,ukraine.frontline/{address}.mvt"
        answer = self._client.get(path, params={"datetime": format_instant(at)})
        assert answer.status_code in (200, 204)
        return answer.content


def triples(source: Source) -> Iterator[Triple]:
    """Yield all zooms in turn; in the end without the first three, of which a tile shows much."""
    chance = random.Random(SEED)
    for number in range(TRIPLES):
        yield source.triple(number % ZOOMS if 3 * number < TRIPLES else 3 + number % (ZOOMS - 3), chance)


def measure(source: Source, tiles: Tiles, triple: Triple) -> Measured:
    """Compare one tile with the source, with its neighbours and with itself a change later."""
    data = tiles.get(triple.at, triple.address)
    features = exactness.drawn(data, "control")
    shapes = [shape for _, shape in features]
    said, shown = source.state(triple), exactness.merged(features)
    lines = exactness.edge(shown)
    missed, narrow = exactness.missed(said, lines, triple.grid)
    later = Triple(next((at for at in source.times if at > triple.at), triple.at), triple.address)
    after = tiles.get(later.at, later.address)
    quiet, silent = (
        source.content(triple, box) == source.content(later, box)
        for box in (BUFFERED, exactness.cells_box(triple))
    )
    return Measured(
        triple,
        off=exactness.area_off(said, shown),
        overlap=exactness.overlap(shapes),
        invalid=sum(not shape.is_valid for shape in shapes),
        beyond=float(exactness.away(lines, exactness.edge(said))[1].max(initial=0)),
        missed=missed,
        narrow=narrow,
        crack=float(exactness.away(exactness.outline(shown), exactness.outline(said))[1].max(initial=0)),
        seam=max(seams(tiles, triple, shown), default=0.0),
        loose=exactness.looseness(
            [line for _, line in exactness.drawn(data, "frontline")],
            [shape for status, shape in features if status in HELD],
        ),
        quiet=quiet,
        same_drawing=data == after or drawing(data) == drawing(after),
        silent=silent,
        same_bytes=data == after,
    )


def seams(tiles: Tiles, triple: Triple, shown: exactness.State) -> Iterator[float]:
    """Compare with the neighbours to the right and below; where the world ends there is none."""
    z, x, y = triple.address.z, triple.address.x, triple.address.y
    for column, row in ((1, 0), (0, 1)):
        if max(x + column, y + row) < 1 << z:
            beside = tiles.get(triple.at, TileAddress(z, x + column, y + row))
            yield exactness.seam(shown, exactness.merged(exactness.drawn(beside, "control")), column, row)


def drawing(data: bytes) -> set[tuple[str, str, bytes]]:
    """What a tile shows, without ids."""
    return {
        (layer, str(each["properties"]), shapely.normalize(each["geometry"]).wkb)
        for layer, features in decode_tile(data).items()
        for each in features
    }


def table(found: list[Measured]) -> str:
    """The worst of each zoom."""
    head = " z  tiles   area  overlap invalid beyond missed narrow  crack  seam loose"
    lines = ["", f"{head}   quiet differ  silent differ"]
    for zoom in range(ZOOMS):
        own = [each for each in found if each.triple.address.z == zoom]
        worst = [
            max(getattr(e, name) for e in own) for name in ("off", "overlap", "beyond", "missed", "crack")
        ]
        off, overlap, beyond, missed, crack = worst
        seam, loose = (max(getattr(e, name) for e in own) for name in ("seam", "loose"))
        lines.append(
            f"{zoom:2} {len(own):6} {off:6.2f} {overlap:8.2g} {sum(e.invalid for e in own):7} {beyond:6.2f}"
            f" {missed:6.2f} {sum(e.narrow for e in own):6} {crack:6.2f} {seam:5.2f} {loose:5.2f}"
            f" {sum(e.quiet for e in own):7} {sum(e.quiet and not e.same_drawing for e in own):6}"
            f" {sum(e.silent for e in own):7} {sum(e.silent and not e.same_bytes for e in own):6}"
        )
    return "\n".join(lines)


@pytest.fixture(scope="module")
def dsn(databases: Databases, request: pytest.FixtureRequest) -> str:
    if SNAPSHOTS is None:
        shared: str = request.getfixturevalue("archive_database")
        return shared
    own, path = databases.new(), Path(SNAPSHOTS)

    async def load(connection: asyncpg.Connection) -> None:
        await prepare_connection(connection)
        await add_theatre(connection, load_theatre("ukraine"))
        layers = {each.layer.name: each for each in await load_layers(connection)}
        await import_file(Job(connection, layers, "control"), path, ReadOptions())

    databases.run(own, load)
    return own


@pytest.fixture(scope="module")
def measured(databases: Databases, dsn: str) -> list[Measured]:
    """All that is measured; the laws only look at it."""
    rows = databases.run(dsn, lambda connection: connection.fetch(ROWS))
    categories = load_theatre("ukraine").layer("control").categories
    source = Source(rows, {each.code: each.priority for each in categories})
    with TestClient(create_app(settings_for(dsn), lambda: NOW)) as client:
        found = [measure(source, Tiles(client), triple) for triple in triples(source)]
    print(table(found))
    return found


def test_every_zoom_is_measured(measured: list[Measured]) -> None:
    assert len(measured) == TRIPLES >= 200
    assert {each.triple.address.z for each in measured} == set(range(ZOOMS))


def test_each_status_has_the_area_that_the_source_gives_it(measured: list[Measured]) -> None:
    """To 0.1 %, or as far as the boundary may be a unit off."""
    assert [each for each in measured if each.off > 1] == []


def test_boundaries_lie_within_a_pixel_of_those_of_the_source(measured: list[Measured]) -> None:
    assert [each for each in measured if each.beyond > PIXEL] == []


def test_boundaries_of_the_source_are_drawn_within_a_pixel_unless_it_is_too_narrow(
    measured: list[Measured],
) -> None:
    assert [each for each in measured if each.missed > PIXEL] == []


def test_faces_of_a_tile_are_valid_and_overlap_nowhere(measured: list[Measured]) -> None:
    assert [each for each in measured if each.overlap > 0 or each.invalid] == []


def test_no_crack_opens_where_the_source_has_none(measured: list[Measured]) -> None:
    assert [each for each in measured if each.crack > PIXEL] == []


def test_neighbours_agree_along_their_edge_to_the_unit(measured: list[Measured]) -> None:
    assert [each for each in measured if each.seam > 1] == []


def test_the_front_lies_on_the_edges_of_what_is_held(measured: list[Measured]) -> None:
    assert [each for each in measured if each.loose > 0] == []


def test_where_nothing_changes_the_tile_shows_the_same(measured: list[Measured]) -> None:
    assert any(each.quiet for each in measured)
    assert [each for each in measured if each.quiet and not each.same_drawing] == []


def test_where_nothing_changes_in_its_cells_a_tile_has_the_same_bytes(measured: list[Measured]) -> None:
    assert any(each.silent for each in measured)
    assert [each for each in measured if each.silent and not each.same_bytes] == []

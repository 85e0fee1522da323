"""Law: what change tiles of a real autumn say was gained and lost is what its source polygons say.

Measured once over the whole archive, in km2 without slivers, source polygons made disjoint by priority beside
the sums over decoded tiles of a zoom and what that zoom leaves out:

====================== ================== ======= ====== ====== ====== ====== ======
from, to               status             sources     z3     z5     z7     z9    z11
====================== ================== ======= ====== ====== ====== ====== ======
2022-09-05, 2022-09-12 liberated gained    7698.1 7688.2 7700.5 7697.4 7698.0 7697.8
2022-09-05, 2022-09-12 occupied lost       9300.6 9274.7 9297.8 9300.9 9300.6 9300.4
2022-09-05, 2022-09-12 occupied gained       22.6   24.6   21.3   22.1   22.3   22.6
2022-09-05, 2022-09-12 left out               0.8   52.2    7.8    0.5    1.0    0.9
2023-10-01, 2023-11-30 occupied gained       96.8   79.9   94.9   96.4   96.8   96.8
2023-10-01, 2023-11-30 occupied lost         63.6   41.4   63.9   63.8   63.5   63.5
2023-10-01, 2023-11-30 left out               0.2   74.7    3.2    0.1    0.1    0.2
====================== ================== ======= ====== ====== ====== ====== ======
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely
from shapely.geometry.base import BaseGeometry
from starlette.testclient import TestClient

from tests.addresses import addresses_in
from tileserver.grid import BoundsLonLat
from tileserver.shape.compare import NO_STATUS, Sieve
from tileserver.shape.measure import area_km2, polygons_in
from tileserver.theatres import load_theatre
from tileserver.tiles.text import decode_tile
from tileserver.times import day_period, day_zone

if TYPE_CHECKING:
    from tests.conftest import Databases

pytestmark = [pytest.mark.db, pytest.mark.data]

FROM, TO = "2023-10-01", "2023-11-30"
CHANGES = f"/changes/ukraine.control/{FROM}/{TO}"
GRID_M = 0.01
Km2 = dict[tuple[str, str], float]


def source(databases: Databases, dsn: str, day: str) -> dict[str, BaseGeometry]:
    """What each status holds at the end of *day* by the source, made disjoint; what nobody has goes last."""
    at = day_period(date.fromisoformat(day), day_zone("Europe/Kyiv")).last
    rows = databases.run(
        dsn,
        lambda connection: connection.fetch(
            "SELECT properties->>'status' AS status, geom FROM feature_version f"
            " JOIN layer l ON l.id = f.layer"
            " WHERE l.name = 'control' AND valid @> $1::timestamptz AND upper_inf(known)",
            at,
        ),
    )
    priority = {each.code: each.priority for each in load_theatre("ukraine").layer("control").categories}
    found: dict[str, BaseGeometry] = {}
    taken: BaseGeometry = shapely.Polygon()
    for status in sorted({row["status"] for row in rows}, key=lambda status: -priority[status]):
        polygons = [shapely.from_wkb(row["geom"]) for row in rows if row["status"] == status]
        own = shapely.union_all(polygons, grid_size=GRID_M)
        found[status] = shapely.difference(own, taken, grid_size=GRID_M)
        taken = shapely.union(taken, own, grid_size=GRID_M)
    found[NO_STATUS] = shapely.difference(shapely.box(*taken.buffer(1e6).bounds), taken, grid_size=GRID_M)
    return found


def overlaid(was: dict[str, BaseGeometry], holds: dict[str, BaseGeometry]) -> tuple[Km2, Km2]:
    """Lay every status of one day over every other of the other: km2 that count, and slivers."""
    whole: Km2 = {}
    slivers: Km2 = {}
    for before, old in was.items():
        for after, new in holds.items():
            if before != after:
                parts = polygons_in(shapely.intersection(old, new, grid_size=GRID_M))
                parts = parts[~shapely.is_empty(parts)]
                km2 = np.array([area_km2(part) for part in parts])
                thin = Sieve().slivers(parts, km2)
                whole[before, after], slivers[before, after] = float(km2[~thin].sum()), float(km2[thin].sum())
    return whole, slivers


def by_status(moved: Km2) -> dict[tuple[str, str], float]:
    found: defaultdict[tuple[str, str], float] = defaultdict(float)
    for (before, after), km2 in moved.items():
        found[before, "lost"] += km2
        found[after, "gained"] += km2
    return {name: km2 for name, km2 in found.items() if name[0] != NO_STATUS and km2 > 0.01}


def test_tiles_and_document_gain_and_lose_what_the_source_does(
    databases: Databases, archive_database: str, archive_client: TestClient
) -> None:
    whole, slivers = overlaid(*(source(databases, archive_database, day) for day in (FROM, TO)))
    document = archive_client.get(f"{CHANGES}.json").json()
    told = {(each["from"], each["to"]): each["km2"] for each in document["moved"]}
    assert by_status(told) == pytest.approx(by_status(whole), rel=1e-3, abs=0.02)
    assert document["slivers_km2"] == pytest.approx(sum(slivers.values()), abs=0.05)

    said: dict[int, dict[str, Any]] = {}
    for address in addresses_in(BoundsLonLat(*document["bounds"]), 9):
        answer = archive_client.get(f"{CHANGES}/{address}.mvt")
        assert len(answer.content) < 150_000
        said |= {each["id"]: each["properties"] for each in decode_tile(answer.content).get("control", [])}
    shown: defaultdict[tuple[str, str], float] = defaultdict(float)
    for each in said.values():
        shown[each.get("was", NO_STATUS), each.get("is", NO_STATUS)] += each["km2"]
    (left_out,) = {each["left_out_km2"] for each in said.values()}
    assert by_status(dict(shown)) == pytest.approx(by_status(whole), rel=0.01, abs=left_out)


def test_no_ring_of_a_change_tile_touches_itself(archive_client: TestClient) -> None:
    bounds, seen = BoundsLonLat(*archive_client.get(f"{CHANGES}.json").json()["bounds"]), 0
    for zoom in range(9):
        for address in addresses_in(bounds, zoom)[:6]:
            tile = decode_tile(archive_client.get(f"{CHANGES}/{address}.mvt").content)
            for each in tile.get("control", []):
                assert shapely.is_valid(each["geometry"]), (address, each)
                seen += 1
    assert seen > 100

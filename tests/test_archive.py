"""Law: real snapshots, imported, give the figures that were measured on them by other means."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import asyncpg
import pytest
import shapely
from shapely.geometry.base import BaseGeometry
from starlette.testclient import TestClient

from tests.addresses import addresses_in
from tileserver.grid import BoundsLonLat, TileAddress
from tileserver.shape.measure import area_km2
from tileserver.shape.project import to_lonlat
from tileserver.theatres import load_theatre
from tileserver.tiles.text import decode_tile, to_metres
from tileserver.times import day_period, day_zone

if TYPE_CHECKING:
    from tests.conftest import Databases

pytestmark = [pytest.mark.db, pytest.mark.data]

KYIV = day_zone("Europe/Kyiv")
KM2 = {  # on the ellipsoid
    "2022-09-12": {
        "occupied": 72_626.6,
        "occupied_before_2022": 43_175.6,
        "liberated": 31_901.6,
        "unknown": 2_411.3,
    },
    "2023-10-15": {
        "occupied": 64_486.6,
        "occupied_before_2022": 43_985.5,
        "liberated": 43_410.5,
        "unknown": 357.7,
    },
    "2024-08-15": {
        "occupied": 65_651.3,
        "occupied_before_2022": 43_987.8,
        "liberated": 42_995.3,
        "unknown": 662.2,
        "held_in_russia": 508.5,
        "unknown_in_russia": 641.9,
    },
}
TILE = "/tiles/ukraine.control/8/154/88.mvt"


class Archive(NamedTuple):
    """The imported archive: its database, and a client of the application over it."""

    databases: Databases
    dsn: str
    client: TestClient

    def fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        return self.databases.run(self.dsn, lambda connection: connection.fetch(query, *arguments))

    def state(self, layer: str, at: datetime) -> list[tuple[str, bytes]]:
        """Return status and EWKB of every feature that *layer* holds at *at*."""
        rows = self.fetch(
            "SELECT coalesce(properties->>'status', '') AS status, geom FROM feature_version f"
            " JOIN layer l ON l.id = f.layer"
            " WHERE l.name = $1 AND valid @> $2::timestamptz AND upper_inf(known)",
            layer,
            at,
        )
        return [(row["status"], row["geom"]) for row in rows]

    def faces(self, layer: str, at: datetime) -> list[tuple[str, bytes]]:
        """Return status and EWKB of everything that *layer* draws at *at* in the finest band."""
        rows = self.fetch(
            "SELECT coalesce(properties->>'status', '') AS status, geom FROM face f"
            " JOIN layer l ON l.id = f.layer"
            " WHERE l.name = $1 AND band = 13 AND valid @> $2::timestamptz AND upper_inf(known)",
            layer,
            at,
        )
        return [(row["status"], row["geom"]) for row in rows]

    def tile(self, at: str, path: str = TILE) -> bytes:
        answer = self.client.get(path, params={"datetime": at})
        assert answer.status_code == 200
        return answer.content


@pytest.fixture
def archive(databases: Databases, archive_database: str, archive_client: TestClient) -> Archive:
    return Archive(databases, archive_database, archive_client)


def end_of(day: str) -> datetime:
    """The last instant of the Kyiv day."""
    last = day_period(date.fromisoformat(day), KYIV).last
    assert last is not None
    return last


def in_theatre(features: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Leave out what lies outside the map's subject, and so anywhere on earth."""
    return [each for each in features if each[0] != "outside"]


def test_everything_read_is_accounted_for(archive: Archive) -> None:
    control, events = [row["report"] for row in archive.fetch("SELECT report FROM revision ORDER BY id")]
    for report in (control, events):
        assert report["read"] == report["imported"] + report["quarantined"] + report["left_out"]
    assert (events["read"], events["duplicates"]) == (34_791, 21)
    stored = archive.fetch(
        "SELECT l.name, count(*) AS n FROM feature_version f JOIN layer l ON l.id = f.layer GROUP BY 1"
    )
    found = {row["name"]: row["n"] for row in stored}
    assert found["events"] == events["imported"]
    assert found["control"] < control["imported"] / 5  # a state is not stored once a day


def test_every_day_with_another_state_is_in_the_timeline(archive: Archive) -> None:
    document = archive.client.get("/tilesets/ukraine.control/timeline").json()
    known = {row["at"] for row in archive.fetch("SELECT at FROM snapshot")}
    changes = [datetime.fromisoformat(each["at"]) for each in document["changes"]]
    assert changes == sorted(set(changes))
    assert set(changes) <= known
    assert len(changes) > 50  # nearly every snapshot changes something
    assert [each["day"] for each in document["days"]] == sorted(
        {at.astimezone(KYIV).date().isoformat() for at in (min(known), *changes)}  # the first state is none
    )


def tiles_touching(shape: BaseGeometry, zoom: int) -> Iterator[TileAddress]:
    shapely.prepare(shape)
    bounds = BoundsLonLat(*shapely.bounds(shapely.transform(shape, to_lonlat)))
    for address in addresses_in(bounds, zoom):
        if shapely.intersects(shape, tile_box(address)):
            yield address


def tile_box(address: TileAddress) -> BaseGeometry:
    box = address.bounds
    return shapely.box(box.west, box.south, box.east, box.north)


def union_km2(features: list[tuple[str, bytes]]) -> dict[str, float]:
    """Return km2 by status: what features of one status share counts once, what two statuses share twice."""
    by_status: dict[str, list[BaseGeometry]] = {}
    for status, wkb in features:
        by_status.setdefault(status, []).append(shapely.from_wkb(wkb))
    return {status: area_km2(shapely.union_all(parts)) for status, parts in by_status.items()}


def drawn_km2(archive: Archive, day: str, shape: BaseGeometry) -> dict[str, float]:
    """Return km2 by status as measured from the z10 tiles that touch *shape*, each cut to its bounds."""
    total: dict[str, float] = {}
    for address in tiles_touching(shape, 10):
        data = archive.client.get(f"/tiles/ukraine.control/{address}.mvt", params={"datetime": day}).content
        by_status: dict[str, list[BaseGeometry]] = {}
        for each in decode_tile(data).get("control", []):
            drawn = shapely.make_valid(to_metres(each["geometry"], address))
            by_status.setdefault(each["properties"]["status"], []).append(drawn)
        for status, parts in by_status.items():
            cut = shapely.intersection(shapely.union_all(parts), tile_box(address))
            total[status] = total.get(status, 0.0) + area_km2(cut)
    return total


@pytest.mark.parametrize("day", KM2)
def test_areas_are_those_measured_and_tiles_draw_them(archive: Archive, day: str) -> None:
    held = in_theatre(archive.state("control", end_of(day)))
    stored = union_km2(held)
    assert stored == pytest.approx(KM2[day], abs=0.1)
    drawn = drawn_km2(archive, day, shapely.union_all([shapely.from_wkb(wkb) for _, wkb in held]))
    assert drawn == pytest.approx(stored, rel=0.005)


def test_two_months_apart_the_same_tile_differs(archive: Archive) -> None:
    assert archive.tile("2023-10-01") != archive.tile("2023-11-30")


def test_a_day_without_a_snapshot_shows_the_last_one_before_it(archive: Archive) -> None:
    last = datetime(2023, 11, 5, 22, 30, 51, tzinfo=UTC)  # the next one is of 7 November, 18:56
    between = archive.fetch(
        "SELECT at FROM snapshot WHERE at >= $1::timestamptz AND at < $2::timestamptz",
        last,
        datetime(2023, 11, 7, 18, 56, tzinfo=UTC),
    )
    assert [row["at"] for row in between] == [last]
    whole_day = [f"2023-11-06T{hour:02}:00:00Z" for hour in (0, 6, 12, 18, 23)]
    assert {archive.tile(at) for at in whole_day} == {archive.tile("2023-11-05T22:30:51Z")}
    answer = archive.client.get(TILE, params={"datetime": "2023-11-06T12:00:00Z"})
    start, end = answer.headers["OGCAPI-datetime"].split("/")
    assert (start, end) == ("2023-11-05T22:30:51Z", "2023-11-07T18:56:19Z")


def test_a_plain_date_is_the_end_of_the_kyiv_day(archive: Archive) -> None:
    """The snapshot of 5 November, 22:30:51 UTC, was published at 0:30:51 on the 6th in Kyiv."""

    def whole(at: str) -> list[bytes]:
        return [
            archive.tile(at, f"/tiles/ukraine.control/{address}.mvt") for address in ("8/154/88", "5/19/11")
        ]

    before, after = whole("2023-11-05T22:30:50Z"), whole("2023-11-05T22:30:51Z")
    assert before != after
    assert whole("2023-11-05") == before  # by UTC it would be the new one
    assert whole("2023-11-06") == after
    assert whole("2023-11-05") == whole("2023-11-05T21:59:59.999999Z")


def test_the_front_line_is_there_every_day_and_runs_along_the_edge_of_what_is_held(archive: Archive) -> None:
    control = load_theatre("ukraine").layer("control")
    for day in KM2:
        at = end_of(day)
        faces = [(status, shapely.from_wkb(wkb)) for status, wkb in archive.faces("control", at)]
        held = [
            shapely.union_all([face for status, face in faces if status in control.on_side(side)])
            for side in sorted(control.sides())
        ]
        front = shapely.union_all([shapely.from_wkb(wkb) for _, wkb in archive.faces("frontline", at)])
        edge = shapely.union_all(shapely.boundary(held))
        assert shapely.length(shapely.difference(front, shapely.buffer(edge, 0.01))) < 1
        assert 700_000 < shapely.length(front) / 1.5 < 2_500_000  # about true metres at 48 degrees


def test_the_front_line_has_its_tiles(archive: Archive) -> None:
    def lines(at: str) -> list[dict[str, Any]]:
        data = archive.tile(at, "/tiles/ukraine.control,ukraine.frontline/8/154/88.mvt")
        return decode_tile(data)["frontline"]

    october, november = lines("2023-10-01"), lines("2023-11-30")
    assert october
    assert november
    assert {each["geometry"].wkt for each in october} != {each["geometry"].wkt for each in november}


def test_events_are_shown_on_their_day(archive: Archive) -> None:
    day = "2023-11-09"
    rows = archive.fetch(
        "SELECT count(*) AS n FROM feature_version f JOIN layer l ON l.id = f.layer"
        " WHERE l.name = 'events' AND valid && tstzrange($1, $2)",
        *(day_period(date.fromisoformat(day), KYIV).start, end_of(day) + timedelta(microseconds=1)),
    )
    data = archive.tile(day, "/tiles/ukraine.events/0/0/0.mvt")
    drawn = decode_tile(data)["events"]
    assert len(drawn) == rows[0]["n"] > 20
    assert {each["properties"]["date"] for each in drawn} == {day}

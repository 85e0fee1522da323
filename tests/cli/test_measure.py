"""Laws: area, series and change say the same of the same land, whole and region by region."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
import shapely

from tests.cli.conftest import Run
from tests.shapes import layer, theatre
from tileserver.declared import Category
from tileserver.desk.importer import import_features
from tileserver.desk.job import Job
from tileserver.ingest import RawFeature, Report
from tileserver.store.catalogue import add_theatre, load_layers
from tileserver.store.connect import prepare_connection
from tileserver.times import Period

if TYPE_CHECKING:
    from tests.conftest import Databases

pytestmark = pytest.mark.db

WORDS = {"en": "Word"}
DAYS = [datetime(2024, 1, day, 6, tzinfo=UTC) for day in (2, 3, 5)]
AFTER = ("2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05")
Rows = list[dict[str, str]]


def box(west: float, south: float, east: float, north: float) -> shapely.Geometry:
    """A box by minutes east of 36 E and north of 48 N."""
    return shapely.box(36 + west / 60, 48 + south / 60, 36 + east / 60, 48 + north / 60)


CONTROL = [
    ("held", box(0, 0, 24, 12), DAYS[0], DAYS[1]),
    ("free", box(24, 0, 36, 12), DAYS[0], DAYS[1]),
    # Held moves east, and by 11 m south along 370 m: a sliver.
    ("held", shapely.union(box(0, 0, 30, 12), box(0, -0.006, 0.3, 0)), DAYS[1], DAYS[2]),
    ("free", box(30, 0, 36, 12), DAYS[1], DAYS[2]),
    ("held", box(0, 0, 10, 12), DAYS[2], None),
    ("free", box(10, 3, 36, 12), DAYS[2], None),
]
REGIONS = {"west": box(-60, -60, 18, 60), "middle": box(15, -60, 27, 60)}  # three minutes overlap


def geojson(geometry: shapely.Geometry) -> bytes:
    return shapely.to_geojson(geometry).encode()


@pytest.fixture(scope="module")
def dsn(databases: Databases) -> str:
    """A layer of areas that changes on three days, a layer of regions, and one of points."""
    dsn = databases.new()
    statuses = tuple(Category(code, WORDS, "#000000", "#ffffff") for code in ("held", "free", "unknown"))
    control = layer("control", category="status", categories=statuses)
    declared = theatre(
        control, layer("oblasts", fields={"name": "what it is called"}), layer("events", "points")
    )

    async def load(connection: asyncpg.Connection) -> None:
        await prepare_connection(connection)
        await add_theatre(connection, declared)
        layers = {each.layer.name: each for each in await load_layers(connection)}
        areas = [
            RawFeature(geojson(shape), {"status": status}, Period(start, end))
            for status, shape, start, end in CONTROL
        ]
        await import_features(Job(connection, layers, "control"), areas, Report(read=len(areas)), "drawn")
        regions = [
            RawFeature(geojson(shape), {"name": name}, Period(DAYS[0], None))
            for name, shape in REGIONS.items()
        ]
        await import_features(Job(connection, layers, "oblasts"), regions, Report(read=len(regions)), "drawn")

    databases.run(dsn, load)
    return dsn


def region_file(path: Path, *shapes: tuple[Any, shapely.Geometry | None]) -> str:
    features = [
        {"type": "Feature", "properties": said, "geometry": shape and json.loads(shapely.to_geojson(shape))}
        for said, shape in shapes
    ]
    file = path / "oblasts.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return str(file)


@pytest.fixture
def oblasts(tmp_path: Path) -> str:
    """The path of a file with the regions."""
    return region_file(tmp_path, *(({"name": name}, shape) for name, shape in REGIONS.items()))


def document(run: Run, dsn: str, *argv: str) -> dict[str, Any]:
    done = run(*argv, "--json", dsn=dsn)
    assert (done.code, done.err) == (0, "")
    found: dict[str, Any] = json.loads(done.out)
    return found


def table(run: Run, dsn: str, *argv: str) -> Rows:
    done = run(*argv, "--csv", dsn=dsn)
    assert (done.code, done.err) == (0, "")
    return list(csv.DictReader(io.StringIO(done.out, newline="")))


def area(run: Run, dsn: str, at: str) -> Counter[str]:
    return Counter(document(run, dsn, "area", "toy.control", "--at", at)["km2"])


def test_the_series_has_on_each_day_what_area_measures(run: Run, dsn: str) -> None:
    series = document(run, dsn, "series", "toy.control")
    assert series["days"] == list(AFTER[1:])
    for number, day in enumerate(series["days"]):
        held = {status: own[number] for status, own in series["km2"].items() if own[number]}
        assert held == pytest.approx(area(run, dsn, day), abs=0.0011)
    assert held["held"] == pytest.approx(276, abs=2)  # 10 by 12 minutes at 48 degrees
    assert area(run, dsn, "2024-01-01") == {}


def test_a_part_of_the_series_is_that_part(run: Run, dsn: str) -> None:
    rows = table(run, dsn, "series", "toy.control")
    assert [row["day"] for row in rows] == list(AFTER[1:])
    assert list(rows[0]) == ["day", "held", "free", "unknown"]
    part = table(run, dsn, "series", "toy.control", "--from", "2024-01-03", "--to", "2024-01-04")
    assert part == rows[1:3]


@pytest.mark.parametrize(
    "days", [(AFTER[1], AFTER[2]), (AFTER[2], AFTER[4]), (AFTER[4], AFTER[1]), AFTER[:2]]
)
def test_net_is_the_difference_of_the_areas_and_looking_back_swaps_gained_and_lost(
    run: Run, dsn: str, days: tuple[str, str]
) -> None:
    there = document(run, dsn, "change", "toy.control", *days)
    back = document(run, dsn, "change", "toy.control", *days[::-1])
    before, after = (area(run, dsn, day) for day in days)
    for status, own in there["statuses"].items():
        assert own["net"] == pytest.approx(after[status] - before[status], abs=0.01)
        assert own["net"] == pytest.approx(own["gained"] - own["lost"] + own["slivers"], abs=0.0021)
        other = back["statuses"][status]
        assert (own["gained"], own["lost"], own["net"]) == (other["lost"], other["gained"], -other["net"])
    assert there["slivers_km2"] == back["slivers_km2"]


def test_slivers_and_what_counts_are_all_and_the_sieve_can_be_set(run: Run, dsn: str) -> None:
    change = ("change", "toy.control", AFTER[1], AFTER[2])
    sieved, whole = document(run, dsn, *change), document(run, dsn, *change, "--min-ha", "0")
    assert sieved["slivers_km2"] == pytest.approx(0.004, abs=0.0011)
    assert whole["slivers_km2"] == 0
    assert sieved["sieve"] == {"min_ha": 0.8, "width_m": 50.0}
    assert document(run, dsn, *change, "--width", "5")["slivers_km2"] == 0

    def moved(found: dict[str, Any]) -> dict[tuple[str, str], float]:
        return {(each["from"], each["to"]): each["km2"] + each["slivers_km2"] for each in found["moved"]}

    assert moved(sieved) == pytest.approx(moved(whole), abs=0.0011)
    assert set(moved(whole)) == {("free", "held"), ("", "held")}
    assert sieved["statuses"]["held"]["gained"] == sieved["statuses"]["free"]["lost"]
    assert sieved["statuses"]["held"]["slivers"] == sieved["slivers_km2"]


@pytest.mark.parametrize("source", ["a file", "a layer"])
@pytest.mark.parametrize(
    "argv",
    [
        ("area", "toy.control", "--at", AFTER[2]),
        ("series", "toy.control"),
        ("change", "toy.control", AFTER[1], AFTER[4]),
        ("change", "toy.control", AFTER[1], AFTER[2]),
    ],
    ids=" ".join,
)
def test_regions_and_what_lies_in_none_add_up_to_the_whole(
    run: Run, dsn: str, oblasts: str, argv: tuple[str, ...], source: str
) -> None:
    by = ("--regions", oblasts if source == "a file" else "toy.oblasts")
    whole, parts = table(run, dsn, *argv), table(run, dsn, *argv, *by)
    assert list(parts[0]) == ["region", *whole[0]]
    assert {row["region"] for row in parts} == {"west", "middle", ""}

    def sums(rows: Rows) -> Counter[tuple[str, ...]]:
        found: Counter[tuple[str, ...]] = Counter()
        for row in rows:
            names = tuple(row.get(name, "") for name in ("day", "status", "other"))
            for column in row.keys() - {"region", "day", "status", "other"}:
                found[*names, column] += float(row[column])  # type: ignore[assignment]
        return found

    assert sums(parts) == pytest.approx(sums(whole), abs=0.0031)


def test_where_regions_overlap_the_first_one_has_the_land(run: Run, dsn: str, oblasts: str) -> None:
    found = document(run, dsn, "area", "toy.control", "--at", AFTER[1], "--regions", oblasts)
    held = {each["region"]: each["km2"] for each in found["regions"]}
    assert list(held) == ["west", "middle", None]
    whole = found["km2"]["held"]  # 24 minutes wide
    assert held["west"] == {"held": pytest.approx(whole * 18 / 24, rel=1e-3)}
    assert held["middle"]["held"] == pytest.approx(whole * 6 / 24, rel=1e-3)
    assert held["middle"]["free"] == pytest.approx(whole * 3 / 24, rel=1e-3)
    assert held[None] == {"free": pytest.approx(whole * 9 / 24, rel=1e-3)}


def test_tables_name_what_lies_in_no_region_and_what_had_no_status(run: Run, dsn: str, oblasts: str) -> None:
    shown = run("change", "toy.control", AFTER[0], AFTER[1], "--regions", oblasts, dsn=dsn).out
    assert "(in none)" in shown
    assert "(no status)" in shown
    assert "unknown" not in run("series", "toy.control", dsn=dsn).out  # it never held anything


def test_regions_are_named_by_the_property_that_is_asked_for(run: Run, dsn: str, tmp_path: Path) -> None:
    file = region_file(
        tmp_path, ({"id": 7, "name": " west "}, REGIONS["west"]), ({"id": 8, "name": "-"}, REGIONS["middle"])
    )
    for field, expected in (((), {"7", "8", ""}), (("--region-name", "name"), {"west", "-", ""})):
        rows = table(run, dsn, "area", "toy.control", "--at", AFTER[1], "--regions", file, *field)
        assert {row["region"] for row in rows} == expected


def test_a_region_that_crosses_itself_is_mended_and_said_so(run: Run, dsn: str, tmp_path: Path) -> None:
    bow = shapely.Polygon([(36, 48), (37, 49), (37, 48), (36, 49)])
    done = run("area", "toy.control", "--regions", region_file(tmp_path, ({"name": "bow"}, bow)), dsn=dsn)
    assert done.code == 0
    assert done.err == "regions: bow: a self-touching or self-crossing area was made valid\n"


@pytest.mark.parametrize(
    ("shapes", "code", "said"),
    [
        ([({}, REGIONS["west"])], 2, "oblasts.geojson#0 has no name in property ''"),
        (
            [({"a": "x"}, REGIONS["west"]), ({"b": "y"}, REGIONS["west"])],
            2,
            "#1 has no name in property 'a'; ",
        ),
        ([({"a": "x"}, shapely.Point(36, 48))], 1, "#0, 'x', cannot be a region: it is no geometry of the"),
        ([({"a": "x"}, None)], 1, "#0, 'x', cannot be a region"),
        ([], 1, "oblasts.geojson has 0 features"),
    ],
)
def test_a_file_that_has_no_regions_is_refused_whole(
    run: Run,
    dsn: str,
    tmp_path: Path,
    shapes: list[tuple[Any, shapely.Geometry | None]],
    code: int,
    said: str,
) -> None:
    done = run("area", "toy.control", "--regions", region_file(tmp_path, *shapes), dsn=dsn)
    assert (done.code, done.out) == (code, "")
    assert said in done.err


@pytest.mark.parametrize("text", ["", "[1, 2", '{"type": "Topology"}', "\0\xff"])
def test_what_is_no_collection_is_refused(run: Run, dsn: str, tmp_path: Path, text: str) -> None:
    file = tmp_path / "oblasts.geojson"
    file.write_text(text, encoding="latin-1")
    done = run("area", "toy.control", "--regions", str(file), dsn=dsn)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("Unreadable source: oblasts.geojson is no GeoJSON FeatureCollection")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("area", "toy.events"), "toy.events is no layer of areas with statuses"),
        (("series", "toy.oblasts"), "ask for toy.control"),
        (("area", "toy.control", "--json", "--csv"), "--json and --csv are two forms of one answer"),
        (("area", "toy.control", "--regions", "toy.roads"), "'toy.roads' is neither a file nor a layer"),
        (("area", "toy.control", "--regions", "toy.events"), "is a layer of points; regions are areas"),
        (("change", "toy.control", "yesterday", AFTER[1]), "'yesterday' is no instant"),
        (("series", "toy.control", "--from", AFTER[2], "--to", AFTER[1]), "ends before it starts"),
        (("change", "toy.control", AFTER[1], AFTER[2], "--min-ha", "-1"), "--min-ha"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_measured_exits_with_2_and_says_what_would_do(
    run: Run, dsn: str, argv: tuple[str, ...], said: str
) -> None:
    done = run(*argv, dsn=dsn)
    assert (done.code, done.out) == (2, "")
    assert said in " ".join(done.err.replace("│", " ").split())

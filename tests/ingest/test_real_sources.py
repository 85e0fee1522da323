"""Law: what a source says is in the database, on its day and in its place, counted a second time by hand.

The counts of the large archives are in `tests.bench.intake`; here are those that take seconds.
"""

from __future__ import annotations

import asyncio
import csv
import gzip
import json
import tarfile
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
import pytest

from tests.conftest import DATA, Databases
from tests.sources import FORMATS, Given, made_up, real
from tileserver.desk.job import Outcome
from tileserver.errors import ImportFailed
from tileserver.findings import Finding
from tileserver.ingest import read_features, read_snapshots
from tileserver.ingest.report import Report
from tileserver.store.connect import connect

pytestmark = pytest.mark.data

KYIV = ZoneInfo("Europe/Kyiv")
Place = tuple[date, float, float]
_READ = """
    SELECT valid, properties::text, ST_X(p), ST_Y(p) FROM (
        SELECT valid, properties, ST_Transform(ST_PointOnSurface(geom), 4326) AS p
        FROM feature_version JOIN layer ON layer.id = layer WHERE theatre = $1) AS stored
"""


@pytest.fixture(scope="module")
def shared(databases: Databases) -> str:
    """A database into which every file goes, each into a theatre of its own."""
    return databases.new()


def take(dsn: str, given: Given) -> tuple[Outcome, list[asyncpg.Record]]:
    """Import a file, and return what is stored of it."""

    async def run() -> tuple[Outcome, list[asyncpg.Record]]:
        connection = await connect(dsn)
        try:
            outcome = await given.take(connection)
            return outcome, await connection.fetch(_READ, given.theatre.id)
        finally:
            await connection.close()

    return asyncio.run(run())


def named(name: str, number: int = 0) -> Given:
    """Return the file whose name begins so, with a theatre of its own."""
    found = next(each for each in (*real(), *made_up()) if each.name.startswith(name))
    own = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in name.lower())
    return replace(
        found, theatre=msgspec.structs.replace(found.theatre, id=f"{own[:40]}-{number}".strip("-"))
    )


def rows_of(given: Given) -> list[dict[str, str]]:
    with gzip.open(given.path, "rt", encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def aside(outcome: Outcome) -> dict[str, int]:
    """The findings by which rows were not imported."""
    report = outcome.report
    lost = ("quarantined", "left_out")
    return {code: n for code, n in report["counts"].items() if report["treatments"][code] in lost}


# What is stored of each made-up file, and what not; a text is a part of the refusal.
MADE: dict[str, tuple[int, dict[str, int]] | str] = {
    "formats/20230514120000.export.CSV (gdelt)": "keep_only 2 by 52, which says ''",
    "formats/acled.csv": (2, {}),
    "formats/bellingcat_export_events.json": (1, {"hidden_source": 1}),
    "formats/control.fgb": (1, {}),
    "formats/control.parquet": (1, {}),
    "formats/desk.gpkg control": (1, {"other_member": 1}),
    "formats/desk.gpkg events": (1, {"other_member": 1}),
    "formats/events.xlsx": (1, {}),
    "formats/excel.csv": (1, {}),
    "formats/geoconfirmed.kml": (1, {}),
    "formats/mymaps.kml": (1, {"other_kind": 1}),
    "formats/nzz.json": (3, {}),
    "formats/owlmaps.json (uacontrolmap-areas)": (1, {"other_member": 3}),
    "formats/owlmaps.json (uacontrolmap-front)": (1, {}),
    "formats/rfc8142.geojsons": (2, {}),
    "formats/rfc8142_pretty.geojsons": (1, {"duplicate": 1}),
    "formats/single_feature.geojson": (1, {}),
    "formats/topo.json": (1, {}),
    "formats/ucdp_ged.csv": (1, {}),
    "formats/wkt.csv": (1, {}),
    "cases/axes/syria_latlon.geojson": "3 features lie in the theatre only as latitude, longitude",
    "cases/crs/crs3857.geojson": (1, {}),
    "cases/crs/crs4284.geojson": (1, {}),
    "cases/crs/crs4326_urn.geojson": (1, {}),
    "cases/daily_states": (2, {"other_member": 1}),
    "cases/dates/date_max.geojson": (1, {}),
    "cases/dates/date_us.geojson": (2, {"absurd_date": 10}),
    "cases/dates/date_zero.geojson": (0, {"absurd_date": 1}),
    "cases/fields/list_values.geojson": (2, {}),
    "cases/fields/status_spelling.geojson": (2, {"unknown_status": 4}),  # spaces around one say nothing
    "cases/geometry/roads.geojson": (3, {"unreadable_geometry": 2}),
    "cases/half_published/mixed.geojson": (1, {"unknown_status": 1, "absurd_date": 2}),
    "cases/half_published/1754517600.geojson": (0, {"outside_bounds": 1}),
    "cases/half_published/1754700000.geojson": (0, {}),
    "cases/open_period/apr.geojson": (1, {}),
}


@pytest.mark.parametrize("number", range(len(MADE)), ids=list(MADE))
def test_of_each_made_up_file_what_it_says_is_stored(number: int, shared: str) -> None:
    name, expected = list(MADE.items())[number]
    if isinstance(expected, str):
        with pytest.raises(ImportFailed, match=expected):
            take(shared, named(name, number))
        return
    outcome, stored = take(shared, named(name, number))
    assert (len(stored), aside(outcome)) == expected


def test_no_made_up_file_of_a_format_is_left_untried() -> None:
    tried = {name.removeprefix("formats/").partition(" ")[0] for name in MADE if name.startswith("formats/")}
    assert tried == {file.name for file in FORMATS.iterdir()}


def place(row: dict[str, str], lon: str, lat: str, day: str) -> Place:
    return date.fromisoformat(day), round(float(row[lon]), 6), round(float(row[lat]), 6)


def where(stored: list[asyncpg.Record]) -> Counter[Place]:
    """The local days and places of what is stored; each lasts its day."""
    found: Counter[Place] = Counter()
    for valid, _, lon, lat in stored:
        start, end = valid.lower.astimezone(KYIV), valid.upper.astimezone(KYIV)
        assert start.time() == end.time() == datetime.min.time()
        assert end.date() - start.date() == timedelta(days=1)
        found[start.date(), round(lon, 6), round(lat, 6)] += 1
    return found


def test_the_monitor_is_stored_on_its_days_and_in_its_places_without_what_its_publisher_hides(
    shared: str,
) -> None:
    given = named("damage monitor")
    outcome, stored = take(shared, given)
    assert aside(outcome) == {"outside_bounds": 1, "duplicate": 1, "hidden_source": 43 + 5 + 4}
    expected: Counter[Place] = Counter()
    for row in {tuple(each.items()): each for each in rows_of(given)}.values():
        title = row["title"][:10]
        day = row["date"] or f"{title[6:]}-{title[3:5]}-{title[:2]}"
        if "request" not in row["link"]:  # hidden, or to be asked for
            expected[place(row, "lon", "lat", day)] += 1
    assert where(stored) == expected - Counter({(date(2022, 4, 28), 33.06448, 34.686675): 1})  # on Cyprus
    said = [json.loads(properties) for _, properties, _, _ in stored]
    assert all(each.get("url", "https://").startswith("http") for each in said)
    assert not any("hidden" in each.get("url", "") for each in said)
    assert sum(each["category"] == "civilians" for each in said) == 349 + 22 + 9 - 2


@pytest.mark.parametrize(("year", "rows", "several"), [(2022, 2060, 139), (2025, 325, 4)])
def test_candidates_of_the_news_are_stored_with_one_address_each(
    year: int, rows: int, several: int, shared: str
) -> None:
    given = named(f"news candidates {year}")
    outcome, stored = take(shared, given)
    assert (len(stored), aside(outcome)) == (rows, {})
    days = [f"{row['date'][:4]}-{row['date'][4:6]}-{row['date'][6:]}" for row in rows_of(given)]
    assert where(stored) == Counter(
        place(row, "longitude", "latitude", day) for row, day in zip(rows_of(given), days, strict=True)
    )
    urls = {row["event_id_1pd"]: row["source_urls"].split("|") for row in rows_of(given)}
    said = [json.loads(properties) for _, properties, _, _ in stored]
    assert all(each.get("url", "") == urls[each["reference"]][0] for each in said)
    assert outcome.report["counts"]["more_sources"] == several
    texts = {row["event_id_1pd"]: row["representative_text"] for row in rows_of(given)}
    assert all(each["text"] == texts[each["reference"]] for each in said)  # Cyrillic, NBSP, <…> and all


def test_regions_and_towns_are_stored_under_their_names(shared: str) -> None:
    given = named("oblasts")
    with gzip.open(given.path) as text:
        oblasts = Counter(each["properties"]["ADMIN_1"] for each in json.load(text)["features"])
    towns = Counter(row["name"] for row in rows_of(named("towns")))
    for name, expected in (("oblasts", oblasts), ("towns", towns)):
        outcome, stored = take(shared, named(name))
        assert not aside(outcome)
        assert Counter(json.loads(properties)["name"] for _, properties, _, _ in stored) == expected
        assert expected.total() == {"oblasts": 27, "towns": 3815}[name]


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dozen days of UAControlMap: without a front, with one, a broken one, with land in Russia."""
    folder = tmp_path_factory.mktemp("days")
    wanted = ("202304", "202305", "202408")
    with tarfile.open(DATA / "control" / "uacontrolmap_areas_20221207_20241231.tar.xz") as archive:
        for member in archive:
            day = Path(member.name).stem
            if day.startswith(wanted) and day[6:] in ("05", "23", "24", "25", "26"):
                archive.extract(member, folder, filter="data")
    return folder


@pytest.mark.parametrize(
    ("name", "keys", "broken"),
    [
        ("UAControlMap areas", ("areas", "areas_ua"), ["20230524"]),
        ("UAControlMap front", ("frontline",), ["20230405", "20230423", "20230424", "20230524"]),
    ],
)
def test_a_day_without_anything_is_put_aside_and_every_other_ring_and_line_is_read(
    name: str, keys: tuple[str, ...], broken: list[str], days: Path
) -> None:
    given, report = named(name), Report()
    layer = given.theatre.layers[0]
    found = list(read_snapshots(days, given.theatre, layer, given.options, report))
    expected = {}
    for file in sorted(days.rglob("*.json")):
        said = json.loads(file.read_bytes())
        things = [said.get(key, []) for key in keys]
        expected[file.stem] = sum(map(len, things)) if "areas" in keys else int(any(things))
    assert sorted(day for day, things in expected.items() if not things) == broken
    read = {each.at.astimezone(KYIV).strftime("%Y%m%d"): len(each.features) for each in found}
    assert read == {day: things for day, things in expected.items() if things}
    assert report.counts[Finding.UNREADABLE_SNAPSHOT] == len(broken)


def test_over_days_on_which_nobody_looked_places_go_on_being_held(tmp_path: Path) -> None:
    given = named("who holds a place")
    rows = [row for row in rows_of(given) if row["first_seen_day"] < "2022-08-25"]
    path = tmp_path / "places.csv"
    with path.open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    report = Report()
    found = list(read_features(path, given.theatre, given.theatre.layers[0], given.options, report))
    held: Counter[str] = Counter()
    looked = ("2022-07-09", "2022-07-11", "2022-08-16", "2022-08-23")
    for day in (*looked, "2022-07-10", "2022-08-18"):
        at = datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=KYIV)
        for each in found:
            assert each.period is not None
            assert each.period.start is not None
            held[day] += each.period.start <= at and (each.period.end is None or at < each.period.end)
    said: Counter[str] = Counter()
    for row in rows:
        if row["Name"].strip() and row["Held by"].strip() and row["Lat"].strip():
            for seen in held:
                said[seen] += row["first_seen_day"] <= seen <= row["last_seen_day"]
    assert (said["2022-07-10"], said["2022-08-18"]) == (160, 198)  # of about 350: nobody looked on these days
    assert held["2022-07-10"] == said["2022-07-09"] == 352
    assert held["2022-08-18"] == said["2022-08-16"] == 348
    assert [held[day] for day in looked] == [said[day] for day in looked]

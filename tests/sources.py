"""Files of real publishers, and made-up files in their schemas, with the way in which each is imported.

The files are not in the repository: real ones lie in the folder `TILESERVER_SHARED` names, made-up ones in
``cases`` beside it. A `Given` is a file with a theatre of its own, so that all of them go into one database.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import asyncpg
import msgspec

from tests.conftest import DATA
from tileserver.desk.importer import import_file
from tileserver.desk.job import Job, Outcome
from tileserver.ingest import ReadOptions
from tileserver.ingest.mapping.load import LoadedMapping, load_mapping, parse_mapping
from tileserver.ingest.mapping.standin import theatre_for
from tileserver.model import Theatre
from tileserver.store.catalogue import add_theatre, load_layers
from tileserver.theatres import load_theatre

CASES = DATA.parent / "cases"
FORMATS = CASES / "formats"
MADE_UP_DAY = datetime(2023, 5, 14, tzinfo=UTC)

Kind = Literal["areas", "lines", "points"]
_WAR = (20.0, 41.0, 180.0, 72.0)  # Ukraine, and whatever in Russia and Belarus was struck
_WORLD = (-180.0, -85.05, 180.0, 85.05)

DATED = '[date]\ncolumn = "date"\n[category]\ncolumn = "{word}"\n[category.codes]\n{codes}\n[fields]\n'
AREAS = DATED.format(word="status", codes='occupied = "occupied"')
POINTS = DATED.format(word="kind", codes='battle = "battle"\nstrike = "strike"')
EXCEL = """
[file]
decimal = ","
[date]
column = "Datum"
forms = "%d.%m.%Y"
[geometry]
lon = "Länge"
lat = "Breite"
[category]
column = "Art"
[category.codes]
battle = "battle"
[fields]
text = "Text"
"""
OBLASTS = '[date]\n[fields]\nname = "ADMIN_1"\n'
COUNTRIES = (
    '[file]\ntables = "countries"\n[date]\n[geometry]\nmissing = "leave_out"\n[fields]\nname = "name"\n'
)
TOWNS = """
[date]
[geometry]
lon = "longitude"
lat = "latitude"
[fields]
name = "name"
names = "alternatenames"
people = { column = "population", type = "whole" }
"""
INDEX = '[date]\ncolumn = "published_utc"\n[geometry]\nlon = "lon"\nlat = "lat"\n[fields]\n'


@dataclass(frozen=True, slots=True)
class Given:
    """A file, and the layer of a theatre that the file is imported into."""

    name: str
    path: Path
    theatre: Theatre
    layer: str
    options: ReadOptions

    async def take(self, connection: asyncpg.Connection) -> Outcome:
        """Import the file, whatever rule would hold it back."""
        await add_theatre(connection, self.theatre)
        layers = {
            each.layer.name: each
            for each in await load_layers(connection)
            if each.ref.theatre == self.theatre.id
        }
        job = Job(connection, layers, self.layer, accept="a trial of the intake")
        return await import_file(job, self.path, self.options)


def _mapped(
    name: str,
    path: Path,
    mapping: str,
    kind: Kind,
    bounds: tuple[float, float, float, float] = _WAR,
    at: datetime | None = None,
) -> Given:
    """Return a file that is read by a *mapping*, shipped or as TOML, into a layer of Kyiv's days."""
    loaded: LoadedMapping = parse_mapping(mapping, "own.toml") if "\n" in mapping else load_mapping(mapping)
    made = theatre_for(loaded.rules, kind)
    layer = made.layers[0]
    if not loaded.rules.date.column and kind == "points":  # towns: they hold from when somebody says
        layer = msgspec.structs.replace(layer, time="state")
    theatre = msgspec.structs.replace(made, day_zone="Europe/Kyiv", bounds=bounds, layers=(layer,))
    return Given(name, path, theatre, layer.name, ReadOptions(mapping=loaded, at=at))


def _shipped(name: str, path: Path, layer: str) -> Given:
    return Given(name, path, load_theatre("ukraine"), layer, ReadOptions())


def _declared(path: str, definition: str, layer: str, **options: bool) -> Given:
    theatre = load_theatre(str(CASES / definition))
    return Given(f"cases/{path}", CASES / path, theatre, layer, ReadOptions(**options))  # type: ignore[arg-type]


def real() -> Iterator[Given]:
    """Yield the real files, the smallest last."""
    control, events, context = DATA / "control", DATA / "events", DATA / "context"
    archive = control / "deepstate_snapshots_20220403_20241231.tar.xz"
    yield _shipped("control archive, 2022-2024", archive, "control")
    yield _shipped("control, 54 days", control / "daily_2023-10_2023-11", "control")
    footage = events / "uacontrolmap_geolocations_20230101_20250630.csv.gz"
    yield _shipped("geolocated footage", footage, "events")
    days = control / "uacontrolmap_areas_20221207_20241231.tar.xz"
    yield _mapped("UAControlMap areas", days, "uacontrolmap-areas", "areas")
    yield _mapped("UAControlMap front", days, "uacontrolmap-front", "lines")
    places = control / "wikipedia_city_control_20220301_20240817.csv.gz"
    yield _mapped("who holds a place", places, "held-places", "points")
    monitor = events / "cir_bellingcat_ukraine_monitor_events.csv.gz"
    yield _mapped("damage monitor", monitor, "damage-monitor", "points")
    for year in range(2022, 2026):
        news = events / f"viina_derived_candidates_{year}.csv.gz"
        yield _mapped(f"news candidates {year}", news, "news-candidates", "points")
    at = MADE_UP_DAY
    oblasts = context / "ukraine_oblast_minregion_2020.geojson.gz"
    yield _mapped("oblasts", oblasts, OBLASTS, "areas", at=at)
    countries = context / "world-atlas-2.0.2_countries-50m.topo.json.gz"
    yield _mapped("countries", countries, COUNTRIES, "areas", _WORLD, at)
    yield _mapped("towns", context / "geonames_ua_cities1000.csv.gz", TOWNS, "points", at=at)
    yield _mapped("index of snapshots", control / "deepstate_index.csv", INDEX, "points")


def made_up() -> Iterator[Given]:
    """Yield a small file of each format, and the small files that once failed."""
    lonlat, at = '[geometry]\nlon = "lon"\nlat = "lat"\n', MADE_UP_DAY
    wkt = '[geometry]\nwkt = "WKT"\ncrs = "EPSG:4326"\n'
    by: tuple[tuple[str, str, Kind], ...] = (
        ("20230514120000.export.CSV", "gdelt", "points"),
        ("acled.csv", "acled", "points"),
        ("bellingcat_export_events.json", "civilian-harm", "points"),
        ("control.fgb", AREAS, "areas"),
        ("control.parquet", AREAS, "areas"),
        ("desk.gpkg control", '[file]\ntables = "control"\n' + AREAS, "areas"),
        ("desk.gpkg events", '[file]\ntables = "events"\n' + POINTS.replace('"date"', '"seen"'), "points"),
        ("events.xlsx", lonlat + POINTS + 'text = "text"\n', "points"),
        ("excel.csv", EXCEL, "points"),
        ("geoconfirmed.kml", "geoconfirmed", "points"),
        ("mymaps.kml", "my-maps", "points"),
        ("nzz.json", "newsroom-periods", "areas"),
        ("owlmaps.json", "uacontrolmap-areas", "areas"),
        ("owlmaps.json", "uacontrolmap-front", "lines"),
        ("rfc8142.geojsons", POINTS, "points"),
        ("rfc8142_pretty.geojsons", POINTS, "points"),
        ("single_feature.geojson", POINTS, "points"),
        ("topo.json", AREAS, "areas"),
        ("ucdp_ged.csv", "ucdp-ged", "points"),
        ("wkt.csv", wkt + AREAS, "areas"),
    )
    for file, mapping, kind in by:
        name = f"formats/{file}" + ("" if "\n" in mapping else f" ({mapping})")
        path = FORMATS / file.partition(" ")[0]
        yield _mapped(name, path, mapping, kind, at=at if file == "owlmaps.json" else None)
    fmt = "daily_states/fmt.toml"
    yield _declared("axes/syria_latlon.geojson", "axes/syria.toml", "incidents")
    for file in ("crs3857", "crs4284", "crs4326_urn"):
        yield _declared(f"crs/{file}.geojson", fmt, "control")
    yield _declared("daily_states", fmt, "control", whole_state=True)
    for file in ("date_max", "date_us", "date_zero"):
        yield _declared(f"dates/{file}.geojson", fmt, "incidents")
    yield _declared("fields/list_values.geojson", fmt, "incidents")
    yield _declared("fields/status_spelling.geojson", fmt, "control")
    yield _declared("geometry/control.geojson", "geometry/world.toml", "control")
    yield _declared("geometry/roads.geojson", "geometry/world.toml", "roads")
    yield _declared("half_published/mixed.geojson", "open_period/world.toml", "control")
    for file in ("1754517600", "1754700000"):
        path = CASES / f"half_published/{file}.geojson"
        yield _shipped(f"cases/half_published/{file}.geojson", path, "control")
    yield _declared("open_period/areas_inst.geojson", "open_period/world.toml", "control")
    yield _declared("open_period/apr.geojson", "open_period/world.toml", "events")
    yield _declared("status_removed/areas.geojson", "status_removed/before.toml", "control")

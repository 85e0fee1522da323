"""Law: a file of any container needs no mapping where its columns are the layer's own."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import openpyxl
import pyogrio
import pytest
import shapely
from pyproj import Transformer

from tests.shapes import layer, theatre
from tileserver.declared import Category
from tileserver.errors import UnreadableSource
from tileserver.ingest import RawFeature, ReadOptions, Report, read_features, read_snapshots
from tileserver.model import Layer

KINDS = tuple(Category(code, {"en": code}, "#d6553f", "#e8705a") for code in ("battle", "strike"))
EVENTS = layer(
    "events", "points", category="kind", categories=KINDS, fields={"kind": "what", "text": "words"}
)
ROWS = [(37.25, 48.5, "2023-11-01", "battle", "first"), (38.5, 49.0, "2023-11-02", "strike", "second")]
COLUMNS = ("lon", "lat", "date", "kind", "text")
COLLECTION: dict[str, Any] = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [lon, lat]},
            "properties": {"date": date, "kind": kind, "text": text},
        }
        for lon, lat, date, kind, text in ROWS
    ],
}


def read(path: Path, declared: Layer = EVENTS, **options: Any) -> tuple[list[RawFeature], Report]:
    report = Report()
    world = theatre(declared, day_zone="Europe/Kyiv", bounds=(20.0, 41.0, 60.0, 60.0))
    found = list(read_features(path, world, declared, ReadOptions(**options), report))
    report.imported = len(found)
    assert report.balances
    return found, report


def csv(path: Path, delimiter: str = ",", decimal: str = ".", header: tuple[str, ...] = COLUMNS) -> None:
    rows = [
        (str(lon).replace(".", decimal), str(lat).replace(".", decimal), *rest) for lon, lat, *rest in ROWS
    ]
    path.write_text("\n".join(delimiter.join(row) for row in (header, *rows)) + "\n")


def kml(path: Path, moment: str = "<ExtendedData><Data name='date'><value>{date}</value></Data>") -> None:
    marks = "".join(
        "<Placemark>"
        + moment.format(date=date)
        + ("" if "<ExtendedData>" in moment else "<ExtendedData>")
        + f"<Data name='kind'><value>{kind}</value></Data><Data name='text'><value>{text}</value></Data>"
        f"</ExtendedData><Point><coordinates>{lon},{lat}</coordinates></Point></Placemark>"
        for lon, lat, date, kind, text in ROWS
    )
    folders = f"<Folder><name>a</name>{marks}</Folder>"
    path.write_text(f"<kml xmlns='http://www.opengis.net/kml/2.2'><Document>{folders}</Document></kml>")


def by_gdal(path: Path, crs: str = "EPSG:4326", **more: Any) -> None:
    shapes = shapely.points([(lon, lat) for lon, lat, *_ in ROWS])
    if crs != "EPSG:4326":
        there = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
        shapes = shapely.transform(shapes, lambda at: np.column_stack(there.transform(at[:, 0], at[:, 1])))
    fields = [np.array([row[number] for row in ROWS], dtype=object) for number in (2, 3, 4)]
    geometry = shapely.to_wkb(shapes)
    pyogrio.raw.write(path, geometry, fields, COLUMNS[2:], geometry_type="Point", crs=crs, **more)


def shapefile(path: Path) -> None:
    by_gdal(path.with_name("set.shp"), "EPSG:32637")
    with zipfile.ZipFile(path, "w") as archive:
        for part in path.parent.glob("set.*"):
            archive.write(part, part.name)


def workbook(path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(COLUMNS)
    for row in ROWS:
        book.active.append(row)
    book.save(path)


def packed(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("in/events.geojson", json.dumps(COLLECTION))
        archive.writestr("README.txt", "hello")


FILES: dict[str, Callable[[Path], object]] = {
    "events.csv": csv,
    "excel.csv": lambda path: csv(path, ";", ","),
    "named.csv": lambda path: csv(path, header=("Longitude", "Latitude", *COLUMNS[2:])),
    "events.kml": kml,
    "stamped.kml": lambda path: kml(path, "<TimeStamp><when>{date}</when></TimeStamp>"),
    "events.gpkg": lambda path: by_gdal(path, "EPSG:3857"),
    "events.fgb": lambda path: by_gdal(path, "EPSG:32637", SPATIAL_INDEX="NO"),
    "set.zip": shapefile,
    "events.xlsx": workbook,
    "records.json": lambda path: path.write_text(
        json.dumps([dict(zip(COLUMNS, row, strict=True)) for row in ROWS])
    ),
    "inside.json": lambda path: path.write_text(json.dumps({"value": COLLECTION})),
    "pretty.geojsons": lambda path: path.write_text(
        "".join("\x1e" + json.dumps(each, indent=1) + "\n" for each in COLLECTION["features"])
    ),
    "packed.zip": packed,
}


@pytest.mark.parametrize("name", FILES)
def test_the_same_events_come_out_of_every_container(tmp_path: Path, name: str) -> None:
    plain = tmp_path / "plain.geojson"
    plain.write_text(json.dumps(COLLECTION))
    FILES[name](tmp_path / name)
    wanted, _ = read(plain)
    found, report = read(tmp_path / name)
    assert report.total("quarantined") == 0
    assert [(each.properties, each.period, each.precision) for each in found] == [
        (each.properties, each.period, each.precision) for each in wanted
    ]
    places = [shapely.from_geojson(each.geometry) for each in found]
    assert all(
        place.equals_exact(shapely.Point(row[:2]), 1e-9) for place, row in zip(places, ROWS, strict=True)
    )


def test_topojson_is_read_as_the_areas_that_it_shares(tmp_path: Path) -> None:
    arcs = [[[37, 48], [38, 48], [38, 49], [37, 48]]]
    thing = {"type": "Polygon", "arcs": [[0]], "properties": {"status": "who", "date": "2023-11-01"}}
    objects = {"control": {"type": "GeometryCollection", "geometries": [thing]}}
    (tmp_path / "t.json").write_text(json.dumps({"type": "Topology", "objects": objects, "arcs": arcs}))
    areas = layer("control", fields={"status": "who"})
    found, _ = read(tmp_path / "t.json", areas)
    assert [each.properties for each in found] == [{"status": "who"}]


def test_a_typed_instant_without_offset_is_local_time(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(COLUMNS)
    book.active.append((37.25, 48.5, datetime(2023, 11, 1, 12, 30), "battle", "first"))  # noqa: DTZ001
    book.save(tmp_path / "e.xlsx")
    (found,), _ = read(tmp_path / "e.xlsx")
    assert found.period is not None
    assert found.period.start == datetime(2023, 11, 1, 12, 30, tzinfo=ZoneInfo("Europe/Kyiv"))


def two_layers(path: Path) -> None:
    by_gdal(path, layer="one")
    by_gdal(path, layer="two", append=True)


def unplaced(path: Path) -> None:
    by_gdal(path)
    path.with_suffix(".prj").unlink()


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "two.gpkg": (two_layers, r"holds several tables, 'one' and 'two'.* tables"),
    "lists.json": (
        lambda path: path.write_text('{"a": [{"lon": 1}], "b": [2]}'),
        "holds several tables|no one",
    ),
    "wkt.csv": (
        lambda path: path.write_text("WKT,date,kind,lon,lat\nPOINT(37 48),2023-11-01,battle,37,48\n"),
        "a geometry as text in 'WKT'.* tileserver mapping suggest",
    ),
    "xy.csv": (lambda path: csv(path, header=("x", "y", *COLUMNS[2:])), "no one column lon and one lat"),
    "twice.csv": (
        lambda path: path.write_text("lon,longitude,lat,date,kind\n1,2,3,2023-11-01,battle\n"),
        "no one column lon",
    ),
    "undated.csv": (
        lambda path: csv(path, header=("lon", "lat", "Datum", *COLUMNS[3:])),
        r"undated.csv: it has no column from, start, date, datetime; .*--date-column",
    ),
    "unkind.csv": (
        lambda path: csv(path, header=(*COLUMNS[:3], "sort", "text")),
        "has no column .kind.*mapping suggest",
    ),
    "unplaced.shp": (
        unplaced,
        "does not say in which reference system",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_file_does_not_say_is_asked_for(tmp_path: Path, name: str) -> None:
    write, words = REFUSED[name]
    write(tmp_path / name)
    with pytest.raises(UnreadableSource, match=words):
        read(tmp_path / name)


def test_columns_can_be_named_in_any_container(tmp_path: Path) -> None:
    csv(tmp_path / "e.csv", header=("lon", "lat", "Datum", "Art", "text"))
    found, _ = read(tmp_path / "e.csv", date_column="Datum", category_column="Art")
    assert [each.properties["kind"] for each in found] == ["battle", "strike"]


def test_files_of_a_folder_are_states_in_any_container(tmp_path: Path) -> None:
    areas = layer("control", "areas", fields={"status": "who"}, whole_state=True)
    shapes = shapely.to_wkb([shapely.box(37, 48, 38, 49)])
    for day in (2, 1):
        path = tmp_path / f"control_2023-11-0{day}.gpkg"
        pyogrio.raw.write(
            path,
            shapes,
            [np.array(["mine"], dtype=object)],
            ["status"],
            geometry_type="Polygon",
            crs="EPSG:4326",
        )
    (tmp_path / "README").write_text("hello")
    report = Report()
    world = theatre(areas, day_zone="Europe/Kyiv", bounds=(20.0, 41.0, 60.0, 60.0))
    found = list(read_snapshots(tmp_path, world, areas, ReadOptions(), report))
    assert [f"{each.at:%Y-%m-%d %H}" for each in found] == ["2023-10-31 22", "2023-11-01 22"]
    assert not report.total("quarantined")

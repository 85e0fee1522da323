"""Law: areas that GDAL writes as any container, in any reference system, come back as they were."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyogrio
import pytest
import shapely
from arro3.core import Array, DataType, Field, Schema, Table
from arro3.io import write_parquet
from pyproj import CRS, Transformer

from tests.ingest.containers.conftest import Read
from tileserver.ingest.containers import Row

SYSTEMS = ("EPSG:4326", "EPSG:32637", "EPSG:3857")
DRIVERS = {
    "gpkg": "GPKG",
    "fgb": "FlatGeobuf",
    "shp": "ESRI Shapefile",
    "geojson": "GeoJSON",
    "geojsonl": "GeoJSONSeq",
}
ROWS = 700  # more than one batch


def _instant(hour: int, minute: int = 0) -> datetime:
    """An instant of the day in no zone, as files have them."""
    return datetime.fromisoformat(f"2023-05-14T{hour:02}:{minute:02}:00")


def _areas(crs: str) -> np.ndarray[Any, Any]:
    """Areas as of a front: many vertices, holes, some of several parts, not one of round numbers."""
    to = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform
    random = np.random.default_rng(1)

    def area(number: int) -> shapely.Geometry:
        lon, lat = 33 + number % 40 / 7, 46 + number // 40 / 9
        turns = np.sort(random.uniform(0, 2 * np.pi, 40))
        ring = np.column_stack([lon + 0.05 * np.cos(turns), lat + 0.04 * np.sin(turns)])
        hole = np.column_stack([lon + 0.004 * np.cos(turns[::4]), lat + 0.003 * np.sin(turns[::4])])
        shape = shapely.Polygon(ring, [hole]) if number % 3 else shapely.MultiPolygon([shapely.Polygon(ring)])
        return shapely.transform(shape, lambda places: np.column_stack(to(*places.T)))

    return np.array([area(number) for number in range(ROWS)])


def _fields() -> dict[str, np.ndarray[Any, Any]]:
    numbers = np.arange(ROWS)
    return {
        "status": np.array([f"окуповано № {n}" if n % 5 else None for n in numbers], dtype=object),
        "day": np.datetime64("2023-05-14") + numbers,
        "places": numbers * 3,
        "share": numbers / 7,
    }


def _expected(number: int) -> dict[str, Any]:
    return {
        "status": f"окуповано № {number}" if number % 5 else None,
        "day": date(2023, 5, 14) + timedelta(days=number),
        "places": number * 3,
        "share": number / 7,
    }


def _write(path: Path, driver: str, crs: str, shapes: np.ndarray[Any, Any]) -> None:
    fields = _fields()
    options = {"ENCODING": "UTF-8"} if driver == "ESRI Shapefile" else {}
    if driver == "GeoJSON":
        options["COORDINATE_PRECISION"] = "17"
    pyogrio.raw.write(
        path,
        shapely.to_wkb(shapes),
        list(fields.values()),
        list(fields),
        driver=driver,
        crs=crs,
        geometry_type="Unknown" if driver != "ESRI Shapefile" else "Polygon",
        **options,
    )


def _shapes(rows: list[Row]) -> Iterator[shapely.Geometry]:
    for row in rows:
        assert row.geometry is not None
        yield shapely.from_geojson(row.geometry)


@pytest.mark.parametrize("crs", SYSTEMS)
@pytest.mark.parametrize("suffix", ["gpkg", "fgb", "shp", "geojson"])
def test_what_gdal_writes_comes_back_exact(suffix: str, crs: str, tmp_path: Path, read: Read) -> None:
    shapes = _areas(crs)
    path = tmp_path / f"areas.{suffix}"
    _write(path, DRIVERS[suffix], crs, shapes)
    ((table, rows),) = read(path)
    assert not [row.trouble for row in rows if row.trouble]
    if suffix == "fgb":  # in the order of its spatial index
        rows = sorted(rows, key=lambda row: row.values["places"])
    assert [row.number for row in rows] == list(range(1, ROWS + 1)) or suffix == "fgb"
    for number, (row, shape) in enumerate(zip(rows, _shapes(rows), strict=True)):
        want = _expected(number)
        day = want.pop("day").isoformat()  # FlatGeobuf has no dates, GeoJSON has texts
        assert str(row.values["day"]) == (f"{day} 00:00:00" if suffix == "fgb" else day)
        share = want.pop("share")
        assert row.values["share"] == pytest.approx(share, rel=1e-14)
        assert {key: row.values[key] for key in want} == want
        original = shapes[number]
        if suffix in ("gpkg", "fgb"):
            assert shapely.equals(shape, original)
        assert set(map(tuple, shapely.get_coordinates(shape))) == set(
            map(tuple, shapely.get_coordinates(original))
        )
    if crs != "EPSG:4326":
        name = table.crs["properties"]["name"] if isinstance(table.crs, dict) else table.crs
        assert CRS.from_user_input(name) == CRS.from_user_input(crs)


@pytest.mark.parametrize("crs", SYSTEMS)
def test_geoparquet_comes_back_exact(crs: str, tmp_path: Path, read: Read) -> None:
    shapes = _areas(crs)
    geo = {
        "version": "1.1.0",
        "primary_column": "shape",
        "columns": {"shape": {"encoding": "WKB", "geometry_types": [], "crs": CRS(crs).to_json_dict()}},
    }
    schema = Schema(
        [Field("places", DataType.int64()), Field("shape", DataType.binary())],
        metadata={"geo": json.dumps(geo)},
    )
    columns = [
        Array(list(range(ROWS)), DataType.int64()),
        Array(list(shapely.to_wkb(shapes)), DataType.binary()),
    ]
    write_parquet(Table.from_arrays(columns, schema=schema), tmp_path / "areas.parquet")
    ((table, rows),) = read(tmp_path / "areas.parquet")
    assert (table.crs, table.columns) == (crs, ("places",))
    assert all(
        shapely.equals_exact(shape, original) for shape, original in zip(_shapes(rows), shapes, strict=True)
    )
    assert [row.values for row in rows] == [{"places": number} for number in range(ROWS)]


def test_a_zipped_shapefile_in_a_folder_is_read_with_its_parts(tmp_path: Path, read: Read) -> None:
    _write(
        tmp_path / "Areas.shp",
        "ESRI Shapefile",
        SYSTEMS[1],
        _areas(SYSTEMS[1]),
    )
    with zipfile.ZipFile(tmp_path / "day.zip", "w") as archive:
        for file in tmp_path.glob("Areas.*"):
            archive.write(file, f"in/{file.name.upper()}")
    ((table, rows),) = read(tmp_path / "day.zip")
    assert (table.member, table.container, len(rows)) == ("in/AREAS.SHP", "shapefile", ROWS)
    assert CRS.from_user_input(table.crs) == CRS.from_user_input(SYSTEMS[1])
    assert rows[1].values["status"] == "окуповано № 1"


@pytest.mark.parametrize(("encoding", "text"), [("CP1251", "Бахмут, Соледар"), ("CP1252", "Grüße aus Ça va")])
def test_the_encoding_of_a_table_without_a_code_page_is_found(
    encoding: str, text: str, tmp_path: Path, read: Read
) -> None:
    path = tmp_path / "places.shp"
    wkb = shapely.to_wkb(np.array([shapely.Point(37, 48)] * 20))
    fields = [np.array([text] * 20, dtype=object)]
    pyogrio.raw.write(
        path,
        wkb,
        fields,
        ["name"],
        driver="ESRI Shapefile",
        crs="EPSG:4326",
        geometry_type="Point",
        encoding=encoding,
    )
    path.with_suffix(".cpg").unlink()
    table = bytearray(path.with_suffix(".dbf").read_bytes())
    table[29] = 0
    path.with_suffix(".dbf").write_bytes(table)
    ((seen, rows),) = read(path)
    assert rows[0].values["name"] == text
    assert seen.seen["encoding"] == encoding.lower()


def test_instants_have_a_zone_only_where_the_file_has_one(tmp_path: Path, read: Read) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Ereignisse"
    sheet.append(["day", "moment", "sum", "text"])
    sheet.append([date(2023, 5, 14), _instant(12, 30), 48.5, "=1+1"])
    sheet.append([])
    sheet.append(["14.05.2023", None, "48,5", "x"])
    book.create_sheet("empty")
    book.save(tmp_path / "events.xlsx")
    ((table, rows),) = read(tmp_path / "events.xlsx")
    assert (table.name, table.columns) == ("Ereignisse", ("day", "moment", "sum", "text"))
    assert rows[0].values["day"] == date(2023, 5, 14)
    assert rows[0].values["moment"] == _instant(12, 30)
    assert rows[1].values == {"day": "14.05.2023", "moment": None, "sum": "48,5", "text": "x"}

    when = np.array([np.datetime64("2023-05-14T12:00:00")])
    pyogrio.raw.write(
        tmp_path / "p.gpkg",
        shapely.to_wkb(np.array([shapely.Point(1, 2)])),
        [when],
        ["when"],
        driver="GPKG",
        crs="EPSG:4326",
        geometry_type="Point",
    )
    ((_, rows),) = read(tmp_path / "p.gpkg")
    assert rows[0].values["when"] == _instant(12)

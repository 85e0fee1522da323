"""Law: real areas and events that GDAL wrote in any container and reference system come back as they were.

The way back is that of an import: a mapping, its reader, the frame. Coordinates come back within what a
format says of itself: all but KML and TopoJSON hold every digit, so that only the way from metres lies
between. Texts are the publishers' own, with Cyrillic, no-break spaces, quotation marks and line ends.
"""

from __future__ import annotations

import csv
import gzip
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import pyogrio
import pytest
import shapely
from arro3.core import Array, DataType, Field, Schema, Table
from arro3.io import write_parquet
from pyproj import CRS, Transformer

from tests.conftest import DATA, TWO_MONTHS
from tests.ingest.mapping.tables import control, events, plan
from tileserver.ingest import RawFeature, ReadOptions, Report, read_snapshots
from tileserver.ingest.mapping.opening import open_source
from tileserver.ingest.mapping.reader import read_features
from tileserver.theatres import load_theatre

pytestmark = pytest.mark.data

Shapes: TypeAlias = np.ndarray[Any, Any]
SYSTEMS = ("EPSG:4326", "EPSG:3857", "EPSG:32637")
ODD = '№ {n}: «Бахмут» — Ґанок\u00a0100\u00a0м, "Clash, 2"; O\'Neil\nдва рядки '
DAY = date(2023, 5, 14)
KYIV = ZoneInfo("Europe/Kyiv")
EXACT, METRES, SHORT = 1e-12, 2e-9, 1e-7  # degrees; there and back through metres; what seven decimals hold


@dataclass(frozen=True)
class Real:
    """Things in longitude and latitude with a text each, numbered by the text's beginning."""

    shapes: Shapes
    texts: list[str]
    kind: str

    def columns(self) -> dict[str, Any]:
        codes = {"areas": ("status", "occupied"), "points": ("kind", "battle")}[self.kind]
        return {
            "text": np.array(self.texts, dtype=object),
            "date": np.datetime64(DAY) + np.arange(len(self.texts)),
            codes[0]: np.array([codes[1]] * len(self.texts), dtype=object),
        }


@pytest.fixture(scope="module")
def areas() -> Real:
    ukraine = load_theatre("ukraine")
    path = TWO_MONTHS / "2023-11-09T215948Z_1699567188.geojson.gz"
    (state,) = read_snapshots(path, ukraine, ukraine.layer("control"), ReadOptions(), Report())
    flat = [shapely.force_2d(shapely.from_geojson(each.geometry)) for each in state.features]
    kept = [shape for shape in flat if shape.geom_type in ("Polygon", "MultiPolygon") and shape.is_valid]
    texts = [ODD.format(n=n) + "довго " * 500 * (n == 0) for n in range(len(kept))]
    return Real(np.array(kept[:30]), texts[:30], "areas")


@pytest.fixture(scope="module")
def footage() -> Real:
    with gzip.open(DATA / "events" / "uacontrolmap_geolocations_20230101_20250630.csv.gz", "rt", newline="",
                   encoding="utf-8") as text:  # fmt: skip
        rows = [row for _, row in zip(range(120), csv.DictReader(text), strict=False)]
    shapes = shapely.points([(float(row["lon"]), float(row["lat"])) for row in rows])
    return Real(np.asarray(shapes), [f"№ {n}: {row['d']}" for n, row in enumerate(rows)], "points")


def moved(shapes: Shapes, crs: str) -> Shapes:
    to = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform
    return shapely.transform(shapes, lambda places: np.column_stack(to(*places.T)))


Writer: TypeAlias = Callable[[Path, Real, str], Path]


def fitting(text: str) -> str:
    """Cut *text* to what a field of a DBF holds: 254 bytes."""
    return text.encode()[:254].decode("utf-8", "ignore")


def gdal(driver: str, name: str, **options: Any) -> Writer:
    def write(folder: Path, real: Real, crs: str) -> Path:
        columns = real.columns()
        if driver in ("CSV", "LIBKML"):  # both have dates of their own spelling
            columns["date"] = np.array([str(day) for day in columns["date"]], dtype=object)
        if driver == "ESRI Shapefile":
            columns["text"] = np.array([fitting(text) for text in columns["text"]], dtype=object)
        pyogrio.raw.write(
            folder / name,
            shapely.to_wkb(moved(real.shapes, crs)),
            list(columns.values()),
            list(columns),
            driver=driver,
            crs=crs,
            geometry_type=_type_of(real, driver),
            promote_to_multi=False,
            **options,
        )
        return folder / name

    return write


def _type_of(real: Real, driver: str) -> str:
    if driver in ("ESRI Shapefile", "LIBKML") or (driver == "CSV" and real.kind == "points"):
        return {"areas": "Polygon", "points": "Point"}[real.kind]
    return "Unknown"


def packed(write: Writer, name: str) -> Writer:
    def both(folder: Path, real: Real, crs: str) -> Path:
        (folder / "in").mkdir()
        write(folder / "in", real, crs)
        with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in (folder / "in").iterdir():
                archive.write(file, file.name)
        return folder / name

    return both


def parquet(folder: Path, real: Real, crs: str) -> Path:
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {
        "geometry": {"encoding": "WKB", "geometry_types": [], "crs": CRS(crs).to_json_dict()}}}  # fmt: skip
    columns = real.columns()
    columns["date"] = [str(day) for day in columns["date"]]
    fields = [Field(name, DataType.utf8()) for name in columns]
    schema = Schema([*fields, Field("geometry", DataType.binary())], metadata={"geo": json.dumps(geo)})
    made = [Array(list(map(str, each)), DataType.utf8()) for each in columns.values()]
    made.append(Array(list(shapely.to_wkb(moved(real.shapes, crs))), DataType.binary()))
    write_parquet(Table.from_arrays(made, schema=schema), folder / "real.parquet")
    return folder / "real.parquet"


def sheet(folder: Path, real: Real, crs: str) -> Path:
    places = shapely.get_coordinates(moved(real.shapes, crs))
    columns = real.columns() | {"lon": places[:, 0], "lat": places[:, 1]}
    pyogrio.raw.write(
        folder / "real.xlsx",
        None,
        list(columns.values()),
        list(columns),
        driver="XLSX",
        geometry_type=None,
    )
    return folder / "real.xlsx"


def topojson(folder: Path, real: Real, _: str) -> Path:
    """Write one arc for each ring, as differences of whole steps (TopoJSON 1.0, 2.1.3 and 2.2)."""
    step = 1e-7
    arcs: list[Any] = []
    made: list[Any] = []
    columns = {name: list(map(str, each)) for name, each in real.columns().items()}
    for number, shape in enumerate(real.shapes):
        properties = {name: each[number] for name, each in columns.items()}
        polygons = []
        for polygon in shapely.get_parts(shape):
            rings = [polygon.exterior, *polygon.interiors]
            polygons.append([[len(arcs) + n] for n in range(len(rings))])
            for ring in rings:
                whole = np.rint(np.asarray(ring.coords) / step).astype(np.int64)
                arcs.append([whole[0].tolist(), *np.diff(whole, axis=0).tolist()])
        made.append({"type": "MultiPolygon", "arcs": polygons, "properties": properties})
    objects = {"real": {"type": "GeometryCollection", "geometries": made}}
    transform = {"scale": [step, step], "translate": [0, 0]}
    document = {"type": "Topology", "transform": transform, "objects": objects, "arcs": arcs}
    (folder / "real.topojson").write_text(json.dumps(document), "utf-8")
    return folder / "real.topojson"


WKT = '[geometry]\nwkt = "WKT"\ncrs = "{crs}"\n'
XY = '[geometry]\nlon = "{x}"\nlat = "{y}"\ncrs = "{crs}"\n'
AS_CSV = XY.replace("{x}", "X").replace("{y}", "Y")
GEOJSON = gdal("GeoJSON", "real.geojson", COORDINATE_PRECISION="17")
AS_XY = gdal("CSV", "real.csv", layer_options={"GEOMETRY": "AS_XY"})
AS_WKT = gdal("CSV", "real.csv", layer_options={"GEOMETRY": "AS_WKT"})
SEQUENCE = gdal("GeoJSONSeq", "real.geojsons", RS="YES", COORDINATE_PRECISION="17")
SHAPE = gdal("ESRI Shapefile", "real.shp", ENCODING="UTF-8")
KML = gdal("LIBKML", "real.kml")
Way: TypeAlias = tuple[Writer, str, tuple[str, ...], float]
# container -> its writer, how the mapping finds its geometry, its reference systems, degrees it may be off
WAYS: dict[str, Way] = {
    "geojson": (GEOJSON, "", SYSTEMS, METRES),
    "geojsonseq": (gdal("GeoJSONSeq", "real.geojsonl", COORDINATE_PRECISION="17"), "", SYSTEMS[:1], EXACT),
    "rfc 8142": (SEQUENCE, "", SYSTEMS[:1], EXACT),
    "csv, wkt": (AS_WKT, WKT, SYSTEMS, METRES),
    "csv, lon and lat": (AS_XY, AS_CSV, SYSTEMS, METRES),
    "zipped shapefile": (packed(SHAPE, "real.zip"), "", SYSTEMS, METRES),
    "gpkg": (gdal("GPKG", "real.gpkg"), "", SYSTEMS, METRES),
    "fgb": (gdal("FlatGeobuf", "real.fgb"), "", SYSTEMS, METRES),
    "parquet": (parquet, "", SYSTEMS, METRES),
    "kml": (KML, "", SYSTEMS[:1], SHORT),
    "kmz": (packed(KML, "real.kmz"), "", SYSTEMS[:1], SHORT),
    "xlsx": (sheet, XY.replace("{x}", "lon").replace("{y}", "lat"), SYSTEMS, METRES),
    "topojson": (topojson, "", SYSTEMS[:1], SHORT),
}  # fmt: skip
POINTS_ONLY, AREAS_ONLY = ("csv, lon and lat", "xlsx"), ("topojson",)
TRIPS = [(name, crs) for name, way in WAYS.items() for crs in way[2]]


def read(path: Path, real: Real, geometry: str, crs: str) -> tuple[list[RawFeature], Report]:
    codes = {"areas": "status", "points": "kind"}[real.kind]
    toml = f'[date]\ncolumn = "date"\nprecision = "day"\n{geometry.replace("{crs}", crs)}[category]\n'
    layer = control() if real.kind == "areas" else events("text")
    way = plan(f'{toml}column = "{codes}"\n[fields]\ntext = "text"\n', layer)
    report = Report()
    return list(read_features(open_source(path, way.dialect), way, report)), report


def came_back(real: Real, name: str, crs: str, folder: Path) -> None:
    write, geometry, _, off = WAYS[name]
    found, report = read(write(folder, real, crs), real, geometry, crs)
    assert (len(found), report.total("quarantined"), report.total("left_out")) == (len(real.texts), 0, 0)
    for feature in found:
        said = str(feature.properties["text"])
        number = int(said.removeprefix("№ ").partition(":")[0])
        back, shape = shapely.from_geojson(feature.geometry), real.shapes[number]
        places, places_back = (shapely.get_coordinates(shapely.normalize(each)) for each in (shape, back))
        assert places_back.shape == places.shape, number
        assert np.abs(places_back - places).max() <= (
            off if crs != "EPSG:4326" else max(EXACT, off * (off == SHORT))
        )
        text = fitting(real.texts[number]) if "shapefile" in name else real.texts[number]
        assert said.rstrip() == text.rstrip()
        assert feature.period is not None
        assert feature.period.start is not None
        assert (feature.period.start.astimezone(KYIV).date() - DAY).days == number


@pytest.mark.parametrize(("name", "crs"), [each for each in TRIPS if each[0] not in POINTS_ONLY])
def test_real_areas_come_back_as_they_were(name: str, crs: str, areas: Real, tmp_path: Path) -> None:
    came_back(areas, name, crs, tmp_path)


@pytest.mark.parametrize(("name", "crs"), [each for each in TRIPS if each[0] not in AREAS_ONLY])
def test_real_events_come_back_as_they_were(name: str, crs: str, footage: Real, tmp_path: Path) -> None:
    came_back(footage, name, crs, tmp_path)

"""Broken and hostile files of points with a date and a kind, small enough to be made in a moment.

Each is made from two good rows, Here and There, and a fault; a reader either refuses the file in words, or
yields the good rows and puts the fault aside.
"""

from __future__ import annotations

import gzip
import io
import json
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import openpyxl
import pyogrio
import shapely
from arro3.core import Array, DataType, Field, Schema, Table
from arro3.io import write_parquet
from pyproj import CRS

Build: TypeAlias = Callable[[Path], Path]

MAPPING = """
[date]
column = "date"
[category]
column = "kind"
[fields]
text = "text"
"""
LONLAT = '[geometry]\nlon = "lon"\nlat = "lat"\n'
MB = 1 << 20
ROWS = [("Here", 37.5, 48.5), ("There", 37.6, 48.6)]


def feature(text: str, lon: float, lat: float) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"date": "2023-05-14", "kind": "battle", "text": text},
        "geometry": {"type": "Point", "coordinates": [lon, lat]},
    }


HERE, THERE = (json.dumps(feature(*row)) for row in ROWS)
CSV = "date,kind,text,lon,lat\n" + "".join(f"2023-05-14,battle,{t},{x},{y}\n" for t, x, y in ROWS)
KML = (
    '<?xml version="1.0" encoding="UTF-8"?>\nDOCTYPE<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
    + "".join(
        f'<Placemark><ExtendedData><Data name="date"><value>2023-05-14</value></Data><Data name="kind">'
        f'<value>battle</value></Data><Data name="text"><value>{t}END</value></Data></ExtendedData>'
        f"<Point><coordinates>{x},{y}</coordinates></Point></Placemark>"
        for t, x, y in ROWS
    )
    + "</Document></kml>"
)
LAUGHS = '<!ENTITY l0 "ha">' + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))


def written(name: str, data: str | bytes) -> Build:
    def build(folder: Path) -> Path:
        (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())
        return folder / name

    return build


def collection(*between: str, crs: str = "") -> str:
    """A GeoJSON file of the good rows with texts of features between them."""
    system = f'"crs": {{"type": "name", "properties": {{"name": "{crs}"}}}}, ' if crs else ""
    features = ", ".join([HERE, *between, THERE])
    return f'{{"type": "FeatureCollection", {system}"features": [{features}]}}'


def kml(declared: str, end: str) -> str:
    """A KML of the good rows, with declarations, and an end to each text."""
    doctype = f"<!DOCTYPE kml [{declared}]>" if declared else ""
    return KML.replace("DOCTYPE", doctype).replace("END", end)


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes]) -> Build:
    def build(folder: Path) -> Path:
        with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in members:
                archive.writestr(name, data)
        return folder / "a.zip"

    return build


def tarred(*members: tuple[str, bytes, bytes]) -> Build:
    """A tar of members: name, type and content, or target of a link."""

    def build(folder: Path) -> Path:
        with tarfile.open(folder / "a.tar.gz", "w:gz") as archive:
            for name, kind, data in members:
                info = tarfile.TarInfo(name)
                info.type = kind
                info.size = len(data) if kind == tarfile.REGTYPE else 0
                info.linkname = data.decode() if kind != tarfile.REGTYPE else ""
                archive.addfile(info, io.BytesIO(data))
        return folder / "a.tar.gz"

    return build


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def gdal(driver: str, name: str, shapes: list[Any] | None = None, **options: Any) -> Build:
    """The good rows as GDAL writes them, or with geometries of a fault's own."""

    def build(folder: Path) -> Path:
        made = [shapely.Point(x, y) for _, x, y in ROWS] if shapes is None else shapes
        texts = [row[0] for row in ROWS] + ["Fault"] * (len(made) - len(ROWS))
        columns = {"date": ["2023-05-14"] * len(made), "kind": ["battle"] * len(made), "text": texts}
        pyogrio.raw.write(
            folder / name,
            shapely.to_wkb(np.array(made)),
            [np.array(each, dtype=object) for each in columns.values()],
            list(columns),
            driver=driver,
            **{"crs": "EPSG:4326", "geometry_type": "Point" if shapes is None else "Unknown"} | options,
        )
        return folder / name

    return build


def workbook(*rows: tuple[Any, ...]) -> Build:
    def build(folder: Path) -> Path:
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.append(["date", "kind", "text", "lon", "lat"])
        for row in (*(("2023-05-14", "battle", *row) for row in ROWS), *rows):
            sheet.append(row)
        book.save(folder / "a.xlsx")
        return folder / "a.xlsx"

    return build


def parquet(folder: Path) -> Path:
    geo = {"version": "1.1.0", "primary_column": "g", "columns": {"g": {"encoding": "WKB",
           "geometry_types": []}}}  # fmt: skip
    names = [
        *[Field(name, DataType.utf8()) for name in ("date", "kind", "text")],
        Field("g", DataType.binary()),
    ]
    texts = [["2023-05-14"] * 2, ["battle"] * 2, [row[0] for row in ROWS]]
    columns = [Array(each, DataType.utf8()) for each in texts]
    columns.append(Array([shapely.to_wkb(shapely.Point(*row[1:])) for row in ROWS], DataType.binary()))
    schema = Schema(names, metadata={"geo": json.dumps(geo)})
    write_parquet(Table.from_arrays(columns, schema=schema), folder / "a.parquet")
    return folder / "a.parquet"


def cut(build: Build, share: float = 0.6) -> Build:
    """The file of *build*, cut off."""

    def shortened(folder: Path) -> Path:
        path = build(folder)
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
        return path

    return shortened


def without(build: Build, suffix: str) -> Build:
    def smaller(folder: Path) -> Path:
        path = build(folder)
        path.with_suffix(suffix).unlink()
        return path

    return smaller


def with_part(build: Build, suffix: str, data: bytes) -> Build:
    def other(folder: Path) -> Path:
        path = build(folder)
        path.with_suffix(suffix).write_bytes(data)
        return path

    return other


def ring(vertices: int) -> Any:
    turns = np.linspace(0, 2 * np.pi, vertices)
    return shapely.Polygon(np.column_stack([37 + np.cos(turns), 48 + np.sin(turns)]))


DEEP = "[" * 200_000 + "]" * 200_000
SHP = gdal("ESRI Shapefile", "a.shp", ENCODING="UTF-8")
FORMULA = "=cmd|' /C calc'!A0"
EXTERNAL = '<!ENTITY x SYSTEM "file:///etc/passwd">'
TOPOLOGY = '{"type": "Topology", "objects": {"a": {"type": "Point", "coordinates": [1, 2]}}, "arcs": []}'
WKT_CSV = "date,kind,text,wkt\n" + "".join(f"2023-05-14,battle,{t},POINT ({x} {y})\n" for t, x, y in ROWS)
KLINGON = '[file]\nencoding = "klingon"\n'
METRES = CRS("EPSG:32637").to_wkt("WKT1_ESRI")
WRONG_PRJ = with_part(SHP, ".prj", METRES.encode())  # for what are degrees

# name -> builder, more of the mapping, and words of the refusal, or of the reason against the bad row
REFUSED: dict[str, tuple[Build, str, str]] = {
    "path above, zip": (zipped(("../a.csv", CSV.encode())), LONLAT, "points outside the archive"),
    "absolute path, tar": (
        tarred(("/etc/a.csv", tarfile.REGTYPE, CSV.encode())),
        LONLAT,
        "points outside the archive",
    ),
    "link, zip": (zipped((link("a.csv"), b"/etc/passwd")), LONLAT, "is a link or a device"),
    "link, tar": (tarred(("a.csv", tarfile.SYMTYPE, b"/etc/passwd")), LONLAT, "is a link or a device"),
    "device, tar": (tarred(("a.csv", tarfile.CHRTYPE, b"")), LONLAT, "is a link or a device"),
    "billion laughs, kml": (written("a.kml", kml(LAUGHS, "&l11;")), "", "declares the entity 'l0'"),
    "external entity, kml": (written("a.kml", kml(EXTERNAL, "&x;")), "", "declares the entity 'x'"),
    "cut off, geojson": (cut(written("a.geojson", collection())), "", "broken or cut off"),
    "cut off, topojson": (cut(written("a.json", TOPOLOGY)), "", "broken or cut off"),
    "cut off, kml": (cut(written("a.kml", kml("", ""))), "", "broken or cut off"),
    "cut off, gpkg": (cut(gdal("GPKG", "a.gpkg")), "", "no GeoPackage: database disk image is malformed"),
    "cut off, fgb": (cut(gdal("FlatGeobuf", "a.fgb"), 0.9), "", "it cannot be read"),
    "cut off, shapefile": (cut(SHP, 0.8), "", "shapefile, and cut off"),
    "cut off, parquet": (cut(parquet), "", "or is broken"),
    "cut off, xlsx": (cut(workbook()), LONLAT, "not complete"),
    "cut off, zip": (cut(zipped(("a.csv", CSV.encode()))), LONLAT, "not complete"),
    "cut off, gz": (cut(written("a.csv.gz", gzip.compress(CSV.encode() * 50))), LONLAT, "is it complete"),
    "cut off, tar": (cut(tarred(("a.csv", tarfile.REGTYPE, CSV.encode() * 50))), LONLAT, "cannot be read"),
    "without .dbf": (without(SHP, ".dbf"), "", "in its .dbf"),
    "without .shx": (without(SHP, ".shx"), "", "without its .shx"),
    "without .prj": (without(SHP, ".prj"), "", "does not say in which reference system"),
    "broken .prj": (with_part(SHP, ".prj", b"GEOGCS[nonsense"), "", "the .prj, cannot be understood"),
    "unknown system": (written("a.geojson", collection(crs="EPSG:999999")), "", "EPSG:999999"),
    "unknown encoding": (written("a.csv", CSV), LONLAT + KLINGON, "unknown encoding: klingon"),
    "picture": (written("a.csv", b"\x89PNG\r\n\x1a\n" + bytes(99)), LONLAT, "a picture"),
    "error page": (written("a.geojson", "<!DOCTYPE html><html>404</html>"), "", "a web page"),
}
ONE_BAD_ROW: dict[str, tuple[Build, str, str]] = {
    "deep properties, geojson": (
        written("a.geojson", collection(HERE.replace('"Here"', DEEP))),
        "",
        "too deep",
    ),
    "deep geometry, geojson": (
        written("a.geojson", collection(HERE.replace("[37.5, 48.5]", DEEP))),
        "",
        "too deep",
    ),
    "deep geometry, lines": (
        written("a.geojsonl", f"{HERE}\n{HERE.replace('[37.5, 48.5]', DEEP)}\n{THERE}\n"),
        "",
        "too deep",
    ),
    "deep wkt, csv": (
        written("a.csv", WKT_CSV + f'2023-05-14,battle,x,"{"GEOMETRYCOLLECTION(" * 5000}"\n'),
        '[geometry]\nwkt = "wkt"\ncrs = "EPSG:4326"\n',
        "nests deeper",
    ),
    "NUL bytes, geojson": (written("a.geojson", collection("\0\0\0")), "", "malformed"),
    "NUL bytes, csv": (written("a.csv", CSV + "\0\0,battle,x,37,48\n"), LONLAT, "it has a NUL"),
    "formula, xlsx": (
        workbook(("2023-05-14", "battle", FORMULA, 37, 48)),
        LONLAT,
        "has a formula without a value",
    ),
    "words for numbers, csv": (
        written("a.csv", CSV + "2023-05-14,battle,x,here,there\n"),
        LONLAT,
        "no longitude and latitude",
    ),
    "infinite number, geojson": (
        written("a.geojson", collection(HERE.replace("37.5", "1e999"))),
        "",
        "1e999",
    ),
    "wrong encoding, csv": (
        written("a.csv", CSV.encode() + "2023-05-14,battle,Бахмут,37,48\n".encode("cp1251")),
        LONLAT + '[file]\nencoding = "utf-8"\n',
        "not of the file's encoding",
    ),
    "too few cells, csv": (written("a.csv", CSV + "1,2\n"), LONLAT, "2 cells for 5 columns"),
    "too many cells, csv": (written("a.csv", CSV + "1,2,3,4,5,6\n"), LONLAT, "6 cells for 5 columns"),
}

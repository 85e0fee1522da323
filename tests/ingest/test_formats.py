"""Law: a file that cannot be read is refused by the name of what it is, with what would make it readable."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.shapes import layer, theatre
from tileserver.errors import UnreadableSource
from tileserver.ingest import ReadOptions, Report, read_features
from tileserver.ingest.formats import seen_format


def zipped(*names: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as packed:
        for name in names:
            packed.writestr(name, "")
    return data.getvalue()


FEATURE: dict[str, Any] = {"type": "Feature", "geometry": None, "properties": {}}
COLLECTION: dict[str, Any] = {"type": "FeatureCollection", "features": []}
CASES = [
    (b"", "empty", "written to its end"),
    (b"\xef\xbb\xbf  \n", "empty", "written to its end"),
    (b"fgb\x03fgb\x01", "a FlatGeobuf", "mapping suggest"),
    (b"PAR1\x15\x04", "a Parquet file", "mapping suggest"),
    (b"SQLite format 3\0", "GeoPackage", "mapping suggest"),
    (b"\x00\x00\x27\x0a", "shapefile", "mapping suggest"),
    (zipped("xl/workbook.xml"), "an Excel workbook", "mapping suggest"),
    (zipped("a.shp", "a.dbf"), "a zipped shapefile", "mapping suggest"),
    (zipped("doc.kml"), "a KMZ", "mapping suggest"),
    (zipped("a.geojson"), "a zip archive", "mapping suggest"),
    (b"PK\x03\x04", "a zip archive that is not complete", "fetch it again"),
    (b'<?xml version="1.0"?>\n<kml xmlns="http://www.opengis.net/kml/2.2">', "KML", "mapping suggest"),
    (b'<!-- made by a desk --><gpx version="1.1">', "GPX", "in.gpx"),
    (b"<!DOCTYPE html><html>", "a web page", "error page"),
    (b"<osm>", "XML (osm)", "ogr2ogr"),
    (json.dumps({"type": "Topology", "objects": {}}).encode(), "TopoJSON", "mapping suggest"),
    (json.dumps(FEATURE, indent=1).encode(), "one GeoJSON Feature", "mapping suggest"),
    (b"\x1e" + json.dumps(FEATURE, indent=1).encode(), "RFC 8142", "mapping suggest"),
    (json.dumps({"value": COLLECTION}).encode(), "a FeatureCollection under 'value'", "mapping suggest"),
    (json.dumps({"areas": [], "geos": {}}).encode(), "the keys 'areas', 'geos'", "mapping suggest"),
    (
        json.dumps([{"id": "CIV1", "latitude": "49.5"}]).encode(),
        "1 items with 'id', 'latitude'",
        "mapping suggest",
    ),
    (b'{"type": "Point", "coordinates": [1, 2]}', "JSON of the type 'Point'", "FeatureCollection"),
    (b'{"type": "FeatureCollection", "featur', "broken or cut off", "written to its end"),
    (b"WKT,date,status\n1,2,3\n", "commas between 3 columns ('WKT', 'date', 'status'", "mapping suggest"),
    ("\ufeffDatum;Breite;Länge\r\n14.05.2023;48,5;37,9".encode(), "semicolons between 3", "mapping suggest"),
    (b"1100000001\t20230514\t202305\t2023\n", "tabs between 4", "mapping suggest"),
    (b"hello", "not known", "ogr2ogr"),
]


@pytest.mark.parametrize(("data", "seen", "would_do"), CASES)
def test_a_format_is_told_by_what_it_is(data: bytes, seen: str, would_do: str) -> None:
    found, advice = seen_format(data)
    assert seen in found
    assert would_do in advice


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (b"%PDF-1.7", "a PDF; a map in it is a picture"),
        (b"\x89PNG\r\n", "a picture; ask for the data"),
        (b"\xd0\xcf\x11\xe0", "an old Excel or Office file; save it as .xlsx"),
        ('[{"lon": 1, "lat": 2}]'.encode("utf-16"), "JSON in UTF-16; save it in UTF-8"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b'<gpx version="1.1">', "GPX; convert it"),
        (b"hello", "not known here"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_by_what_it_is(tmp_path: Path, data: bytes, seen: str) -> None:
    path = tmp_path / "file.geojson"
    path.write_bytes(data)
    events = layer("events", "points")
    with pytest.raises(UnreadableSource, match=seen):
        list(read_features(path, theatre(events), events, ReadOptions(), Report()))


def test_a_folder_is_refused_with_what_takes_one(tmp_path: Path) -> None:
    events = layer("events", "points")
    for name in ("a.geojson", "b.csv"):
        (tmp_path / name).write_text(json.dumps(COLLECTION))
    with pytest.raises(UnreadableSource, match=r"holds 2 files; .*--whole-state"):
        list(read_features(tmp_path, theatre(events), events, ReadOptions(), Report()))


@given(st.binary(max_size=80) | st.text(max_size=80).map(str.encode))
def test_no_bytes_make_it_fail(data: bytes) -> None:
    what, would_do = seen_format(data)
    assert what
    assert would_do

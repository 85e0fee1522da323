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
    (b"fgb\x03fgb\x01", "a FlatGeobuf", "ogr2ogr"),
    (b"PAR1\x15\x04", "a Parquet file", "ogr2ogr"),
    (b"SQLite format 3\0", "GeoPackage", "ogr2ogr"),
    (b"\x00\x00\x27\x0a", "shapefile", "ogr2ogr"),
    (zipped("xl/workbook.xml"), "an Excel workbook", "CSV"),
    (zipped("a.shp", "a.dbf"), "a zipped shapefile", "vsizip"),
    (zipped("doc.kml"), "a KMZ", "in.kmz"),
    (zipped("a.geojson"), "a zip archive", "unpack"),
    (b"PK\x03\x04", "a zip archive that is not complete", "fetch it again"),
    (b'<?xml version="1.0"?>\n<kml xmlns="http://www.opengis.net/kml/2.2">', "KML", "in.kml"),
    (b'<!-- made by a desk --><gpx version="1.1">', "GPX", "in.gpx"),
    (b"<!DOCTYPE html><html>", "a web page", "error page"),
    (b"<osm>", "XML (osm)", "ogr2ogr"),
    (json.dumps({"type": "Topology", "objects": {}}).encode(), "TopoJSON", "topo2geo"),
    (json.dumps(FEATURE, indent=1).encode(), "one GeoJSON Feature", "FeatureCollection"),
    (b"\x1e" + json.dumps(FEATURE, indent=1).encode(), "RFC 8142", "one line"),
    (json.dumps({"value": COLLECTION}).encode(), "a FeatureCollection under 'value'", "jq '.value'"),
    (json.dumps({"areas": [], "geos": {}}).encode(), "the keys 'areas', 'geos'", "make a FeatureCollection"),
    (
        json.dumps([{"id": "CIV1", "latitude": "49.5"}]).encode(),
        "1 items with 'id', 'latitude'",
        "Feature for each",
    ),
    (b'{"type": "Point", "coordinates": [1, 2]}', "JSON of the type 'Point'", "FeatureCollection"),
    (b'{"type": "FeatureCollection", "featur', "broken or cut off", "written to its end"),
    (b"WKT,date,status\n1,2,3\n", "commas between 3 columns ('WKT', 'date', 'status'", "ogr2ogr"),
    ("\ufeffDatum;Breite;Länge\r\n14.05.2023;48,5;37,9".encode(), "semicolons between 3", "ogr2ogr"),
    (b"1100000001\t20230514\t202305\t2023\n", "tabs between 4", "ogr2ogr"),
    (b"hello", "not known", "ogr2ogr"),
]


@pytest.mark.parametrize(("data", "seen", "would_do"), CASES)
def test_a_file_is_refused_by_what_it_is(tmp_path: Path, data: bytes, seen: str, would_do: str) -> None:
    path = tmp_path / "file.geojson"
    path.write_bytes(data)
    events = layer("events", "points")
    with pytest.raises(UnreadableSource) as refused:
        list(read_features(path, theatre(events), events, ReadOptions(), Report()))
    assert seen in str(refused.value)
    assert would_do in str(refused.value)


def test_a_folder_is_refused_with_what_takes_one(tmp_path: Path) -> None:
    events = layer("events", "points")
    with pytest.raises(UnreadableSource, match=r"is a folder; .*--whole-state"):
        list(read_features(tmp_path, theatre(events), events, ReadOptions(), Report()))


@given(st.binary(max_size=80) | st.text(max_size=80).map(str.encode))
def test_no_bytes_make_it_fail(data: bytes) -> None:
    what, would_do = seen_format(data)
    assert what
    assert would_do

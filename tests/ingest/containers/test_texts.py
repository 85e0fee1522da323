"""Delimited text, JSON and KML: what is found out, what is declared, and what becomes of each part."""

from __future__ import annotations

import codecs
import csv
import json
from pathlib import Path

import pytest
import shapely

from tests.ingest.containers.conftest import UNDECLARED, Read, Write
from tileserver.errors import UnreadableSource
from tileserver.ingest.containers import Dialect

HEADER = ["Datum", "Länge", "Ort"]
RECORDS = [["14.05.2023", "37,9999", "Бахмут; Соледар"], ["15.05.2023", "38,1", 'так званий "котел"\nтам']]
LATIN = [["14.05.2023", "37,9999", "Köln, Düren"], ["15.05.2023", "38,1", "Français"]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    ("encoding", "seen", "records"),
    [
        ("utf-8", "utf-8", RECORDS),
        ("utf-8-sig", "utf-8-sig", RECORDS),
        ("utf-16", "utf-16", RECORDS),
        ("utf-16-le", "utf-16-le", LATIN),
        ("utf-16-be", "utf-16-be", LATIN),
        ("cp1251", "cp1251", RECORDS),
        ("cp1252", "cp1252", LATIN),
    ],
)
def test_encoding_and_delimiter_are_found(
    delimiter: str, encoding: str, seen: str, records: list[list[str]], tmp_path: Path, read: Read
) -> None:
    header = ["Datum", "Lon", "Ort"] if encoding == "cp1251" else HEADER
    with (tmp_path / "a.txt").open("w", encoding=encoding, newline="") as stream:
        csv.writer(stream, delimiter=delimiter).writerows([header, *records])
    ((table, rows),) = read(tmp_path / "a.txt")
    assert table.seen["encoding"] == seen
    assert table.columns == tuple(header)
    assert [list(row.values.values()) for row in rows] == records
    assert not any(row.trouble for row in rows)


def test_columns_without_a_header_have_numbers_and_names_that_are_taken_get_theirs(
    write: Write, read: Read
) -> None:
    path = write("a.tsv", "x\t\tx\tx_3\n1\t2\t3\t4\n")
    assert read(path)[0][0].columns == ("x", "2", "x_3", "x_3_4")
    ((numbered, rows),) = read(path, Dialect(header=False))
    assert numbered.columns == ("1", "2", "3", "4")
    assert [row.number for row in rows] == [1, 2]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_titles_above_the_header_are_passed_over_by_its_line(
    encoding: str, tmp_path: Path, read: Read
) -> None:
    text = 'Attacks; "all", of\r\n\r\nday;place\r\n2023;"Bakh\nmut"\r\n'
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    ((table, rows),) = read(tmp_path / "a.csv", Dialect(header=3))
    assert table.columns == ("day", "place")
    assert [(row.number, row.values, row.trouble) for row in rows] == [
        (1, {"day": "2023", "place": "Bakh\nmut"}, "")
    ]
    with pytest.raises(UnreadableSource, match="without records"):
        read(tmp_path / "a.csv", Dialect(header=30))


def test_what_is_declared_wins_over_what_would_be_found(write: Write, read: Read) -> None:
    path = write("a.csv", b"a;b,c\n1;2,3\n")
    declared = Dialect(container="csv", delimiter=",", encoding="cp1252")
    ((table, _),) = read(path, declared)
    assert table.columns == ("a;b", "c")
    assert table.seen == {"encoding": "cp1252", "delimiter": "comma"}
    with pytest.raises(UnreadableSource, match="encoding 'klingon'"):
        read(path, Dialect(encoding="klingon"))


def test_a_cell_may_hold_a_large_polygon(write: Write, read: Read) -> None:
    wkt = shapely.Point(37, 48).buffer(1, quad_segs=10_000).wkt
    ((_, rows),) = read(write("a.csv", f'WKT,status\n"{wkt}",occupied\n'))
    assert rows[0].values == {"WKT": wkt, "status": "occupied"}


def test_records_lie_at_declared_paths(write: Write, read: Read) -> None:
    document = {"meta": {"sources": [{"id": 1}]}, "areas": [[[48, 37], [49, 38]]], "one": {"x": 1}}
    path = write("a.json", json.dumps(document))
    found = read(path, Dialect(records=("areas", "meta.sources", "one")))
    assert [(table.name, [row.values for row in rows]) for table, rows in found] == [
        ("areas", [{"value": [[48, 37], [49, 38]]}]),
        ("meta.sources", [{"id": 1}]),
        ("one", [{"x": 1}]),
    ]
    with pytest.raises(
        UnreadableSource, match=r"no list of records at 'area'; there are 'meta.sources', 'areas'"
    ):
        read(path, Dialect(records=("area",)))


def test_a_feature_keeps_its_id_its_bytes_and_its_other_members(write: Write, read: Read) -> None:
    geometry = '{"type":"Point", "coordinates":[37.10,48.0]}'
    text = f'\ufeff{{"features": [{{"id": 7, "when": "x", "geometry": {geometry}, "type": "Feature",'
    text += ' "properties": {"a": [1, {"b": null}]}}], "type": "FeatureCollection", "crs": {"a": 1}}'
    ((table, rows),) = read(write("a.geojson", text))
    assert (table.container, table.crs, table.columns) == ("geojson", {"a": 1}, ("id", "when", "a"))
    assert rows[0].values == {"id": 7, "when": "x", "a": [1, {"b": None}]}
    assert rows[0].geometry == geometry.encode()


def test_rows_may_be_read_again_and_in_turns(write: Write, read: Read) -> None:
    ((table, rows),) = read(write("a.json", '[{"a": 1}, {"a": 2}]'))
    first, second = table.rows(), table.rows()
    assert [next(first), next(second), next(first), next(second)] == [rows[0], rows[0], rows[1], rows[1]]


def _kml(body: str, encoding: str = "utf-8") -> bytes:
    mark = codecs.BOM_UTF8 if encoding == "utf-8" else b""
    text = f'<?xml version="1.0" encoding="{encoding}"?><k:kml xmlns:k="x"><k:Document>{body}'
    return mark + f"{text}</k:Document></k:kml>".encode(encoding)


PLACEMARK = """<k:Placemark><k:name>Бахмут</k:name>
<k:description>&lt;p&gt;one &amp;amp; two&lt;/p&gt;&lt;a href="https://x.org/1?a&amp;amp;b"&gt;here&lt;/a&gt;</k:description>
<k:TimeSpan><k:begin>2023-05-14</k:begin><k:end>2023-05-20</k:end></k:TimeSpan>
<k:ExtendedData><k:Data name="name"><k:value>other</k:value></k:Data>
<k:SchemaData><k:SimpleData name="side">ru</k:SimpleData></k:SchemaData></k:ExtendedData>
<k:Polygon><k:outerBoundaryIs><k:LinearRing><k:coordinates>37,48 38,48
38,49</k:coordinates></k:LinearRing></k:outerBoundaryIs></k:Polygon></k:Placemark>"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "windows-1251"])
def test_a_placemark_becomes_a_row_in_any_encoding(encoding: str, write: Write, read: Read) -> None:
    ((table, rows),) = read(write("a.kml", _kml(PLACEMARK, encoding)))
    assert not rows[0].trouble
    assert table.crs == "OGC:CRS84"
    assert rows[0].values == {
        "name": "Бахмут",
        "description": "one & two\nhere",
        "urls": ["https://x.org/1?a&b"],
        "begin": "2023-05-14",
        "end": "2023-05-20",
        "name (data)": "other",
        "side": "ru",
    }
    assert set(rows[0].values) <= set(table.columns)
    assert json.loads(rows[0].geometry or b"") == {
        "type": "Polygon",
        "coordinates": [[[37, 48], [38, 48], [38, 49], [37, 48]]],
    }


def test_folders_of_kml_are_tables_named_by_their_path(write: Write, read: Read) -> None:
    inner = "<Folder><name>B/C</name><Placemark/><Placemark/></Folder>"
    body = f"<Placemark/><Folder><name>A</name>{inner}</Folder><Folder><name>empty</name></Folder>"
    found = read(write("a.kml", f"<kml><Document><name>map</name>{body}</Document></kml>"))
    assert [(table.name, len(rows)) for table, rows in found] == [("", 1), ("A/B|C", 2)]


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        ("<Point><coordinates>37, 48</coordinates></Point>", "not lon,lat"),
        ("<Point><coordinates>nan,48</coordinates></Point>", "not lon,lat"),
        ("<Point><coordinates>x,48</coordinates></Point>", "not lon,lat"),
        ("<Polygon/>", "no outer ring"),
        ("<Track/>", "a Track, which is not read"),
        ("<MultiGeometry>" * 9 + "</MultiGeometry>" * 9, "nested too deep"),
    ],
)
def test_a_placemark_with_a_broken_geometry_costs_itself_alone(
    shape: str, says: str, write: Write, read: Read
) -> None:
    text = f"<kml><Placemark><name>x</name>{shape}</Placemark><Placemark/></kml>"
    ((_, rows),) = read(write("a.kml", text), UNDECLARED)
    assert says in rows[0].trouble
    assert [bool(row.trouble) for row in rows] == [True, False]

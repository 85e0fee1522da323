"""Law: no file makes the reader follow, fetch or hold more than the limits say, and the reason is told."""

from __future__ import annotations

import gzip
import json
import socket
import sqlite3
import stat
import tarfile
import tracemalloc
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import openpyxl
import pyogrio
import pytest
import shapely
from arro3.core import Array, DataType, Table
from arro3.io import write_parquet

from tests.ingest.containers.conftest import UNDECLARED, Read, Write
from tileserver.errors import HostileSource, UnreadableSource
from tileserver.ingest.containers import Dialect, open_tables
from tileserver.ingest.limits import LIMITS, MB, Limits

SMALL = Limits(members=5, spooled_bytes=100_000, total_bytes=250_000, line_bytes=2_000)
CSV = b"a,b\n1,2\n"


def _zip(path: Path, *members: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path


def _link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("a.csv")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize(
    "members",
    [
        [("../a.csv", CSV)],
        [("/etc/a.csv", CSV)],
        [("..\\a.csv", CSV)],
        [(_link(), b"/etc/passwd")],
        [("a.csv", b"0" * 100_001)],
        [(f"{n}.csv", b"0" * 90_000) for n in range(3)],
        [(f"{n}.csv", CSV) for n in range(6)],
    ],
    ids=["above", "absolute", "backslash", "link", "large", "large together", "many"],
)
def test_a_zip_that_escapes_or_swells_is_refused_unopened(
    members: list[tuple[str | zipfile.ZipInfo, bytes]], tmp_path: Path, read: Read
) -> None:
    with pytest.raises(HostileSource):
        read(_zip(tmp_path / "a.zip", *members), UNDECLARED, SMALL)


def test_a_zip_that_lies_about_its_sizes_is_put_aside(tmp_path: Path, read: Read) -> None:
    data = bytearray(_zip(tmp_path / "a.zip", ("a.csv", b"a,b\n" * 100_000)).read_bytes())
    real = (400_000).to_bytes(4, "little")
    while (at := data.find(real)) >= 0:
        data[at : at + 4] = (900).to_bytes(4, "little")
    (tmp_path / "lying.zip").write_bytes(data)
    ((_, rows),) = read(tmp_path / "lying.zip", UNDECLARED, SMALL)
    assert rows[0].number == 0
    assert "a.csv cannot be unpacked" in rows[0].trouble


def test_archives_within_archives_end_somewhere(tmp_path: Path, read: Read) -> None:
    data = CSV
    for depth in range(4):
        name = "a.csv" if depth == 0 else "a.zip"
        data = _zip(tmp_path / "next.zip", (name, data)).read_bytes()
    (tmp_path / "deep.zip").write_bytes(data)
    with pytest.raises(HostileSource, match="packed more than"):
        read(tmp_path / "deep.zip")


def test_a_packed_stream_without_end_is_refused(tmp_path: Path, read: Read) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 100_000))
    with pytest.raises(HostileSource, match="unpacks to more than"):
        read(tmp_path / "a.csv.gz", UNDECLARED, SMALL)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_a_tar_with_a_link_is_refused(kind: bytes, tmp_path: Path, read: Read) -> None:
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as tar:
        info = tarfile.TarInfo("a.csv")
        info.type, info.linkname = kind, "/etc/passwd"
        tar.addfile(info)
    with pytest.raises(HostileSource, match="link or a device"):
        read(tmp_path / "a.tar.gz")


def test_links_in_a_folder_are_not_followed(tmp_path: Path, read: Read) -> None:
    (tmp_path / "day").mkdir()
    (tmp_path / "day" / "a.csv").write_bytes(CSV)
    (tmp_path / "day" / "b.csv").symlink_to("/etc/passwd")
    assert [table.member for table, _ in read(tmp_path / "day")] == ["a.csv"]


KML = "<kml><Document><Placemark><name>{}</name></Placemark></Document></kml>"
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))


@pytest.mark.parametrize(
    "text",
    [
        f'<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY l0 "ha">{LAUGHS}]>{KML.format("&l11;")}',
        f'<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/passwd">]>{KML.format("&x;")}',
        f'<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY % x SYSTEM "http://127.0.0.1/x"> %x;]>{KML}',
        f"<kml>{'<Folder>' * 200}{'</Folder>' * 200}</kml>",
        f'<kml><Folder id="{"x" * 200_000}"/></kml>',
    ],
    ids=["laughs", "file", "parameter", "deep", "tag"],
)
def test_xml_that_expands_fetches_or_nests_is_refused(text: str, write: Write, read: Read) -> None:
    with pytest.raises(HostileSource):
        read(write("a.kml", text), UNDECLARED, SMALL)


def test_a_workbook_with_a_document_type_is_refused(tmp_path: Path, read: Read) -> None:
    book = openpyxl.Workbook()
    book.save(tmp_path / "plain.xlsx")
    with zipfile.ZipFile(tmp_path / "plain.xlsx") as archive:
        parts = [(name, archive.read(name)) for name in archive.namelist()]
    doctype = b'<!DOCTYPE x [<!ENTITY l "ha">]>'
    parts = [(name, doctype + data if "sheet1" in name else data) for name, data in parts]
    with pytest.raises(HostileSource, match="document type"):
        read(_zip(tmp_path / "a.xlsx", *parts))


def test_a_formula_is_its_last_value_and_never_computed(tmp_path: Path, read: Read) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["text", "link"], ["x", '=WEBSERVICE("http://127.0.0.1/")']):
        sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    ((_, rows),) = read(tmp_path / "a.xlsx")
    assert rows[0].values == {"text": "x", "link": None}
    assert "link has a formula without a value" in rows[0].trouble


FEATURE = '{"type": "Feature", "geometry": null, "properties": {"n": %s}}'
DEEP = "[" * 100_000 + "]" * 100_000


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.geojson", '{"type": "FeatureCollection", "features": [%s]}'),
        ("a.geojsonl", "%s"),
        ("a.geojsons", "\x1e%s"),
        ("a.json", '{"data": {"items": [%s]}}'),
    ],
)
def test_a_bad_record_of_json_costs_itself_alone(name: str, text: str, write: Write, read: Read) -> None:
    records = [FEATURE % 1, FEATURE % DEEP, FEATURE % f'"{"x" * 300_000}"', FEATURE % "nul", FEATURE % 2]
    between = {"a.geojsonl": "\n", "a.geojsons": "\n\x1e"}.get(name, ",")
    limits = Limits(line_bytes=250_000)
    ((_, rows),) = read(write(name, text % between.join(records)), UNDECLARED, limits)
    assert [row.number for row in rows] == [1, 2, 3, 4, 5]
    assert [bool(row.trouble) for row in rows] == [False, True, True, True, False]
    assert "too deep" in rows[1].trouble
    assert "longer than" in rows[2].trouble


@pytest.mark.parametrize("cut", [10, 40, 80, 119])
def test_json_that_is_cut_off_is_refused_as_a_whole(cut: int, write: Write, read: Read) -> None:
    text = f'{{"type": "FeatureCollection", "features": [{FEATURE % 1}, {FEATURE % 2}]}}'
    with pytest.raises(UnreadableSource, match="broken or cut off"):
        read(write("a.geojson", text[:cut]))


def test_a_bad_row_of_a_table_costs_itself_alone(write: Write, read: Read) -> None:
    lines = [b"a,b", b"1,2", b"\xff\xd0,2", b"1,2,3", b"1", b"\0,2", b'"x"y,2', b"1," + b"z" * 5000, b"9,9"]
    lines.insert(1, "Київ,Бахмут".encode())
    ((table, rows),) = read(write("a.csv", b"\r\n".join(lines)), UNDECLARED, SMALL)
    assert table.seen["encoding"] == "utf-8"
    assert [row.number for row in rows] == list(range(1, 10))
    assert [bool(row.trouble) for row in rows] == [False, False, True, True, True, True, True, True, False]
    assert rows[-1].values == {"a": "9", "b": "9"}


def test_a_missing_quotation_mark_does_not_swallow_the_rest_unsaid(write: Write, read: Read) -> None:
    text = 'a,b\n1,"2\n' + "3,4\n" * 2000
    ((_, rows),) = read(write("a.csv", text), UNDECLARED, SMALL)
    assert "quotation mark" in rows[0].trouble
    assert rows[-1].values == {"a": "3", "b": "4"}
    ((_, rows),) = read(write("b.csv", 'a,b\n1,"2\n3,4\n'), UNDECLARED, SMALL)
    assert "unexpected end" in rows[0].trouble


def test_a_text_over_the_limit_costs_itself_alone(tmp_path: Path, read: Read) -> None:
    texts = Table.from_pydict({"text": Array(["a", "x" * 100_000, "b"], DataType.utf8())})
    write_parquet(texts, tmp_path / "a.parquet")
    ((_, rows),) = read(tmp_path / "a.parquet", UNDECLARED, SMALL)
    assert [bool(row.trouble) for row in rows] == [False, True, False]
    assert "100,0" in rows[1].trouble


def test_a_collection_after_a_collection_is_put_aside(write: Write, read: Read) -> None:
    text = '{"type": "FeatureCollection", "features": []}'
    ((_, rows),) = read(write("a.geojson", f"{text}\n{text}\n"))
    assert ["whole FeatureCollection" in row.trouble for row in rows] == [True, True]


def test_lists_without_end_are_refused(write: Write, read: Read) -> None:
    with pytest.raises(HostileSource, match="10,000 lists"):
        read(write("a.json", json.dumps({str(number): [] for number in range(20_000)})))
    data = "".join(f'<Data name="{number}"/>' for number in range(3000))
    with pytest.raises(HostileSource, match="2000 kinds of data"):
        read(write("a.kml", f"<kml><Placemark><ExtendedData>{data}</ExtendedData></Placemark></kml>"))


def test_a_polygon_over_the_limit_costs_itself_alone(tmp_path: Path, read: Read) -> None:
    turns = np.linspace(0, 6, 1_000_001)
    large = shapely.Polygon(np.column_stack([np.cos(turns), np.sin(turns)]))
    shapes = shapely.to_wkb(np.array([shapely.box(0, 0, 1, 1), large, shapely.box(0, 0, 2, 2)]))
    pyogrio.raw.write(
        tmp_path / "a.gpkg",
        shapes,
        [np.arange(3)],
        ["n"],
        driver="GPKG",
        crs="EPSG:4326",
        geometry_type="Polygon",
    )
    ((_, rows),) = read(tmp_path / "a.gpkg", UNDECLARED, Limits(line_bytes=8 * MB))
    assert [bool(row.trouble) for row in rows] == [False, True, False]
    assert "16,000," in rows[1].trouble


@pytest.fixture
def lonely() -> Iterator[socket.socket]:
    """A server's socket to which nobody may connect."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.mark.parametrize("name", ["a.vrt", "a.gpkg", "a.shp", "a.json", "a.fgb", "a.csv"])
def test_no_file_makes_gdal_open_what_it_names(
    name: str, lonely: socket.socket, write: Write, read: Read
) -> None:
    address = f"http://127.0.0.1:{lonely.getsockname()[1]}/x.geojson"
    layer = f'<OGRVRTLayer name="x"><SrcDataSource>/vsicurl/{address}</SrcDataSource></OGRVRTLayer>'
    vrt = f"<OGRVRTDataSource>{layer}</OGRVRTDataSource>"
    magic = {"a.fgb": b"fgb\x03fgb\x00", "a.gpkg": b"SQLite format 3\0", "a.shp": b"\0\0\x27\x0a"}
    path = write(name, magic.get(name, b"") + vrt.encode())
    with pytest.raises((UnreadableSource, HostileSource)):
        read(path)
    with pytest.raises(BlockingIOError):
        lonely.accept()


def _geopackage(path: Path, *statements: str) -> Path:
    pyogrio.raw.write(
        path,
        shapely.to_wkb(np.array([shapely.Point(1, 2)])),
        [np.array(["x"], dtype=object)],
        ["text"],
        driver="GPKG",
        layer="places",
        crs="EPSG:4326",
        geometry_type="Point",
    )
    with closing(sqlite3.connect(path)) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()
    return path


def test_a_geopackage_that_computes_is_refused(tmp_path: Path, read: Read) -> None:
    assert read(_geopackage(tmp_path / "plain.gpkg"))
    virtual = "CREATE VIRTUAL TABLE x USING fts5(y)"
    with pytest.raises(HostileSource, match="virtual table 'x'"):
        read(_geopackage(tmp_path / "virtual.gpkg", virtual))
    endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x AS fid FROM c"
    listed = "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('v', 'attributes', 'v')"
    with pytest.raises(UnreadableSource, match="is a view"):
        read(_geopackage(tmp_path / "view.gpkg", f"CREATE VIEW v AS {endless}", listed))


def test_what_needs_more_memory_than_allowed_is_refused(tmp_path: Path, read: Read) -> None:
    many = Table.from_pydict({"text": Array(["x" * 2_000_000] * 90, DataType.utf8())})
    write_parquet(many, tmp_path / "a.parquet", compression="snappy")
    assert (tmp_path / "a.parquet").stat().st_size < 10 * MB
    with pytest.raises(HostileSource, match="memory"):
        read(tmp_path / "a.parquet", UNDECLARED, Limits(reader_bytes=600 * MB))


def test_titles_of_a_sheet_are_passed_over_by_its_rows(tmp_path: Path, read: Read) -> None:
    book = openpyxl.Workbook()
    for cells in (["A title"], [], ["day", "place"], ["x", "y"]):
        book.active.append(cells)
    book.save(tmp_path / "a.xlsx")
    ((table, rows),) = read(tmp_path / "a.xlsx", Dialect(header=3))
    assert table.columns == ("day", "place")
    assert [(row.number, row.values) for row in rows] == [(1, {"day": "x", "place": "y"})]


def test_what_takes_more_time_than_allowed_is_refused(tmp_path: Path, read: Read) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for number in range(40_000):
        sheet.append([number, "x", 1.5, "y"])
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(HostileSource, match="more than 1 s"):
        read(tmp_path / "a.xlsx", UNDECLARED, Limits(reader_seconds=1))


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.pdf", b"%PDF-1.7", "a PDF"),
        ("a.geojson", b"<!DOCTYPE html><html><body>404</body></html>", "a web page"),
        ("a.gpx", b"<gpx></gpx>", "GPX"),
        ("a.csv", b"", "empty"),
        ("a.bin", b"\x00\x01\x02", "not known"),
        ("a.shp", b"\x00\x00\x27\x0a" + bytes(96), "without its .shx"),
        ("a.kml", b"<kml><NetworkLink/></kml>", "only links"),
        ("a.json", b'{"a": 1}', "the keys 'a'"),
        ("a.json", '{"a": 1}'.encode("utf-16"), "UTF-16"),
        ("a.zip", b"PK\x03\x04rest", "not complete"),
        ("a.xls", b"\xd0\xcf\x11\xe0" + bytes(600), "an old Excel"),
        ("a.gpkg", b"SQLite format 3\0" + bytes(600), "no GeoPackage"),
    ],
)
def test_a_refusal_names_the_format_and_what_would_do(
    name: str, data: bytes, says: str, write: Write, read: Read
) -> None:
    with pytest.raises(UnreadableSource, match=says):
        read(write(name, data))


def test_a_member_that_cannot_be_read_leaves_its_neighbours(tmp_path: Path, read: Read) -> None:
    path = _zip(
        tmp_path / "a.zip",
        ("a.csv", CSV),
        ("b.pdf", b"%PDF-1.7"),
        ("c.json", json.dumps([{"x": 1}]).encode()),
    )
    found = read(path)
    assert [(table.member, [bool(row.trouble) for row in rows]) for table, rows in found] == [
        ("a.csv", [False]),
        ("b.pdf", [True]),
        ("c.json", [False]),
    ]


def test_a_container_that_is_not_the_declared_one_is_refused(write: Write, read: Read) -> None:
    with pytest.raises(UnreadableSource, match="it is json, and declared as kml"):
        read(write("a.kml", "[]"), Dialect(container="kml"))


def test_a_stream_of_an_archive_is_closed_when_nobody_reads_on(tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.zip", *((f"{n}.csv", CSV) for n in range(3)))
    tables = open_tables(path, UNDECLARED)
    rows = next(tables).rows()
    assert next(rows).values == {"a": "1", "b": "2"}
    tables.close()  # type: ignore[attr-defined]
    with pytest.raises(StopIteration):
        next(tables)


LONG = 100 << 20  # bytes of a line


def _long(form: str) -> Iterator[bytes]:
    """A record of 100 MB between two small ones, in pieces, so that no test has it in memory."""
    before, between, after = {
        "csv": (b"a,b\n1,2\n3,", b"x", b"\n5,6\n"),
        "geojsonl": (b'{"a": 1}\n{"a": "', b"x", b'"}\n{"a": 3}\n'),
        "json": (b'[{"a": 1}, {"a": "', b"x", b'"}, {"a": 3}]'),
    }[form]
    yield before
    yield from (between * (1 << 20) for _ in range(LONG >> 20))
    yield after


@pytest.mark.parametrize("form", ["csv", "geojsonl", "json"])
def test_a_line_of_a_hundred_megabytes_costs_itself_alone_and_little_memory(
    form: str, tmp_path: Path, read: Read
) -> None:
    path = tmp_path / f"long.{form}"
    with path.open("wb") as stream:
        stream.writelines(_long(form))
    tracemalloc.start()
    try:
        ((_, rows),) = read(path)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [bool(row.trouble) for row in rows] == [False, True, False]
    assert "longer than 16 MB" in rows[1].trouble
    assert most < 6 * LIMITS.line_bytes

"""Law: every feature of every snapshot is read once, in order of time, and ends up in exactly one place."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tileserver.errors import UnreadableSource
from tileserver.findings import Finding
from tileserver.ingest import RawSnapshot, ReadOptions, Report, count_items, read_snapshots
from tileserver.ingest.deepstate import published
from tileserver.model import Layer
from tileserver.theatres import load_theatre

SQUARE = {
    "type": "Polygon",
    "coordinates": [[[30, 50, 0], [31, 50, 0], [31, 51, 0], [30, 51, 0], [30, 50, 0]]],
}
MARKER = {"type": "Point", "coordinates": [30.5, 50.5, 0]}


def area(name: str | None = "Окуповано /// Occupied", fill: str = "#a52714", geometry: Any = SQUARE) -> Any:
    return {"type": "Feature", "properties": {"name": name, "fill": fill}, "geometry": geometry}


def snapshot(*features: Any) -> bytes:
    collection = {"type": "FeatureCollection", "features": features}
    return json.dumps(collection, ensure_ascii=False, separators=(",", ":")).encode()


def write_tar(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:xz") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def read(path: Path, layer: Layer, options: ReadOptions | None = None) -> tuple[list[RawSnapshot], Report]:
    report = Report()
    found = list(read_snapshots(path, load_theatre("ukraine"), layer, options or ReadOptions(), report))
    report.imported = sum(len(snapshot.features) for snapshot in found)
    assert report.balances
    return found, report


@pytest.mark.parametrize(
    "name",
    ["archive/1696184127.geojson", "2023-10-01T181527Z_1696184127.geojson.gz", "1696184127.json"],
)
def test_the_file_name_says_when_it_was_published(name: str) -> None:
    assert published(name) == datetime(2023, 10, 1, 18, 15, 27, tzinfo=UTC)


@pytest.mark.parametrize("name", ["readme.md", "map.geojson", "123.geojson", "1696184127.geojson.exe"])
def test_a_name_without_a_time_says_none(name: str) -> None:
    assert published(name) is None


def test_snapshots_come_in_order_of_time_from_an_archive_that_is_not_in_order(
    tmp_path: Path, control: Layer
) -> None:
    times = [1700000000, 1600000000, 1650000000, 999999999]
    path = write_tar(tmp_path / "a.tar.xz", {f"x/{time}.geojson": snapshot(area()) for time in times})
    found, _ = read(path, control)
    assert [round(one.at.timestamp()) for one in found] == sorted(times)
    assert count_items(path) == 4


def test_a_folder_and_a_single_file_give_what_the_archive_gives(tmp_path: Path, control: Layer) -> None:
    data = {"1600000000.geojson": snapshot(area()), "1700000000.geojson": snapshot(area(), area())}
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, content in data.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(content))
    archive, _ = read(write_tar(tmp_path / "a.tar.xz", data), control)
    unpacked, _ = read(folder, control)
    single, _ = read(folder / "1700000000.geojson.gz", control)
    assert [(one.at, len(one.features)) for one in unpacked] == [
        (one.at, len(one.features)) for one in archive
    ]
    assert single[0].at == archive[1].at
    assert count_items(folder) == 2
    assert count_items(folder / "1700000000.geojson.gz") is None


def test_a_single_file_without_a_time_takes_the_one_that_is_given(tmp_path: Path, control: Layer) -> None:
    path = tmp_path / "map.geojson"
    path.write_bytes(snapshot(area()))
    at = datetime(2024, 1, 2, tzinfo=UTC)
    assert read(path, control, ReadOptions(at=at))[0][0].at == at
    with pytest.raises(UnreadableSource, match="name it like 1696184127"):
        read(path, control)


def test_a_geometry_is_handed_on_byte_by_byte(tmp_path: Path, control: Layer) -> None:
    geometry = b'{ "type":"Polygon" ,"coordinates":[[[30.10,50,0],[31,50,0],[31,51,0],[30.10,50,0]]]}'
    path = tmp_path / "1700000000.geojson"
    path.write_bytes(snapshot(area(geometry="HERE")).replace(b'"HERE"', geometry))
    found, _ = read(path, control)
    assert found[0].features[0].geometry == geometry
    assert found[0].features[0].properties == {"status": "occupied"}
    assert found[0].features[0].origin == "1700000000.geojson#0"


def test_positions_of_units_are_counted_and_repeated_nowhere(tmp_path: Path, control: Layer) -> None:
    path = tmp_path / "1700000000.geojson"
    path.write_bytes(snapshot(area(), area("12th brigade", "", MARKER), area("HQ", "", MARKER)))
    found, report = read(path, control)
    assert len(found[0].features) == 1
    assert report.counts == {Finding.UNIT_MARKER: 2}
    assert "30.5" not in json.dumps(report.as_dict())
    assert not report.quarantined


def test_what_has_no_known_status_is_put_aside_and_kept(tmp_path: Path, control: Layer) -> None:
    path = tmp_path / "1700000000.geojson"
    path.write_bytes(snapshot(area("Багатокутник 99", "#123456"), area(), area(geometry=None)))
    found, report = read(path, control)
    assert len(found[0].features) == 1
    assert [(item.finding, item.origin) for item in report.quarantined] == [
        (Finding.UNKNOWN_STATUS, "1700000000.geojson#0"),
        (Finding.NULL_GEOMETRY, "1700000000.geojson#2"),
    ]
    assert report.quarantined[0].raw == "Багатокутник 99 #123456"


def test_what_its_publisher_forgot_on_the_map_is_left_out_and_no_other_is(
    tmp_path: Path, control: Layer
) -> None:
    forgotten = area("Вологі  мрії одного з адмінів", "#0288D1"), area("Багатокутник 54", "#fbc02d")
    others = area("Вологі мрії", "#0288d1"), area("Багатокутник 54", "#fbc02e")
    path = tmp_path / "1700000000.geojson"
    path.write_bytes(snapshot(area(), *forgotten, *others))
    _, report = read(path, control)
    assert (report.counts[Finding.NO_CLAIM], report.counts[Finding.UNKNOWN_STATUS]) == (2, 2)


@pytest.mark.parametrize(
    "broken",
    [b"", b"{", b"[]", b'{"type":"FeatureCollection"}', b'{"type":"Topology","features":[]}', b"\xff\xfe"],
)
def test_one_broken_snapshot_is_put_aside_and_the_others_stand(
    tmp_path: Path, control: Layer, broken: bytes
) -> None:
    members = {"1600000000.geojson": snapshot(area()), "1650000000.geojson": broken}
    found, report = read(write_tar(tmp_path / "a.tar.xz", members), control)
    assert len(found) == 1
    assert report.counts == {Finding.UNREADABLE_SNAPSHOT: 1}
    single = tmp_path / "1650000000.geojson"
    single.write_bytes(broken)
    with pytest.raises(UnreadableSource):
        read(single, control)


def test_a_truncated_gzip_in_a_folder_is_put_aside(tmp_path: Path, control: Layer) -> None:
    packed = gzip.compress(snapshot(area()))
    (tmp_path / "1600000000.geojson.gz").write_bytes(packed)
    (tmp_path / "1650000000.geojson.gz").write_bytes(packed[:-20])
    found, report = read(tmp_path, control)
    assert len(found) == 1
    assert report.counts == {Finding.UNREADABLE_SNAPSHOT: 1}


def test_of_two_files_with_one_time_the_first_counts(tmp_path: Path, control: Layer) -> None:
    first, other = snapshot(area()), snapshot(area(), area())
    members = {"a/1600000000.geojson": first, "b/1600000000.geojson": first, "c/1600000000.geojson": other}
    found, report = read(write_tar(tmp_path / "a.tar.xz", members), control)
    assert [len(one.features) for one in found] == [1]
    assert report.counts == {Finding.DUPLICATE: 1, Finding.UNREADABLE_SNAPSHOT: 1}


def test_other_files_in_an_archive_are_left_out_by_name(tmp_path: Path, control: Layer) -> None:
    members = {"README.md": b"hello", "1600000000.geojson": snapshot(area()), "index.json": b"{}"}
    found, report = read(write_tar(tmp_path / "a.tar.xz", members), control)
    assert len(found) == 1
    assert report.counts == {Finding.NO_SNAPSHOT: 1, Finding.UNREADABLE_SNAPSHOT: 1}


def test_an_archive_without_any_snapshot_says_what_one_is(tmp_path: Path, control: Layer) -> None:
    with pytest.raises(UnreadableSource, match=r"1696184127\.geojson"):
        read(write_tar(tmp_path / "a.tar.xz", {"README.md": b"hello"}), control)


def test_an_endlessly_nested_snapshot_is_put_aside(tmp_path: Path, control: Layer) -> None:
    deep = snapshot(area(geometry="HERE")).replace(b'"HERE"', b"[" * 200_000 + b"]" * 200_000)
    members = {"1600000000.geojson": snapshot(area()), "1650000000.geojson": deep}
    found, report = read(write_tar(tmp_path / "a.tar.xz", members), control)
    assert len(found) == 1
    assert report.total("quarantined") == 1


FEATURES = st.lists(
    st.builds(
        area,
        st.one_of(st.none(), st.text(max_size=20), st.sampled_from(["Окуповано", "x /// Liberated", "мрії"])),
        st.sampled_from(["#a52714", "#0f9d58", "#bdbdbd", "#fbc02d", "", "#FF5252"]),
        st.sampled_from([SQUARE, MARKER, None, {"type": "GeometryCollection", "geometries": [SQUARE]}, 7]),
    ),
    max_size=12,
)


@given(FEATURES)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_the_account_balances_whatever_is_in_a_snapshot(
    tmp_path: Path, control: Layer, features: list[Any]
) -> None:
    path = tmp_path / "1700000000.geojson"
    path.write_bytes(snapshot(*features))
    found, report = read(path, control)
    assert report.read == len(features)
    assert {one.properties["status"] for one in found[0].features} <= control.codes()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2">', "is KML, .* give --mapping"),
        (b"a,b,c\n1,2,3\n", "is a table with commas .*tileserver mapping suggest"),
        (b"%PDF-1.7", "is a PDF"),
    ],
)
def test_a_file_of_another_format_is_refused_by_its_name(
    tmp_path: Path, control: Layer, data: bytes, words: str
) -> None:
    path = tmp_path / "1700000000.geojson"
    path.write_bytes(data)
    with pytest.raises(UnreadableSource, match=words) as refused:
        read(path, control)
    assert "ogr2ogr" not in str(refused.value)

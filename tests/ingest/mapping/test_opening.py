"""Law: however files are packed, an import by a mapping reads their states in the order of their dates."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.ingest.mapping.tables import AREA, control
from tests.shapes import theatre
from tileserver.errors import BadParameter, UnreadableSource
from tileserver.findings import Finding
from tileserver.ingest import ReadOptions, Report, gives_snapshots, read_features, read_snapshots
from tileserver.ingest.mapping.load import parse_mapping

MAPPING = parse_mapping(
    "means = 'snapshot'\n[file]\nnames = ['*.geojson', '*.kmz']\n[category]\nvalue = 'occupied'\n[fields]\n"
    "[date]\nname = '(\\d\\d\\.\\d\\d\\.\\d{4})'\nforms = '%d.%m.%Y'\n",
    "own.toml",
)
OPTIONS = ReadOptions(mapping=MAPPING)
DAYS = ("02.05.2023", "01.06.2023", "03.04.2023")  # in the order of names 3, 1, 2
FEATURE = b'{"type":"Feature","properties":{},"geometry":' + AREA + b"}"
KML = (
    b'<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><Polygon><outerBoundaryIs><LinearRing>'
    b"<coordinates>37,48 38,48 38,49 37,48</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
    b"</Document></kml>"
)


def folder(path: Path) -> Path:
    for day in DAYS:
        (path / f"{day}.geojson").write_bytes(FEATURE)
    return path


def packed_each(path: Path) -> Path:
    for day in DAYS:
        (path / f"{day}.geojson.gz").write_bytes(gzip.compress(FEATURE))
    return path


def kmz_each(path: Path) -> Path:
    for day in DAYS:
        with zipfile.ZipFile(path / f"{day}.kmz", "w") as archive:
            archive.writestr("doc.kml", KML)
    return path


def one_tar(path: Path) -> Path:
    with tarfile.open(path / "all.tar.xz", "w:xz") as archive:
        for day in DAYS:
            info = tarfile.TarInfo(f"in/{day}.geojson")
            info.size = len(FEATURE)
            archive.addfile(info, io.BytesIO(FEATURE))
    return path / "all.tar.xz"


def one_zip(path: Path) -> Path:
    with zipfile.ZipFile(path / "all.zip", "w") as archive:
        for day in DAYS:
            archive.writestr(f"from_01.01.2022_on/{day}.geojson", FEATURE)
    return path / "all.zip"


@pytest.mark.parametrize("pack", [folder, packed_each, kmz_each, one_tar, one_zip])
def test_states_ascend_however_they_are_packed(tmp_path: Path, pack: Callable[[Path], Path]) -> None:
    layer, report = control(), Report()
    assert gives_snapshots(layer, OPTIONS)
    found = list(read_snapshots(pack(tmp_path), theatre(layer), layer, OPTIONS, report))
    assert [f"{each.at:%d.%m.%Y}" for each in found] == ["03.04.2023", "02.05.2023", "01.06.2023"]
    assert [len(each.features) for each in found] == [1, 1, 1]
    assert all(each.features[0].properties == {"status": "occupied"} for each in found)
    assert report.total("quarantined") == report.total("left_out") == 0


def test_a_single_file_is_a_state_and_one_that_is_broken_is_refused(tmp_path: Path) -> None:
    layer, path = control(), tmp_path / "02.05.2023.geojson"
    path.write_bytes(FEATURE)
    (found,) = read_snapshots(path, theatre(layer), layer, OPTIONS, Report())
    assert found.origin == "02.05.2023.geojson"
    path.write_bytes(FEATURE[:-20])
    with pytest.raises(UnreadableSource, match="broken or cut off"):
        list(read_snapshots(path, theatre(layer), layer, OPTIONS, Report()))


def test_a_broken_file_among_others_is_put_aside(tmp_path: Path) -> None:
    layer, report = control(), Report()
    (folder(tmp_path) / f"{DAYS[0]}.geojson").write_bytes(FEATURE[:-20])
    found = list(read_snapshots(tmp_path, theatre(layer), layer, OPTIONS, report))
    assert len(found) == 2
    assert report.counts[Finding.UNREADABLE_SNAPSHOT] == 1


def test_features_are_read_by_a_mapping_as_well_and_not_as_snapshots(tmp_path: Path) -> None:
    mapping = replace(MAPPING, rules=parse_mapping("[category]\nvalue = 'occupied'", "own.toml").rules)
    layer, options = control(), ReadOptions(mapping=mapping)
    path = tmp_path / "one.geojson"
    path.write_bytes(FEATURE.replace(b'"properties":{}', b'"properties":{"d":"2023-05-14"}'))
    assert not gives_snapshots(layer, options)
    with pytest.raises(BadParameter):
        list(read_snapshots(path, theatre(layer), layer, options, Report()))
    with pytest.raises(UnreadableSource, match="0 are left"):
        list(read_features(path, theatre(layer), layer, options, Report()))
    dated = parse_mapping("[category]\nvalue = 'occupied'\n[date]\ncolumn = 'd'", "own.toml")
    found = list(read_features(path, theatre(layer), layer, ReadOptions(mapping=dated), Report()))
    assert [each.precision for each in found] == ["day"]

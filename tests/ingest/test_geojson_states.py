"""Law: where a file is the whole state of its day, what it does not hold does not hold from then on."""

from __future__ import annotations

import json
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.shapes import layer, theatre
from tileserver.declared import Category, Dates
from tileserver.errors import BadInstant, BadParameter, UnreadableSource
from tileserver.findings import Finding
from tileserver.ingest import RawSnapshot, ReadOptions, Report, gives_snapshots, read_snapshots
from tileserver.model import Layer

STATUSES = (Category("liberated", {"en": "Liberated"}, "#3a86c8", "#5fa8e6"),)


def control(**changes: Any) -> Layer:
    declared = {
        "fields": {"status": "who"},
        "category": "status",
        "categories": STATUSES,
        "whole_state": True,
    }
    return layer("control", **{**declared, **changes})


def square(east: float, **properties: Any) -> dict[str, Any]:
    ring = [[30, 55], [east, 55], [east, 56], [30, 56], [30, 55]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "properties": {"status": "liberated", **properties}, "geometry": geometry}


def write(path: Path, *features: Any) -> Path:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def read(path: Path, declared: Layer | None = None, **options: Any) -> tuple[list[RawSnapshot], Report]:
    report, declared = Report(), declared or control()
    world = theatre(declared, day_zone="Europe/Kyiv", bounds=(20.0, 41.0, 60.0, 60.0))
    found = list(read_snapshots(path, world, declared, ReadOptions(**options), report))
    report.imported = sum(len(each.features) for each in found)
    assert report.balances
    return found, report


def days(found: list[RawSnapshot]) -> list[str]:
    return [f"{each.at:%Y-%m-%d %H}" for each in found]


def test_the_files_of_a_folder_are_states_in_the_order_of_their_days(tmp_path: Path) -> None:
    write(tmp_path / "b.geojson", square(32, date="2024-01-01"))
    write(tmp_path / "a.geojson", square(31, date="2024-01-02"), square(33, date="2024-01-02"))
    write(tmp_path / "c_2024-01-03.geojson")
    found, report = read(tmp_path)
    assert days(found) == ["2023-12-31 22", "2024-01-01 22", "2024-01-02 22"]  # each day begins in Kyiv
    assert [len(each.features) for each in found] == [1, 2, 0]
    assert not report.counts
    with tarfile.open(tmp_path / "all.tar", "w") as tar:
        for file in sorted(tmp_path.glob("*.geojson")):
            tar.add(file, file.name)
    packed, _ = read(tmp_path / "all.tar")
    assert [(each.at, each.features) for each in packed] == [(each.at, each.features) for each in found]


def test_the_date_is_said_by_the_caller_the_declared_name_the_features_or_the_name(tmp_path: Path) -> None:
    path = write(tmp_path / "map_20240105.geojson", square(32, date="2024-01-01"))
    assert days(read(path)[0]) == ["2023-12-31 22"]
    assert days(read(path, at=datetime(2024, 2, 1, tzinfo=UTC))[0]) == ["2024-02-01 00"]
    named = control(dates=Dates(file_name=r"map_(\d{8})", forms=("%Y%m%d", "iso")))
    assert days(read(path, named)[0]) == ["2024-01-04 22"]
    undated = write(tmp_path / "map_20240105.geojson", square(32))
    assert days(read(undated)[0]) == ["2024-01-04 22"]
    with pytest.raises(UnreadableSource, match="neither its features nor its name say one date"):
        read(write(tmp_path / "map.geojson", square(32)))
    with pytest.raises(BadInstant, match="within 1000-01-01"):
        read(path, at=datetime(1, 1, 1, tzinfo=UTC))


def test_a_file_of_several_days_is_no_state(tmp_path: Path) -> None:
    mixed = [square(32, date="2024-01-01"), square(33, date="2024-01-02")]
    with pytest.raises(UnreadableSource, match="say 2 dates, from 2023-12-31 to 2024-01-01"):
        read(write(tmp_path / "map.geojson", *mixed))


def test_what_is_no_state_among_many_is_put_aside(tmp_path: Path) -> None:
    write(tmp_path / "1.geojson", square(32, date="2024-01-01"))
    (tmp_path / "2.geojson").write_bytes((tmp_path / "1.geojson").read_bytes())
    write(tmp_path / "3.geojson", square(33, date="2024-01-01"))
    write(tmp_path / "4.geojson", square(33))
    (tmp_path / "5.geojson").write_text("{")
    (tmp_path / "README").write_text("hello")
    found, report = read(tmp_path)
    assert len(found) == 1
    assert report.counts == {
        Finding.UNREADABLE_SNAPSHOT: 3,
        Finding.DUPLICATE: 1,
        Finding.OTHER_MEMBER: 1,
    }


def test_what_is_wrong_with_a_feature_puts_it_aside(tmp_path: Path) -> None:
    bad = [square(33, status="mine"), square(33, date="1.1.2024"), {**square(33), "geometry": None}]
    _, report = read(write(tmp_path / "1.geojson", square(32, date="2024-01-01"), *bad))
    assert report.counts == {
        Finding.UNKNOWN_STATUS: 1,
        Finding.ABSURD_DATE: 1,
        Finding.NULL_GEOMETRY: 1,
    }


def test_an_end_has_no_place_in_a_state(tmp_path: Path) -> None:
    _, report = read(write(tmp_path / "1.geojson", square(32, date="2024-01-01", to="2024-01-05")))
    assert report.counts == {Finding.OTHER_FIELDS: 1}


def test_the_layer_or_the_caller_says_that_a_file_is_a_whole_state() -> None:
    plain = control(whole_state=False)
    assert gives_snapshots(control(), ReadOptions())
    assert gives_snapshots(plain, ReadOptions(whole_state=True))
    assert not gives_snapshots(plain, ReadOptions())
    for refused, options in (
        (layer("events", "points"), ReadOptions(whole_state=True)),
        (control(), ReadOptions(reader="uacontrolmap")),
    ):
        with pytest.raises(BadParameter, match="has no whole states"):
            gives_snapshots(refused, options)

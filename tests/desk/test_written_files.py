"""What desks write in their files, imported: states of a day, a zero time, a name with odd bytes."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tileserver.ingest import ReadOptions

if TYPE_CHECKING:
    from tests.desk.conftest import Desk

pytestmark = pytest.mark.db

STATES = ReadOptions(reader="geojson", whole_state=True)


def area(east: float, date: str) -> dict[str, Any]:
    ring = [[30, 53], [east, 53], [east, 54], [30, 54], [30, 53]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "properties": {"date": date, "status": "liberated"}, "geometry": geometry}


def note(**properties: str) -> dict[str, Any]:
    geometry = {"type": "Point", "coordinates": [37.5, 48.5]}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def write(path: Path, *features: Any) -> Path:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def test_of_two_daily_files_each_is_the_whole_state_of_its_day(desk: Desk, tmp_path: Path) -> None:
    write(tmp_path / "a.geojson", area(32, "2024-01-01"))
    write(tmp_path / "b.geojson", area(31, "2024-01-02"))
    assert desk.import_file("control", tmp_path, STATES).snapshots == 2
    km2 = {}
    for day in (1, 2):
        (row,) = desk.fetch(
            "SELECT sum(km2) AS km2 FROM face f JOIN layer l ON l.id = f.layer"
            " WHERE l.name = 'control' AND band = (SELECT max(band) FROM face) AND valid @> $1::timestamptz",
            datetime(2024, 1, day, 12, tzinfo=UTC),
        )
        km2[day] = row["km2"]
    assert km2[2] == pytest.approx(km2[1] / 2, rel=1e-3)


def test_a_zero_time_is_put_aside_and_the_last_day_is_no_end(desk: Desk, tmp_path: Path) -> None:
    zero = note(**{"from": "0001-01-01T00:00:00Z", "to": "2024-05-02"})
    end = note(**{"from": "2024-05-01", "to": "9999-12-31T23:59:59.9999999Z"})
    report = desk.import_file("notes", write(tmp_path / "n.geojson", zero, end)).report
    assert (report["imported"], report["counts"]) == (1, {"absurd_date": 1})
    (row,) = desk.fetch("SELECT lower(valid) AS first, upper_inf(valid) AS endless FROM feature_version")
    assert (row["first"], row["endless"]) == (datetime(2024, 4, 30, 21, tzinfo=UTC), True)


def test_a_file_whose_name_is_no_utf_8_is_imported(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"notes_\xcf\xe5.geojson")
    assert desk.import_file("notes", write(path, note(date="2024-05-01"), note())).revision == 1
    assert "notes_??.geojson" in desk.fetch("SELECT summary FROM revision")[0]["summary"]

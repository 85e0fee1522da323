"""Law: a feature holds for the period that its named columns say, and carries declared properties only."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ingest.conftest import in_zone
from tileserver.errors import BadParameter, UnreadableSource
from tileserver.findings import Finding
from tileserver.ingest import RawFeature, ReadOptions, Report, gives_snapshots, read_features
from tileserver.model import Layer

PLACE = {"type": "Point", "coordinates": [37.6, 49.7]}


def feature(geometry: Any = PLACE, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def collection(*features: Any) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def read(
    path: Path, data: bytes, layer: Layer, zone: ZoneInfo, **options: Any
) -> tuple[list[RawFeature], Report]:
    path.write_bytes(data)
    report = Report()
    found = list(read_features(path, in_zone(zone), layer, ReadOptions(reader="geojson", **options), report))
    report.imported = len(found)
    assert report.balances
    return found, report


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("properties", "start", "end"),
    [
        ({"date": "2023-11-09"}, utc(2023, 11, 8, 22), utc(2023, 11, 9, 22)),
        ({"from": "2023-11-09", "to": "2023-11-15"}, utc(2023, 11, 8, 22), utc(2023, 11, 15, 22)),
        (
            {"from": "2023-11-09T12:00:00Z", "to": "2023-11-09T13:00:00Z"},
            utc(2023, 11, 9, 12),
            utc(2023, 11, 9, 13),
        ),
        ({"start": "2023-11-09", "end": ""}, utc(2023, 11, 8, 22), utc(2023, 11, 9, 22)),
        ({"from": "1944-06-06", "to": "1944-06-06"}, utc(1944, 6, 5, 21), utc(1944, 6, 6, 21)),
    ],
)
def test_a_window_feature_lasts_from_its_first_day_to_the_end_of_its_last(
    tmp_path: Path, notes: Layer, properties: dict[str, str], start: datetime, end: datetime
) -> None:
    zone = ZoneInfo("Europe/Kyiv") if start.year > 2000 else ZoneInfo("Etc/GMT-3")
    found, _ = read(tmp_path / "n.geojson", collection(feature(**properties)), notes, zone)
    assert found[0].period is not None
    assert (found[0].period.start, found[0].period.end) == (start, end)


def test_a_state_feature_without_an_end_holds_from_then_on(
    tmp_path: Path, control: Layer, kyiv: ZoneInfo
) -> None:
    data = collection(feature(status="occupied", date="2023-11-09"))
    found, _ = read(tmp_path / "a.geojson", data, control, kyiv)
    assert found[0].period is not None
    assert (found[0].period.start, found[0].period.end) == (utc(2023, 11, 8, 22), None)


def test_the_columns_can_be_named(tmp_path: Path, control: Layer, kyiv: ZoneInfo) -> None:
    data = collection(feature(_datefrom="2023-11-09", _dateto="2023-11-10", state="occupied", date="never"))
    names = {"date_column": "_datefrom", "end_column": "_dateto", "category_column": "state"}
    found, _ = read(tmp_path / "a.geojson", data, control, kyiv, **names)
    assert found[0].properties == {"status": "occupied"}
    assert found[0].period is not None
    assert found[0].period.end == utc(2023, 11, 10, 22)


def test_features_without_dates_take_the_time_that_is_given(
    tmp_path: Path, control: Layer, kyiv: ZoneInfo
) -> None:
    data = collection(feature(status="occupied"))
    found, _ = read(tmp_path / "a.geojson", data, control, kyiv, at=utc(2024, 1, 1))
    assert found[0].period is not None
    assert (found[0].period.start, found[0].period.end) == (utc(2024, 1, 1), None)
    _, report = read(tmp_path / "a.geojson", data, control, kyiv)
    assert report.counts == {Finding.ABSURD_DATE: 1}


@pytest.mark.parametrize(
    ("bad", "finding"),
    [
        (feature(date="9 November"), Finding.ABSURD_DATE),
        (feature(date="2023-11-31"), Finding.ABSURD_DATE),
        (feature(date=20231109), Finding.ABSURD_DATE),
        (feature(date="2023-11-09/2023-11-10"), Finding.ABSURD_DATE),
        (
            {"type": "Feature", "properties": {"from": "2023-11-09", "to": "2023-11-01"}, "geometry": PLACE},
            Finding.ABSURD_DATE,
        ),
        (feature(None, date="2023-11-09"), Finding.NULL_GEOMETRY),
        ({"type": "Feature", "properties": {"date": "2023-11-09"}}, Finding.NULL_GEOMETRY),
        ({"type": "Feature", "properties": None, "geometry": PLACE}, Finding.ABSURD_DATE),
        ({"type": "Point", "coordinates": [1, 2]}, Finding.ABSURD_DATE),
        ({"type": "Feature", "properties": 7, "geometry": PLACE}, Finding.UNREADABLE_ROW),
    ],
)
def test_what_cannot_be_read_is_put_aside(
    tmp_path: Path, notes: Layer, kyiv: ZoneInfo, bad: Any, finding: Finding
) -> None:
    good = feature(date="2023-11-09")
    found, report = read(tmp_path / "n.geojson", collection(bad, good), notes, kyiv)
    assert len(found) == 1
    assert report.counts == {finding: 1}


def test_a_code_that_the_layer_does_not_declare_is_put_aside(
    tmp_path: Path, control: Layer, kyiv: ZoneInfo
) -> None:
    data = collection(feature(status="annexed", date="2023-11-09"), feature(date="2023-11-09"))
    _, report = read(tmp_path / "a.geojson", data, control, kyiv)
    assert report.counts == {Finding.UNKNOWN_STATUS: 2}


def test_other_properties_are_left_out_and_noted(tmp_path: Path, notes: Layer, kyiv: ZoneInfo) -> None:
    note = feature(date="2023-11-09", direction="East", editor="someone", text_en=["no", "text"], text_uk="")
    found, report = read(tmp_path / "n.geojson", collection(note), notes, kyiv)
    assert found[0].properties == {"direction": "East", "text_en": "no, text"}
    assert report.counts == {Finding.OTHER_FIELDS: 1, Finding.LIST_JOINED: 1}
    assert "editor" in report.examples[Finding.OTHER_FIELDS][0]


@pytest.mark.parametrize("separator", [b"\n", b"\r\n", b"\n\x1e", b"\n\n"])
def test_one_feature_a_line_is_the_same_as_a_collection(
    tmp_path: Path, notes: Layer, kyiv: ZoneInfo, separator: bytes
) -> None:
    features = [feature(date=f"2023-11-0{day}", direction=str(day)) for day in (1, 2, 3)]
    lines = separator.join(json.dumps(one).encode() for one in features)
    apart, _ = read(tmp_path / "n.geojsonl", lines, notes, kyiv)
    packed, _ = read(tmp_path / "n.geojsonl.gz", gzip.compress(lines), notes, kyiv)
    whole, _ = read(tmp_path / "n.geojson", collection(*features), notes, kyiv)
    pretty, _ = read(
        tmp_path / "p.geojson", json.dumps(json.loads(collection(*features)), indent=1).encode(), notes, kyiv
    )
    assert len(apart) == 3
    for other in (packed, whole, pretty):
        assert [(one.properties, one.period) for one in other] == [
            (one.properties, one.period) for one in apart
        ]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "it is empty"),
        (b"{", "JSON that is broken or cut off"),
        (b"PK\x03\x04", "zip archive that is not complete"),
        (b'{"type":"Topology"}', "TopoJSON"),
        (b"[1,2]", "columns are value.* tileserver mapping suggest"),
    ],
)
def test_a_file_that_is_none_says_what_would_do(
    tmp_path: Path, notes: Layer, kyiv: ZoneInfo, data: bytes, words: str
) -> None:
    with pytest.raises(UnreadableSource, match=words):
        read(tmp_path / "n.geojson", data, notes, kyiv)


def test_an_unknown_reader_names_those_there_are(tmp_path: Path, notes: Layer, kyiv: ZoneInfo) -> None:
    with pytest.raises(BadParameter, match="deepstate, geojson, uacontrolmap"):
        list(read_features(tmp_path, in_zone(kyiv), notes, ReadOptions(reader="shapefile"), Report()))


def test_a_reader_gives_either_snapshots_or_features(control: Layer, notes: Layer) -> None:
    assert gives_snapshots(control, ReadOptions())
    assert not gives_snapshots(control, ReadOptions(reader="geojson"))
    assert not gives_snapshots(notes, ReadOptions())


SCRAPS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**40), 2**40), st.text(max_size=12)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.lists(st.one_of(SCRAPS, st.builds(feature, SCRAPS, date=SCRAPS, to=SCRAPS)), max_size=6))
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_the_account_balances_whatever_the_features_are(
    tmp_path: Path, notes: Layer, kyiv: ZoneInfo, features: list[Any]
) -> None:
    _, report = read(tmp_path / "n.geojson", collection(*features), notes, kyiv)
    assert report.read == len(features)

"""Law: every row becomes one event in plain words with its day and source, or is accounted for.

The reader alone; the shipped theatre takes the mapping, which `test_real_archive` holds to the same events.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ingest.conftest import in_zone
from tileserver.errors import UnreadableSource
from tileserver.findings import Finding
from tileserver.ingest import RawFeature, ReadOptions, Report, read_features
from tileserver.ingest.uacontrolmap import COLUMNS, split_sources
from tileserver.model import Layer

GOOD = ("20231109", "ru", "37.5", "48.5", "Bridge hit near the mill\nhttps://example.org/status/1")


def write(path: Path, *rows: tuple[str, ...], header: tuple[str, ...] = COLUMNS) -> Path:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *rows])
    data = text.getvalue().encode("utf-8", "surrogatepass")
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def read(path: Path, layer: Layer, zone: ZoneInfo) -> tuple[list[RawFeature], Report]:
    report = Report()
    found = list(read_features(path, in_zone(zone), layer, ReadOptions(reader="uacontrolmap"), report))
    report.imported = len(found)
    assert report.balances
    return found, report


def test_a_row_becomes_an_event_of_its_local_day(tmp_path: Path, events: Layer, kyiv: ZoneInfo) -> None:
    found, report = read(write(tmp_path / "e.csv.gz", GOOD), events, kyiv)
    assert json.loads(found[0].geometry) == {"type": "Point", "coordinates": [37.5, 48.5]}
    assert found[0].properties == {
        "side": "ru",
        "date": "2023-11-09",
        "text": "Bridge hit near the mill",
        "url": "https://example.org/status/1",
    }
    assert found[0].period is not None
    assert found[0].period.start == datetime(2023, 11, 8, 22, tzinfo=UTC)
    assert found[0].period.end == datetime(2023, 11, 9, 22, tzinfo=UTC)
    assert not report.counts


def test_later_columns_and_their_absence_make_no_difference(
    tmp_path: Path, events: Layer, kyiv: ZoneInfo
) -> None:
    header = (*COLUMNS, "first_seen_commit_time")
    more, _ = read(
        write(tmp_path / "a.csv", (*GOOD, "2024-01-26T23:40:40+01:00"), header=header), events, kyiv
    )
    less, _ = read(write(tmp_path / "b.csv", GOOD), events, kyiv)
    assert [one.properties for one in more] == [one.properties for one in less]


def test_an_exact_copy_is_left_out_and_an_edited_one_is_not(
    tmp_path: Path, events: Layer, kyiv: ZoneInfo
) -> None:
    edited = (*GOOD[:4], "Bridge hit by a drone\nhttps://example.org/status/1")
    found, report = read(write(tmp_path / "e.csv", GOOD, GOOD, edited), events, kyiv)
    assert len(found) == 2
    assert report.counts == {Finding.DUPLICATE: 1}


@pytest.mark.parametrize(
    ("column", "value", "finding"),
    [
        ("date_key", "20231131", Finding.ABSURD_DATE),
        ("date_key", "15270101", Finding.ABSURD_DATE),
        ("date_key", "22031109", Finding.ABSURD_DATE),
        ("date_key", "1722973861042364571", Finding.ABSURD_DATE),
        ("date_key", "", Finding.ABSURD_DATE),
        ("side", "", Finding.UNKNOWN_STATUS),
        ("side", "fr", Finding.UNKNOWN_STATUS),
        ("lon", "", Finding.UNREADABLE),
        ("lat", "48,5", Finding.UNREADABLE),
        ("lat", "nan", Finding.UNREADABLE),
        ("lat", "inf", Finding.UNREADABLE),
        ("lat", "٤٨", Finding.UNREADABLE),
        ("lat", "1e400", Finding.UNREADABLE),
    ],
)
def test_a_row_that_cannot_be_is_put_aside_whole(
    tmp_path: Path, events: Layer, kyiv: ZoneInfo, column: str, value: str, finding: Finding
) -> None:
    bad = tuple(value if name == column else field for name, field in zip(COLUMNS, GOOD, strict=True))
    found, report = read(write(tmp_path / "e.csv", bad, GOOD), events, kyiv)
    assert len(found) == 1
    assert report.counts == {finding: 1}
    assert json.loads(report.quarantined[0].raw)[column] == value


def test_a_short_row_is_put_aside(tmp_path: Path, events: Layer, kyiv: ZoneInfo) -> None:
    found, report = read(write(tmp_path / "e.csv", ("20231109", "ru"), GOOD), events, kyiv)
    assert len(found) == 1
    assert report.counts == {Finding.UNREADABLE_ROW: 1}


def test_an_event_without_text_or_source_is_kept_and_noted(
    tmp_path: Path, events: Layer, kyiv: ZoneInfo
) -> None:
    rows = ((*GOOD[:4], "https://example.org/1"), (*GOOD[:4], "no link here"))
    found, report = read(write(tmp_path / "e.csv", *rows), events, kyiv)
    assert [sorted(one.properties) for one in found] == [["date", "side", "url"], ["date", "side", "text"]]
    assert report.counts == {Finding.MISSING_TEXT: 1, Finding.MISSING_SOURCE: 1}


def test_a_table_without_the_columns_says_which_it_needs(
    tmp_path: Path, events: Layer, kyiv: ZoneInfo
) -> None:
    with pytest.raises(UnreadableSource, match="no column date_key, side"):
        read(write(tmp_path / "e.csv", header=("lon", "lat", "d")), events, kyiv)
    (tmp_path / "empty.csv").write_bytes(b"")
    with pytest.raises(UnreadableSource, match="no column"):
        read(tmp_path / "empty.csv", events, kyiv)


def test_an_endless_quoted_field_says_so(tmp_path: Path, events: Layer, kyiv: ZoneInfo) -> None:
    path = tmp_path / "e.csv"
    path.write_bytes(",".join(COLUMNS).encode() + b'\n20231109,ru,37,48,"' + b"x\n" * 200_000)
    with pytest.raises(UnreadableSource, match="no CSV"):
        read(path, events, kyiv)


@pytest.mark.parametrize(
    ("description", "text", "urls"),
    [
        ("Tank hit https://a.org/1", "Tank hit", ["https://a.org/1"]),
        ("Tank hit\nhttps://a.org/1 and https://b.org/2", "Tank hit", ["https://a.org/1", "https://b.org/2"]),
        ("Hit https://a.org/1|https://b.org/2", "Hit", ["https://a.org/1", "https://b.org/2"]),
        ("Hit https://a.org/?q=1|2", "Hit", ["https://a.org/?q=1|2"]),
        ("Tank (https://a.org/1) hit", "Tank hit", ["https://a.org/1"]),
        ("A https://a.org/1 B https://a.org/1", "A B", ["https://a.org/1"]),
        ("Tank &amp; truck<br>hit", "Tank & truck hit", []),
        ("<script>alert(1)</script>hit", "alert(1) hit", []),
        ("&lt;img src=x onerror=alert(1)&gt;hit", "hit", []),
        ("range 5 < 6 km", "range 5 < 6 km", []),
        ("turned\u202eround\u200b\x00", "turned round", []),
        ("javascript:alert(1)", "javascript:alert(1)", []),
        ("HTTPS://A.org/1", "", ["HTTPS://A.org/1"]),
        ("", "", []),
    ],
)
def test_a_description_is_plain_text_and_its_sources(description: str, text: str, urls: list[str]) -> None:
    assert split_sources(description) == (text, urls)


FIELD = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.sampled_from([*GOOD, "", "<b>", "ua", "-200", "20240229"]),
)


@given(st.lists(st.tuples(FIELD, FIELD, FIELD, FIELD, FIELD), max_size=8))
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_the_account_balances_whatever_the_rows_say(
    tmp_path: Path, events: Layer, kyiv: ZoneInfo, rows: list[tuple[str, ...]]
) -> None:
    found, report = read(write(tmp_path / "e.csv", *rows), events, kyiv)
    assert report.imported + report.total("quarantined") + report.total("left_out") == report.read
    assert all("<script" not in str(one.properties.get("text", "")) for one in found)

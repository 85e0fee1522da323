"""Law: a date says what its layer declares that it says; none is guessed, and none that cannot be gets in."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ingest.drawn import event, write
from tests.shapes import layer, theatre
from tileserver.declared import Dates
from tileserver.errors import BadInstant
from tileserver.findings import Finding
from tileserver.ingest import ReadOptions, Report, read_features
from tileserver.ingest.dates import DateReader, day_in_name
from tileserver.times import local_day, system_clock

KYIV = ZoneInfo("Europe/Kyiv")
DAY = datetime(2022, 3, 3, 22, tzinfo=UTC)  # 4 March 2022 begins in Kyiv
NOON = datetime(2022, 3, 4, 12, tzinfo=UTC)


def reader(*forms: str, **declared: Any) -> DateReader:
    return DateReader.of(Dates(forms=forms or ("iso",), **declared), KYIV)


@pytest.mark.parametrize(
    ("form", "value", "start", "is_day"),
    [
        ("iso", "2022-03-04", DAY, True),
        ("iso", " 2022-03-04 ", DAY, True),
        ("iso", "2022-03-04T14:00:00+02:00", NOON, False),
        ("%d.%m.%Y", "04.03.2022", DAY, True),
        ("%m/%d/%Y", "3/4/2022", DAY, True),
        ("%Y%m%d", 20220304, DAY, True),
        ("%Y%m%d", "20220304", DAY, True),
        ("%d %B %Y", "4 March 2022", DAY, True),
        ("%Y-%m-%dT%H:%M:%S", "2022-03-04T14:00:00", NOON, False),  # the theatre's own time
        ("%Y-%m-%d %H:%M:%S%z", "2022-03-04 14:00:00+0200", NOON, False),
        ("epoch_ms", 1646395200000, NOON, False),
        ("epoch_ms", "1646395200000", NOON, False),
        ("epoch_s", 1646395200, NOON, False),
        ("epoch_s", 1646395200.0, NOON, False),
    ],
)
def test_a_date_is_read_in_the_form_that_is_declared(
    form: str, value: Any, start: datetime, is_day: bool
) -> None:
    said = reader(form).read(value)
    assert (said.start, said.is_day) == (start, is_day)


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("03/04/2022", "%d.%m.%Y"),
        ("04.03.2022", "%d.%m.%Y"),
        ("2022/03/04", "%d.%m.%Y"),
        ("2022-03", "%d.%m.%Y"),
        ("2022-03-04T12:00:00", "2023-11-09T12:00:00Z"),
        (1646395200000, "epoch_ms"),
        (1646395200, "epoch_s"),
        (20220304, "%Y%m%d"),
        ("20220304", "%Y%m%d"),
    ],
)
def test_what_is_not_declared_is_refused_with_what_would_do(value: Any, hint: str) -> None:
    with pytest.raises(BadInstant) as refused:
        reader().read(value)
    assert str(value) in str(refused.value)
    assert hint in str(refused.value)


def test_the_first_form_that_fits_is_taken() -> None:
    both = reader("iso", "%d.%m.%Y")
    assert both.read("2022-03-04") == both.read("04.03.2022")
    with pytest.raises(BadInstant, match="no day of the calendar"):
        both.read("2022-02-30")


ABSURD = ("0001-01-01T00:00:00Z", "0001-01-01", "0999-12-31", "9999-12-31T23:59:59.9999999Z", "2099-03-04")


@pytest.mark.parametrize("value", ABSURD)
def test_a_date_outside_the_days_that_can_be_is_none(value: str) -> None:
    with pytest.raises(BadInstant, match=r"within|outside"):
        reader().read(value)


def test_the_days_that_can_be_end_tomorrow_unless_declared() -> None:
    tomorrow = local_day(system_clock(), KYIV) + timedelta(days=1)
    assert reader().read(str(tomorrow)).is_day
    with pytest.raises(BadInstant, match=f"within 1000-01-01 and {tomorrow}"):
        reader().read(str(tomorrow + timedelta(days=1)))
    narrow = reader(earliest="2022-02-24", latest="2022-12-31")
    assert narrow.read("2022-03-04").start == DAY
    for absurd in ("2022-02-23", "2023-01-01"):
        with pytest.raises(BadInstant, match="within 2022-02-24 and 2022-12-31"):
            narrow.read(absurd)


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("iso", "9999-12-31"),
        ("iso", "9999-12-31T00:00:00Z"),
        ("iso", "9999-12-31T23:59:59.9999999Z"),
        ("iso", "9999-12-31T23:59:59+02:00"),
        ("iso", "9999-12-31 23:59:59"),
        ("%d.%m.%Y", "31.12.9999"),
        ("%Y%m%d", 99991231),
        ("epoch_ms", 253402300799999),
        ("epoch_s", 253402300799),
        ("epoch_s", 99999999999999),
    ],
)
def test_the_last_day_there_is_says_that_there_is_no_end(form: str, value: Any) -> None:
    assert reader(form).read_end(value) is None


@pytest.mark.parametrize(
    ("ends", "value", "end"),
    [
        ("as_written", "2022-03-04", DAY + timedelta(days=1)),
        ("inclusive", "2022-03-04", DAY + timedelta(days=1)),
        ("exclusive", "2022-03-04", DAY),
        ("as_written", "2022-03-04T12:00:00Z", NOON),
        ("exclusive", "2022-03-04T12:00:00Z", NOON),
        ("inclusive", "2022-03-04T11:59:59Z", NOON),
        ("inclusive", "2022-03-04T11:59:59.999Z", NOON),
        ("inclusive", "2022-03-04T11:59:59.999999Z", NOON),
    ],
)
def test_an_end_is_where_the_layer_says(ends: str, value: str, end: datetime) -> None:
    assert reader(ends=ends).read_end(value) == end


@given(st.dates(date(1000, 1, 2), date(2026, 1, 1)), st.sampled_from(["%d.%m.%Y", "%Y/%m/%d", "%d %B %Y"]))
def test_what_a_form_writes_it_reads(day: date, form: str) -> None:
    assert local_day(reader(form).read(day.strftime(form.replace("%Y", f"{day.year:04}"))).start, KYIV) == day


@given(
    st.text(max_size=20) | st.integers() | st.floats() | st.none() | st.booleans() | st.lists(st.integers())
)
def test_no_value_makes_it_fail_otherwise(value: Any) -> None:
    every = reader("iso", "epoch_s", "epoch_ms", "%d.%m.%Y", "%y%m%d %H")
    for read in (every.read, every.read_end):
        with contextlib.suppress(BadInstant):
            read(value)


@pytest.mark.parametrize(
    ("name", "declared", "day"),
    [
        ("control_2022-03-04.geojson", {}, True),
        ("a/20220304.geojson.gz", {}, True),
        ("2022_03_04_to_2022_03_05.geojson", {}, False),
        ("1646395200.geojson", {}, False),
        ("map.geojson", {}, False),
        ("deepstatemap_data_20220304.geojson", {"file_name": r"data_(\d{8})", "forms": ("%Y%m%d",)}, True),
        ("04.03.22 evening.geojson", {"file_name": r"^([\d.]+)", "forms": ("%d.%m.%y",)}, True),
        ("20220304.geojson", {"file_name": r"data_(\d{8})", "forms": ("%Y%m%d",)}, False),
    ],
)
def test_the_name_of_a_file_says_its_day(name: str, declared: dict[str, Any], day: bool) -> None:
    said = day_in_name(name, DateReader.of(Dates(**declared), KYIV))
    assert (said.start if said else None) == (DAY if day else None)


def test_of_twelve_spellings_those_are_read_that_are_declared(tmp_path: Path) -> None:
    written = [
        "03/04/2022", "04.03.2022", 1646352000000, 20220304, "2022-03-04T12:00:00", "2022-03-04 12:00:00+02",
        "2022-03", "2022/03/04", "2022-03-04", "2022-03-04T12:00:00+02:00", "2099-03-04", "20220304",
    ]  # fmt: skip
    path = write(
        tmp_path / "e.geojson", *[event((36.5, 49.5), date=each, text=str(each)) for each in written]
    )

    def accepted(*forms: str) -> tuple[list[Any], Report]:
        declared = layer("events", "points", dates=Dates(forms=forms))
        report = Report()
        found = list(read_features(path, theatre(declared), declared, ReadOptions(), report))
        return [each.properties["text"] for each in found], report

    texts, report = accepted("iso")
    assert texts == ["2022-03-04", "2022-03-04T12:00:00+02:00"]
    assert report.counts == {Finding.ABSURD_DATE: 10}
    texts, _ = accepted("iso", "%d.%m.%Y", "%Y%m%d", "epoch_ms", "%Y/%m/%d")
    assert len(texts) == 7

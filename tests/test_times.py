"""Every instant has one meaning, every text of it one value, and every instant lies in exactly one epoch."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import days, instants, zones
from tileserver.errors import BadInstant, BadParameter
from tileserver.times import (
    TICK,
    Micros,
    Period,
    day_period,
    day_zone,
    format_instant,
    from_micros,
    local_day,
    parse_datetime,
    parse_day,
    parse_duration,
    parse_instant,
    to_micros,
)

KYIV = day_zone("Europe/Kyiv")
NOON = datetime(2023, 11, 9, 12, tzinfo=UTC)

NO_INSTANT = [
    "", " ", "now", "true", "2023", "2023-11", "20231109", "2023-11-9", "2023-13-01", "2023-02-29",
    "2023-11-31", "0000-01-01", "10000-01-01", "-0044-03-15", "+2023-11-09", "12023-11-09", "2023-11-09 ",
    " 2023-11-09", "2023-11-09\n", "2023-11-09\0", "٢٠٢٣-١١-٠٩", "２０２３-11-09", "2023‐11‐09", "2023_11_09",
    "2023-11-09T", "2023-11-09T12", "2023-11-09T12:00", "2023-11-09T12:00:00", "2023-11-09 12:00:00Z",
    "2023-11-09T24:00:00Z", "2023-11-09T12:60:00Z", "2016-12-31T23:59:60Z", "2023-11-09T12:00:00+24:00",
    "2023-11-09T12:00:00+00:60", "2023-11-09T12:00:00 02:00", "2023-11-09T12:00:00+0200",
    "2023-11-09T12:00:00.Z", "2023-11-09T12:00:00.1234567890Z", "2023-11-09T12:00:00,5Z", "2023-W45-4",
    "1699531200", "1e9", "P1D", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
    "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59Z", "../9999-12-31T23:59:59Z",
    "9999-12-31", "0001-01-01", "a/b/c", "2023-11-09/x", "2023-11-09//",
    "2023-11-10/2023-11-08", "2023-11-09/P1D", "...", ".../2023-11-09", "2023-11-09'; DROP TABLE layer--",
    "9" * 10_000,
]  # fmt: skip


@pytest.mark.parametrize("text", NO_INSTANT)
def test_what_names_no_instant_is_refused_with_what_would_do(text: str) -> None:
    with pytest.raises(BadInstant) as refused:
        parse_datetime(text, KYIV)
    assert 10 < len(str(refused.value)) < 300


def test_a_plus_sign_that_became_a_space_is_explained() -> None:
    with pytest.raises(BadInstant, match="%2B"):
        parse_datetime("2023-11-09T12:00:00 02:00", KYIV)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2023-11-09", "2023-11-08T22:00:00Z", "2023-11-09T22:00:00Z"),
        ("2023-03-26", "2023-03-25T22:00:00Z", "2023-03-26T21:00:00Z"),  # 23 hours
        ("2023-10-29", "2023-10-28T21:00:00Z", "2023-10-29T22:00:00Z"),  # 25 hours
        ("2023-11-01/2023-11-30", "2023-10-31T22:00:00Z", "2023-11-30T22:00:00Z"),
        ("../2023-11-30", "..", "2023-11-30T22:00:00Z"),
        ("/2023-11-30", "..", "2023-11-30T22:00:00Z"),
        ("2023-11-01/..", "2023-10-31T22:00:00Z", ".."),
        ("2023-11-01/", "2023-10-31T22:00:00Z", ".."),
        ("../..", "..", ".."),
        ("2023-11-09T12:00:00Z", "2023-11-09T12:00:00Z", "2023-11-09T12:00:00.000001Z"),
        ("2023-11-09t12:00:00z", "2023-11-09T12:00:00Z", "2023-11-09T12:00:00.000001Z"),
        ("2023-11-09T12:00:00.1234569Z", "2023-11-09T12:00:00.123456Z", "2023-11-09T12:00:00.123457Z"),
        ("2023-11-09T12:00:00+05:45", "2023-11-09T06:15:00Z", "2023-11-09T06:15:00.000001Z"),
        ("1918-11-11T11:00:00Z/1918-11-11", "1918-11-11T11:00:00Z", "1918-11-11T21:57:56Z"),
        ("2100-02-28", "2100-02-27T22:00:00Z", "2100-02-28T22:00:00Z"),
    ],
)
def test_a_datetime_means_one_half_open_period(text: str, start: str, end: str) -> None:
    assert str(parse_datetime(text, KYIV)) == f"{start}/{end}"


@given(instants)
def test_an_instant_survives_being_written(at: datetime) -> None:
    assert parse_instant(format_instant(at)) == at


@given(instants)
def test_an_instant_survives_being_counted(at: datetime) -> None:
    assert from_micros(to_micros(at)) == at


@given(instants, st.sampled_from([-12 * 60, -210, 60, 345, 14 * 60]))
def test_an_offset_changes_the_text_and_not_the_instant(at: datetime, minutes: int) -> None:
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    local = (at + timedelta(minutes=minutes)).replace(tzinfo=None).isoformat()
    assert parse_instant(f"{local}{sign}{hours:02}:{rest:02}") == at


@given(days, zones)
def test_days_follow_one_another_without_gap_or_overlap(day: date, zone: ZoneInfo) -> None:
    assert day_period(day, zone).end == day_period(day + timedelta(days=1), zone).start


@given(instants, zones)
def test_an_instant_lies_in_its_local_day(at: datetime, zone: ZoneInfo) -> None:
    assert at in day_period(local_day(at, zone), zone)


@given(days, zones)
def test_a_plain_date_is_its_local_day(day: date, zone: ZoneInfo) -> None:
    assert parse_datetime(day.isoformat(), zone) == day_period(day, zone)


@given(st.text(max_size=80), zones)
def test_any_text_is_a_period_or_refused(text: str, zone: ZoneInfo) -> None:
    try:
        period = parse_datetime(text, zone)
    except BadInstant:
        return
    assert period.start is None or period.end is None or period.start < period.end


@given(
    st.from_regex(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2}))?", fullmatch=True
    ),
    zones,
)
def test_any_text_shaped_like_an_instant_is_a_period_or_refused(text: str, zone: ZoneInfo) -> None:
    try:
        period = parse_datetime(text, zone)
    except BadInstant:
        return
    assert period.start is not None
    assert period.end is not None
    assert period.start < period.end


def test_a_period_holds_its_start_and_not_its_end() -> None:
    period = Period(NOON, NOON + timedelta(hours=1))
    assert NOON in period
    assert NOON + timedelta(hours=1) not in period
    assert period.last is not None
    assert period.last in period
    assert period.last + TICK not in period


@pytest.mark.parametrize(
    "name", ["", "Europe/Atlantis", "../../etc/passwd", "/etc/localtime", "a\0b", "UTC+25"]
)
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(BadParameter, match="no time zone"):
        day_zone(name)


@pytest.mark.parametrize(
    ("text", "seconds"), [("0s", 0), ("30m", 1800), ("48h", 172_800), ("2d", 172_800), ("99999s", 99_999)]
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "48", "h", "-1h", "1.5h", "1w", "48 h", "100000s", "٤h", "48H"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(BadParameter, match="no duration"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["2023-11-09T12:00:00Z", "2023-1-1", "2023-02-30", ""])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(BadInstant):
        parse_day(text)


def test_microseconds_beyond_the_calendar_are_refused() -> None:
    with pytest.raises(BadInstant):
        from_micros(Micros(10**18))

"""Law: every row becomes one feature as its mapping says, or is accounted for with the reason."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pyproj import CRS

from tests.ingest.mapping.tables import AREA, POINT, control, events, features, plan, table
from tests.shapes import layer
from tileserver.errors import BadParameter, UnreadableSource
from tileserver.findings import Finding
from tileserver.ingest.raw import RawFeature
from tileserver.times import Period

PLACE = '[geometry]\nlon = "lon"\nlat = "lat"\n'
KIND = '[category]\ncolumn = "kind"\n'
ROW: dict[str, Any] = {"date": "2023-05-14", "lon": "37.5", "lat": "48.5", "kind": "battle"}
DATE = '[date]\ncolumn = "date"\n'


def one(toml: str, zone: str = "Europe/Kyiv", fields: tuple[str, ...] = ("text",), **row: Any) -> RawFeature:
    found, report = features(plan(toml, events(*fields), zone), table({**ROW, **row}))
    assert found, report.examples
    return found[0]


def why(toml: str, **row: Any) -> tuple[Finding, str]:
    """The finding of the one row that is not yielded, and its example."""
    found, report = features(plan(toml + "\n[limits]\nrows = 0", events("text")), table({**ROW, **row}))
    assert not found
    (finding,) = [each for each in report.counts if each.treatment != "noted"]
    return finding, "".join(report.examples[finding])


def day(number: int, days: int = 1) -> Period:
    """Local days of Kyiv from that day of May 2023 on."""
    start = datetime(2023, 4, 30, 21, tzinfo=UTC) + timedelta(days=number - 1)
    return Period(start, start + timedelta(days=days))


def test_a_row_with_nothing_odd_needs_a_few_words() -> None:
    found = one(DATE + PLACE + KIND + '[fields]\ntext = "notes"', notes="x")
    assert json.loads(found.geometry) == {"type": "Point", "coordinates": [37.5, 48.5]}
    assert found.properties == {"kind": "battle", "text": "x"}
    assert (found.period, found.precision) == (day(14), "day")
    assert found.origin == "file.csv#1"


@pytest.mark.parametrize(
    ("declared", "written", "period"),
    [
        ('forms = "%m/%d/%Y"', "5/14/2023", day(14)),
        ('forms = ["%Y-%m-%d", "%d %B %Y"]', "14 May 2023", day(14)),
        ('forms = "%Y%m%d"', 20230514, day(14)),
        ("", date(2023, 5, 14), day(14)),
        ("pattern = '^(\\d{1,2} \\w{3} \\d{4}) -'\nforms = \"%d %b %Y\"", "14 MAY 2023 - tank", day(14)),
        ('precision = "day"', "2023-05-13T22:30:00Z", day(14)),
        ('precision = "day"\nzone = "UTC"', "2023-05-13T22:30:00Z", day(13)),
        ('precision = "day"', "2023-05-14 00:00:00.000", day(14)),
        ('forms = "epoch_s"\nprecision = "day"', 1684051200, day(14)),
        ('[date.span]\ncolumn = "exact"\nvalues = { "2" = "week" }', "2023-05-10", day(8, 7)),
        ('[date.span]\ncolumn = "exact"\nvalues = { "2" = "month" }', "2023-05-10", day(1, 31)),
        ('forms = ["iso", "%Y-%m"]', "2023-05", day(1, 31)),
        ('forms = ["iso", "%Y-%m"]', "2023-05-14", day(14)),
        ('forms = ["%Y", "%B %Y"]', "May 2023", day(1, 31)),
        ('forms = "%m/%Y"\nzone = "Asia/Tokyo"', "5/2023", day(1, 31)),
        ('forms = "%Y%m"\nprecision = "day"', 202305, day(1, 31)),
        ('forms = "%d.%m.%Y"\nrange = " - "', "14.05.2023 - 17.05.2023", day(14, 4)),
        ('forms = "%d.%m.%Y"\nrange = " - "\nends = "exclusive"', "14.05.2023 - 17.05.2023", day(14, 3)),
        ('forms = "%d.%m.%Y"\nrange = "–"', "14.05.2023–14.05.2023", day(14)),
        ('forms = ["%Y-%m-%d", "%Y-%m"]\nrange = " to "', "2023-05-14 to 2023-05", day(14, 18)),
    ],
)
def test_a_date_is_the_local_day_that_its_mapping_says(declared: str, written: Any, period: Period) -> None:
    found = one(DATE + declared + "\n" + PLACE + KIND, date=written, exact="2")
    assert (found.period, found.precision) == (period, "day")


@pytest.mark.parametrize(
    ("declared", "written", "start"),
    [
        ("", "2023-05-14T12:00:00Z", datetime(2023, 5, 14, 12, tzinfo=UTC)),
        ("", "2023-05-14 12:00:00", datetime(2023, 5, 14, 9, tzinfo=UTC)),
        ('zone = "UTC"', "2023-05-14T12:00", datetime(2023, 5, 14, 12, tzinfo=UTC)),
        ("", "2023-05-14 12:00:00+02:00", datetime(2023, 5, 14, 10, tzinfo=UTC)),
        (
            "",
            datetime(2023, 5, 14, 12, tzinfo=UTC).replace(tzinfo=None),
            datetime(2023, 5, 14, 9, tzinfo=UTC),
        ),
        ("", datetime(2023, 5, 14, 12, tzinfo=UTC), datetime(2023, 5, 14, 12, tzinfo=UTC)),
        ('forms = "epoch_ms"', 1684065600000, datetime(2023, 5, 14, 12, tzinfo=UTC)),
    ],
)
def test_a_time_without_an_offset_is_of_the_declared_zone(
    declared: str, written: Any, start: datetime
) -> None:
    found = one(DATE + declared + "\n" + PLACE + KIND, date=written)
    assert found.period is not None
    assert (found.period.start, found.precision) == (start, "instant")


def test_a_file_may_have_both_decimal_signs() -> None:
    toml = '[file]\ndecimal = [".", ","]\n' + DATE + PLACE + KIND
    toml += '[fields]\ntext = { column = "n", type = "number" }\n'
    places = [one(toml, lon=lon, lat=lat, n="2,5") for lon in ("37,125", "37.125") for lat in ("48", "48,0")]
    assert {(each.geometry, each.properties["text"]) for each in places} == {
        (b'{"type":"Point","coordinates":[37.125,48.0]}', 2.5)
    }
    assert "text" not in one(toml, n="1,234").properties  # or a thousand and more
    assert one(toml, n="0,234").properties["text"] == 0.234


def test_a_list_of_columns_is_as_good_as_a_text() -> None:
    toml = DATE + PLACE + KIND + '[fields]\ntext = ["town", "country"]\n'
    assert one(toml, town="Kherson", country="Ukraine").properties["text"] == "Kherson, Ukraine"


EXACT = '[fields]\ntext = { column = "place", split = ";", codes = { "(3) Settlement" = "settlement" }%s }\n'


@pytest.mark.parametrize(
    ("more", "said", "text"),
    [
        ("", "(3)  settlement", "settlement"),
        ("", "(4) region", "(4) region"),
        (', other_words = "leave_out"', "(4) region", None),
        (', other_words = "leave_out"', "(4) region; (3) settlement", "settlement"),
    ],
)
def test_a_word_of_a_field_is_its_code_and_another_word_as_declared(
    more: str, said: str, text: str | None
) -> None:
    toml = DATE + PLACE + KIND + EXACT % more
    found, report = features(plan(toml, events("text")), table(ROW | {"place": said}))
    assert found[0].properties.get("text") == text
    left_out = "other_words" in more
    assert report.examples[Finding.OTHER_WORD] == (
        ["file.csv#1: text: '(4) region' is in none of its codes"] if left_out else []
    )


def test_of_several_words_of_a_category_the_first_that_is_known_counts() -> None:
    toml = DATE + PLACE + '[category]\ncolumn = "kind"\nsplit = ";"\n[category.codes]\nDrone = "strike"\n'
    assert one(toml, kind="artillery; drone").properties["kind"] == "strike"
    assert why(toml, kind="artillery; other")[0] == Finding.UNKNOWN_STATUS


def test_a_year_is_all_of_it_and_as_an_end_its_last_day_counts() -> None:
    year = one(DATE + 'forms = "%Y"\n' + PLACE + KIND, date=2023).period
    until = one(DATE + 'forms = ["iso", "%Y"]\nend = "to"\n' + PLACE + KIND, to="2023").period
    assert year is not None
    assert until is not None
    first, last = datetime(2022, 12, 31, 22, tzinfo=UTC), datetime(2023, 12, 31, 22, tzinfo=UTC)
    assert (year.start, year.end, until.end) == (first, last, last)


@pytest.mark.parametrize(
    ("declared", "written", "told"),
    [
        ("", "2023-05-14", "2023-05-14"),
        ('forms = "%B %Y"', "May 2023", "2023-05"),
        ('forms = "%Y"', "2023", "2023"),
        ('forms = "%d.%m.%Y"\nrange = " - "', "14.05.2023 - 17.05.2023", "2023-05-14/2023-05-17"),
    ],
)
def test_a_field_says_of_a_date_no_more_than_the_source(declared: str, written: str, told: str) -> None:
    toml = DATE + declared + "\n" + PLACE + KIND + '[fields]\ntext = { column = "date", type = "day" }\n'
    assert one(toml, date=written).properties["text"] == told


@pytest.mark.parametrize(
    ("declared", "written", "words"),
    [
        ('forms = ["%Y%m%d"]', "202312", "is no date in the form %Y%m%d"),  # strptime: 2 January 2023
        ('forms = ["%Y-%m"]', "2023-13", "is no date"),
        ('range = " - "', "2023-05-14 - 2023-05-10", "it ends before it starts"),
        ('range = " - "', "2023-05-14 - later", "'later' is no date"),
        ('range = " - "', "2023-05-14 - 9999-12-31", "has no end"),
    ],
)
def test_what_only_looks_like_a_month_or_a_range_is_put_aside(
    declared: str, written: str, words: str
) -> None:
    found = why(DATE + declared + "\n" + PLACE + KIND, date=written)
    assert found[0] == Finding.ABSURD_DATE
    assert words in found[1]


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ('forms = ["iso", "%Y-%m"]\n', "line 3: layer 'roads' shows what holds, and a week, month or year"),
        ('[date.span]\ncolumn = "x"\nvalues = { 2 = "week" }\n', "line 3: layer 'roads' shows what holds"),
    ],
)
def test_what_holds_begins_on_a_day(declared: str, words: str) -> None:
    with pytest.raises(BadParameter, match=words):
        plan('[date]\ncolumn = "date"\n' + declared, layer("roads", "lines"))


@pytest.mark.parametrize(
    ("declared", "end", "last"),
    [
        ("", "2023-05-20", datetime(2023, 5, 20, 21, tzinfo=UTC)),
        ('ends = "exclusive"', "2023-05-20", datetime(2023, 5, 19, 21, tzinfo=UTC)),
        ("", "2023-05-20T12:00:00Z", datetime(2023, 5, 20, 12, tzinfo=UTC)),
        ('ends = "inclusive"', "2023-05-20T12:00:00Z", datetime(2023, 5, 20, 12, 0, 1, tzinfo=UTC)),
        ('precision = "day"', "2023-05-20 00:00:00.000", datetime(2023, 5, 20, 21, tzinfo=UTC)),
        ("", "9999-12-31", None),
        ("", datetime(9999, 12, 31, tzinfo=UTC), None),
        ("", "", datetime(2023, 5, 14, 21, tzinfo=UTC)),
    ],
)
def test_a_plain_end_includes_its_day_and_9999_is_none(
    declared: str, end: Any, last: datetime | None
) -> None:
    found = one(DATE + 'end = "to"\n' + declared + "\n" + PLACE + KIND, to=end)
    assert found.period is not None
    assert found.period.end == last


@pytest.mark.parametrize(
    ("toml", "row", "finding", "words"),
    [
        (DATE + PLACE + KIND, {"date": "05/14/2023"}, Finding.ABSURD_DATE, r'[date] forms = ["%d.%m.%Y"]'),
        (DATE + PLACE + KIND, {"date": ""}, Finding.ABSURD_DATE, "it has no date in date"),
        (DATE + 'earliest = "2024-01-01"\n' + PLACE + KIND, {}, Finding.ABSURD_DATE, "the days that can be"),
        (DATE + PLACE + KIND, {"date": "9999-12-31"}, Finding.ABSURD_DATE, "outside the years"),
        (DATE + 'end = "to"\n' + PLACE + KIND, {"to": "2023-05-01"}, Finding.ABSURD_DATE, "it ends before"),
        (DATE + PLACE + KIND, {"lon": "37,5"}, Finding.UNREADABLE, 'say [file] decimal = ","'),
        ('[file]\ndecimal = ","\n' + DATE + PLACE + KIND, {"lon": "37.5", "lat": "48.5"}, Finding.UNREADABLE,
         'with a decimal point say [file] decimal = "."'),
        ('[file]\ndecimal = [".", ","]\n' + DATE + PLACE + KIND, {"lon": "1,37.5"}, Finding.UNREADABLE,
         "'1,37.5', '48.5' are no longitude and latitude: "),
        (DATE + PLACE + KIND, {"lon": "", "lat": ""}, Finding.NULL_GEOMETRY, "2023-05-14"),
        (DATE + PLACE + KIND + '[category.codes]\nFight = "battle"', {"kind": "\x1b[1mF"},
         Finding.UNKNOWN_STATUS, '[category.codes] " [1mF" = "..."'),
        (DATE + PLACE + KIND, {"kind": "battel"}, Finding.UNKNOWN_STATUS, "battle"),
        (DATE + PLACE + KIND + '[category.codes]\nFight = "battle"', {"kind": "figth"},
         Finding.UNKNOWN_STATUS, '[category.codes] "figth" = "battle"'),
        (DATE + PLACE + KIND + 'ignore = "parade"', {"kind": " Parade"}, Finding.IGNORED, "Parade"),
        (DATE + PLACE + 'missing = "leave_out"\n' + KIND, {"lon": "", "lat": ""}, Finding.NO_PLACE, "#1"),
        (DATE + PLACE + KIND + '[[leave_out]]\ncolumn = "sources"\nis = "srcHidden"\n',
         {"sources": ["srcA", "SRCHIDDEN "]}, Finding.FILTERED, "leave_out 1 by sources"),
        (DATE + PLACE + KIND + '[[keep_only]]\ncolumn = "view"\nis = ["daily"]\n',
         {"view": "weekly"}, Finding.FILTERED, "keep_only 1 by view"),
        (DATE + PLACE + KIND + '[[leave_out]]\ncolumn = "n"\nmatches = "^test"\n', {"n": "test 1"},
         Finding.FILTERED, "leave_out 1 by n"),
        (DATE + PLACE + KIND + '[[leave_out]]\ncolumn = "n"\nempty = true\n', {"n": " "}, Finding.FILTERED,
         "n"),
        (DATE + PLACE + KIND + '[[leave_out]]\ncolumn = "n"\nis = true\n', {"n": True}, Finding.FILTERED,
         "n"),
    ],
)  # fmt: skip
def test_a_row_that_is_no_feature_is_counted_with_what_would_do(
    toml: str, row: dict[str, Any], finding: Finding, words: str
) -> None:
    found = why(toml, **row)
    assert found[0] == finding
    assert words in found[1]


def test_the_other_way_round_a_condition_lets_the_row_pass() -> None:
    toml = DATE + PLACE + KIND
    assert one(toml + '[[leave_out]]\ncolumn = "sources"\nis = "srcHidden"\n', sources=["srcA"])
    assert one(toml + '[[keep_only]]\ncolumn = "view"\nis = ["daily"]\n', view="Daily")
    assert one(toml + '[[leave_out]]\ncolumn = "n"\nempty = true\n', n="x")


@pytest.mark.parametrize(
    ("declared", "row", "kind"),
    [
        ('column = ["sub", "kind"]\n[category.codes]\nShelling = "strike"\nFight = "battle"',
         {"sub": "Shelling", "kind": "Fight"}, "strike"),
        ('column = ["sub", "kind"]\n[category.codes]\nShelling = "strike"\nFight = "battle"',
         {"sub": "other", "kind": "Fight"}, "battle"),
        ('value = "strike"', {}, "strike"),
        ("column = \"c\"\npattern = '^([A-Z])\\.'\n[category.codes]\nB = \"battle\"", {"c": "B. losses"},
         "battle"),
        ('column = "n"\n[category.codes]\n1 = "battle"', {"n": 1.0}, "battle"),
        ('column = "tags"\n[category.codes]\nX = "battle"', {"tags": ["other", "x"]}, "battle"),
        ('column = "a.b[1]"\n[category.codes]\nX = "battle"', {"a": {"b": ["o", "X"]}}, "battle"),
        ('column = "a.b"\n[category.codes]\nX = "battle"', {"a": [{"b": "o"}, {"b": "X"}]}, "battle"),
    ],
)  # fmt: skip
def test_a_category_comes_from_where_the_mapping_says(declared: str, row: dict[str, Any], kind: str) -> None:
    assert one(DATE + PLACE + "[category]\n" + declared, **row).properties["kind"] == kind


@pytest.mark.parametrize(
    ("place", "member", "name", "code"),
    [
        ("file", "20220601_assessed.geojson", "", "occupied"),
        ("folder", "a/assessed/x.geojson", "", "occupied"),
        ("table", "", "Assessed", "occupied"),
    ],
)
def test_a_category_comes_from_the_place_of_the_row(place: str, member: str, name: str, code: str) -> None:

    category = f"""[category]\nfrom = "{place}"\npattern = '(?i)([a-z]+)$'\n"""
    toml = f'{DATE}{category}[category.codes]\nassessed = "{code}"'
    rows = table({"date": "2022-06-01"}, member=member, name=name, container="geojson", geometry=AREA)
    found, _ = features(plan(toml, control()), rows)
    assert [each.properties["status"] for each in found] == [code]


@pytest.mark.parametrize(
    ("declared", "row", "value"),
    [
        ('"t"', {"t": "x"}, "x"),
        ('"3"', {"3": "x"}, "x"),
        ("{ column = 3 }", {"3": "x"}, "x"),
        ('{ value = "fixed" }', {}, "fixed"),
        ('{ column = ["a", "b"], join = "; " }', {"a": "x", "b": ["y", "z"]}, "x; y; z"),
        ('{ column = ["a", "b"] }', {"a": "x", "b": "y"}, "x, y"),
        ('{ column = ["a", "b"], take = "first" }', {"a": "", "b": ["y", "z"]}, "y"),
        (
            '{ column = "d", take = "url" }',
            {"d": "<b>Src</b>: https://x.org/1<br>https://x.org/2"},
            "https://x.org/1",
        ),
        ('{ column = "d", take = "text" }', {"d": "<b>Hit</b> mill https://x.org/1"}, "Hit mill"),
        ('{ column = "g", type = "boolean" }', {"g": "TRUE"}, True),
        ('{ column = "g", type = "boolean" }', {"g": 0}, False),
        ('{ column = "n", type = "number" }', {"n": "1.5"}, 1.5),
        ('{ column = "n", type = "whole" }', {"n": "3"}, 3),
        ('{ column = "n", type = "whole" }', {"n": "9007199254740993"}, 9007199254740993),
        ('{ column = "n", type = "text" }', {"n": 3.0}, "3"),
        ('{ column = "date", type = "day" }', {}, "2023-05-14"),
    ],
)
def test_a_field_is_made_of_columns_as_the_mapping_says(
    declared: str, row: dict[str, Any], value: Any
) -> None:
    found = one(DATE + PLACE + KIND + f"[fields]\ntext = {declared}", **row)
    assert found.properties["text"] == value
    assert type(found.properties["text"]) is type(value)


@pytest.mark.parametrize(
    ("take", "said", "finding"),
    [
        ("url", "Hit mill", Finding.MISSING_SOURCE),
        ("url", "", Finding.MISSING_SOURCE),
        ("text", "<br>https://x.org/1", Finding.MISSING_TEXT),
        ("text", "", Finding.MISSING_TEXT),
    ],
)
def test_words_without_a_link_and_a_link_without_words_are_counted(
    take: str, said: str, finding: Finding
) -> None:
    toml = DATE + PLACE + KIND + f'[fields]\ntext = {{ column = "d", take = "{take}" }}'
    found, report = features(plan(toml, events("text")), table({**ROW, "d": said}))
    assert "text" not in found[0].properties
    assert report.counts[finding] == 1
    assert report.examples[finding] == ["file.csv#1: text"]
    assert (
        finding not in features(plan(toml, events("text")), table({**ROW, "d": "x https://x.org"}))[1].counts
    )


def test_a_value_of_another_type_is_left_out_and_said() -> None:
    toml = DATE + PLACE + KIND + '[fields]\ntext = { column = "n", type = "whole" }'
    found, report = features(plan(toml, events("text")), table({**ROW, "n": "many"}))
    assert "text" not in found[0].properties
    assert report.examples[Finding.OTHER_TYPE] == ["file.csv#1: text: 'many' is no whole"]


def test_without_fields_columns_of_the_same_names_are_taken() -> None:
    assert one(DATE + PLACE + KIND, text="x", other="y").properties == {"kind": "battle", "text": "x"}


@pytest.mark.parametrize(
    ("declared", "value", "geometry"),
    [
        ('wkt = "w"\ncrs = "EPSG:4326"', "POINT (37.5 48.5)", {"type": "Point", "coordinates": [37.5, 48.5]}),
        ('wkt = "w"\ncrs = "EPSG:4326"\naxes = "latlon"', "SRID=4326;POINT (48.5 37.5)",
         {"type": "Point", "coordinates": [37.5, 48.5]}),
        ('geojson = "w"', '{"type": "Point", "coordinates": [37.5, 48.5]}', {"type": "Point",
         "coordinates": [37.5, 48.5]}),
        ('coordinates = "w"', [37.5, 48.5], {"type": "Point", "coordinates": [37.5, 48.5]}),
        ('coordinates = "w"\nshape = "line"', "[[37, 48], [38, 49]]",
         {"type": "LineString", "coordinates": [[37, 48], [38, 49]]}),
        ('coordinates = "w"\nshape = "area"', [[37, 48], [38, 48], [38, 49]],
         {"type": "Polygon", "coordinates": [[[37, 48], [38, 48], [38, 49], [37, 48]]]}),
    ],
)  # fmt: skip
def test_a_geometry_stands_in_a_column(declared: str, value: Any, geometry: dict[str, Any]) -> None:
    assert json.loads(one(DATE + KIND + "[geometry]\n" + declared, w=value).geometry) == geometry


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        ('wkt = "w"\ncrs = "EPSG:4326"', "PONT (1 2)"),
        ('wkt = "w"\ncrs = "EPSG:4326"', "POINT EMPTY"),
        ('wkt = "w"\ncrs = "EPSG:4326"', "CURVEPOLYGON EMPTY"),
        ('lon = "w"\nlat = "w"', 10**400),
        ('wkt = "w"\ncrs = "EPSG:4326"', "GEOMETRYCOLLECTION (" * 500 + ")" * 500),
        ('coordinates = "w"', "here"),
        ('coordinates = "w"\nshape = "area"', [[[1, 2]]]),
        ('coordinates = "w"\nshape = "area"', [1, 2]),
    ],
)
def test_what_is_no_geometry_is_put_aside(declared: str, value: Any) -> None:
    assert why(DATE + KIND + "[geometry]\n" + declared + "\n", w=value)[0] == Finding.UNREADABLE


def test_metres_become_degrees_and_an_unsaid_reference_system_is_refused() -> None:
    wkt = table({**ROW, "w": "POINT (4174481.1 6190443.8)"})
    found, _ = features(plan(DATE + KIND + '[geometry]\nwkt = "w"\ncrs = "EPSG:3857"', events()), wkt)
    assert json.loads(found[0].geometry)["coordinates"] == pytest.approx([37.5, 48.5], abs=0.01)
    with pytest.raises(UnreadableSource, match=r'\[geometry\] crs = "EPSG:4326"'):
        features(plan(DATE + KIND + '[geometry]\nwkt = "w"', events()), wkt)
    with pytest.raises(UnreadableSource, match="does not say in which reference system"):
        features(plan(DATE + KIND, events()), table(ROW, container="gpkg", geometry=POINT))


def test_wkt_of_a_reference_system_is_as_good_as_its_number() -> None:
    for said in (CRS(4326).to_wkt(), CRS(4326).to_wkt("WKT1_ESRI"), "EPSG:4326"):
        rows = table(ROW, container="shapefile", crs=said, geometry=POINT)
        found, _ = features(plan(DATE + KIND, events()), rows)
        assert found[0].geometry == POINT
    metres = b'{"type":"Point","coordinates":[4174481.1,6190443.8]}'
    rows = table(ROW, container="shapefile", crs=CRS(3857).to_wkt("WKT1_ESRI"), geometry=metres)
    found, _ = features(plan(DATE + KIND, events()), rows)
    assert json.loads(found[0].geometry)["coordinates"] == pytest.approx([37.5, 48.5], abs=0.01)


def test_other_kinds_of_geometry_are_left_out_where_the_mapping_says() -> None:
    toml = DATE + KIND + '[geometry]\nother_kinds = "leave_out"'
    rows = table({**ROW, "geometry": POINT}, {**ROW, "geometry": AREA}, container="kml")
    found, report = features(plan(toml, events()), rows)
    assert [each.geometry for each in found] == [POINT]
    assert report.counts[Finding.OTHER_KIND] == 1


def test_a_column_that_is_not_there_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnreadableSource, match="no column 'dat'; did you mean 'date'"):
        features(plan('[date]\ncolumn = "dat"\n' + PLACE + KIND, events()), table(ROW))
    assert one('[date]\ncolumn = ["dat", "date"]\n' + PLACE + KIND)

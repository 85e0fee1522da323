"""Law: a source is read whole or not at all; issues replace each other, states ascend, limits hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.ingest.mapping.tables import (
    AREA,
    POINT,
    control,
    events,
    features,
    plan,
    snapshots,
    source,
    table,
)
from tileserver.errors import BadParameter, UnreadableSource
from tileserver.findings import Finding
from tileserver.ingest.containers.table import Row, Table
from tileserver.ingest.mapping.reader import read_snapshots
from tileserver.ingest.report import Report

EVENTS = """
[date]
column = "date"
[geometry]
lon = "lon"
lat = "lat"
[category]
column = "kind"
[fields]
text = "text"
"""
STATES = 'means = "snapshot"\n[category]\ncolumn = "status"\n'
REISSUED = EVENTS + '[id]\ncolumn = "id"\nnewest = "stamp"\n'


def row(**said: Any) -> dict[str, Any]:
    return {"date": "2023-05-14", "lon": "37.5", "lat": "48.5", "kind": "battle", "text": "", **said}


def area(status: str = "occupied", **said: Any) -> dict[str, Any]:
    return {"status": status, "geometry": AREA, **said}


def state(*rows: dict[str, Any], member: str = "") -> Table:
    return table(*rows, member=member, container="geojson")


def broken(member: str) -> Table:
    def rows() -> Iterator[Row]:
        return iter([Row(0, {}, None, "it is cut off")])

    return Table(member, "", "", (), None, rows)


def test_the_newest_issue_of_a_row_replaces_the_others_wherever_it_stands() -> None:
    rows = [
        row(id="A", stamp="3", text="third"),
        row(id="B", stamp="1", text="other"),
        row(id="A", stamp="1", text="first"),
    ]
    found, report = features(plan(REISSUED, events("text")), table(*rows), table(row(id="A", stamp="2")))
    assert [each.properties["text"] for each in found] == ["third", "other"]
    assert report.counts[Finding.REPLACED] == 2


def test_without_an_order_the_later_row_counts_and_rows_without_an_id_stand_alone() -> None:
    toml = EVENTS + '[id]\ncolumn = "id"\n'
    rows = [row(id="A", text="1"), row(id="A", text="2"), row(id="", text="3"), row(id="", text="4")]
    found, _ = features(plan(toml, events("text")), table(*rows))
    assert [each.properties["text"] for each in found] == ["2", "3", "4"]


def test_columns_are_an_id_together_and_a_row_that_lacks_one_of_them_stands_alone() -> None:
    toml = EVENTS + '[id]\ncolumns = ["kind", "url"]\n'
    rows = [
        row(url="x", text="1"),
        row(url=" x ", text="2"),
        row(url="", text="3"),
        row(url="", text="4"),
        row(url="y", text="5"),
    ]
    found, report = features(plan(toml, events("text")), table(*rows))
    assert [(each.properties["text"], each.event_key) for each in found] == [
        ("2", "battle | x"),
        ("3", ""),
        ("4", ""),
        ("5", "battle | y"),
    ]
    assert report.counts[Finding.REPLACED] == 1


def test_rows_that_an_id_does_not_tell_apart_stay_several_and_a_pattern_finds_the_id_in_a_text() -> None:
    part = "{ column = 'url', pattern = 'status/(\\d+)|(t\\.me/\\S+)' }"
    toml = EVENTS + f'[id]\ncolumns = ["date", {part}]\nseveral = "apart"\n'
    rows = [
        row(url="https://x.com/a/status/77?s=46", text="1"),
        row(url="see https://t.me/a/9 there", text="2"),
        row(url="https://t.me/a/9", text="3"),
        row(url="https://example.org", text="4"),
    ]
    found, report = features(plan(toml, events("text")), table(*rows))
    assert [each.event_key for each in found] == ["2023-05-14 | 77", "", "", ""]
    assert report.counts[Finding.REPLACED] == 0


def test_an_issue_that_is_hidden_takes_the_older_one_away_as_well() -> None:
    toml = REISSUED + '[[leave_out]]\ncolumn = "source"\nis = "hidden"\n[limits]\nrows = 0'
    rows = [row(id="A", stamp="1", source="x"), row(id="A", stamp="2", source="hidden")]
    found, report = features(plan(toml, events("text")), table(*rows))
    assert not found
    assert (report.counts[Finding.REPLACED], report.counts[Finding.FILTERED]) == (1, 1)


def test_a_row_of_tags_is_left_out_and_said_wherever_the_file_has_it_first() -> None:
    tags = {
        "date": "#date+occurred",
        "lon": "#geo +lon",
        "lat": "#geo+lat",
        "text": "#description",
        "kind": "",
    }
    found, report = features(plan(EVENTS, events("text")), table(tags, row(text="#hashtag")))
    assert [each.properties["text"] for each in found] == ["#hashtag"]
    assert report.examples[Finding.ROW_OF_TAGS] == ["file.csv#1"]
    _, report = features(plan(EVENTS, events("text")), table(row(), tags))
    assert report.counts[Finding.ROW_OF_TAGS] == 0


def test_columns_with_dots_and_brackets_in_their_names_are_used_whole() -> None:
    toml = EVENTS.replace('lat = "lat"', 'lat = "Lat. (WGS84)"').replace(
        'text = "text"', 'text = "Text [EN]"'
    )
    rows = row(**{"Text [EN]": "x", "Lat. (WGS84)": "48.5", "Other.": "y"})
    found, report = features(plan(toml, events("text")), table(rows))
    assert found[0].properties["text"] == "x"
    assert report.examples[Finding.OTHER_FIELDS] == ["file.csv: lat, text, Other."]


def test_a_title_above_the_names_of_columns_is_said() -> None:
    wide = {"Attacks, 2024": "", "2": "", "3": ""}
    for names in ({"Attacks, 2024": ""}, wide):
        with pytest.raises(UnreadableSource, match=r"has no column 'date'.*\[file\] header = 3"):
            features(plan(EVENTS, events("text")), table(names))
    ragged = table({"Attacks": "", " 2024": ""})
    rows = [Row(1, {}, None, "it has 3 cells for 2 columns")]
    with pytest.raises(UnreadableSource, match=r"\[file\] header = 3"):
        features(plan(EVENTS, events("text")), replace(ragged, rows=lambda: iter(rows)))
    with pytest.raises(UnreadableSource, match=r"it has day, kind$"):
        features(plan(EVENTS, events("text")), table({"day": "", "kind": ""}))


def test_tags_are_no_issue_of_a_row() -> None:
    tags = {"id": "#event+id", "stamp": "#date+updated", "text": "#description"}
    found, _ = features(plan(REISSUED, events("text")), table(tags, row(id="A", stamp="1", text="x")))
    assert [each.properties["text"] for each in found] == ["x"]


def test_an_order_that_nobody_can_tell_is_refused() -> None:
    rows = [row(id="A", stamp="1"), row(id="A", stamp="later")]
    with pytest.raises(UnreadableSource, match=r"row 2: stamp has to tell the newest issue, and 'later'"):
        features(plan(REISSUED, events("text")), table(*rows))


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ("rows = 3", "of 2 rows 1 are left, and the mapping wants 3 or more; nothing was written"),
        ("put_aside = 0.4", r"1 of 2 rows were put aside, more than the 40 % of \[limits\] put_aside"),
    ],
)
def test_over_a_limit_nothing_is_taken(limits: str, message: str) -> None:
    with pytest.raises(UnreadableSource, match=message):
        features(plan(f"{EVENTS}[limits]\n{limits}", events("text")), table(row(), row(kind="parade")))


def test_a_file_of_which_nothing_is_left_is_refused_and_says_why() -> None:
    with pytest.raises(UnreadableSource, match=r"of 1 rows 0 are left.*does not declare: 1, as file.csv#1: "):
        features(plan(EVENTS, events("text")), table(row(kind="parade")))
    with pytest.raises(UnreadableSource, match="of 0 rows 0 are left"):
        features(plan(EVENTS, events("text")), Table("", "", "csv", tuple(row()), None, lambda: iter(())))


def test_files_and_tables_that_the_mapping_does_not_name_are_left_out_and_counted() -> None:
    toml = '[file]\nnames = "*_{layer}.csv"\ntables = "Day*"\n' + EVENTS
    found, report = features(
        plan(toml, events("text")),
        table(row(text="yes"), member="in/A_Events.csv", name="Day 1"),
        table(row(text="no"), member="in/A_events.csv", name="Notes"),
        table(row(text="no"), member="in/readme.csv", name="Day 1"),
    )
    assert [each.properties["text"] for each in found] == ["yes"]
    assert report.counts[Finding.OTHER_MEMBER] == 2


def test_a_row_without_a_date_has_the_date_in_the_name_of_its_file_where_the_mapping_says_so() -> None:
    toml = EVENTS.replace('column = "date"', 'column = "date"\nname = \'(\\d{8})\'\nforms = "%Y%m%d"')
    found, _ = features(plan(toml, events("text")), table(row(date=""), member="x/20230601.csv"))
    assert found[0].period is not None
    assert found[0].period.start == datetime(2023, 5, 31, 21, tzinfo=UTC)
    with pytest.raises(UnreadableSource, match="0 are left"):
        features(plan(EVENTS, events("text")), table(row(date="")), file="events_2023-06-01.csv")


def test_a_broken_file_among_several_is_put_aside_and_alone_it_is_refused() -> None:
    whole = table(row(), member="b.csv")
    found, report = features(plan(EVENTS, events("text")), broken("a.csv"), whole)
    assert len(found) == 1
    assert report.counts[Finding.UNREADABLE_ROW] == 1
    with pytest.raises(UnreadableSource, match="cut off"):
        features(plan(EVENTS, events("text")), broken(""))


def test_states_ascend_by_the_dates_in_their_names_whatever_the_names_order() -> None:
    toml = STATES + "[date]\nname = '(\\d\\d\\.\\d\\d\\.\\d{4})'\nforms = \"%d.%m.%Y\"\n"
    files = ["01.06.2023.json", "31.05.2023.json", "02.01.2023.json"]
    found, report = snapshots(plan(toml, control()), *(state(area(), member=name) for name in files))
    assert [each.at.day for each in found] == [1, 30, 31]
    assert [each.origin for each in found] == [files[2], files[1], files[0]]
    assert {each.precision for each in found} == {"day"}
    assert all(each.features[0].period is None for each in found)
    assert report.read == 3


@pytest.mark.parametrize(
    ("declared", "rows", "file", "at"),
    [
        ("", [area()], "control_2023-05-14.json", datetime(2023, 5, 13, 21, tzinfo=UTC)),
        ('[date]\nholds_from = "end"', [area()], "control_2023-05-14.json", datetime(2023, 5, 14, 21,
         tzinfo=UTC)),
        ('[date]\ncolumn = "d"', [area(d="2023-06-01"), area(d="2023-06-01")], "x_2023-05-14.json",
         datetime(2023, 5, 31, 21, tzinfo=UTC)),
        ("[date]\ncolumn = \"d\"\nname = '(\\d{4}-\\d\\d-\\d\\d)'", [area(d="2023-06-01")],
         "x_2023-05-14.json",
         datetime(2023, 5, 13, 21, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_a_state_holds_from_the_date_that_is_said_of_it(
    declared: str, rows: list[dict[str, Any]], file: str, at: datetime
) -> None:
    found, _ = snapshots(plan(STATES + declared, control()), state(*rows), file=file)
    assert [each.at for each in found] == [at]


def test_what_the_caller_says_holds_before_all_else() -> None:
    at = datetime(2023, 1, 1, 12, tzinfo=UTC)
    found, _ = snapshots(plan(STATES, control(), at=at), state(area()), file="control_2023-05-14.json")
    assert (found[0].at, found[0].precision) == (at, "instant")


@pytest.mark.parametrize(
    ("declared", "rows", "message"),
    [
        (
            "",
            [area()],
            r"neither its rows nor its name say one date.* name = 'control_\(\\d\{8\}\)', or say --at",
        ),
        ('[date]\ncolumn = "d"', [area(d="2023-06-01"), area(d="2023-06-02")], "its rows say 2 dates"),
        ('[file]\nnames = "x*"', [area()], "no table that the mapping names"),
    ],
)
def test_a_state_without_one_date_is_refused(declared: str, rows: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(UnreadableSource, match=message):
        snapshots(plan(STATES + declared, control()), state(*rows), file="control.json")


def test_one_unreadable_state_among_many_is_put_aside_and_the_others_hold() -> None:
    found, report = snapshots(
        plan(STATES, control()),
        state(area(), member="2023-05-14.json"),
        broken("2023-05-15.json"),
        state(area(), member="nodate.json"),
        state(area(), member="2023-05-16.json"),
    )
    assert [each.origin for each in found] == ["2023-05-14.json", "2023-05-16.json"]
    assert report.counts[Finding.UNREADABLE_SNAPSHOT] == 2


def test_a_second_state_of_an_instant_is_a_copy_or_put_aside() -> None:
    found, report = snapshots(
        plan(STATES, control()),
        state(area(), member="a/2023-05-14.json"),
        state(area(), member="b/2023-05-14.json"),
        state(area("liberated"), member="c/2023-05-14.json"),
    )
    assert [each.origin for each in found] == ["a/2023-05-14.json"]
    assert (report.counts[Finding.DUPLICATE], report.counts[Finding.UNREADABLE_SNAPSHOT]) == (1, 1)


def test_tables_of_one_file_are_one_state_and_others_beside_are_left_out() -> None:
    toml = STATES + '[file]\nnames = "*.kml"\n'
    found, report = snapshots(
        plan(toml, control()),
        table(area(), member="2023-05-14.kml", name="A", container="kml"),
        table(area("liberated"), member="2023-05-14.kml", name="B", container="kml"),
        state(area(), member="2023-05-14.json"),
    )
    assert [[each.properties["status"] for each in one.features] for one in found] == [
        ["occupied", "liberated"]
    ]
    assert found[0].features[1].origin == "2023-05-14.kml/B#1"
    assert report.counts[Finding.OTHER_MEMBER] == 1


def test_packed_files_and_archives_within_are_in_the_order_of_their_dates() -> None:
    names = ["b/2023-05-14.json.gz", "a/2023-05-15.json.gz", "2023-05-13.kmz/doc.kml"]
    found, _ = snapshots(plan(STATES, control()), *(state(area(), member=name) for name in names))
    assert [each.at.day for each in found] == [12, 13, 14]


def test_a_state_of_before_the_last_one_is_refused_rather_than_put_in_its_place() -> None:
    made = source(state(area(), member="2023-05-15.json"), state(area(), member="2023-05-14.json"))
    unsorted = replace(made, tables=lambda order: made.tables(None))
    with pytest.raises(UnreadableSource, match=r"2023-05-14.json is of before 2023-05-15.json"):
        list(read_snapshots(unsorted, plan(STATES, control()), Report()))


def test_a_file_without_the_table_that_is_named_is_no_empty_state() -> None:
    toml = STATES + '[file]\ntables = "areas"\n'
    found, report = snapshots(
        plan(toml, control()),
        table(area(), member="2023-05-14.json", name="areas", container="json"),
        table(area(), member="2023-05-15.json", name="lines", container="json"),
    )
    assert [each.origin for each in found] == ["2023-05-14.json"]
    assert report.examples[Finding.UNREADABLE_SNAPSHOT] == [
        "2023-05-15.json: it has no table that the mapping names, and an empty state would end all"
    ]


def test_a_point_among_areas_of_a_state_is_left_for_the_repair_to_put_aside() -> None:
    found, _ = snapshots(plan(STATES, control()), state(area(geometry=POINT), member="2023-05-14.json"))
    assert found[0].features[0].geometry == POINT


def test_of_several_files_one_that_leaves_too_little_is_put_aside_and_its_rows_stay_accounted_for() -> None:
    files = [state(area(), area(), member="2023-05-14.json"), state(area(), member="2023-05-15.json")]
    files += [state(area("nobody"), member="2023-05-16.json"), state(member="2023-05-17.json")]
    found, report = snapshots(plan(STATES + "[limits]\nrows = 2\n", control()), *files)
    assert [each.origin for each in found] == ["2023-05-14.json"]
    assert report.counts[Finding.UNREADABLE_SNAPSHOT] == 3
    assert "of its rows 0 are left; the mapping wants 2" in report.examples[Finding.UNREADABLE_SNAPSHOT][-1]
    found, _ = snapshots(plan(STATES + "[limits]\nrows = 0\n", control()), *files)
    assert [len(each.features) for each in found] == [2, 1, 0, 0]


LOG = EVENTS.replace(
    'column = "date"\n', 'column = "date"\nend = "seen"\nends = "last_seen"\nzone = "Europe/Kyiv"\n'
)


def test_what_a_log_saw_last_holds_until_the_log_was_written_again() -> None:
    rows = [
        row(text="changed over a gap", seen="2023-05-16"),
        row(text="what follows", date="2023-05-20", seen="2023-05-21"),
        row(text="left out, but somebody looked", kind="parade", date="2023-05-22", seen="2023-05-22"),
        row(text="seen to the end", seen="2023-05-22"),
        row(text="no date", date="soon", seen="2023-05-22"),
    ]
    found, report = features(plan(LOG, events("text")), table(*rows))
    days = [
        (each.period.start.day, each.period.end.day if each.period.end else None)
        for each in found
        if each.period and each.period.start
    ]
    assert days == [(13, 19), (19, 21), (13, None)]
    assert {each.precision for each in found} == {"day"}
    assert report.counts[Finding.ABSURD_DATE] == 1


def test_a_last_sight_needs_its_column() -> None:
    with pytest.raises(BadParameter, match='last_seen is of a column: say which, end = "last_seen_day"'):
        plan(LOG.replace('end = "seen"\n', ""), events("text"))

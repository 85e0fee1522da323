"""Law: a row that must not get out does not, however its source spells that; every condition is counted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ingest.mapping.tables import control as areas
from tests.ingest.mapping.tables import events, features, plan, snapshots, table
from tileserver.errors import BadParameter
from tileserver.findings import Finding
from tileserver.ingest.mapping.load import parse_mapping

EVENTS = '[date]\ncolumn = "date"\n[geometry]\nlon = "lon"\nlat = "lat"\n[category]\ncolumn = "kind"\n'
HIDDEN = '[[leave_out]]\ncolumn = "Confidential"\nis = ["Yes", "ja"]\notherwise = ["No", ""]\n'
NONE = "[limits]\nrows = 0\n"


def row(**said: Any) -> dict[str, Any]:
    return {"date": "2023-05-14", "lon": "37.5", "lat": "48.5", "kind": "battle", **said}


def left(toml: str, *rows: dict[str, Any]) -> tuple[int, Any]:
    found, report = features(plan(toml + NONE, events()), table(*rows))
    return len(found), report


@pytest.mark.parametrize("word", ["Y", "Yes.", "1", "Oui", "confidential", "", None, ["No", "perhaps"]])
def test_a_word_that_the_condition_does_not_know_never_lets_a_row_through(word: Any) -> None:
    toml = HIDDEN.replace('["No", ""]', '["No"]')
    number, report = left(EVENTS + toml, row(Confidential=word), row(Confidential="No"))
    assert number == 1
    assert report.counts[Finding.UNKNOWN_WORD] == 1
    said = report.quarantined[0].raw
    assert "and leave_out 1 knows it neither by is nor by otherwise" in said
    assert "Confidential says" in said


def test_words_are_known_whatever_their_case_and_nothing_by_the_empty_word() -> None:
    rows = [row(Confidential=each) for each in ("YES", " ja", "no", "", None, ["No", "Yes"])]
    number, report = left(EVENTS + HIDDEN, *rows)
    assert number == 3
    assert report.counts[Finding.FILTERED] == 3


def test_a_row_whose_column_is_missing_is_not_let_through() -> None:
    toml = EVENTS + HIDDEN.replace('["No", ""]', '"No"')
    found, report = features(plan(toml + NONE, events()), table(row(), container="json"))
    assert not found
    assert report.counts[Finding.UNKNOWN_WORD] == 1


def test_only_words_that_are_kept_and_words_that_are_left_out_are_known_to_keep_only() -> None:
    toml = EVENTS + '[[keep_only]]\ncolumn = "view"\nis = "daily"\notherwise = "weekly"\n'
    number, report = left(toml, row(view="Daily"), row(view="weekly"), row(view="dayly"))
    assert number == 1
    assert (report.counts[Finding.FILTERED], report.counts[Finding.UNKNOWN_WORD]) == (1, 1)
    assert report.rules == {"keep_only 1 view is daily": 1}


def test_each_condition_counts_its_rows_though_another_left_them_out_as_well() -> None:
    toml = EVENTS + HIDDEN + '[[leave_out]]\ncolumn = "status"\nmatches = "^withdr"\n'
    rows = [
        row(Confidential="Yes", status="withdrawn"),
        row(Confidential="No", status="withdrawn"),
        row(Confidential="maybe", status="withdrawn"),
        row(Confidential="No", status="published"),
    ]
    number, report = left(toml, *rows)
    assert number == 1
    assert report.rules == {
        "leave_out 1 Confidential is Yes, ja": 1,
        "leave_out 2 status matches ^withdr": 3,
    }
    assert report.as_dict()["rules"] == report.rules
    assert (report.counts[Finding.FILTERED], report.counts[Finding.UNKNOWN_WORD]) == (3, 0)


def test_a_condition_that_left_nothing_out_is_said() -> None:
    _, report = left(EVENTS + HIDDEN, row(Confidential="No"))
    assert report.rules == {"leave_out 1 Confidential is Yes, ja": 0}
    assert report.examples[Finding.RULE_IDLE] == ["leave_out 1 Confidential is Yes, ja"]
    _, report = left(EVENTS + HIDDEN, row(Confidential="ja"))
    assert Finding.RULE_IDLE not in report.counts


def test_a_mark_of_hidden_sources_that_no_row_has_is_said_as_well() -> None:
    toml = EVENTS + '[hidden]\ncolumn = "source"\nis = "srcHidden"\n'
    _, report = left(toml, row(source="a"))
    assert report.rules == {"hidden 1 source is srcHidden": 0}
    assert report.examples[Finding.RULE_IDLE] == ["hidden 1 source is srcHidden"]
    _, report = left(toml, row(source="srcHidden"), row(source="a"))
    assert report.rules == {"hidden 1 source is srcHidden": 1}


def test_conditions_on_whole_states_are_counted_over_all_files() -> None:
    toml = """means = "snapshot"
[date]
name = '(\\d{8})'
forms = "%Y%m%d"
[geometry]
wkt = "wkt"
crs = "EPSG:4326"
[category]
value = "occupied"
[[leave_out]]
column = "draft"
is = "yes"
"""
    shape = "POLYGON ((37 48, 38 48, 38 49, 37 48))"
    days = [
        table({"wkt": shape, "draft": "yes"}, {"wkt": shape, "draft": ""}, member=f"a/{day}.csv")
        for day in ("20230514", "20230515")
    ]
    _, report = snapshots(plan(toml, areas()), *days)
    assert report.rules == {"leave_out 1 draft is yes": 2}
    assert Finding.RULE_IDLE not in report.counts


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ('is = "Yes"\notherwise = ["no", "YES"]', "line 4: 'yes' stands in is as well"),
        ('empty = true\notherwise = "no"', "line 4: what is not empty says something"),
        ('otherwise = "no"', "it needs one of is, matches and empty"),
    ],
)
def test_a_condition_that_contradicts_itself_is_refused(condition: str, message: str) -> None:
    with pytest.raises(BadParameter, match=message):
        parse_mapping(f'[[leave_out]]\ncolumn = "a"\n{condition}\n', "own.toml")

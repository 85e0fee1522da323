"""Law: the account adds up, keeps few examples, and is JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tileserver import findings
from tileserver.findings import Finding
from tileserver.ingest import Report
from tileserver.ingest.report import EXAMPLES, QUARANTINE_ITEMS, Repair, findings_told, moved_words

QUARANTINE = [finding for finding in Finding if finding.treatment == "quarantined"]


def test_examples_are_few_short_and_distinct() -> None:
    report = Report()
    for n in range(100):
        report.note(Finding.FLATTENED, f"place {n // 2} " + "x" * 1000)
    assert report.counts[Finding.FLATTENED] == 100
    assert len(set(report.examples[Finding.FLATTENED])) == EXAMPLES
    assert all(len(example) <= 200 for example in report.examples[Finding.FLATTENED])


def test_what_is_put_aside_is_kept_up_to_a_bound_and_counted_beyond() -> None:
    report = Report()
    for n in range(QUARANTINE_ITEMS + 5):
        report.quarantine(Finding.OUTSIDE, f"file#{n}", "raw")
    assert len(report.quarantined) == QUARANTINE_ITEMS
    assert report.counts[Finding.OUTSIDE] == QUARANTINE_ITEMS + 5


def test_only_a_quarantining_finding_puts_aside() -> None:
    with pytest.raises(ValueError, match="repaired, not quarantined"):
        Report().quarantine(Finding.MADE_VALID, "file#1", "raw")


def test_every_finding_says_what_it_means() -> None:
    assert all(finding.meaning for finding in Finding)
    assert Finding("outside_bounds") is Finding.OUTSIDE


@given(st.lists(st.tuples(st.sampled_from(list(Finding)), st.text(max_size=5)), max_size=40))
@settings(deadline=None)
def test_an_account_balances_and_is_json_whatever_was_found(seen: list[tuple[Finding, str]]) -> None:
    report = Report()
    for finding, example in seen:
        report.read += finding.treatment in ("quarantined", "left_out")
        if finding in QUARANTINE:
            report.quarantine(finding, example, example)
        else:
            report.note(finding, example)
    assert report.balances
    counts = json.loads(json.dumps(report.as_dict()))["counts"]
    assert sum(counts.values()) == len(seen)


def test_each_class_says_what_it_means_what_would_do_and_where_with_the_row() -> None:
    report = Report()
    report.quarantine(Finding.UNKNOWN_STATUS, "http://a/b: c.csv#12", "status 'X': {}")
    report.note(Finding.MADE_VALID, "a.geojson#3", n=2)
    report.note(Finding.FILTERED, "a.csv#4: leave_out by hidden")
    report.note(Finding.NO_SNAPSHOT, "in/readme.txt")
    report.repairs += [
        Repair(Finding.MADE_VALID, "a.geojson#3", 30.123456, 50.0, 1234.56),
        Repair(Finding.MADE_VALID, "a.geojson#9", 31.0, 50.0, 9000.0),
        Repair(Finding.FLATTENED, "a.geojson#9", 31.0, 50.0),
    ]
    told = {each["finding"]: each for each in json.loads(json.dumps(report.as_dict()))["findings"]}
    assert told["unknown_status"]["example"] == {
        "file": "http://a/b: c.csv",
        "row": 12,
        "text": "status 'X': {}",
    }
    assert told["no_snapshot"]["example"] == {"file": "in/readme.txt", "row": None, "text": ""}
    assert {name: each["treatment"] for name, each in told.items()} == {
        "unknown_status": "put aside",
        "made_valid": "repaired",
        "filtered": "filtered",
        "no_snapshot": "left out",
    }
    assert "spellings" in told["unknown_status"]["remedy"]
    assert told["made_valid"]["moved_m2"] == 10234.6
    assert told["made_valid"]["largest"] == {
        "finding": "made_valid",
        "file": "a.geojson",
        "row": 9,
        "moved_m2": 9000.0,
        "at": [31.0, 50.0],
    }
    assert moved_words(told["made_valid"]) == (
        "land that moved: 10,235 m², most of it 9,000 m² in a.geojson row 9"
    )
    assert [each["row"] for each in report.as_dict()["repairs"]] == [9, 3, 9]


def test_every_finding_that_takes_something_off_the_map_says_what_would_do() -> None:
    general = {findings._BY_TREATMENT[each] for each in ("quarantined", "repaired")}
    bare = {each.value for each in QUARANTINE if each.remedy in general}
    assert not bare
    assert all(each.remedy and each.word for each in Finding)
    assert set(findings._REMEDIES) <= {each.value for each in Finding}


def test_a_report_of_an_older_version_is_told_in_the_same_way() -> None:
    report = Report()
    report.quarantine(Finding.OUTSIDE, "a.csv#1", "far away")
    older = {name: value for name, value in report.as_dict().items() if name not in ("findings", "repairs")}
    assert findings_told(older) == report.as_dict()["findings"]

"""Law: the account adds up, keeps few examples, and is JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tileserver.findings import Finding
from tileserver.ingest import Report
from tileserver.ingest.report import EXAMPLES, QUARANTINE_ITEMS

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
def test_an_account_balances_and_is_json_whatever_was_found(findings: list[tuple[Finding, str]]) -> None:
    report = Report()
    for finding, example in findings:
        report.read += finding.treatment in ("quarantined", "left_out")
        if finding in QUARANTINE:
            report.quarantine(finding, example, example)
        else:
            report.note(finding, example)
    assert report.balances
    counts = json.loads(json.dumps(report.as_dict()))["counts"]
    assert sum(counts.values()) == len(findings)

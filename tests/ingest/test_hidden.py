"""Law: what a hidden source has told enters as the desk decided: not at all, or without all that names it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.ingest.drawn import event, write
from tests.ingest.mapping.tables import POINT, events, features, plan, table
from tests.shapes import layer, theatre
from tileserver.desk.prepare import Preparer
from tileserver.evidence import Evidence, HiddenRule
from tileserver.findings import Finding
from tileserver.ingest import ReadOptions, Report, read_features
from tileserver.ingest.hidden import without_sources
from tileserver.model import Value

EVIDENCE = Evidence(sources="sources")
LISTED = '[{"publisher":"An agency","url":"https://t.me/witness_7/1"}]'
SAID: dict[str, Value] = {"kind": "strike", "place": "Here", "sources": LISTED, "url": "https://a.example/1"}


@pytest.mark.parametrize(
    ("text", "stays"),
    [
        ("A shop was hit.", True),
        ("A shop was hit at 9.30.", True),
        ("A shop was hit, as an AGENCY says.", False),
        ("See T.ME for more.", False),
        ("See a.example.", False),
        ("Filmed by @witness_7.", False),
        ("More: www.other.example", False),
        ("More: other.example/video", False),
        ("More: HTTPS://other.example", False),
    ],
)
def test_without_sources_no_source_is_left_nor_a_text_that_names_one(text: str, stays: bool) -> None:
    own = events("place", "sources", "url", "text", "source_name", evidence=EVIDENCE)
    left = without_sources({**SAID, "text": text, "source_name": "An agency"}, own)
    assert left == {"kind": "strike", "place": "Here"} | ({"text": text} if stays else {})


TOML = """
[date]
column = "date"
[category]
value = "strike"
[fields]
text = "text"
url = "url"
[hidden]
column = "sources"
is = "srcHidden"
"""
ROWS: list[dict[str, Any]] = [
    {"date": "2023-05-14", "text": "Open.", "url": "https://a.example/1", "sources": "s1"},
    {
        "date": "2023-05-14",
        "text": "No.",
        "url": "https://a.example/2",
        "sources": "srcHidden",
        "geometry": POINT,
    },
]


@pytest.mark.parametrize(
    ("then", "texts", "finding"),
    [
        ("leave_out", ["Open."], Finding.HIDDEN),
        ("without_sources", ["Open.", "No."], Finding.WITHOUT_SOURCES),
    ],
)
def test_a_mapping_obeys_the_desks_decision(then: str, texts: list[str], finding: Finding) -> None:
    found, report = features(
        plan(TOML + f'then = "{then}"', events("text", "url")),
        table(*({**row, "geometry": POINT} for row in ROWS), container="geojson"),
    )
    assert [each.hidden for each in found] == ["", then]
    own = events("text", "url")
    preparer = Preparer(theatre(own), own, report)
    kept = [each for raw in found if (each := preparer.prepare(raw)) is not None]
    assert [each.properties["text"] for each in kept] == texts
    assert ["url" in each.properties for each in kept] == [True, False][: len(kept)]
    assert report.counts[finding] == 1


@pytest.mark.parametrize("then", ["leave_out", "without_sources"])
def test_geojson_obeys_what_its_layer_declares(then: Any, tmp_path: Path) -> None:
    rule = HiddenRule("hidden", equals=True, decision=then)
    own = layer("events", "points", fields={"text": "", "url": ""}, evidence=Evidence(hidden=rule))
    given = {"text": "Shop.", "url": "https://a.example/1"}
    path = write(tmp_path / "own.geojson", event((1, 1), **given), event((1, 1), **given, hidden=True))
    report = Report()
    found = list(read_features(path, theatre(own), own, ReadOptions(), report))
    preparer = Preparer(theatre(own), own, report)
    kept = [each.properties for raw in found if (each := preparer.prepare(raw)) is not None]
    open_one, bare = {"text": "Shop.", "url": "https://a.example/1"}, {"text": "Shop."}
    assert kept == ([open_one] if then == "leave_out" else [open_one, bare])
    assert report.counts[Finding.OTHER_FIELDS] == 0

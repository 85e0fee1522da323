"""Law: a broken or hostile file is refused in words, and a bad row costs itself alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.broken import CSV, FORMULA, LONLAT, MAPPING, ONE_BAD_ROW, REFUSED, WRONG_PRJ, Build, written
from tests.ingest.mapping.tables import events, plan
from tests.shapes import theatre
from tileserver.desk.prepare import Preparer
from tileserver.errors import ImportFailed
from tileserver.findings import Finding
from tileserver.ingest import Report
from tileserver.ingest.mapping.opening import open_source
from tileserver.ingest.mapping.reader import read_features

UKRAINE = (20.0, 43.0, 45.0, 54.0)


def taken(build: Build, more: str, folder: Path) -> tuple[list[object], Report]:
    """The texts of the features that an import would have, and its account."""
    layer, report = events("text", bounds=UKRAINE), Report()
    way = plan(MAPPING + more, layer)
    preparer = Preparer(theatre(layer), layer, report)
    source = open_source(build(folder), way.dialect)
    prepared = [preparer.prepare(each) for each in read_features(source, way, report)]
    return [each.properties["text"] for each in prepared if each is not None], report


@pytest.mark.parametrize("name", REFUSED)
def test_a_broken_file_is_refused_with_the_reason(name: str, tmp_path: Path) -> None:
    build, more, words = REFUSED[name]
    with pytest.raises(ImportFailed, match=words):
        taken(build, more, tmp_path)


@pytest.mark.parametrize("name", ONE_BAD_ROW)
def test_a_bad_row_is_put_aside_with_the_reason_and_its_neighbours_are_taken(
    name: str, tmp_path: Path
) -> None:
    build, more, words = ONE_BAD_ROW[name]
    texts, report = taken(build, more, tmp_path)
    assert texts == ["Here", "There"]
    (item,) = report.quarantined
    assert words in item.raw


def test_a_formula_in_a_csv_is_a_text_like_any_other(tmp_path: Path) -> None:
    row = CSV + f"2023-05-14,battle,{FORMULA},37,48\n"
    texts, _ = taken(written("a.csv", row), LONLAT, tmp_path)
    assert texts == ["Here", "There", FORMULA]


def test_degrees_that_are_declared_as_metres_lie_outside_and_are_put_aside(tmp_path: Path) -> None:
    texts, report = taken(WRONG_PRJ, "", tmp_path)
    assert not texts
    assert report.counts[Finding.OUTSIDE] == 2

"""Law: what the page on mappings says of next week's file is what an import does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tileserver.desk.job import Outcome
from tileserver.event_keys import event_id
from tileserver.ingest import ReadOptions
from tileserver.ingest.mapping.load import parse_mapping

if TYPE_CHECKING:
    from tests.desk.conftest import Desk

pytestmark = pytest.mark.db

TOML = """
[date]
column = "date"
[geometry]
lon = "lon"
lat = "lat"
[category]
value = "ru"
[fields]
text = "text"
[[leave_out]]
column = "status"
is = "withdrawn"
otherwise = "published"
[id]
column = "id"
"""
HEAD = "id,date,lon,lat,text,status\n"


def line(name: int, text: str = "Fire", status: str = "published") -> str:
    return f"{name},2023-11-02,{37 + name / 100},48.5,{text},{status}\n"


@pytest.fixture
def delivered(desk: Desk, tmp_path: Path) -> Callable[..., Outcome]:
    """A function that imports the lines of a delivery."""

    def run(*lines: str, complete: bool = False, accept: str = "") -> Outcome:
        path = tmp_path / "week.csv"
        path.write_text(HEAD + "".join(lines))
        options = ReadOptions(mapping=parse_mapping(TOML, "own.toml"))
        return desk.import_file("events", path, options, complete=complete, accept=accept)

    return run


def current(desk: Desk) -> dict[int, str]:
    rows = desk.fetch(
        "SELECT id, properties ->> 'text' AS text FROM feature_version WHERE upper_inf(known) ORDER BY 1"
    )
    return {row["id"]: row["text"] for row in rows}


def test_a_row_that_is_withdrawn_or_missing_ends_by_a_complete_file_alone(
    desk: Desk, delivered: Callable[..., Outcome]
) -> None:
    one, two, three, four = (event_id("events", str(number)) for number in range(1, 5))
    delivered(*map(line, (1, 2, 3)))
    week = (line(1, "Fire at a depot"), line(2, status="withdrawn"), line(4))
    added = delivered(*week)
    assert (added.added, added.ended) == (
        2,
        1,
    )  # one is edited and one is new; two and three stay as they were
    assert current(desk) == {one: "Fire at a depot", two: "Fire", three: "Fire", four: "Fire"}
    complete = delivered(*week, complete=True)
    assert (complete.added, complete.ended) == (0, 2)
    assert current(desk) == {one: "Fire at a depot", four: "Fire"}


def test_a_complete_file_in_which_every_text_was_edited_ends_nothing_and_is_not_held(
    desk: Desk, delivered: Callable[..., Outcome]
) -> None:
    delivered(*map(line, range(20)))
    edited = delivered(*(line(number, "Edited") for number in range(20)), complete=True)
    assert (edited.held, edited.added, edited.ended) == (None, 20, 20)
    cut = delivered(*(line(number, "Edited again") for number in range(10)), complete=True)
    assert [each.rule for each in cut.rulings] == ["ended"]
    assert "10 of 20 features would end" in cut.rulings[0].words


def test_a_word_that_the_mapping_does_not_know_waits_for_the_desk(delivered: Callable[..., Outcome]) -> None:
    delivered(*map(line, range(10)))
    held = delivered(*map(line, range(10)), line(11, status="Withdrawn by partner"))
    assert [each.rule for each in held.rulings] == ["quarantined"]
    assert held.report["rules"] == {"leave_out 1 status is withdrawn": 0}
    assert held.report["counts"]["unknown_word"] == 1

"""A look finds the files that are meant, once each, and knows an absent folder from an empty one."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from tileserver.errors import UnreadableSource
from tileserver.store.watching import WatchedFile
from tileserver.theatres import load_theatre
from tileserver.times import EPOCH_1970
from tileserver.watch.choice import pause_left_s, pause_s, spared_hash, step_of
from tileserver.watch.declared import WatchEntry
from tileserver.watch.looking import Sighting, look_at
from tileserver.watch.order import in_order


def names(*patterns: Path | str) -> list[str]:
    return [each.path.name for each in look_at(tuple(map(str, patterns)))]


def fill(folder: Path, *files: str) -> None:
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(file)


def test_a_folder_is_all_below_it_but_for_what_is_hidden_unfinished_or_a_link(tmp_path: Path) -> None:
    fill(tmp_path, "a.csv", "below/b.csv", ".hidden", "c.csv.part", "d.csv~", ".trash/e.csv")
    (tmp_path / "link.csv").symlink_to(tmp_path / "a.csv")
    assert names(tmp_path) == ["a.csv", "b.csv"]


def test_files_and_patterns_find_each_file_once(tmp_path: Path) -> None:
    fill(tmp_path, "a.csv", "b.csv", "c.json")
    assert names(tmp_path / "*.csv", tmp_path / "a.csv", tmp_path) == ["a.csv", "b.csv", "c.json"]
    assert names(tmp_path / "none.csv") == []


def test_a_shapefile_is_one_file_with_its_parts(tmp_path: Path) -> None:
    fill(tmp_path, "a.shp", "a.dbf", "a.prj", "lonely.dbf")
    assert names(tmp_path) == names(tmp_path / "*") == ["a.shp", "lonely.dbf"]
    before = look_at((str(tmp_path / "a.shp"),))
    (tmp_path / "a.dbf").write_text("another table")
    assert look_at((str(tmp_path / "a.shp"),)) != before


def test_a_folder_that_is_away_is_said_and_is_not_an_empty_one(tmp_path: Path) -> None:
    for pattern in (tmp_path / "away" / "a.csv", tmp_path / "away" / "*.csv", tmp_path / "away"):
        with pytest.raises(UnreadableSource, match="there is no folder"):
            names(tmp_path, pattern)
    assert names(tmp_path) == []


def test_a_name_of_any_bytes_has_a_label_that_a_database_takes(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.csv")).write_text("a")
    (found,) = look_at((str(tmp_path),))
    assert found.label.encode().endswith(rb"caf\xe9.csv")


def test_files_are_read_in_the_order_of_the_dates_in_their_names(tmp_path: Path) -> None:
    theatre = load_theatre("ukraine")
    given = [
        "z_2023-01-02.geojson",
        "1672531200.geojson",
        "undated.csv",
        "a_20230301.csv",
        "b_2023-02-30.csv",
        "b_2023-02-01.csv",
    ]
    found = [Sighting(tmp_path / each, 1, 1, 1) for each in given]
    ordered = in_order(found, theatre, theatre.layer("control"), WatchEntry("a.b", "in").options())
    assert [each.path.name for each in ordered] == [
        "1672531200.geojson",
        "z_2023-01-02.geojson",
        "b_2023-02-01.csv",
        "a_20230301.csv",
        "b_2023-02-30.csv",
        "undated.csv",
    ]


def kept(result: str, terms: bytes = b"as it is", **changes: object) -> WatchedFile:
    said = {"revision": None, "held": None, "read_at": EPOCH_1970, "failures": 1, **changes}
    return WatchedFile("e", "/a", 1, 2, 3, b"hash", terms, result, "", **said)  # type: ignore[arg-type]


HERE = Sighting(Path("/a"), 1, 2, 3)


@pytest.mark.parametrize(
    ("before", "step"),
    [
        (None, "read"),
        (kept("imported"), "rest"),
        (kept("unchanged"), "rest"),
        (kept("held"), "rest"),
        (kept("failed"), "retry"),
        (kept("imported", gone_at=EPOCH_1970), "read"),
    ],
)
def test_a_file_is_read_once_and_again_only_where_there_is_a_reason(
    before: WatchedFile | None, step: str
) -> None:
    assert step_of(HERE, before, b"as it is") == step
    assert step_of(Sighting(HERE.path, 1, 2, 4), before, b"as it is") == "read"


def test_an_edited_mapping_is_tried_on_what_failed_or_is_held_and_rewrites_nothing() -> None:
    assert step_of(HERE, kept("imported"), b"edited") == "rest"
    for result in ("failed", "held"):
        assert step_of(HERE, kept(result), b"edited") == "read"
        assert spared_hash(kept(result), b"edited") == ""
    assert spared_hash(kept("imported"), b"edited") == spared_hash(kept("held"), b"as it is") == b"hash".hex()


def test_a_clock_that_jumped_makes_no_pause_longer_than_it_was() -> None:
    failed = kept("failed", failures=2, next_try=EPOCH_1970)
    jumps = {timedelta(): 0, timedelta(seconds=-20): 20, timedelta(days=-9): 60, timedelta(days=9): 0}
    assert {jump: pause_left_s(failed, EPOCH_1970 + jump, 1) for jump in jumps} == jumps


def test_pauses_grow_and_are_bounded() -> None:
    assert [pause_s(number, 1) for number in (1, 2, 3, 7, 8, 1000)] == [30, 60, 120, 1920, 3600, 3600]
    assert pause_s(1000, 86400) == 86400

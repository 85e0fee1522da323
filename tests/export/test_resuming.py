"""An export that is cut off leaves nothing half-done in its place, and the next one goes on from there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import Run
from tests.export.test_archives import in_pmtiles
from tileserver.export.workplace import drawn_before, place_of_work, workplace
from tileserver.history.service import HistoryService
from tileserver.tiles.fetcher import LayerFetcher

if TYPE_CHECKING:
    from tests.conftest import Databases

pytestmark = pytest.mark.db

AREA = ("--bounds=35.5,47.5,38,49", "--zooms", "4-11")
OPTIONS = {
    "day.pmtiles": ("ukraine", "--datetime", "2024-03-10", *AREA),
    "day.zip": ("ukraine", "--datetime", "2024-03-10", *AREA),
    "folder": ("ukraine.control", "--history", *AREA),
}


def cut_off(path: Path, dsn: str, how: signal.Signals, least: int = 60) -> str:
    """Begin an export to *path* in a process of its own, end it by *how* after *least* tiles."""
    tileset, *options = OPTIONS[path.name]
    awake = ("env", "--default-signal=INT")  # a test run in the background hands down that it is ignored
    process = subprocess.Popen(
        [*awake, sys.executable, "-m", "tileserver", "export", tileset, str(path), *options],
        env={**os.environ, "DATABASE_URL": dsn}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    file = place_of_work(path, not path.suffix) / "drawn.sqlite"
    while not file.exists() or file.stat().st_size < 12_000 + 60 * least:
        assert process.poll() is None, process.communicate()
        time.sleep(0.001)
    process.send_signal(how)
    return process.communicate(timeout=60)[1]


@pytest.mark.parametrize(
    ("name", "how"),
    [("day.pmtiles", signal.SIGKILL), ("day.zip", signal.SIGTERM), ("folder", signal.SIGINT)],
)
def test_what_was_drawn_before_the_end_is_not_drawn_again(
    run: Run, changing: str, tmp_path: Path, name: str, how: signal.Signals
) -> None:
    path, whole = tmp_path / "cut" / name, tmp_path / "whole" / name
    said = cut_off(path, changing, how)
    left = drawn_before(place_of_work(path, not path.suffix))
    assert left
    hidden = [each.name for each in path.parent.iterdir()] if path.suffix else []
    assert hidden in ([], [f".{name}.unfinished"])  # nothing under the final name, nothing else beside it
    assert not list(path.glob("*.json"))
    if how == signal.SIGINT:
        assert f"{left:,} tiles are kept in" in said
    tileset, *options = OPTIONS[name]
    assert not run("export", tileset, str(whole), *options, dsn=changing).code
    again = run("export", tileset, str(path), *options, dsn=changing)
    assert not again.code, again.err
    assert f"goes on: {left:,} tiles" in again.err
    files = [each.relative_to(whole.parent) for each in whole.parent.rglob("*") if each.is_file()]
    assert files
    assert sorted(files) == sorted(
        each.relative_to(path.parent) for each in path.parent.rglob("*") if each.is_file()
    )
    assert all((path.parent / each).read_bytes() == (whole.parent / each).read_bytes() for each in files)
    assert not place_of_work(path, not path.suffix).exists()


def test_tiles_that_are_kept_are_asked_of_nobody_and_those_of_other_days_are_not_taken(
    run: Run, changing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "day.pmtiles"
    tileset, *options = OPTIONS[path.name]
    asked: list[int] = []
    fetch = LayerFetcher.fetch

    async def counted(self: LayerFetcher, wanted: object, kept: object) -> object:
        asked.append(1)
        if len(asked) == 20:
            raise KeyboardInterrupt
        return await fetch(self, wanted, kept)  # type: ignore[arg-type]

    monkeypatch.setattr(LayerFetcher, "fetch", counted)
    assert run("export", tileset, str(path), *options, dsn=changing).code == 130
    left = drawn_before(place_of_work(path, is_folder=False))
    assert 0 < left < 20
    assert not run("export", tileset, str(path), *options, dsn=changing).code
    first = len(asked) - 20
    asked[:] = [0] * 200
    assert not run("export", tileset, str(tmp_path / "other.pmtiles"), *options, dsn=changing).code
    assert first < len(asked) - 200
    assert (tmp_path / "other.pmtiles").read_bytes() == path.read_bytes()


def test_history_tiles_that_are_kept_are_not_taken_for_those_of_another_database(
    run: Run, changing: str, databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "folder"
    tileset, *options = OPTIONS[path.name]
    asked: list[int] = []
    tile, cut_at = HistoryService.tile, 20

    async def counted(self: HistoryService, *tile_of: object) -> object:
        asked.append(1)
        if len(asked) == cut_at:
            raise KeyboardInterrupt
        return await tile(self, *tile_of)  # type: ignore[arg-type]

    monkeypatch.setattr(HistoryService, "tile", counted)
    assert run("export", tileset, str(path), *options, dsn=changing).code == 130
    assert drawn_before(place_of_work(path, is_folder=True))
    asked[:] = [0] * cut_at
    assert not run("export", tileset, str(path), *options, dsn=databases.copy(changing)).code
    there = len(asked)
    asked[:] = [0] * cut_at
    assert not run("export", tileset, str(tmp_path / "whole"), *options, dsn=changing).code
    assert there == len(asked) > cut_at


def test_two_exports_to_one_place_do_not_mix_and_a_torn_file_of_tiles_is_begun_anew(
    run: Run, changing: str, tmp_path: Path
) -> None:
    path = tmp_path / "day.pmtiles"
    tileset, *options = OPTIONS[path.name]
    with workplace(place_of_work(path, is_folder=False)):
        done = run("export", tileset, str(path), *options, dsn=changing)
        assert (done.code, "another export works in" in done.err) == (2, True), done
    torn = place_of_work(path, is_folder=False)
    torn.mkdir()
    (torn / "drawn.sqlite").write_bytes(b"SQLite format 3\0" + bytes(5000))
    (torn / "whole.pmtiles").write_bytes(b"half of it")
    assert not run("export", tileset, str(path), *options, dsn=changing).code
    assert in_pmtiles(path)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]

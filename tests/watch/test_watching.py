"""A watcher imports files as they change, each once, and no file keeps another one waiting."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import Run
from tests.watch.conftest import LONGEST_S, Watch, notes, state, within

if TYPE_CHECKING:
    from tests.conftest import Databases

pytestmark = pytest.mark.db

NOTES = 'layer = "ukraine.notes"'
SQUARES = {(column, row): "occupied" for column in range(4) for row in range(4)}
DAY = 86_400
FIRST = 1_700_000_000
OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
WAITING = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 7266002 AND NOT granted"


def teach(watch: Watch, date: str, more: str = "") -> None:
    """Write the mapping of the entry ``taught``."""
    rules = f'[date]\ncolumn = "{date}"\n[geometry]\nlon = "x"\nlat = "y"\n[fields]\ntext_en = "said"\n'
    (watch.folder / "own.toml").write_text(f"{rules}{more}")


@pytest.fixture(scope="module")
def at_work(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    """A watcher that runs, with an entry for each test."""
    watch = Watch(databases, tmp_path_factory.mktemp("watch"))
    teach(watch, "when")
    watch.declare(
        {
            "changing": NOTES,
            "slow": f'{NOTES}\nevery = "1s"\nsettle = "4s"',
            "away": NOTES,
            "taught": f'{NOTES}\nmapping = "own.toml"',
            "control": 'layer = "ukraine.control"',
            "lost": NOTES,
        }
    )
    with watch.running() as process:
        within(lambda: watch.said("watching"))
        yield watch
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_files_are_imported_as_they_come_change_and_break(at_work: Watch) -> None:
    folder, before = at_work.folder / "changing", at_work.revisions()
    (folder / "b.geojson").write_text('{"broken')
    notes(folder / "a.geojson", "2024-01-01")
    notes(folder / "c.geojson", "2024-01-03")
    came = {"a.geojson": "imported", "b.geojson": "failed", "c.geojson": "imported"}
    within(lambda: at_work.results("changing") == came)
    odd = notes(folder / os.fsdecode(b"caf\xe9 \xff.geojson"), "2024-01-04")
    os.mkfifo(folder / "pipe.geojson")
    (folder / "empty.geojson").touch()
    within(
        lambda: (
            at_work.results("changing")
            == {**came, "empty.geojson": "failed", r"caf\xe9 \xff.geojson": "imported"}
        )
    )
    for each in (odd, folder / "empty.geojson"):
        each.unlink()
    within(lambda: at_work.files("changing")["empty.geojson"].gone_at)
    broken = at_work.files()["b.geojson"]
    assert "is JSON that is broken or cut off" in broken.said
    assert broken.next_try is not None
    assert (broken.failures, (broken.next_try - broken.read_at).total_seconds()) == (1, 30)
    within(lambda: (there := at_work.entry("changing")) and there.failing_from)
    notes(folder / "a.geojson", "2024-01-01")  # its equal
    os.utime(folder / "c.geojson")
    ours = [folder / "a.geojson", folder / "c.geojson"]
    within(lambda: all(at_work.files()[each.name].modified == each.stat().st_mtime_ns for each in ours))
    assert at_work.revisions() == before + 3
    notes(folder / "b.geojson", "2024-01-02")
    within(lambda: at_work.results()["b.geojson"] == "imported")
    within(lambda: (there := at_work.entry("changing")) and not there.failing_from)
    assert at_work.revisions() == before + 4
    failed = {Path(str(each["file"])).name for each in at_work.said("watched file failed")}
    assert failed == {"b.geojson", "empty.geojson"}


def test_a_file_that_is_gone_is_said_withdraws_nothing_and_is_known_when_it_is_back(at_work: Watch) -> None:
    folder = at_work.folder / "away"
    path = notes(folder / "d.geojson", "2024-01-04")
    within(lambda: "d.geojson" in at_work.files())
    before = at_work.revisions()
    path.unlink()
    within(lambda: at_work.files()["d.geojson"].gone_at)
    (said,) = (each for each in at_work.said("watched files gone") if each["entry"] == "away")
    assert (said["entry"], said["files"], said["file"]) == ("away", 1, str(path))
    notes(path, "2024-01-04")
    within(lambda: not at_work.files()["d.geojson"].gone_at)
    shutil.move(folder, at_work.folder / "elsewhere")
    within(lambda: (there := at_work.entry("away")) and "there is no folder" in there.trouble)
    assert not at_work.files()["d.geojson"].gone_at
    assert at_work.revisions() == before


def test_a_file_that_is_written_slowly_is_read_when_it_is_whole(at_work: Watch) -> None:
    days = (f"2024-02-{day:02}" for day in range(1, 29))
    whole = notes(at_work.folder / "whole.geojson", *days).read_bytes()
    piece = len(whole) // 6 + 1
    with (at_work.folder / "slow" / "slow.geojson").open("wb", buffering=0) as slow:
        for start in range(0, len(whole), piece):
            slow.write(whole[start : start + piece])
            assert at_work.results("slow") == {}
            time.sleep(0.5)
    within(lambda: at_work.results("slow") == {"slow.geojson": "imported"})
    assert at_work.files()["slow.geojson"].said.startswith("28 of 28 imported")


def test_an_edited_mapping_is_tried_on_what_failed_and_rewrites_nothing_of_what_was_imported(
    at_work: Watch,
) -> None:
    folder = at_work.folder / "taught"
    for name, column in (("first", "when"), ("second", "day")):
        (folder / f"{name}.csv").write_text(f"{column},x,y,said\n2024-03-01,37.5,48.5,{name}\n")
    within(lambda: at_work.results("taught") == {"first.csv": "imported", "second.csv": "failed"})
    first, second = at_work.files("taught").values()
    assert "when" in second.said
    teach(at_work, "day")
    within(lambda: at_work.results("taught") == {"first.csv": "imported", "second.csv": "imported"})
    assert at_work.files("taught")["first.csv"] == first
    teach(at_work, "day", "no rule\n")
    within(lambda: (there := at_work.entry("taught")) and "own.toml" in there.trouble)
    assert at_work.results("taught") == {"first.csv": "imported", "second.csv": "imported"}


def test_a_database_that_goes_away_is_waited_for(at_work: Watch) -> None:
    began = len(at_work.said("watching"))
    at_work.execute(OTHERS)
    within(lambda: at_work.said("the watcher waits"))
    notes(at_work.folder / "lost" / "e.geojson", "2024-01-05")
    within(lambda: at_work.results("lost") == {"e.geojson": "imported"})
    assert len(at_work.said("watching")) == began + 1


def test_what_is_held_waits_for_the_desk_and_is_not_read_again(at_work: Watch, run: Run) -> None:
    folder, dsn = at_work.folder / "control", at_work.desk.dsn
    state(folder, FIRST, SQUARES)
    within(lambda: at_work.results("control") == {f"{FIRST}.geojson": "imported"})
    path = state(folder, FIRST + DAY, {(0, 0): "occupied"})
    within(lambda: at_work.results("control").get(path.name) == "held")
    assert at_work.files()[path.name].held == 1
    within(lambda: at_work.said("watched file held back"))
    assert "would fall" in str(at_work.said("watched file held back")[0]["reason"])
    os.utime(path)
    within(lambda: at_work.files()[path.name].modified == path.stat().st_mtime_ns)
    assert "tileserver held show 1" in run("watch", "status", dsn=dsn).out
    assert run("held", "accept", "1", "--reason", "so it was", dsn=dsn).code == 0
    revision = at_work.revisions()
    machine = json.loads(run("watch", "status", "--json", dsn=dsn).out)
    seen = {Path(file["path"]).name: file for each in machine["entries"] for file in each["seen"]}
    assert machine["watching"]
    assert (seen[path.name]["result"], seen[path.name]["revision"]) == ("imported", revision)
    assert run("watch", "again", "control", str(path), dsn=dsn).code == 0
    within(lambda: at_work.results("control").get(path.name) == "unchanged")
    assert len(at_work.said("watched file held back")) == len(at_work.desk.fetch("SELECT id FROM held")) == 1
    assert at_work.revisions() == revision


def test_a_newer_delivery_that_is_published_retires_the_one_that_was_held(at_work: Watch, run: Run) -> None:
    folder, dsn = at_work.folder / "control", at_work.desk.dsn
    path = state(folder, FIRST + 3 * DAY, SQUARES)
    within(lambda: at_work.results("control").get(path.name) == "held")
    number = at_work.files()[path.name].held
    state(folder, FIRST + 3 * DAY, {(0, 0): "occupied"})
    within(lambda: at_work.results("control").get(path.name) == "imported")
    assert json.loads(run("held", "list", "--json", dsn=dsn).out) == []
    (row,) = at_work.desk.fetch(f"SELECT state, reason FROM held WHERE id = {number}")
    superseded = f"superseded by revision {at_work.files()[path.name].revision}"
    assert (row["state"], row["reason"]) == ("rejected", superseded)


def test_once_reads_all_there_is_in_the_order_of_its_dates_and_says_by_its_exit_code_how_it_went(
    watch: Watch, run: Run
) -> None:
    watch.declare({"control": 'layer = "ukraine.control"'})
    folder = watch.folder / "control"
    for day in (3, 1, 0):
        state(folder, FIRST + day * DAY, {**SQUARES, (9, day): "occupied"})
    (folder / f"{FIRST + 2 * DAY}.geojson").write_text("{")
    os.utime(folder / f"{FIRST + 3 * DAY}.geojson", (1, 1))  # its age is no reason to be the first
    assert watch.start("--once").wait(LONGEST_S) == 1
    assert [each.revision for each in watch.files().values()] == [1, 2, None, 3]
    assert "4 files" in run("watch", "check", str(watch.config), dsn=watch.desk.dsn).out
    watch.config.write_text(watch.config.read_text().replace("ukraine.control", "ukraine.contrl"))
    refused = run("watch", "check", str(watch.config), dsn=watch.desk.dsn)
    assert refused.code == 2
    assert "watch.toml, line 4: theatre ukraine has no layer 'contrl'" in refused.err
    shown = run("watch", "status", dsn=watch.desk.dsn).out
    assert "nobody watches" in shown
    assert "failed 1x" in shown


def test_a_second_watcher_waits_and_goes_on_where_the_first_was_killed_in_an_import(watch: Watch) -> None:
    watch.declare({"control": 'layer = "ukraine.control"'})
    first = watch.start()
    within(lambda: watch.said("watching"))
    second = watch.start()
    try:
        within(lambda: watch.said("the watcher waits"))
        (waits,) = watch.said("the watcher waits")
        assert f"process {first.pid}" in str(waits["reason"])
        with watch.writing():
            state(watch.folder / "control", FIRST, SQUARES)
            within(lambda: watch.desk.fetch(WAITING))
            first.kill()
            first.wait(20)
            within(lambda: len(watch.said("watching")) == 2)
            assert watch.results() == {}
        within(lambda: watch.results() == {f"{FIRST}.geojson": "imported"})
        assert watch.files()[f"{FIRST}.geojson"].revision == watch.revisions() == 1
    finally:
        for process in (first, second):
            process.kill()
            process.wait(20)

"""Law: an import that is killed at any moment is seen by nobody, and the next one completes it."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest

if TYPE_CHECKING:
    from tests.desk.conftest import Cells, Desk

pytestmark = pytest.mark.db

KILLS = 20
WRITING = (
    "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database"
    " WHERE locktype = 'advisory' AND granted AND d.datname = current_database()"
)


def drawn_history(seed: int, days: int, side: int) -> Mapping[datetime, Cells]:
    """Return *days* states of a lattice of *side* x *side* cells of which a tenth change each day."""
    chance = random.Random(seed)
    cells = {(column, row): "occupied" for column in range(side) for row in range(side)}
    states: dict[datetime, Cells] = {}
    for day in range(days):
        for cell in chance.sample(sorted(cells), len(cells) // 10):
            cells[cell] = chance.choice(["occupied", "liberated", "unknown"])
        states[datetime(2023, 1, 1, 18, tzinfo=UTC) + timedelta(days=day)] = dict(cells)
    return states


def start(desk: Desk, path: Path) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-m", "tileserver", "import", "ukraine.control", str(path)]
    environment = {**os.environ, "DATABASE_URL": desk.dsn}
    return subprocess.Popen(argv, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def finish(desk: Desk, path: Path, code: int = 0) -> float:
    began = time.monotonic()
    assert start(desk, path).wait(60) == code
    return time.monotonic() - began


def kill_after(desk: Desk, path: Path, delay_s: float) -> bool:
    """Kill the import *delay_s* after its start; whether it was still at work."""
    process = start(desk, path)
    time.sleep(delay_s)
    working = process.poll() is None
    process.kill()
    process.wait()
    return working


def kill_while_writing(desk: Desk, path: Path, delay_s: float) -> bool:
    """Kill the import *delay_s* after its transaction was seen to be open; whether it was still open then."""

    async def work(connection: asyncpg.Connection) -> bool:
        process = start(desk, path)
        while process.poll() is None and not await connection.fetchval(WRITING):
            await connection.execute("SELECT pg_sleep(0.002)")
        await asyncio.sleep(delay_s)
        writing = bool(await connection.fetchval(WRITING)) and process.poll() is None
        process.kill()
        process.wait()
        return writing

    return desk.run(work)


def test_an_import_killed_at_random_moments_leaves_no_half_and_then_completes(
    open_desk: Callable[[], Desk], tmp_path: Path, write_archive: Callable[..., Path]
) -> None:
    history = drawn_history(seed=1, days=40, side=9)
    first = write_archive(tmp_path / "first.tar", dict(list(history.items())[:10]))
    whole = write_archive(tmp_path / "whole.tar", history)
    done = open_desk()
    done.import_file("control", first)
    before = done.dump()
    took = finish(done, whole)
    after = done.dump()
    assert len(before) < len(after)
    chance, interrupted = random.Random(2), 0
    desk = open_desk()
    desk.import_file("control", first)
    for number in range(KILLS):
        if number % 2:
            interrupted += kill_while_writing(desk, whole, chance.uniform(0, 0.2))
        else:
            interrupted += kill_after(desk, whole, chance.uniform(0, took))
        state = desk.dump()
        assert state in (before, after), f"half a state is visible after kill {number}"
        if state == after:
            desk = open_desk()
            desk.import_file("control", first)
    assert interrupted >= KILLS // 4, "hardly a kill came before the end"
    finish(desk, whole)
    assert desk.dump() == after


def everything(desk: Desk) -> list[str]:
    """Return what is known and what is held; what is held is numbered by the database, and by the clock."""
    held = desk.fetch("SELECT md5(content) || digest::text || rulings::text || judged AS row FROM held")
    kept = desk.fetch(
        "SELECT md5(q::text) AS row FROM (SELECT finding, origin, raw FROM held_quarantine) AS q"
    )
    return [*desk.dump(), *sorted(row["row"] for row in (*held, *kept))]


def test_an_import_killed_while_it_is_held_is_kept_whole_or_not_at_all(
    open_desk: Callable[[], Desk], tmp_path: Path, write_archive: Callable[..., Path]
) -> None:
    history = drawn_history(seed=3, days=6, side=9)
    last = max(history)
    bad = write_archive(
        tmp_path / "bad.tar", {last + timedelta(days=1): {(0, 0): "occupied", (400, 0): "unknown"}}
    )
    done, desk = open_desk(), open_desk()
    for each in (done, desk):
        each.import_states(history)
    before = everything(desk)
    took = finish(done, bad, code=1)
    after = everything(done)
    assert len(after) == len(before) + 2
    chance, interrupted = random.Random(4), 0
    for number in range(KILLS // 2):
        delay = chance.uniform(0, 0.05) if number % 2 else chance.uniform(0.5, 1) * took
        kill = kill_while_writing if number % 2 else kill_after
        interrupted += kill(desk, bad, delay)
        assert everything(desk) in (before, after), f"half of it is kept after kill {number}"
        desk.run(lambda connection: connection.execute("DELETE FROM held"))
    assert interrupted, "no kill came before the end"
    finish(desk, bad, code=1)
    assert everything(desk) == after

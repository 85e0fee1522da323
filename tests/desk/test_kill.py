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


def finish(desk: Desk, path: Path) -> float:
    began = time.monotonic()
    assert start(desk, path).wait(60) == 0
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

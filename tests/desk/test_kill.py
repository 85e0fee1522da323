"""Law: an import that is killed at any moment is seen by nobody, and the next one completes it."""

from __future__ import annotations

import asyncio
import os
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest

if TYPE_CHECKING:
    from tests.desk.conftest import Cells, Desk

pytestmark = pytest.mark.db

KILLS = 20
LONGEST_S = 300  # that an import takes, however busy the machine is
FORKS = """
import os, sys
from tileserver.cli.main import main

nowhere = os.open(os.devnull, os.O_WRONLY)
for line in sys.stdin:
    dsn, path = line.rstrip("\\n").split("\\t")
    child = os.fork()
    if not child:
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        os.environ["DATABASE_URL"] = dsn
        sys.argv = ["tileserver", "import", "ukraine.control", path]
        code = 70
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
        finally:
            os._exit(code)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
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


class Imports:
    """Imports in processes of their own, forked from one that has the program loaded.

    An interpreter takes longer to start than such an import takes, and until then nothing can be half done.
    """

    def __init__(self) -> None:
        argv = [sys.executable, "-c", FORKS]
        # Without buffers: what was read ahead of a line would not be seen by select.
        self.parent = subprocess.Popen(argv, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pid = 0

    def start(self, desk: Desk, path: Path) -> None:
        """Start to import *path* as the command does; one at a time."""
        assert self.parent.stdin is not None
        self.parent.stdin.write(f"{desk.dsn}\t{path}\n".encode())
        self.pid = int(self._line())

    def at_work(self) -> bool:
        """Whether the import that was started last has not ended."""
        return not self._answers(0)

    def wait(self) -> int:
        """Return its exit code; minus the signal that killed it."""
        return int(self._line())

    def kill(self) -> None:
        """Kill it as nothing can refuse."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self.wait()

    def _line(self) -> bytes:
        assert self._answers(LONGEST_S), "it does not end"
        assert self.parent.stdout is not None
        return self.parent.stdout.readline()

    def _answers(self, within_s: float) -> bool:
        assert self.parent.stdout is not None
        return bool(select.select([self.parent.stdout], [], [], within_s)[0])


@pytest.fixture(scope="module")
def imports() -> Iterator[Imports]:
    """Imports that can be killed."""
    imports = Imports()
    with imports.parent:
        yield imports


def finish(imports: Imports, desk: Desk, path: Path, code: int = 0) -> float:
    began = time.monotonic()
    imports.start(desk, path)
    assert imports.wait() == code
    return time.monotonic() - began


def kill_after(imports: Imports, desk: Desk, path: Path, delay_s: float) -> bool:
    """Kill the import *delay_s* after its start; whether it was still at work."""
    imports.start(desk, path)
    time.sleep(delay_s)
    working = imports.at_work()
    imports.kill()
    return working


def kill_while_writing(imports: Imports, desk: Desk, path: Path, delay_s: float) -> bool:
    """Kill the import *delay_s* after its transaction was seen to be open; whether it was still open then."""

    async def work(connection: asyncpg.Connection) -> bool:
        imports.start(desk, path)
        while imports.at_work() and not await connection.fetchval(WRITING):
            await connection.execute("SELECT pg_sleep(0.002)")
        await asyncio.sleep(delay_s)
        writing = bool(await connection.fetchval(WRITING)) and imports.at_work()
        imports.kill()
        return writing

    return desk.run(work)


def test_an_import_killed_at_random_moments_leaves_no_half_and_then_completes(
    imports: Imports, open_desk: Callable[[], Desk], tmp_path: Path, write_archive: Callable[..., Path]
) -> None:
    history = drawn_history(seed=1, days=18, side=8)
    first = write_archive(tmp_path / "first.tar", dict(list(history.items())[:8]))
    whole = write_archive(tmp_path / "whole.tar", history)
    done = open_desk()
    done.import_file("control", first)
    before = done.dump()
    took = finish(imports, done, whole)
    after = done.dump()
    assert len(before) < len(after)
    chance, interrupted = random.Random(2), 0
    desk = open_desk()
    desk.import_file("control", first)
    for number in range(KILLS):
        if number % 2:
            interrupted += kill_while_writing(imports, desk, whole, chance.uniform(0, 0.2))
        else:
            interrupted += kill_after(imports, desk, whole, chance.uniform(0, took))
        state = desk.dump()
        assert state in (before, after), f"half a state is visible after kill {number}"
        if state == after:
            desk = open_desk()
            desk.import_file("control", first)
    assert interrupted >= KILLS // 4, "hardly a kill came before the end"
    finish(imports, desk, whole)
    assert desk.dump() == after


def everything(desk: Desk) -> list[str]:
    """Return what is known and what is held; what is held is numbered by the database, and by the clock."""
    held = desk.fetch("SELECT md5(content) || digest::text || rulings::text || judged AS row FROM held")
    kept = desk.fetch(
        "SELECT md5(q::text) AS row FROM (SELECT finding, origin, raw FROM held_quarantine) AS q"
    )
    return [*desk.dump(), *sorted(row["row"] for row in (*held, *kept))]


def test_an_import_killed_while_it_is_held_is_kept_whole_or_not_at_all(
    imports: Imports, open_desk: Callable[[], Desk], tmp_path: Path, write_archive: Callable[..., Path]
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
    took = finish(imports, done, bad, code=1)
    after = everything(done)
    assert len(after) == len(before) + 2
    chance, interrupted = random.Random(4), 0
    for number in range(KILLS // 2):
        delay = chance.uniform(0, 0.05) if number % 2 else chance.uniform(0.5, 1) * took
        kill = kill_while_writing if number % 2 else kill_after
        interrupted += kill(imports, desk, bad, delay)
        assert everything(desk) in (before, after), f"half of it is kept after kill {number}"
        desk.run(lambda connection: connection.execute("DELETE FROM held"))
    assert interrupted, "no kill came before the end"
    finish(imports, desk, bad, code=1)
    assert everything(desk) == after

"""What becomes of every file of the real data and of the made-up ones: ``python -m tests.bench.intake``.

Each file is imported into a real database by a process of its own, as a desk would import it. The table says
how many rows (of snapshots: features) were read, and where each went; what is stored is counted in the
database. Seconds are of the processor, without PostgreSQL's, and include the processes in which libraries
read binary containers; memory is the largest resident set of the importing process and of such a process.

An import that a rule would hold back is published here with a reason; the rules are named. One example of
everything that was not imported, or was changed, follows the table; the rows are counted a second time in
`tests/ingest/test_real_sources.py`. ``--only`` takes files whose name has the word.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Annotated, Any

import msgspec
import rich.box
import typer
from rich.console import Console
from rich.table import Table

from tests.bench.servers import ROOT
from tests.conftest import DATA
from tests.sources import Given, made_up, real
from tileserver.embedded.cluster import Cluster
from tileserver.errors import TileserverError
from tileserver.findings import Finding
from tileserver.store.connect import connect
from tileserver.store.migrations import migrate

_STORED = "SELECT count(*) FROM feature_version JOIN layer ON layer.id = layer WHERE theatre = $1"
_CHANGED = ("repaired", "quarantined", "left_out")


def main(
    only: Annotated[str, typer.Option(help="Files whose name has this word.")] = "",
    one: Annotated[int, typer.Option(hidden=True)] = -1,
    dsn: Annotated[str, typer.Option(hidden=True)] = "",
) -> None:
    """Import each file, and print what became of its rows, with seconds and memory."""
    if not DATA.is_dir():
        sys.exit(f"the real data is not in {DATA}; set TILESERVER_SHARED to its folder")
    files = [*real(), *made_up()]
    if one >= 0:
        file = files[one]
        named = replace(file, theatre=msgspec.structs.replace(file.theatre, id=f"t{one}"))
        sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(_take(named, dsn))))
        return
    with TemporaryDirectory(prefix="tileserver-intake-") as folder:
        cluster = Cluster.at(Path(folder), durable=False)
        try:
            with cluster.running() as dsn:
                asyncio.run(_migrated(dsn))
                found = {
                    file.name: _apart(number, dsn) for number, file in enumerate(files) if only in file.name
                }
        finally:
            cluster.remove()
    console = Console(width=150)
    console.print(_table(found))
    console.print(_examples(found))


def _apart(number: int, dsn: str) -> dict[str, Any]:
    """Return the account of the file of that number, imported by a process of its own."""
    asked = [sys.executable, "-m", "tests.bench.intake", "--one", str(number), "--dsn", dsn]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        asked, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True
    )
    account: dict[str, Any] = msgspec.json.decode(done.stdout)
    return account


async def _migrated(dsn: str) -> None:
    connection = await connect(dsn)
    await migrate(connection)
    await connection.close()


async def _take(file: Given, dsn: str) -> dict[str, Any]:
    connection = await connect(dsn)
    before, watch = _seconds(), Watch()
    try:
        outcome = await file.take(connection)
        stored = await connection.fetchval(_STORED, file.theatre.id)
        told = {"rules": [each.rule for each in outcome.rulings], "snapshots": outcome.snapshots}
        account = outcome.report | told | {"stored": stored}
    except TileserverError as error:
        account = {"refused": str(error)}
    return account | watch.cost(before)


def measured(work: Callable[[], str]) -> tuple[str, dict[str, float]]:
    """Return what *work* says, and its cost: seconds, and the resident sets of it and of its processes."""
    before, watch = _seconds(), Watch()
    said = work()
    return said, watch.cost(before)


def _seconds() -> float:
    """Return the seconds of processor time of this process and of those that ended in it."""
    used = [getrusage(who) for who in (RUSAGE_SELF, RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


class Watch:
    """Watch over the processes that this one starts, whose memory is not told from its own at their end."""

    def __init__(self) -> None:
        """Begin."""
        self._ended = Event()
        self._peak_kb = 0
        self._thread = Thread(target=self._look)
        self._thread.start()

    def cost(self, before: float) -> dict[str, float]:
        """End, and return the seconds since *before* and the largest resident sets in kB."""
        self._ended.set()
        self._thread.join()
        # Not by getrusage: that counts what the process that started this one had at that moment.
        return {"seconds": _seconds() - before, "own_kb": _peak_kb("self"), "apart_kb": self._peak_kb}

    def _look(self) -> None:
        while not self._ended.wait(0.01):
            for task in Path("/proc/self/task").iterdir():
                with suppress(OSError):
                    for pid in (task / "children").read_text().split():
                        self._peak_kb = max(self._peak_kb, _peak_kb(pid))


def _peak_kb(pid: str) -> int:
    with suppress(OSError, StopIteration):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1])
    return 0


def _table(found: dict[str, dict[str, Any]]) -> Table:
    table = Table(title="Intake", title_justify="left", box=rich.box.SIMPLE)
    table.add_column("file")
    columns = (
        "read",
        "imported",
        "stored",
        "repaired",
        "put aside",
        "left out",
        "copies",
        "CPU s",
        "MB",
        "apart",
    )
    for column in columns:
        table.add_column(column, justify="right")
    table.add_column("rules")
    for name, each in found.items():
        cost = [f"{each['seconds']:.1f}", f"{each['own_kb'] / 1024:.0f}", f"{each['apart_kb'] / 1024:.0f}"]
        if "refused" in each:
            table.add_row(name, *[""] * 7, *cost, "refused")
            continue
        repaired = sum(n for code, n in each["counts"].items() if each["treatments"][code] == "repaired")
        copies = each["duplicates"]
        aside = (each["quarantined"], each["left_out"] - copies, copies)
        numbers = (each["read"], each["imported"], each["stored"], repaired, *aside)
        table.add_row(name, *(f"{n:,}" for n in numbers), *cost, " ".join(dict.fromkeys(each["rules"])))
    return table


def _examples(found: dict[str, dict[str, Any]]) -> Table:
    table = Table(title="An example of each", title_justify="left", box=rich.box.SIMPLE)
    for column in ("file", "finding", "rows", "example"):
        table.add_column(column, overflow="fold")
    for name, each in found.items():
        if "refused" in each:
            table.add_row(name, "refused", "", each["refused"][:300])
        for code, count in each.get("counts", {}).items():
            if each["treatments"][code] in _CHANGED or Finding(code) in (Finding.NO_LINK, Finding.TEXT_CUT):
                table.add_row(name, code, f"{count:,}", next(iter(each["examples"][code]), "")[:160])
    return table


if __name__ == "__main__":
    typer.run(main)

"""Watchers at work in processes of their own, and small files for them."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, TypeAlias

import pytest

from tests.cli import conftest as command_line
from tests.conftest import ROOT
from tests.desk.conftest import Desk, _collection
from tileserver.store.connect import connect
from tileserver.store.revisions import write_locked
from tileserver.store.watching import WatchedEntry, WatchedFile, list_entries, list_files

if TYPE_CHECKING:
    from tests.conftest import Databases
    from tests.desk.conftest import Cells

run = command_line.run  # the fixture

LONGEST_S = 60.0  # however busy the machine is

Entries: TypeAlias = dict[str, str]  # by name the keys of an entry but for the name, as TOML


def within(holds: Callable[[], object], seconds: float = LONGEST_S) -> None:
    """Wait until *holds*."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it does not come about"
        time.sleep(0.05)


def notes(path: Path, *days: str, more: str = "") -> Path:
    """Write notes of *days* at once, as somebody does who writes beside and renames."""
    features = [
        {
            "type": "Feature",
            "properties": {"date": day, "text_en": f"on {day}{more}"},
            "geometry": {"type": "Point", "coordinates": [37.5, 48.5]},
        }
        for day in days
    ]
    beside = path.with_suffix(".part")
    beside.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    beside.rename(path)
    return path


def state(folder: Path, at: int, cells: Cells) -> Path:
    """Write a state of the control layer, published *at*, in unix seconds."""
    path = folder / f"{at}.geojson"
    path.write_bytes(_collection(cells))
    return path


class Watch:
    """A database with the theatre ``ukraine``, and what is watched for it."""

    def __init__(self, databases: Databases, folder: Path) -> None:
        self.desk = Desk(databases)
        self.folder = folder
        self.config = folder / "watch.toml"

    def declare(self, entries: Entries) -> None:
        """Write the configuration, a folder for each entry; looked at as often as can be."""
        tables = []
        for name, keys in entries.items():
            (self.folder / name).mkdir(exist_ok=True)
            own = f'name = "{name}"\nfiles = "{name}"\n{keys}\n'
            tables.append("[[watch]]\n" + own + ("" if "every" in keys else 'every = "1s"\nsettle = "0s"\n'))
        self.config.write_text("\n".join(tables))

    def start(self, *options: str) -> subprocess.Popen[bytes]:
        """Begin to watch in a process; its log lines, JSON, go to a file of its own."""
        argv = [sys.executable, "-m", "tileserver", "watch", "run", str(self.config), *options]
        environment = {**os.environ, "DATABASE_URL": self.desk.dsn, "TILESERVER_LOG": "json"}
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(argv, env=environment, cwd=ROOT, stderr=log, stdout=log)

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """Watch meanwhile."""
        process = self.start()
        try:
            yield process
        finally:
            process.kill()
            process.wait(30)

    def said(self, event: str) -> list[dict[str, object]]:
        """Return the log lines of an event."""
        lines = [line for line in (self.folder / "log").read_text().splitlines() if line.startswith("{")]
        return [each for each in map(json.loads, lines) if each["event"] == event]

    def files(self, entry: str = "") -> dict[str, WatchedFile]:
        """Return the files by name."""
        found = self.desk.run(lambda connection: list_files(connection, entry))
        return {Path(each.path).name: each for each in found}

    def entry(self, name: str) -> WatchedEntry | None:
        """Return an entry, once it was declared."""
        found = self.desk.run(list_entries)
        return next((each for each in found if each.entry == name), None)

    def results(self, entry: str = "") -> dict[str, str]:
        """Return by file what came of it."""
        return {name: each.result for name, each in self.files(entry).items()}

    def revisions(self) -> int:
        """Return the number of revisions."""
        return int(self.desk.fetch("SELECT count(*) AS n FROM revision")[0]["n"])

    def execute(self, statement: str) -> None:
        """Run a statement."""

        async def run() -> None:
            connection = await connect(self.desk.dsn)
            await connection.execute(statement)
            await connection.close()

        asyncio.run(run())

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the writers' lock meanwhile, so that every import waits where it would begin to write."""
        begun, done = Event(), Event()

        async def hold() -> None:
            connection = await connect(self.desk.dsn)
            async with write_locked(connection):
                begun.set()
                await asyncio.to_thread(done.wait)
            await connection.close()

        holding = Thread(target=asyncio.run, args=(hold(),))
        holding.start()
        assert begun.wait(LONGEST_S)
        try:
            yield
        finally:
            done.set()
            holding.join()


@pytest.fixture
def watch(databases: Databases, tmp_path: Path) -> Watch:
    """A database and a folder for what is watched, both empty."""
    return Watch(databases, tmp_path)

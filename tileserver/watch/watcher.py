"""The watcher: looks at each entry when its time has come, and has one file after the other imported.

At most one file of an entry is read at each look, so that a thousand files of one keep no other waiting, and
a file that fails is passed by until its next try. Time is measured by the steady clock; the instants that are
kept decide nothing but the first pause after a start.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from contextlib import suppress
from pathlib import Path

import structlog

from tileserver.desk.due import follow_due
from tileserver.errors import BadAddress, StoreUnavailable, Unavailable
from tileserver.store.connect import Connection, connect, translated
from tileserver.store.migrations import check_schema
from tileserver.store.watching import (
    Declared,
    Watcher,
    begin_watching,
    find_watcher,
    list_files,
    sole_watcher,
)
from tileserver.times import Clock
from tileserver.watch.declared import WatchEntry
from tileserver.watch.process import ImportProcess
from tileserver.watch.turn import EntryTurns

log = structlog.get_logger()

_FAREWELL_S = 2.0  # for a database that does not answer
_AGAIN_S = 2.0  # between attempts to have the database, or to be the only watcher


class Watching:
    """A process that watches *entries* for the database *dsn*, until `end` is called.

    Parameters
    ----------
    entries : tuple of WatchEntry
        Each with a name of its own.
    dsn : str
        Address of the database.
    room : Path
        Folder into which files are copied before they are read; emptied before each.
    clock : Clock
        The present instant, for what is kept.
    is_once : bool
        End as soon as every file that there is was read, and none is to be waited for.
    """

    def __init__(
        self, entries: tuple[WatchEntry, ...], dsn: str, room: Path, clock: Clock, *, is_once: bool = False
    ) -> None:
        self._dsn = dsn
        self._process = ImportProcess(dsn, room)
        self._turns = [EntryTurns(entry, self._process, clock) for entry in entries]
        self._clock = clock
        self._is_once = is_once
        self._ending = asyncio.Event()
        self._trouble = ""  # with the database, as logged

    def end(self) -> None:
        """End at once: an import that has begun is taken back."""
        self._ending.set()

    async def run(self) -> None:
        """Watch until the end; a database that is away, or not of this code, is waited for.

        Raises
        ------
        BadAddress
            The setting is no address of a database, so waiting would not help.
        """
        while not self._is_ending:
            working = asyncio.ensure_future(self._work())
            ending = asyncio.ensure_future(self._ending.wait())
            await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
            for task in (working, ending):
                task.cancel()
            await self._process.end()
            await asyncio.wait({working}, timeout=_FAREWELL_S)
            if working.done() and not working.cancelled():
                self._obey(working.exception())
                await self._pause(_AGAIN_S)
        log.info("watching ended")

    @property
    def _is_ending(self) -> bool:
        return self._ending.is_set()

    def _obey(self, error: BaseException | None) -> None:
        """Wait for a database that is away; raise any other error."""
        if error is None:
            self._ending.set()
        elif not isinstance(error, Unavailable) or isinstance(error, BadAddress):
            raise error
        elif self._trouble != str(error):
            self._trouble = str(error)
            log.warning("the watcher waits", reason=self._trouble)

    async def _work(self) -> None:
        with translated():
            async with _line(self._dsn) as lock, _line(self._dsn) as connection:
                await check_schema(connection)
                async with sole_watcher(lock) as is_sole:
                    if not is_sole:
                        await self._yield_to_other(connection)
                    else:
                        await self._at_work(lock, connection)

    async def _at_work(self, lock: Connection, connection: Connection) -> None:
        """Watch, and have imports published as their times come."""
        publishing = asyncio.ensure_future(follow_due(self._dsn, self._clock))
        try:
            await self._watch(lock, connection)
        finally:
            publishing.cancel()
            await asyncio.wait({publishing}, timeout=_FAREWELL_S)

    async def _yield_to_other(self, connection: Connection) -> None:
        other, _ = await find_watcher(connection)
        where = f"{other.host}, process {other.process}" if other else "elsewhere"
        raise StoreUnavailable(f"another watcher is at work for it: {where}")

    async def _watch(self, lock: Connection, connection: Connection) -> None:
        entries = [each.entry for each in self._turns]
        declared = [Declared(each.name, each.layer, "\n".join(each.patterns), each.every) for each in entries]
        await begin_watching(connection, Watcher(socket.gethostname(), os.getpid(), self._clock()), declared)
        log.info("watching", entries=len(entries))
        self._trouble = ""
        for turns in self._turns:
            turns.begin(await list_files(connection, turns.entry.name))
        while not (self._is_once and all(each.is_done for each in self._turns)):
            turns = min(self._turns, key=lambda each: each.due_at)
            await self._pause(turns.due_at - time.monotonic())
            await lock.execute("SELECT")  # who has lost the lock may not go on
            await turns.look(connection)

    async def _pause(self, seconds: float) -> None:
        if seconds > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._ending.wait()


class _line:
    """A connection of the watcher's own, ended without a farewell that could hang."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    async def __aenter__(self) -> Connection:
        self._connection: Connection = await connect(self._dsn)
        return self._connection

    async def __aexit__(self, *_: object) -> None:
        self._connection.terminate()

"""Errands under way: each in a process of its own, two at a time, with the present step."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import sys
import time
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import structlog

from tileserver.errors import NotFound, TooManyAtOnce
from tileserver.newsroom.errand_messages import (
    Errand,
    ErrandResult,
    ErrandStep,
    Failure,
    HeldAccount,
    Line,
    LookAt,
    ReadFile,
)

log = structlog.get_logger()

_AT_ONCE = 2
_FILES = 16  # on disk at once, being uploaded or read or waiting for their turn
_FILES_OF_ONE = 5  # of them by one person
_LONGEST_S = 3_600.0
_REFUSED_S = 10.0  # after which what was refused is tried again
_REMEMBERED = 200  # errands, and accounts of held imports
_LONGEST_LINE = 64 << 20  # bytes of a result: an account has maps


@dataclass(slots=True)
class Running:
    """An errand, the person who asked, and the progress; seconds are of the steady clock."""

    id: str
    by: str
    title: str
    room: Path | None = None  # the folder of its file, removed with its end
    step: ErrandStep = field(default_factory=lambda: ErrandStep("waiting for its turn", 0, None))
    result: ErrandResult | None = None
    began: float = field(default_factory=time.monotonic)
    ended: float | None = None
    process: asyncio.subprocess.Process | None = None
    looks_at: int | None = None  # the held import that it judges, and does no more
    about: int | None = None  # the held import that it judges or publishes

    @property
    def seconds(self) -> float:
        """Seconds from the beginning of the errand to its end, or to now."""
        return (self.ended or time.monotonic()) - self.began


class Errands:
    """Begins errands over the database *dsn*, and remembers the results of the newest."""

    def __init__(self, dsn: str) -> None:
        self._environment = {**os.environ, "DATABASE_URL": dsn}
        self._every: OrderedDict[str, Running] = OrderedDict()
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._receiving: Counter[str] = Counter()  # files on their way, by person
        self.accounts: OrderedDict[int, HeldAccount] = OrderedDict()

    @contextmanager
    def receiving(self, by: str) -> Iterator[None]:
        """Keep a place on disk for a file of a person until an errand has begun with the file.

        `TooManyAtOnce` where there is none: files are large, and two are read at a time.
        """
        of_whom = [each.by for each in self.under_way if each.room is not None]
        of_whom += self._receiving.elements()
        if (own := of_whom.count(by)) >= _FILES_OF_ONE:
            raise TooManyAtOnce(
                f"{own} files of yours are being read or wait for their turn, as many as may from one person;"
                " wait for one of them, or end it: nothing of this one was kept"
            )
        if len(of_whom) >= _FILES:
            raise TooManyAtOnce(
                f"{len(of_whom)} files are being read or wait for their turn, as many as this desk takes at"
                " once; try again in some minutes: nothing of this one was kept"
            )
        self._receiving[by] += 1
        try:
            yield
        finally:
            self._receiving[by] -= 1

    def begin(self, errand: Errand, by: str, title: str, room: Path | None = None) -> Running:
        """Begin *errand* for a person; the folder *room* is removed with its end."""
        about = None if isinstance(errand, ReadFile) else errand.number
        running = Running(secrets.token_urlsafe(9), by, title, room, about=about)
        self._every[running.id] = running
        while len(self._every) > _REMEMBERED and next(iter(self._every.values())).result:
            self._every.popitem(last=False)
        task = asyncio.create_task(self._run(running, errand))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return running

    def look_at(self, errand: LookAt, by: str, title: str) -> Running:
        """Return the errand that judges a held import, begun unless under way or refused lately."""
        own = [each for each in self._every.values() if each.looks_at == errand.number]
        newest = own[-1] if own else None
        if newest is None or (newest.ended and time.monotonic() - newest.ended > _REFUSED_S):
            newest = self.begin(errand, by, title)
            newest.looks_at = errand.number
        return newest

    def forget(self, number: int) -> None:
        """Forget the account of a held import, and the errands that made such an account."""
        self.accounts.pop(number, None)
        for each in list(self._every.values()):
            if each.looks_at == number:
                each.looks_at = None

    def running(self, name: str) -> Running:
        """Return the errand with an id; `NotFound` for an unknown id."""
        if name not in self._every:
            raise NotFound("there is no such errand any more; see the imports that wait, on the first page")
        return self._every[name]

    @property
    def under_way(self) -> list[Running]:
        """The errands that have not ended, oldest first."""
        return [each for each in self._every.values() if each.result is None]

    def end(self, running: Running) -> None:
        """Kill the process of an errand; the database takes back whatever had begun."""
        if running.process is not None and running.process.returncode is None:
            running.process.kill()
        elif running.result is None:
            running.result = _failed("it was ended before it began")

    async def close(self) -> None:
        """Kill every process, and wait for its end."""
        for each in self.under_way:
            self.end(each)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, running: Running, errand: Errand) -> None:
        try:
            async with self._places:
                result = running.result or await self._answer(running, errand)
        finally:
            if running.process is not None and running.process.returncode is None:
                running.process.kill()
            if running.room is not None:
                await asyncio.to_thread(shutil.rmtree, running.room, ignore_errors=True)
        if result.account is not None:
            self.accounts[result.account.number] = result.account
            self.accounts.move_to_end(result.account.number)
            if len(self.accounts) > _REMEMBERED:
                self.accounts.popitem(last=False)
        running.ended, running.result = time.monotonic(), result
        said = result.failure.detail if result.failure else result.words
        log.info("errand", what=running.title, by=running.by, s=round(running.seconds, 1), said=said)

    async def _answer(self, running: Running, errand: Errand) -> ErrandResult:
        running.step = ErrandStep("beginning", 0, None)
        try:
            async with asyncio.timeout(_LONGEST_S):
                process = running.process = await self._begun()
                assert process.stdin is not None
                assert process.stdout is not None
                process.stdin.write(msgspec.json.encode(errand) + b"\n")
                async for text in process.stdout:
                    line = msgspec.json.decode(text, type=Line)
                    if isinstance(line, ErrandResult):
                        return line
                    running.step = line
                return _failed(_death(await process.wait()))
        except TimeoutError:
            return _failed(f"it took longer than {_LONGEST_S / 60:.0f} minutes, and was ended")
        except OSError as error:
            return _failed(f"no process for it could be begun: {error.strerror}")

    async def _begun(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tileserver.newsroom",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=self._environment,
            limit=_LONGEST_LINE,
            start_new_session=True,  # Ctrl-C is for the server, which ends it
        )


def _failed(why: str) -> ErrandResult:
    return ErrandResult("", failure=Failure(500, "Ended early", f"{why}. Nothing was changed."))


def _death(code: int) -> str:
    if code < 0:
        return f"it was killed ({signal.Signals(-code).name})"
    return f"its process ended by itself with {code}; the log of the desk's server has more"

"""The watcher's side of the process that imports: begun at the first question, and anew after its end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import msgspec

from tileserver.watch.messages import Errand, Reply


class ImportProcess:
    """A process of its own for imports into the database *dsn*, which copies files into *room*."""

    def __init__(self, dsn: str, room: Path) -> None:
        self._environment = {**os.environ, "DATABASE_URL": dsn}
        self._room = room
        self._running: asyncio.subprocess.Process | None = None

    async def ask(self, errand: Errand, longest_s: float) -> Reply:
        """Return the answer; after *longest_s* seconds, or a death of the process, the file has failed."""
        try:
            process = self._running = self._running or await self._begun()
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(msgspec.json.encode(errand) + b"\n")
            async with asyncio.timeout(longest_s):
                line = await process.stdout.readline()
            if line:
                return msgspec.json.decode(line, type=Reply)
            why = _death(await self.end())
        except TimeoutError:
            await self.end()
            why = f"it took longer than {longest_s:g} s; see longest"
        except OSError as error:
            why = f"no process for it could be begun: {error.strerror}"
        return Reply("failed", why)

    async def end(self) -> int:
        """Kill the process, if any, and return its exit code; the database takes an open import back."""
        process, self._running = self._running, None
        if process is None:
            return 0
        if process.returncode is None:
            process.kill()
        return await process.wait()

    async def _begun(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tileserver.watch",
            str(self._room),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=self._environment,
            start_new_session=True,  # Ctrl-C is for the watcher, which ends it
        )


def _death(code: int) -> str:
    if code < 0:
        return f"the import was killed ({signal.Signals(-code).name}); was there memory enough?"
    return f"the import ended by itself with {code}; see the log"

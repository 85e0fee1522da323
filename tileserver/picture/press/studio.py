"""The studio: a process of its own that draws, begun with the first order, ended when idle, late or unwanted.

The rasteriser holds the interpreter as long as it works, so it never runs where readers are served.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress

import msgspec
import structlog

from tileserver.errors import Unavailable

HEAD = 4  # bytes of a message's length

log = structlog.get_logger()


class Done(msgspec.Struct, frozen=True):
    """The outcome of an order: the bytes of the picture, or why there is none."""

    data: bytes
    trouble: str = ""


class Studio:
    """A process that draws one order at a time.

    Parameters
    ----------
    longest_s
        Seconds after which an order has failed, and the process is ended.
    idle_s
        Seconds without an order after which the process is ended, and its memory is free.
    """

    def __init__(self, longest_s: float, idle_s: float = 60.0) -> None:
        self._longest_s = longest_s
        self._idle_s = idle_s
        self._turn = asyncio.Lock()
        self._running: asyncio.subprocess.Process | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._is_killed = False  # the one that runs: its death is heard of later

    async def draw(self, order: bytes) -> bytes:
        """Return the bytes of the picture of an encoded `order.PictureOrder`; who leaves ends the work.

        Raises
        ------
        Unavailable
            It took too long, or the process died, or the drawing failed; the log says which.
        """
        async with self._turn:
            if self._idle is not None:
                self._idle.cancel()
            try:
                async with asyncio.timeout(self._longest_s):
                    done = await self._ask(order)
            except BaseException as error:
                await self._end()
                if isinstance(error, TimeoutError | OSError | asyncio.IncompleteReadError):
                    log.error("no picture was drawn", reason=repr(error))
                    raise Unavailable("the picture could not be drawn; try again in a moment") from error
                raise
            self._idle = asyncio.get_running_loop().call_later(self._idle_s, self._kill)
        if done.trouble:
            log.error("no picture was drawn", reason=done.trouble)
            raise Unavailable("the picture could not be drawn; see the log of the server")
        return done.data

    async def close(self) -> None:
        """End the process, if any."""
        if self._idle is not None:
            self._idle.cancel()
        await self._end()

    async def _ask(self, order: bytes) -> Done:
        if self._is_killed:
            await self._end()
        process = self._running
        if process is None or process.returncode is not None:
            process = self._running = await _begun()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(len(order).to_bytes(HEAD, "big") + order)
        await process.stdin.drain()
        length = int.from_bytes(await process.stdout.readexactly(HEAD), "big")
        return msgspec.msgpack.decode(await process.stdout.readexactly(length), type=Done)

    def _kill(self) -> None:
        self._is_killed = True
        if self._running is not None and self._running.returncode is None:
            with suppress(ProcessLookupError):
                self._running.kill()

    async def _end(self) -> None:
        self._kill()
        process, self._running, self._is_killed = self._running, None, False
        if process is not None:
            await process.wait()


async def _begun() -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tileserver.picture.press",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for the server, which ends the process
    )

"""Imports published as their times come, beside a server whose role may write."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

from tileserver.desk.due import follow_due
from tileserver.times import Clock

_FAREWELL_S = 5.0


@contextmanager
def publishing_due(dsn: str, clock: Clock) -> Iterator[None]:
    """Have imports published as their times come, in a thread, until the exit; see `follow_due`."""
    loop = asyncio.new_event_loop()
    following = loop.create_task(follow_due(dsn, clock))
    thread = Thread(target=_run, args=(loop, following), name="publishing", daemon=True)
    thread.start()
    try:
        yield
    finally:
        with suppress(RuntimeError):  # it has ended by itself
            loop.call_soon_threadsafe(following.cancel)
        thread.join(_FAREWELL_S)


def _run(loop: asyncio.AbstractEventLoop, following: asyncio.Task[None]) -> None:
    try:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(following)
    finally:
        loop.close()

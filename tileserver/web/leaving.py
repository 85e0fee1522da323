"""Leaving in good order: told to end, a server first says so in ``/readyz``, and answers on for a while."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def saying_so(leave: Callable[[], None], drain_s: float) -> Iterator[None]:
    """Call *leave* when the process is told to end (SIGTERM), and obey *drain_s* seconds later.

    What obeys is whatever was set to do so before us; where nothing was, or we are no main thread, all stays
    as it was.
    """
    obey = signal.getsignal(signal.SIGTERM)
    if threading.current_thread() is not threading.main_thread() or not callable(obey):
        yield
        return
    loop = asyncio.get_running_loop()

    def told(number: int, frame: FrameType | None) -> None:
        leave()
        loop.call_soon_threadsafe(loop.call_later, drain_s, obey, number, frame)

    signal.signal(signal.SIGTERM, told)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, obey)

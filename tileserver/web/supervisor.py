"""Background tasks that never end unheard: logged, begun again after a pause, named while failing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from tileserver.errors import TileserverError, cause_of

log = structlog.get_logger()

_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 1.0  # longer, and a database that is back would wait for us
_FAREWELL_S = 1.0

Work = Callable[[Callable[[], None]], Awaitable[None]]  # gets a function that says: alive, and well


@dataclass(slots=True)
class _Task:
    name: str
    work: Work
    silence_s: float
    alive_at: float
    error: str = ""
    failures: int = 0

    def report(self) -> None:
        self.alive_at, self.error, self.failures = time.monotonic(), "", 0


class Supervisor:
    """Keeps tasks running until `stop`."""

    def __init__(self) -> None:
        self._tasks: dict[str, _Task] = {}
        self._keepers: list[asyncio.Task[None]] = []

    def start(self, name: str, work: Work, *, silence_s: float = float("inf")) -> None:
        """Run *work* for ever: anew after a failure, an end, or *silence_s* seconds of silence."""
        task = self._tasks[name] = _Task(name, work, silence_s, time.monotonic())
        self._keepers.append(asyncio.create_task(self._keep(task), name=name))

    @property
    def states(self) -> dict[str, str]:
        """Trouble of each task, by name; ``ok`` where there is none."""
        ended = {keeper.get_name() for keeper in self._keepers if keeper.done()}
        return {name: "ended" if name in ended else task.error or "ok" for name, task in self._tasks.items()}

    async def stop(self) -> None:
        """End every task."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)

    async def _keep(self, task: _Task) -> None:
        while True:
            task.alive_at = time.monotonic()
            error = await _end_of(task)
            task.error, task.failures = _words(error), task.failures + 1
            # An absent database would fill the log: the first failure and every hundredth are told.
            if task.failures % 100 == 1 or not isinstance(error, TileserverError):
                _tell(task, error)
            await asyncio.sleep(min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** min(task.failures - 1, 10)))


async def _end_of(task: _Task) -> Exception:
    """Run the task's work once, and return the error that ended the run."""
    running = asyncio.ensure_future(task.work(task.report))
    running.add_done_callback(lambda done: done.cancelled() or done.exception())
    try:
        while not running.done():
            left = task.alive_at + task.silence_s - time.monotonic()
            if left <= 0:
                return TimeoutError(f"it gave no sign of life for {task.silence_s:g} s")
            await asyncio.wait({running}, timeout=None if left == float("inf") else left)
    finally:
        if not running.done():
            running.cancel()
            await asyncio.wait({running}, timeout=_FAREWELL_S)
    if running.cancelled():
        return RuntimeError("it was cancelled")
    error = running.exception()
    return error if isinstance(error, Exception) else RuntimeError("it ended")


def _tell(task: _Task, error: Exception) -> None:
    unforeseen = None if isinstance(error, TileserverError) else error
    log.error(
        "task failed",
        task=task.name,
        error=task.error,
        cause=cause_of(error),
        failures=task.failures,
        exc_info=unforeseen,
    )


def _words(error: Exception) -> str:
    """Return words for anybody: our own messages in full, of other errors the kind alone."""
    return str(error) if isinstance(error, TileserverError | TimeoutError) else type(error).__name__

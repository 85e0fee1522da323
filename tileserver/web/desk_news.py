"""News of the desk for whoever runs the server: imports that wait, and watched files that fail.

Numbers and instants alone, in ``/readyz`` and ``/metrics``: nobody who asks a server learns from them which
layer, file or place is meant. Readers are served as before, so none of it makes the server unready.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import structlog

from tileserver.errors import StoreUnavailable
from tileserver.store.connect import Pool
from tileserver.store.watching import DeskWaiting, desk_waiting
from tileserver.times import Clock, format_instant

log = structlog.get_logger()

_EVERY_S = 5.0


class DeskNews:
    """The last reading of the amount of work that waits for the desk."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self.read: DeskWaiting | None = None

    async def follow(self, report: Callable[[], None]) -> None:
        """Read for ever; while the database is away, which others say, the last reading stays."""
        while True:
            with suppress(StoreUnavailable):
                async with self._pool.acquire() as connection:
                    self._replace(await desk_waiting(connection))
            report()
            await asyncio.sleep(_EVERY_S)

    def _replace(self, news: DeskWaiting) -> None:
        before = (0, 0) if self.read is None else (self.read.held, self.read.failing)
        self.read = news
        if (news.held, news.failing) == before:
            return
        if news.held or news.failing:
            log.warning("the desk is waited for", held=news.held, failing=news.failing)
        else:
            log.info("the desk is waited for no more")

    @property
    def document(self) -> dict[str, Any]:
        """The warnings of ``/readyz``: numbers, and instants since when; empty where there is none."""
        news, found = self.read, dict[str, Any]()
        if news is not None and news.held:
            found["held"] = {"imports": news.held, "since": _second(news.held_from)}
        if news is not None and news.failing:
            found["watch"] = {"failing": news.failing, "since": _second(news.failing_from)}
        return found

    @property
    def well_s(self) -> float:
        """Seconds since every watched entry was last well; 0 where nothing is watched."""
        at = None if self.read is None else self.read.well_at
        return 0.0 if at is None else max(0.0, (self._clock() - at).total_seconds())


def _second(at: Any) -> str | None:
    return None if at is None else format_instant(at.replace(microsecond=0))

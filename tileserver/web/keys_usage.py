"""Usage of keys by day: noted in memory, written to the database every few seconds, in one statement."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date

from tileserver.store.keys import DayOfUse, add_usage

_WRITE_S = 5.0


class KeyUsage:
    """Requests of keys that are not written yet; *dsn* is the database that takes writes.

    ``used`` are requests by key and first day of a month, of all processes as far as they are written.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._requests: Counter[tuple[str, date]] = Counter()
        self._refused: Counter[tuple[str, date]] = Counter()
        self._outcomes: Counter[str] = Counter()
        self.tell: Callable[[Mapping[str, int]], None] | None = None  # what became of requests with a key
        self.used: dict[tuple[str, date], int] = {}

    def note(self, key_id: str, day: date, *, is_refused: bool = False) -> None:
        """Count a request on *day*, of UTC: answered, or refused."""
        (self._refused if is_refused else self._requests)[key_id, day] += 1

    def count(self, outcome: str) -> None:
        """Count a request by *outcome*, of whichever key."""
        self._outcomes[outcome] += 1

    async def run(self, report: Callable[[], None]) -> None:
        """Write for ever; *report* is told that all is well."""
        while True:
            await asyncio.sleep(_WRITE_S)
            await self.write()
            report()

    async def write(self) -> None:
        """Write all notes; nothing is lost where the database does not answer."""
        outcomes, self._outcomes = self._outcomes, Counter()
        if self.tell is not None:
            self.tell(outcomes)
        requests, refused = self._requests, self._refused
        if not requests and not refused:
            return
        self._requests, self._refused = Counter(), Counter()
        days = [DayOfUse(*each, requests[each], refused[each]) for each in {*requests, *refused}]
        try:
            month = max(each.day for each in days).replace(day=1)
            used = await add_usage(self._dsn, days, month)
        except BaseException:
            self._requests.update(requests)
            self._refused.update(refused)
            raise
        self.used.update({(key_id, month): requests for key_id, requests in used.items()})

"""Quotas of keys, by the minute and the month of UTC: counted where machines share, spent in the process.

`limits` counts, in the shared tier (`tiles.shared_link`) or in memory. To ask a server on the network for
each request would cost more than a tile does; so a process takes a share of what is left and spends that by
itself: a 32nd, so less and less, and the last ones one by one. Nothing is ever given out twice. What a
process has taken and not spent is refused elsewhere until the window ends: a 32nd at most.

Without a shared tier each process counts for itself within a minute; a month holds over all processes and
restarts, because usage is written to the database every few seconds (`web.keys_usage`) and read from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Protocol

from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerMonth
from limits.aio.storage import MemoryStorage
from limits.aio.storage.base import Storage
from limits.aio.strategies import FixedWindowRateLimiter

from tileserver.tiles.shared_link import SharedLink

_SHARE = 32  # of what is left, one is taken at a time
_MINUTE_S = 60
# To wait is better than to count apart; a request may count twice where the first answer came too late.
_PATIENCE_S, _TRIES = 0.5, 3


class CounterAway(Exception):
    """The server that counts gives no answer."""


class SharedCounter(Storage):
    """Counters in the Valkey or Redis behind *link*; `limits` gives its methods their names."""

    STORAGE_SCHEME = None

    def __init__(self, link: SharedLink) -> None:
        super().__init__()
        self._link = link

    @property
    def base_exceptions(self) -> type[Exception]:
        """The errors that `limits` would wrap."""
        return CounterAway

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Add *amount* to a counter that ends *expiry* seconds after its first use; return the sum."""
        return int((await self._ask(("SET", key, 0, "EX", expiry, "NX"), ("INCRBY", key, amount)))[1])

    async def get(self, key: str) -> int:
        """Return the sum; 0 before the first use."""
        counted: bytes | None = (await self._ask(("GET", key)))[0]
        return int(counted or 0)

    async def get_expiry(self, key: str) -> float:
        """Return 0: the calendar has the windows, which are known without asking."""
        return 0.0

    async def check(self) -> bool:
        """Whether the server answers."""
        return await self._link.ask([("EXISTS", "tileserver")]) is not None

    async def reset(self) -> int | None:
        """Forget nothing: others count there."""
        return None

    async def clear(self, key: str) -> None:
        """Forget a counter."""
        await self._ask(("DEL", key))

    async def _ask(self, *commands: tuple[str | bytes | int, ...]) -> list[Any]:
        for _ in range(_TRIES):
            answers: list[Any] | None = await self._link.ask(commands, _PATIENCE_S)
            if answers is not None:
                return answers
            if self._link.trouble:
                break
        raise CounterAway


class Limited(Protocol):
    """A key, as far as quotas are concerned: requests, ``None`` for any number."""

    @property
    def id(self) -> str:
        """The key's id."""

    @property
    def per_minute(self) -> int | None:
        """How many in a minute."""

    @property
    def per_month(self) -> int | None:
        """How many in a month."""


@dataclass(frozen=True, slots=True)
class Windows:
    """The minute and the month of UTC that an instant lies in: their numbers, and seconds to their ends."""

    day: date
    numbers: tuple[int, int]
    lengths_s: tuple[int, int]
    left_s: tuple[int, int]

    @classmethod
    def at(cls, now: datetime) -> Windows:
        """Return the windows that the instant *now* lies in."""
        now = now.astimezone(UTC)
        first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        following = first.replace(year=now.year + now.month // 12, month=now.month % 12 + 1)
        seconds = int((following - first).total_seconds())
        left = _MINUTE_S - now.second, int((following - now).total_seconds()) + 1
        minute = int(now.timestamp()) // _MINUTE_S
        return cls(now.date(), (minute, now.year * 12 + now.month), (_MINUTE_S, seconds), left)

    @property
    def month(self) -> date:
        """The first day of the month."""
        return self.day.replace(day=1)


@dataclass(slots=True)
class _Purse:
    """Requests left to this process in a window, and left beyond to all when the store was last asked."""

    number: int = -1
    left: int = 0
    beyond: int = 0

    def rest(self, number: int, limit: int) -> int:
        """Return the requests left of *limit* in the window of that number, as far as is known here."""
        return max(self.left + self.beyond, 0) if self.number == number else limit


class Quotas:
    """Quotas of all keys; *used* are stored requests by key and first day of a month.

    *link* leads to where machines share, ``None`` where none do.
    """

    def __init__(self, link: SharedLink | None, used: Mapping[tuple[str, date], int]) -> None:
        self._link = link
        self._used = used
        self._alone = FixedWindowRateLimiter(MemoryStorage())
        self._shared = None if link is None else FixedWindowRateLimiter(SharedCounter(link))
        self._purses: dict[str, tuple[_Purse, _Purse]] = {}

    def take(self, limited: Limited, windows: Windows) -> bool:
        """Take a request from the share of this process; whether there was a request left, in all windows."""
        purses = self._purses.get(limited.id)
        if purses is None:
            purses = self._purses[limited.id] = (_Purse(), _Purse())
        (minute, month), (this_minute, this_month) = purses, windows.numbers
        if limited.per_minute is not None and (minute.number != this_minute or minute.left < 1):
            return False
        if limited.per_month is not None and (month.number != this_month or month.left < 1):
            return False
        minute.left -= 1
        month.left -= 1
        return True

    async def take_more(self, limited: Limited, windows: Windows) -> int:
        """Take a request, and another share first; return 0, or the seconds to wait where nothing is left."""
        while not self.take(limited, windows):
            for which in (1, 0):  # a month that is used up takes nothing from the minute
                limit = (limited.per_minute, limited.per_month)[which]
                purse = self._purses[limited.id][which]
                if limit is None or (purse.number == windows.numbers[which] and purse.left > 0):
                    continue
                if not await self._fill(purse, limited.id, limit, which, windows):
                    return windows.left_s[which]
        return 0

    def told(self, limited: Limited, windows: Windows) -> tuple[bytes, bytes]:
        """Return policy and state, for ``RateLimit-Policy`` and ``RateLimit`` (IETF draft 10).

        As bytes, empty where there is no quota.
        """
        minute, month = self._purses.get(limited.id) or (_Purse(), _Purse())
        state = ""
        if limited.per_minute is not None:
            left = minute.rest(windows.numbers[0], limited.per_minute)
            state = f'"minute";r={left};t={windows.left_s[0]}'
        if limited.per_month is not None:
            left, mark = month.rest(windows.numbers[1], limited.per_month), ", " if state else ""
            state = f'{state}{mark}"month";r={left};t={windows.left_s[1]}'
        return _policy(limited.per_minute, limited.per_month, windows.lengths_s[1]), state.encode()

    async def close(self) -> None:
        """Let go of the server."""
        if self._link is not None:
            await self._link.close()

    async def _fill(self, purse: _Purse, key_id: str, limit: int, which: int, windows: Windows) -> bool:
        """Fill *purse*, of one window, with another share; whether anything is left."""
        # Twice the window's length: a counter is used in the window that is in its name, and never after.
        kind: type[RateLimitItem] = RateLimitItemPerMonth if which else RateLimitItemPerMinute
        item = kind(limit, 2, "tileserver:quota")
        named = key_id, str(windows.numbers[which])
        used = self._used.get((key_id, windows.month), 0) if which else 0
        try:
            if self._shared is None:
                raise CounterAway
            taken, left = await _taken(self._shared, item, named, used, _SHARE)
        except CounterAway:
            # Of a month others write what they used; and where a server is only away, it soon counts again.
            is_all = self._shared is None and not which
            taken, left = await _taken(self._alone, item, named, used, 1 if is_all else _SHARE)
        if purse.number != windows.numbers[which]:
            purse.number, purse.left = windows.numbers[which], 0
        purse.left += taken
        purse.beyond = left
        return taken > 0


async def _taken(
    limiter: FixedWindowRateLimiter, item: RateLimitItem, named: tuple[str, str], used: int, shares: int
) -> tuple[int, int]:
    """Take the share 1 / *shares* of the rest of the window *named*; return the share, and the rest then.

    Of the whole *used* are used at least, whatever the counter says, which may have been lost.
    """
    counted = item.amount - (await limiter.get_window_stats(item, *named)).remaining
    if used > counted:
        await limiter.hit(item, *named, cost=used - counted)
        counted = used
    left = item.amount - counted
    share = max(1, left // shares)
    if left < 1 or not await limiter.hit(item, *named, cost=share):
        return 0, 0
    return share, left - share


@lru_cache(1024)
def _policy(per_minute: int | None, per_month: int | None, month_s: int) -> bytes:
    """Return the value of ``RateLimit-Policy``, in bytes."""
    told = ("minute", per_minute, _MINUTE_S), ("month", per_month, month_s)
    return ", ".join(f'"{kind}";q={limit};w={length}' for kind, limit, length in told if limit).encode()

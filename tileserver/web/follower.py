"""Keeping up with the database: a layer is served as the database says, or not at all.

A new revision is served as soon as it is read, and until then the one before. What was withdrawn, drawn or
declared anew is another matter: within two seconds of that the layer is up to date, or no longer served.

Where the database gives no answer at all (no connection, or none that speaks within `store.listen`'s
patience), nobody can know of a withdrawal: what is held is served on, and said so. Where it answers but not
what is asked, nothing is served.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import structlog

from tileserver.clock import GuardedClock
from tileserver.errors import StoreUnavailable
from tileserver.history.service import HistoryService
from tileserver.store.listen import BEAT_S, Beat, follow
from tileserver.store.marker import Marker, broken_promises, lags
from tileserver.tiles.catalogue import Catalogue
from tileserver.tiles.current import Current
from tileserver.times import Clock

log = structlog.get_logger()

OBEYED_S = 2.0
_GRACE_S = 0.7  # from hearing of a withdrawal to serving no longer what it is about
_BLIND_S = 1.2  # of answers that cannot be used
_RETRY_S = 5.0  # between attempts to read what could not be read
_REFRESH_S = 60.0
_WITHDRAWN = "something of it was withdrawn or declared anew and is not read yet; try again in a moment"
_BLIND = "the database answers, but not what may be shown"

Report = Callable[[], None]  # a sign of life, and of success


@dataclass(slots=True)
class Pulse:
    """Last sign of life of the database, in seconds of the steady clock."""

    beat_at: float = -float("inf")

    @property
    def silent_s(self) -> float:
        """Seconds since then."""
        return time.monotonic() - self.beat_at


class Follower:
    """Three tasks: hearing, reading the catalogue, reading the weights that history is planned from.

    Where replicas are read from there is a fourth one: hearing what the primary withdraws before they do.
    With each beat of the primary *hear_keys* is told which generation of keys there is.
    """

    def __init__(
        self,
        dsn: str,
        current: Current,
        history: HistoryService,
        clock: Clock,
        hear_keys: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._dsn = dsn
        self._current = current
        self._history = history
        self._clock = clock
        self._hear_keys = hear_keys
        self._wanted = asyncio.Event()
        self._unplanned = asyncio.Event()
        self._beat: Beat | None = None
        self._ahead: Marker = {}  # of the primary, where replicas are read from
        self.pulse = Pulse()
        self._blind_since: float | None = None
        self._enforcing: asyncio.TimerHandle | None = None
        self._trouble = ""  # of the clock, as logged
        self._behind_since: float | None = None
        self._obeyed = 0  # newest revision of which all is served as it says

    @property
    def behind_s(self) -> float:
        """Seconds for which the database has had news that are not read."""
        return 0.0 if self._behind_since is None else time.monotonic() - self._behind_since

    async def listen(self, report: Report) -> None:
        """Hear of every change until the line is lost."""

        def hear(beat: Beat) -> None:
            self._hear(beat)
            report()

        try:
            await follow(self._dsn, hear, obeyed=lambda: self._obeyed)
        except StoreUnavailable:
            self._blind_since = None
            raise
        except Exception:
            self._go_blind()
            raise

    async def listen_ahead(self, primary: str, report: Report) -> None:
        """Hear of withdrawals from the *primary* of the replicas read from, until the line is lost."""

        def hear(beat: Beat) -> None:
            self._ahead = beat.marker
            self._hear_keys(beat.keys)
            if self._current.read is not None and self._broken():
                self._enforce_within(_GRACE_S)
            report()

        await follow(primary, hear, obeyed=lambda: self._obeyed)

    async def refresh(self, report: Report) -> None:
        """Read the catalogue after every change, and again while a layer could not be read."""
        self._wanted.set()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_RETRY_S):
                    await self._wanted.wait()
            if self._wanted.is_set() or _lacks(self._current.read):
                self._wanted.clear()
                async with asyncio.timeout(_REFRESH_S):
                    await self._current.refresh()
                self._unplanned.set()
            report()

    async def plan(self, report: Report) -> None:
        """Read the weights that history is planned from, after each change of the catalogue."""
        self._unplanned.set()
        while True:
            await self._unplanned.wait()
            self._unplanned.clear()
            await self._history.warm()
            report()

    def _hear(self, beat: Beat) -> None:
        late = self.pulse.silent_s > 2 * BEAT_S + _GRACE_S
        self.pulse.beat_at, self._blind_since = time.monotonic(), None
        self._hear_time(beat)
        if not beat.is_standby:  # which may not have heard yet that a key was revoked
            self._hear_keys(beat.keys)
        catalogue = self._current.read
        if catalogue is not None and beat.is_standby and lags(beat.marker, catalogue.marker):
            return  # of two replicas the slower one speaks
        self._beat = beat
        is_behind = catalogue is None or catalogue.marker != beat.marker
        self._behind_since = (self._behind_since or time.monotonic()) if is_behind else None
        if catalogue is None or catalogue.marker != beat.marker:
            self._wanted.set()
            if catalogue is not None and self._broken():
                self._enforce_within(0 if late else _GRACE_S)
            return
        self._obeyed = beat.revision
        if self._current.is_held and not self._is_behind(catalogue):
            self._current.hold_to(None)
            self._wanted.set()

    def _hear_time(self, beat: Beat) -> None:
        if isinstance(self._clock, GuardedClock):
            self._clock.witness(beat.time)
            if (trouble := self._clock.trouble) != self._trouble:
                self._trouble = trouble
                log.warning("clock", trouble=trouble or "none any more")

    def _enforce_within(self, seconds: float) -> None:
        if self._current.is_held or not seconds:
            self._enforce()
        elif self._enforcing is None:
            self._enforcing = asyncio.get_running_loop().call_later(seconds, self._enforce)

    def _enforce(self) -> None:
        self._enforcing = None
        for marker in self._broken():
            log.warning("not served", layers=_forbidden(self._current.read, marker), reason=_WITHDRAWN)
            self._current.hold_to(marker, _WITHDRAWN)

    def _is_behind(self, catalogue: Catalogue) -> bool:
        """Whether the primary has withdrawn something that the replica of *catalogue* still has."""
        return not lags(self._ahead, catalogue.marker) and bool(
            self._ahead and broken_promises(catalogue.marker, self._ahead)
        )

    def _broken(self) -> list[Marker]:
        """Return the markers heard, the primary's last, by which something shown may not be shown."""
        catalogue, heard = self._current.read, [] if self._beat is None else [self._beat.marker]
        if catalogue is not None and self._ahead and not lags(self._ahead, catalogue.marker):
            heard.append(self._ahead)
        return [marker for marker in heard if _forbidden(catalogue, marker)]

    def _go_blind(self) -> None:
        now = time.monotonic()
        self._blind_since = self._blind_since or now
        if now - self._blind_since > _BLIND_S and not self._current.is_held:
            log.error("nothing served", reason=_BLIND)
            self._current.hold_to({}, _BLIND)


def _forbidden(catalogue: Catalogue | None, marker: Marker) -> list[str]:
    """Return the layers of *catalogue*, ascending, that *marker* does not allow to be shown."""
    if catalogue is None:
        return []
    shown = {ref: catalogue.marker[ref] for ref in catalogue.layers if ref in catalogue.marker}
    return sorted(str(ref) for ref in broken_promises(shown, marker))


def _lacks(catalogue: Catalogue | None) -> bool:
    return catalogue is not None and bool(catalogue.missing or catalogue.unreadable or catalogue.behind)

"""The clock that decides which data is public: the machine's, unless a witness speaks against the machine.

Two witnesses are asked. The steady clock of the kernel counts seconds, also those of a suspended machine; it
follows where the time service slews the machine's clock, and does not jump when somebody sets it. The
database's clock may be another machine's. Where they differ from the machine's clock by more than
`TOLERANCE` the earlier one holds, so nothing becomes public too early.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from tileserver.times import Clock, system_clock

TOLERANCE = timedelta(minutes=5)
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # macOS's own counts suspended time too


def steady_seconds() -> float:
    """Return seconds since some beginning, suspended time included; nobody can set the count."""
    return time.clock_gettime(_STEADY)


class GuardedClock:
    """The present instant, never later than the trustworthy witness says, and never earlier than before.

    A machine's clock that is set forward while we run is believed again when it is set back, or at the next
    start: what is on this machine cannot tell a wrong clock from one that was put right. Set back, it stands
    still until it is where it was: what is public stays public.
    """

    def __init__(self, wall: Clock = system_clock, steady: Callable[[], float] = steady_seconds) -> None:
        self._wall = wall
        self._steady = steady
        self._begun = steady()
        self._anchor = self._latest = wall()
        self._offset = timedelta()  # of the database's clock to the machine's, at the last hearing
        self._lag = timedelta()  # of that, what is held back

    def __call__(self) -> datetime:
        """Return the present instant."""
        self._latest = max(self._latest, self._own() - self._lag)
        return self._latest

    def witness(self, database: datetime) -> None:
        """Hear the time *database* of the database's clock."""
        self._offset = database - self._own()
        self._lag = -self._offset if self._offset < -TOLERANCE else timedelta()

    @property
    def trouble(self) -> str:
        """Words of the witnesses against the machine's clock; empty as a rule."""
        jumped = self._wall() - self._due()
        said = []
        if abs(jumped) > TOLERANCE:
            way = "forward" if jumped > timedelta() else "back"
            said.append(f"this machine's clock was set {way} by {_rounded(jumped)} since the start")
        if abs(self._offset) > TOLERANCE:
            way = "ahead of" if self._offset > timedelta() else "behind"
            said.append(f"the database's clock is {_rounded(self._offset)} {way} this machine's")
        if not said:
            return ""
        remedy = "what is public follows the earlier of them; set the clocks right and restart"
        return f"{'; '.join(said)}: {remedy}"

    def _own(self) -> datetime:
        """Return the machine's time, or the due time where the clock was set forward."""
        wall, due = self._wall(), self._due()
        return wall if wall - due <= TOLERANCE else due

    def _due(self) -> datetime:
        return self._anchor + timedelta(seconds=self._steady() - self._begun)


def _rounded(difference: timedelta) -> str:
    minutes = round(abs(difference) / timedelta(minutes=1))
    days, hours = divmod(minutes // 60, 24)
    parts = (f"{days} d" * bool(days), f"{hours} h" * bool(hours), f"{minutes % 60} min" * bool(minutes % 60))
    return " ".join(part for part in parts if part)

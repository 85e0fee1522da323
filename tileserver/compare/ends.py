"""The two ends of a change: states of a whole band, and the names that they have in URLs.

A piece of land that changed hands reaches beyond a tile, and so does what it measures. So a change tile is
named by what its whole band holds at both ends, by the same 64 bits as a tile's content. Beside its name an
end says where that state is found again: since which revision it is known so, and since which instant; and
whose side a change is told from. An import that changes nothing of a past state, or that is not yet public,
leaves its name alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tileserver.errors import UnknownState
from tileserver.store.index import Rows
from tileserver.store.measures import Moment
from tileserver.tiles.index import Spot, TileView
from tileserver.tiles.versions import SCHEME
from tileserver.times import Micros, Period, format_instant, from_micros, to_micros

_TEXT = re.compile(r"([0-9]{1,4})-([0-9a-f]{1,16})-([0-9]{1,15})-([0-9a-f]{1,16})-([0-9a-f]{8})\Z")
_WRAP = 1 << 64
_MEMORY = 4096  # states that a band remembers

NOTHING = Spot(0, Micros(0), 0)  # before the first state


@dataclass(frozen=True, slots=True)
class End:
    """A state of a band, the instant since which it held as known when it was asked for, and `sides`."""

    spot: Spot
    since: datetime | None
    sides: str

    @property
    def moment(self) -> Moment:
        """Where the state is read."""
        return Moment(from_micros(self.spot.at) if self.spot.name else None, self.spot.revision)

    @property
    def since_text(self) -> str:
        """The instant as ``OGCAPI-datetime`` has it; ``..`` before the first state."""
        return format_instant(self.since)

    def __str__(self) -> str:
        name, at, revision = self.spot
        return f"{SCHEME}-{name:x}-{revision}-{at % _WRAP:x}-{self.sides}"

    @property
    def key(self) -> tuple[int, str]:
        """What names the content: of one name are all states that hold the same."""
        return self.spot.name, self.sides


def sides(held: Iterable[str]) -> str:
    """Return a name of the side that gains and loses: 8 digits, equal for equal sets of statuses."""
    return hashlib.blake2b("\0".join(sorted(held)).encode(), digest_size=4).hexdigest()


def names_state(text: str) -> bool:
    """Whether *text* is written as the name of a state, rather than as a date."""
    return _TEXT.match(text) is not None


class BandView:
    """What the change index knows of a whole band of some layers."""

    def __init__(self, layers: Sequence[Rows], side: str) -> None:
        self._view = TileView(layers)
        self._side = side
        self._settled: dict[Spot, Spot] = {}

    def at(self, asked: Period | None, revision: int, horizon: Micros) -> End:
        """Return the state at the last instant of *asked*, or the newest, as known in *revision*.

        Nothing later than *horizon*, in microseconds, takes part in the answer.
        """
        last = horizon
        if asked is not None and asked.end is not None:
            last = min(Micros(to_micros(asked.end) - 1), horizon)
        spot = self._view.state(last, revision)
        if spot is None:
            return End(NOTHING, None, self._side)
        return End(self._first_known(spot), from_micros(spot.at), self._side)

    def named(self, text: str, horizon: int) -> End:
        """Return the state of that name; `UnknownState` unless it is the only name of a public state."""
        match = _TEXT.match(text)
        if match is not None:
            name, revision, at = int(match[2], 16), int(match[3]), int(match[4], 16)
            end = End(Spot(name, Micros(at - _WRAP if at >= _WRAP // 2 else at), revision), None, self._side)
            if str(end) == text and end.spot.at <= horizon and self._exists(end.spot):
                return end
        raise UnknownState(
            f"{text[:60]!r} names no public state; ask with two dates and read Content-Location"
        )

    def _exists(self, spot: Spot) -> bool:
        there = self._view.state(spot.at, spot.revision)
        return spot == (NOTHING if there is None else self._first_known(there))

    def _first_known(self, spot: Spot) -> Spot:
        """Return the same state where it was first known, and since when it held as known there."""
        found = self._settled.get(spot)
        if found is None:
            if len(self._settled) >= _MEMORY:
                self._settled.clear()
            first = self._view.since(spot.at, spot.revision)
            before = None if first == spot.revision else self._view.state(spot.at, first)
            found = self._settled[spot] = spot if before is None else self._first_known(before)
        return found

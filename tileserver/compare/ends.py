"""The two ends of a comparison: states of a whole band, and their texts in URLs.

A piece of land that changed hands reaches beyond a tile, and so does its area. So a comparison tile is named
by the digests of its whole band at both ends, sums as those of a tile. Beside the digest an end says where
that state is found again: from which revision on it is known so, and from which instant on; and from which
side gains and losses are told. An import that changes nothing of a past state, or that is not yet public,
leaves its text alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tileserver.errors import UnknownState
from tileserver.model import Digest, Moment, Revision
from tileserver.store.index import Rows
from tileserver.tiles.index import State, TileView
from tileserver.tiles.locate import last_instant
from tileserver.tiles.recent import Recent
from tileserver.tiles.version import NO_DIGEST, SCHEME
from tileserver.times import Micros, Period, format_instant, from_micros

_TEXT = re.compile(r"([0-9]{1,4})-([0-9a-f]{1,16})-([0-9]{1,15})-([0-9a-f]{1,16})-([0-9a-f]{8})\Z")
_WRAP = 1 << 64
_MEMORY = 4096  # states that a band remembers

NOTHING = State(NO_DIGEST, Moment(Micros(0), Revision(0)))  # before the first state


@dataclass(frozen=True, slots=True)
class End:
    """A state of a band, written ``4-<digest>-<revision>-<at>-<sides>``.

    ::

        4-1b7e2c90d5f3a846-12-605f5e1003000-9c1185a5
        | |                |  |             `- sides: `sides` of the statuses on the side told from
        | |                |  `--------------- state.moment.at, hexadecimal, modulo 2^64
        | |                `------------------ state.moment.revision, decimal
        | `----------------------------------- state.digest, hexadecimal
        `------------------------------------- version.SCHEME

    The moment is where the state was first known. ``start`` is the instant from which on the state held as
    known in the revision that was asked for; ``None`` before the first, and where the text was given.
    """

    state: State
    start: datetime | None
    sides: str

    @property
    def moment(self) -> Moment | None:
        """A moment at which the state is read; ``None`` before the first."""
        return self.state.moment if self.state.digest else None

    @property
    def start_text(self) -> str:
        """The start in the form of ``OGCAPI-datetime``; ``..`` before the first state."""
        return format_instant(self.start)

    def __str__(self) -> str:
        digest, moment = self.state
        return f"{SCHEME}-{digest:x}-{moment.revision}-{moment.at % _WRAP:x}-{self.sides}"

    @property
    def cache_key(self) -> tuple[Digest, str]:
        """State digest and sides: equal for equal states, whatever their instant and revision."""
        return self.state.digest, self.sides


def sides(statuses: Iterable[str]) -> str:
    """Return 8 hexadecimal digits for the side that gains and loses: equal for equal sets of statuses."""
    return hashlib.blake2b("\0".join(sorted(statuses)).encode(), digest_size=4).hexdigest()


def is_end_text(text: str) -> bool:
    """Whether *text* is written as an `End`, rather than as a date."""
    return _TEXT.match(text) is not None


class BandView:
    """The change index of a whole band of some layers, with the side that gains and losses are told from."""

    def __init__(self, layers: Sequence[Rows], side: str) -> None:
        self._view = TileView(layers)
        self._side = side
        self._first_known: Recent[State, State] = Recent(_MEMORY)

    def at(self, asked: Period | None, revision: Revision, horizon: Micros) -> End:
        """Return the state at the last instant of *asked*, or the newest, as known in *revision*.

        Nothing later than *horizon* takes part in the answer.
        """
        state = self._view.state(last_instant(asked, horizon), revision)
        if state is None:
            return End(NOTHING, None, self._side)
        return End(self._where_first_known(state), from_micros(state.moment.at), self._side)

    def from_url(self, text: str, horizon: Micros) -> End:
        """Return the end written as *text*.

        Raises
        ------
        UnknownState
            Any text but the only one of a state that is public by *horizon*.
        """
        match = _TEXT.match(text)
        if match is not None:
            at = int(match[4], 16)
            moment = Moment(Micros(at - _WRAP if at >= _WRAP // 2 else at), Revision(int(match[3])))
            end = End(State(Digest(int(match[2], 16)), moment), None, self._side)
            if str(end) == text and moment.at <= horizon and self._exists(end.state):
                return end
        raise UnknownState(
            f"{text[:60]!r} names no public state; ask with two dates and read Content-Location"
        )

    def _exists(self, state: State) -> bool:
        there = self._view.state(state.moment.at, state.moment.revision)
        return state == (NOTHING if there is None else self._where_first_known(there))

    def _where_first_known(self, state: State) -> State:
        """Return *state* at its canonical moment: its first revision, and its start as known there."""
        found = self._first_known.get(state)
        if found is None:
            moment = state.moment
            first = self._view.known_from(moment)
            before = None if first == moment.revision else self._view.state(moment.at, first)
            found = state if before is None else self._where_first_known(before)
            self._first_known.keep(state, found)
        return found

"""What hypothesis draws from: instants, periods, addresses, windows, layers with periods."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import strategies as st

from tests.shapes import tileset_of
from tileserver.grid import MAX_ZOOM, TileAddress
from tileserver.model import Revision
from tileserver.store.catalogue import Periods
from tileserver.store.event_window import EventWindow
from tileserver.store.index import NEVER, ROW, spread
from tileserver.tiles.events import EventIndex
from tileserver.tiles.index import TileView
from tileserver.tiles.selection import selection_of
from tileserver.tiles.tileset import Tileset
from tileserver.tiles.windows import WindowView
from tileserver.times import OPEN, Micros, Period, day_zone

ZONES = ("Europe/Kyiv", "Europe/Paris", "Asia/Kathmandu", "America/St_Johns", "Pacific/Apia", "UTC")

# hypothesis takes its limits without a zone and puts the zone to what it drew
instants = st.datetimes(datetime(1000, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
days = st.dates(date(1000, 1, 1), date(9000, 1, 1))
zones: st.SearchStrategy[ZoneInfo] = st.sampled_from(ZONES).map(day_zone)


@st.composite
def addresses(draw: st.DrawFn, highest: int = MAX_ZOOM) -> TileAddress:
    """Any address of the matrix, the outermost ones often."""
    z = draw(st.integers(0, highest))
    side = st.integers(0, (1 << z) - 1) | st.sampled_from([0, (1 << z) - 1])
    return TileAddress(z, draw(side), draw(side))


@st.composite
def periods(draw: st.DrawFn, *, closed: bool = False) -> Periods:
    """Up to a dozen distinct periods on a small axis, so that edges often meet; as the store sorts them."""
    start = st.integers(-20, 40)
    end = st.integers(1, 15) if closed else st.integers(1, 15) | st.none()
    drawn = draw(st.sets(st.tuples(start, end), max_size=12))
    pairs = sorted((first, OPEN if length is None else first + length) for first, length in drawn)
    return Periods(
        np.array([first for first, _ in pairs], dtype=np.int64),
        np.array([last for _, last in pairs], dtype=np.int64),
    )


Rowed = tuple[int, int, int]  # id, start, end

_EVENT = [(name, "i8") for name in ("content", "x", "y", "start", "end", "known_from", "known_to", "code")]
_CODES = st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True)
selections = st.dictionaries(_CODES, st.sets(_CODES, min_size=1, max_size=3), max_size=3).map(selection_of)


def event_windows(
    first: st.SearchStrategy[int], last: st.SearchStrategy[int], end: st.SearchStrategy[int]
) -> st.SearchStrategy[EventWindow]:
    """Windows with these limits, in any revision, of any selection."""
    limits = (each.map(Micros) for each in (first, last, end))
    return st.builds(EventWindow, *limits, st.integers(0, 2**31).map(Revision), selections)


def epoch(changes: Sequence[int], at: int) -> tuple[int | None, int | None]:
    """The epoch ``[start, end)`` of ascending *changes* around *at*; a change belongs to what it opens."""
    after = bisect_right(changes, at)
    return changes[after - 1] if after else None, changes[after] if after < len(changes) else None


@dataclass(frozen=True)
class Drawn:
    """A tileset with a feature of its own in each period of its layers, all of them in one tile."""

    tileset: Tileset
    periods: list[Periods]
    states: list[Rowed]
    events: list[Rowed]

    @classmethod
    def of(cls, tileset: Tileset, own: list[Periods]) -> Drawn:
        """Number the periods of the layers of *tileset*."""
        found: dict[bool, list[Rowed]] = {True: [], False: []}
        for number, (served, each) in enumerate(zip(tileset.layers, own, strict=True), 1):
            pairs = zip(each.starts.tolist(), each.ends.tolist(), strict=True)
            found[served.is_state] += [(number * 100 + n, *pair) for n, pair in enumerate(pairs)]
        return cls(tileset, own, found[True], found[False])

    @property
    def has_windows(self) -> bool:
        """Whether any layer is of events."""
        return not all(served.is_state for served in self.tileset.layers)

    @property
    def view(self) -> TileView:
        """The tile that all of it lies in."""
        rows = np.array([(n, 0, 0, 0, 0, start, end, 1, NEVER) for n, start, end in self.states], dtype=ROW)
        rows["token"] = spread(rows["token"])
        events = np.array([(n, 0, 0, *span, 1, NEVER, 0) for n, *span in self.events], dtype=_EVENT)
        declared = [layer for layer in self.tileset.declared if layer.time == "window"][:1]
        return TileView(
            [rows], WindowView([EventIndex(events, each) for each in declared], TileAddress(0, 0, 0))
        )

    def censored(self, horizon: int) -> Drawn:
        """The same without anything after *horizon*: states that end later go on, events are not there."""
        periods = []
        for served, each in zip(self.tileset.layers, self.periods, strict=True):
            kept = each.starts <= horizon if served.is_state else each.ends <= horizon
            ends = np.where(each.ends > horizon, OPEN, each.ends)
            periods.append(Periods(each.starts[kept], ends[kept]))
        states = [
            (n, start, end if end <= horizon else OPEN) for n, start, end in self.states if start <= horizon
        ]
        events = [each for each in self.events if each[2] <= horizon]
        return replace(self, periods=periods, states=states, events=events)


@st.composite
def tilesets(draw: st.DrawFn) -> Drawn:
    """One to three layers of both kinds, with their periods."""
    kinds = draw(st.lists(st.sampled_from(["state", "window"]), min_size=1, max_size=3))
    own = [draw(periods()) for _ in kinds]
    return Drawn.of(tileset_of(kinds, own), own)


@st.composite
def questions(draw: st.DrawFn) -> Period:
    """An instant, a bounded period, or one with open ends, on the axis of `periods`."""
    start, length = draw(st.integers(-30, 60)), draw(st.integers(1, 30))
    return micros_period(
        start if draw(st.integers(0, 3)) else None, start + length if draw(st.integers(0, 3)) else None
    )


def micros_period(start: int | None, end: int | None) -> Period:
    """A period from microseconds since 1970."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)

    def instant(micros: int | None) -> datetime | None:
        return None if micros is None else epoch + micros * (datetime.resolution)

    return Period(instant(start), instant(end))

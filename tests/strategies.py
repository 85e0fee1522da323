"""What hypothesis draws from: instants, periods, timelines, addresses, layers with periods."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import strategies as st

from tests.shapes import tileset_of
from tileserver.grid import MAX_ZOOM, TileAddress
from tileserver.store.catalogue import Periods
from tileserver.tiles.tileset import Tileset
from tileserver.times import OPEN, Period, Timeline, day_zone

ZONES = ("Europe/Kyiv", "Europe/Paris", "Asia/Kathmandu", "America/St_Johns", "Pacific/Apia", "UTC")

# hypothesis takes its limits without a zone and puts the zone to what it drew
instants = st.datetimes(datetime(1000, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
days = st.dates(date(1000, 1, 1), date(9000, 1, 1))
zones: st.SearchStrategy[ZoneInfo] = st.sampled_from(ZONES).map(day_zone)
timelines = st.sets(st.integers(-50, 50), max_size=20).map(lambda edges: Timeline(sorted(edges)))


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


@st.composite
def tilesets(draw: st.DrawFn) -> tuple[Tileset, list[Periods]]:
    """One to three layers of both kinds, with their periods."""
    kinds = draw(st.lists(st.sampled_from(["state", "window"]), min_size=1, max_size=3))
    own = [draw(periods()) for _ in kinds]
    return tileset_of(kinds, own), own


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

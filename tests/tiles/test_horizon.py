"""The horizon is never early, less than a stride late, and moves at one moment for all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.shapes import layer, theatre
from tileserver.model import LayerId, LayerRef
from tileserver.store.catalogue import Periods, StoredLayer
from tileserver.store.days import NO_DAYS, KnownDays
from tileserver.tiles.horizon import STRIDE, Horizon, horizon_of, seconds_to_move, stride_of
from tileserver.tiles.tileset import ServedLayer, Tileset
from tileserver.times import TICK, Micros, from_micros, to_micros

NOTHING = Periods(np.empty(0, np.int64), np.empty(0, np.int64))
SECOND = timedelta(seconds=1)

instants = st.integers(-(10**14), 10**16).map(lambda micros: from_micros(Micros(micros)))
embargoes = st.sampled_from(["0s", "1s", "90s", "59m", "48h", "7d"])


def _served(*embargoes: str, days: KnownDays = NO_DAYS) -> Tileset:
    names = [f"l{number}" for number in range(len(embargoes))]
    layers = [layer(name, embargo=embargo) for name, embargo in zip(names, embargoes, strict=True)]
    whole = theatre(*layers)
    served = tuple(
        ServedLayer(
            StoredLayer(LayerId(1), LayerRef("toy", each.name), whole, each, (), None), NOTHING, days=days
        )
        for each in whole.layers
    )
    return Tileset("toy", whole, served)


def test_the_horizon_is_that_of_the_strictest_layer() -> None:
    now = datetime(2024, 5, 1, tzinfo=UTC)
    strict, lax = _served("48h", "7d"), _served("48h")
    for tileset, days in ((strict, 7), (lax, 2)):
        end = to_micros(now - timedelta(days=days))
        assert horizon_of(tileset, now) == Horizon(end, end)


@given(instants, embargoes)
def test_a_horizon_is_never_early_and_less_than_a_stride_late(now: datetime, embargo: str) -> None:
    tileset = _served(embargo)
    due = now - tileset.embargo
    assert due - STRIDE < from_micros(horizon_of(tileset, now).ended) <= due


@given(instants, embargoes)
def test_every_horizon_moves_at_the_end_of_a_stride_and_stands_still_between(
    now: datetime, embargo: str
) -> None:
    tileset = _served(embargo)
    begin = stride_of(now)
    assert begin <= now < begin + STRIDE
    assert (begin.second, begin.microsecond) == (0, 0)
    there = horizon_of(tileset, now)
    assert there == horizon_of(tileset, begin) == horizon_of(tileset, begin + STRIDE - TICK)
    assert horizon_of(tileset, begin + STRIDE).ended == to_micros(from_micros(there.ended) + STRIDE)


@given(instants)
def test_the_move_is_as_far_off_as_is_said_to_the_microsecond(now: datetime) -> None:
    seconds = seconds_to_move(now)
    assert 0 < seconds <= STRIDE.total_seconds()
    assert now + timedelta(seconds=seconds) == stride_of(now) + STRIDE


def test_a_state_known_to_the_day_waits_for_the_stride_after_the_day() -> None:
    over = datetime(2024, 5, 1, 21, 0, 20, tzinfo=UTC)  # as no day zone has it
    begun = over - timedelta(days=1)
    days = KnownDays(np.array([to_micros(begun)]), np.array([to_micros(over)]))
    tileset, due = _served("48h", days=days), over + timedelta(hours=48)
    for late in (timedelta(), 40 * SECOND - TICK):
        assert horizon_of(tileset, due + late).state == Micros(to_micros(begun) - 1)
    assert horizon_of(tileset, due + 40 * SECOND).state > to_micros(begun)

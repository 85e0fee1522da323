"""When the public part of a layer last changed: by what is public alone, to the microsecond."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from tests.shapes import layer, theatre
from tileserver.model import LayerId, LayerRef, Revision
from tileserver.store.catalogue import StoredLayer
from tileserver.store.days import NO_DAYS, KnownDays
from tileserver.store.index import NEVER, ROW, Rows
from tileserver.tiles.updates import Updates
from tileserver.times import OPEN, TICK, Micros, to_micros

DAY = timedelta(days=1)
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
EMBARGO = 2 * DAY
LAYER = layer("control")
STORED = StoredLayer(
    LayerId(1),
    LayerRef("toy", "control"),
    theatre(LAYER),
    LAYER,
    tuple(map(Revision, (1, 2, 3))),
    None,
    committed=(NOON + 3 * DAY, NOON + 10 * DAY + TICK, NOON + 20 * DAY),
)


def rows(*told: tuple[int, datetime, datetime | None, int]) -> Rows:
    """Rows by token, start, end and the revision that they are known from."""
    found = np.zeros(len(told), dtype=ROW)
    for row, (token, start, end, revision) in zip(found, told, strict=True):
        row["token"], row["start"] = token, to_micros(start)
        row["end"] = OPEN if end is None else to_micros(end)
        row["known_from"], row["known_to"] = revision, NEVER
    return found


def last(told: Rows, public: datetime, days: KnownDays = NO_DAYS) -> datetime | None:
    return Updates.of_rows(told).last(STORED, days, Micros(to_micros(public)), EMBARGO)


def test_nothing_public_was_never_updated() -> None:
    assert last(rows(), NOON) is None
    assert last(rows((1, NOON, None, 1)), NOON - TICK) is None


def test_an_old_state_is_updated_by_its_import_and_a_young_one_when_it_is_old_enough() -> None:
    told = rows((1, NOON, NOON + 2 * DAY, 1), (2, NOON + 2 * DAY, None, 1))
    assert last(told, NOON) == NOON + 3 * DAY
    assert last(told, NOON + 2 * DAY) == NOON + 4 * DAY


def test_a_correction_of_what_is_public_is_an_update() -> None:
    told = rows((1, NOON, None, 1), (2, NOON, None, 2))
    assert last(told, NOON) == NOON + 10 * DAY + TICK


@pytest.mark.parametrize("end", [NOON + 9 * DAY, None])
def test_a_row_that_a_later_revision_ends_beyond_the_horizon_tells_nothing(end: datetime | None) -> None:
    public = rows((1, NOON, None, 1))
    secret = rows((1, NOON, None, 1), (1, NOON, end, 3), (2, NOON + 9 * DAY, None, 3))
    assert last(secret, NOON + 8 * DAY) == last(public, NOON + 8 * DAY) == NOON + 3 * DAY


def test_what_is_known_to_the_day_is_due_after_that_day() -> None:
    at, over = (np.array([to_micros(NOON + each)], dtype=np.int64) for each in (2 * DAY, 3 * DAY))
    told = rows((1, NOON + 2 * DAY, None, 1))
    assert last(told, NOON + 3 * DAY, KnownDays(at, over)) == NOON + 5 * DAY

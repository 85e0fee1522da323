"""Law: however many past days are rewritten at once, it is one revision, and nothing else is touched."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.bench.rewrite import Touched, instants, touched
from tests.desk.conftest import SIDE, SOUTH, WEST

if TYPE_CHECKING:
    import asyncpg

    from tests.desk.conftest import Cells, Desk

pytestmark = pytest.mark.db

FIRST = datetime(2023, 3, 1, 22, tzinfo=UTC)
DAYS = [FIRST + timedelta(days=number) for number in range(220)]
PAST = DAYS[12:200]
NEAR = (
    WEST + 2 * SIDE,
    SOUTH + 2 * SIDE,
    WEST + 5 * SIDE,
    SOUTH + 5 * SIDE,
)  # degrees; around what is rewritten


def held(day: datetime) -> Cells:
    """A front that moves every 40 days."""
    far = (day - FIRST).days // 40
    return {(column, 0): "occupied" for column in range(2 + far)} | {(0, 9): "liberated"}


def test_188_past_days_rewritten_at_once_are_one_revision_and_touch_nothing_else(desk: Desk) -> None:
    assert len(PAST) == 188
    desk.import_states({day: held(day) for day in DAYS})
    done = desk.import_states({day: {**held(day), (3, 3): "unknown"} for day in PAST})
    assert (done.revision, done.snapshots) == (2, 188)
    assert (done.added, done.ended) == (1, 0)  # one area, from the first of the days to the last

    async def work(connection: asyncpg.Connection) -> tuple[Touched, Touched]:
        stored = (await desk.layers(connection))["control"]
        at = await instants(connection, stored.layer_id)
        past = at[12:200]
        rewritten = await touched(connection, stored, past, 1, 2, box=NEAR)
        return rewritten, await touched(connection, stored, sorted({*at} - {*past}), 1, 2, box=NEAR)

    rewritten, others = desk.run(work)
    assert rewritten.versions == 188 * rewritten.changed > 0
    assert rewritten.beside == 0
    assert rewritten.tiles > 2 * rewritten.changed
    assert others.versions == 0

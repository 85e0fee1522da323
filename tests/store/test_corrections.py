"""Law: a rollback holds what was known then, a withdrawal what would be known had it never been."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.histories import (
    CONTENTS,
    DAYS,
    Run,
    States,
    histories,
    known_at,
    snapshots_at,
    state_at,
    write,
)
from tileserver.desk.periods import periods_of
from tileserver.model import DatedFeature, LayerId, Revision
from tileserver.store.catalogue import StoredLayer, load_layers
from tileserver.store.corrections import (
    Taken,
    bridge_period,
    erase_features,
    erase_period,
    record_withdrawal,
    restore,
    snapshot_instants,
)
from tileserver.store.revisions import open_revision

if TYPE_CHECKING:
    pass

pytestmark = pytest.mark.db

TABLES = ("feature_version", "face")
A, B = CONTENTS[:2]


async def everything(connection: asyncpg.Connection, layer_id: LayerId, revisions: range) -> list[object]:
    return [
        (
            [await known_at(connection, layer_id, revision, table) for table in TABLES],
            await snapshots_at(connection, layer_id, revision),
        )
        for revision in revisions
    ]


@settings(max_examples=40)
@given(history=histories, data=st.data())
def test_a_rollback_holds_what_was_known_then_and_changes_no_earlier_revision(
    run: Run, history: list[States], data: st.DataObject
) -> None:
    then = Revision(data.draw(st.integers(1, len(history))))

    async def body(connection: asyncpg.Connection, layers: dict[str, StoredLayer]) -> None:
        layer_id, last = layers["control"].layer_id, len(history)
        await write(connection, layer_id, history)
        before = await everything(connection, layer_id, range(1, last + 1))
        async with open_revision(connection) as writer:
            rows = await restore(writer, [layer_id], then)
            assert bool(rows) == (before[then - 1] != before[-1]) == bool(writer.touched)
        after = await everything(connection, layer_id, range(1, last + 2))
        assert after == [*before, before[then - 1]]

    run(body)


def test_a_rollback_leaves_rows_that_say_the_same_and_other_layers_as_they_are(run: Run) -> None:
    history: list[States] = [{DAYS[0]: frozenset({A})}, {DAYS[0]: frozenset({A}), DAYS[1]: frozenset({A, B})}]

    async def body(connection: asyncpg.Connection, layers: dict[str, StoredLayer]) -> None:
        await write(connection, layers["control"].layer_id, history)
        await write(connection, layers["arrows"].layer_id, [history[1]])
        async with open_revision(connection) as writer:
            rows = await restore(writer, [layers["control"].layer_id], Revision(1))
            assert rows == 4  # B in three tables, a snapshot
        known = await connection.fetch(
            "SELECT l.name, content, known FROM feature_version f JOIN layer l ON l.id = f.layer"
        )
        assert sorted(
            (row["name"], row["content"], row["known"].lower, row["known"].upper) for row in known
        ) == [
            ("arrows", A, 3, None),
            ("arrows", B, 3, None),
            ("control", A, 1, None),
            ("control", B, 2, 4),
        ]

    run(body)


def without(states: States, start: datetime, end: datetime | None) -> States:
    """What *states* would be, had those in the period never been and the state after it gone on as it did."""
    kept = {at: state for at, state in states.items() if at < start or (end is not None and at >= end)}
    return kept if end is None else {**kept, end: state_at(states, end)}


periods = st.tuples(st.integers(0, 6), st.integers(1, 6) | st.none()).map(
    lambda drawn: (DAYS[drawn[0]], None if drawn[1] is None else DAYS[min(drawn[0] + drawn[1], 6)])
)


@settings(max_examples=80)
@given(histories, periods.filter(lambda period: period[0] != period[1]))
def test_a_bridged_period_holds_in_every_revision_what_held_just_before_it(
    run: Run, history: list[States], period: tuple[datetime, datetime | None]
) -> None:
    start, end = period

    async def body(connection: asyncpg.Connection, layers: dict[str, StoredLayer]) -> None:
        layer_id = layers["control"].layer_id
        await write(connection, layer_id, history)
        before = await everything(connection, layer_id, range(1, len(history) + 1))
        async with open_revision(connection) as writer:
            taken = await bridge_period(writer, [layer_id], start, end)
            assert writer.touched == taken.layers
        for revision, states in enumerate(history, 1):
            expected = sorted(periods_of(without(states, start, end)))
            for table in TABLES:
                assert await known_at(connection, layer_id, revision, table) == expected
            kept = {at for at in states if at < start or (end is not None and at >= end)}
            assert set(await snapshots_at(connection, layer_id, revision)) == kept
        after = await everything(connection, layer_id, range(1, len(history) + 1))
        assert bool(taken.layers) == (after != before)

    run(body)


def test_what_is_bridged_is_one_row_again_where_only_the_mistake_had_broken_it(run: Run) -> None:
    mistaken: States = {DAYS[0]: frozenset({A}), DAYS[2]: frozenset({B}), DAYS[3]: frozenset({A})}
    corrected: States = {DAYS[0]: frozenset({A})}

    async def body(connection: asyncpg.Connection, layers: dict[str, StoredLayer]) -> None:
        layer_id = layers["control"].layer_id
        await write(connection, layer_id, [mistaken, corrected])
        async with open_revision(connection) as writer:
            assert await bridge_period(writer, [layer_id], DAYS[2], DAYS[3]) == Taken(
                2, 4, [DAYS[2]], {layer_id}
            )
        for revision in (1, 2):
            assert await known_at(connection, layer_id, revision, "face") == [DatedFeature(A, DAYS[0], None)]
        assert await snapshot_instants(connection, layer_id) == {DAYS[0], DAYS[3]}

    run(body)


def test_erased_features_are_in_no_revision_and_those_not_there_are_named(run: Run) -> None:
    history: list[States] = [{DAYS[0]: frozenset({A, B}), DAYS[1]: frozenset({B})}, {DAYS[0]: frozenset({B})}]

    async def body(connection: asyncpg.Connection, layers: dict[str, StoredLayer]) -> None:
        events, arrows = layers["events"].layer_id, layers["arrows"].layer_id
        for layer_id in (events, arrows):
            await write(connection, layer_id, history)
        async with open_revision(connection) as writer:
            taken, missing = await erase_features(writer, events, [A[0], 12345])
            assert (taken, missing) == (Taken(1, layers={events}), {12345})
            assert writer.touched == {events}
        assert await known_at(connection, events, 1, "feature_version") == [DatedFeature(B, DAYS[0], None)]
        assert DatedFeature(A, DAYS[0], DAYS[1]) in await known_at(connection, arrows, 3, "feature_version")

    run(body)


def test_an_erased_period_takes_whatever_has_a_part_in_it(run: Run) -> None:
    history: list[States] = [{DAYS[0]: frozenset({A}), DAYS[2]: frozenset({B}), DAYS[4]: frozenset()}]

    async def body(connection: asyncpg.Connection, layers: dict[str, StoredLayer]) -> None:
        layer_id = layers["events"].layer_id
        await write(connection, layer_id, history)
        async with open_revision(connection) as writer:
            assert await erase_period(writer, layer_id, DAYS[4], None) == Taken()
            assert await erase_period(writer, layer_id, DAYS[1], DAYS[2]) == Taken(1, layers={layer_id})
        assert await known_at(connection, layer_id, 1, "feature_version") == [
            DatedFeature(B, DAYS[2], DAYS[4])
        ]

    run(body)


def test_a_withdrawal_is_remembered_and_raises_the_edition_of_its_layers(run: Run) -> None:
    async def body(connection: asyncpg.Connection, layers: dict[str, StoredLayer]) -> None:
        layer_id = layers["control"].layer_id
        async with open_revision(connection) as writer:
            await record_withdrawal(writer, {layer_id}, {"ids": [1]}, "by mistake")
        row = await connection.fetchrow("SELECT * FROM withdrawal")
        assert dict(row) == {"revision": 1, "layer": layer_id, "what": {"ids": [1]}, "reason": "by mistake"}
        editions = {each.layer.name: each.edition for each in await load_layers(connection)}
        assert editions == {"control": 1, "arrows": 0, "events": 0}

    run(body)

"""Law: what two revisions hold differently is what their states do, instant by instant, and nothing else."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.histories import CONTENTS, DAYS, KM2, Run, States, histories, state_at, write
from tileserver.store.catalogue import StoredLayer
from tileserver.store.revision_log import Difference, RowCounts, differences, list_revisions, newest_revision

if TYPE_CHECKING:
    pass

pytestmark = pytest.mark.db

A, B = CONTENTS[:2]


def there(found: list[Difference], at: datetime, *, added: bool) -> list[float]:
    """Where the differences begin that there are at the instant *at*; it names the content."""
    return sorted(
        each.west
        for each in found
        if each.added == added and each.start <= at and (each.end is None or at < each.end)
    )


@settings(max_examples=50)
@given(history=histories, name=st.sampled_from(["control", "arrows"]), data=st.data())
def test_at_each_instant_the_differences_are_those_of_the_states(
    run: Run, history: list[States], name: str, data: st.DataObject
) -> None:
    old, new = (data.draw(st.integers(1, len(history))) for _ in range(2))

    async def body(connection: asyncpg.Connection, layers: dict[str, StoredLayer]) -> None:
        await write(connection, layers[name].layer_id, history)
        found = await differences(connection, layers[name], old, new)
        for at in DAYS:
            before, after = (state_at(history[number - 1], at) for number in (old, new))
            for added, states in ((False, before - after), (True, after - before)):
                assert there(found, at, added=added) == sorted(content[0] * 1000.0 for content in states)
        assert all(each.end is None or each.start < each.end for each in found)
        assert {each.start for each in found} <= set(DAYS)

    run(body)


def test_a_difference_says_its_status_its_km2_and_its_place(run: Run) -> None:
    history: list[States] = [{}, {DAYS[0]: frozenset({A}), DAYS[3]: frozenset()}]

    async def body(connection: asyncpg.Connection, layers: dict[str, StoredLayer]) -> None:
        for name in ("control", "arrows"):
            await write(connection, layers[name].layer_id, history)
        west = A[0] * 1000.0
        place = (west, 0.0, west + 1000, 1000.0)
        assert await differences(connection, layers["control"], 1, 2) == [
            Difference(True, DAYS[0], DAYS[3], "held", KM2[A], *place)
        ]
        assert await differences(connection, layers["arrows"], 4, 3) == [
            Difference(False, DAYS[0], DAYS[3], "", None, *place)
        ]
        assert await differences(connection, layers["arrows"], 1, 2) == []

    run(body)


def test_revisions_are_listed_newest_first_with_what_each_did_to_which_layer(run: Run) -> None:
    async def body(connection: asyncpg.Connection, layers: dict[str, StoredLayer]) -> None:
        assert await list_revisions(connection, list(layers.values())) == []
        assert await newest_revision(connection) == 0
        await write(
            connection, layers["control"].layer_id, [{DAYS[0]: frozenset({A, B})}, {DAYS[0]: frozenset({A})}]
        )
        await write(connection, layers["events"].layer_id, [{DAYS[0]: frozenset({A})}])
        found = await list_revisions(connection, list(layers.values()))
        assert [(each.revision, each.summary, each.layers) for each in found] == [
            (3, "drawn", {"toy.events": RowCounts(1, 0, 2, 0)}),
            (2, "drawn", {"toy.control": RowCounts(0, 1, 0, 2)}),
            (1, "drawn", {"toy.control": RowCounts(2, 0, 4, 0)}),
        ]
        assert [each.revision for each in await list_revisions(connection, [layers["events"]])] == [3]
        assert await newest_revision(connection) == 3

    run(body)

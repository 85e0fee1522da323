"""Law: a revision is all or nothing, numbered in commit order, and what it knew stays answerable for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import asyncpg
import pytest
import shapely

from tileserver.errors import StoreUnavailable
from tileserver.model import DatedFeature, LayerId
from tileserver.store.catalogue import add_theatre, load_changes, load_layers, load_periods
from tileserver.store.connect import connect, translated
from tileserver.store.revisions import FeatureRow, NothingChanged, SnapshotRow, open_revision
from tileserver.theatres import load_theatre
from tileserver.times import to_micros

if TYPE_CHECKING:
    from tests.conftest import Databases

pytestmark = pytest.mark.db

START = datetime(1943, 7, 5, tzinfo=UTC)  # before 1970, as every date may be
DAY = timedelta(days=1)
Body = Callable[[asyncpg.Connection, LayerId], Awaitable[None]]


def row(number: int, start: datetime = START, end: datetime | None = None) -> FeatureRow:
    square = shapely.set_srid(shapely.box(number, 0, number + 1, 1), 3857)
    wkb = shapely.to_wkb(square, include_srid=True, byte_order=1)
    return FeatureRow(number, bytes([number]) * 16, start, end, {"status": "occupied"}, wkb)


def with_layer(databases: Databases, dsn: str, body: Body) -> None:
    """Run *body* with a connection to a database that has the theatre, and the key of its first layer."""

    async def run(connection: asyncpg.Connection) -> None:
        await add_theatre(connection, load_theatre("ukraine"))
        await body(connection, (await load_layers(connection))[0].layer_id)

    databases.run(dsn, run)


async def _revisions(connection: asyncpg.Connection) -> list[int]:
    return [each["id"] for each in await connection.fetch("SELECT id FROM revision ORDER BY committed")]


async def _rows(
    connection: asyncpg.Connection, revision: int
) -> list[tuple[bytes, datetime, datetime | None]]:
    rows = await connection.fetch(
        "SELECT content, lower(valid) AS a, upper(valid) AS b FROM feature_version"
        " WHERE known @> $1::bigint ORDER BY 1, 2",
        revision,
    )
    return [(each["content"], each["a"], each["b"]) for each in rows]


def test_a_revision_becomes_visible_whole_at_its_commit(databases: Databases, database: str) -> None:
    async def body(connection: asyncpg.Connection, layer: LayerId) -> None:
        reader = await connect(database)
        async with open_revision(connection) as writer:
            await writer.add_features(layer, [row(1)])
            await writer.add_snapshots(layer, [SnapshotRow(START, b"x", "a file")])
            await writer.commit_revision("one", {})
            assert await reader.fetchval("SELECT count(*) FROM feature_version") == 0
            assert await reader.fetchval("SELECT count(*) FROM revision") == 0
        assert await reader.fetchval("SELECT count(*) FROM feature_version") == 1
        assert await _revisions(reader) == [1]
        await reader.close()

    with_layer(databases, database, body)


def test_revisions_are_numbered_in_the_order_in_which_they_commit(
    databases: Databases, database: str
) -> None:
    async def write(layer: LayerId, number: int) -> None:
        connection = await connect(database)
        try:
            async with open_revision(connection) as writer:
                await writer.add_features(layer, [row(number)])
                await asyncio.sleep(0.002 * (number % 3))
                await writer.commit_revision(str(number), {})
        finally:
            await connection.close()

    async def body(connection: asyncpg.Connection, layer: LayerId) -> None:
        seen: list[list[int]] = []
        writers = asyncio.gather(*(write(layer, number) for number in range(1, 13)))
        while not writers.done():
            seen.append([each["id"] for each in await connection.fetch("SELECT id FROM revision ORDER BY 1")])
            await asyncio.sleep(0.001)
        await writers
        assert all(ids == list(range(1, len(ids) + 1)) for ids in seen)  # never a number before a lower one
        assert await _revisions(connection) == list(range(1, 13))

    with_layer(databases, database, body)


def test_an_error_leaves_no_trace_and_its_number_to_the_next(databases: Databases, database: str) -> None:
    async def body(connection: asyncpg.Connection, layer: LayerId) -> None:
        async def break_midway() -> None:
            async with open_revision(connection) as writer:
                await writer.add_features(layer, [row(1)])
                await writer.quarantine(layer, [("null_geometry", "here", "raw\0text")])
                raise RuntimeError("midway")

        with pytest.raises(RuntimeError, match="midway"):
            await break_midway()
        for table in ("revision", "feature_version", "snapshot", "quarantine", "revision_layer"):
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0
        async with open_revision(connection) as writer:
            assert writer.revision == 1

    with_layer(databases, database, body)


def test_a_cancelled_writer_frees_the_lock_at_once(databases: Databases, database: str) -> None:
    async def body(connection: asyncpg.Connection, layer: LayerId) -> None:
        async def endless() -> None:
            async with open_revision(connection) as writer:
                await writer.add_features(layer, [row(1)])
                await asyncio.sleep(60)

        task = asyncio.create_task(endless())
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        other = await connect(database)
        async with asyncio.timeout(30), open_revision(other) as writer:
            assert writer.revision == 1
            assert await writer.current(layer) == set()
        await other.close()

    with_layer(databases, database, body)


def test_a_writer_whose_process_died_frees_the_lock(databases: Databases, database: str) -> None:
    async def body(connection: asyncpg.Connection, layer: LayerId) -> None:
        other = await connect(database)

        async def die_midway() -> None:
            with translated():
                async with open_revision(other) as writer:
                    await writer.add_features(layer, [row(1)])
                    await connection.execute("SELECT pg_terminate_backend($1)", other.get_server_pid())
                    await writer.add_features(layer, [row(2)])

        with pytest.raises(StoreUnavailable):
            await die_midway()
        other.terminate()  # its end may not have been heard yet
        async with asyncio.timeout(30), open_revision(connection) as writer:
            assert await writer.current(layer) == set()

    with_layer(databases, database, body)


def test_nothing_changed_leaves_no_revision(databases: Databases, database: str) -> None:
    async def body(connection: asyncpg.Connection, layer: LayerId) -> None:
        async with open_revision(connection) as writer:
            assert await writer.snapshots(layer) == {}
            raise NothingChanged
        assert await _revisions(connection) == []

    with_layer(databases, database, body)


def test_older_revisions_answer_exactly_what_they_did(databases: Databases, database: str) -> None:
    async def body(connection: asyncpg.Connection, layer: LayerId) -> None:
        answers = {}
        stored = (await load_layers(connection))[0]

        async def answer(revision: int) -> object:
            periods = await load_periods(connection, stored, revision)
            return (
                await _rows(connection, revision),
                await load_changes(connection, stored, revision),
                periods.starts.tolist(),
                periods.ends.tolist(),
            )

        steps: list[tuple[list[DatedFeature], list[FeatureRow]]] = [
            ([], [row(1), row(2, START, START + DAY)]),
            (
                [DatedFeature(bytes([1]) * 16, START, None)],
                [row(1, START, START + 2 * DAY), row(3, START + 2 * DAY)],
            ),
            ([DatedFeature(bytes([3]) * 16, START + 2 * DAY, None)], []),
        ]
        for number, (gone, new) in enumerate(steps, 1):
            async with open_revision(connection) as writer:
                await writer.close_features(layer, gone)
                await writer.add_features(layer, new)
                await writer.commit_revision("", {})
            answers[number] = await answer(number)
            assert {each: await answer(each) for each in answers} == answers
        assert len({str(each) for each in answers.values()}) == 3
        assert await _rows(connection, 3) == [
            (bytes([1]) * 16, START, START + 2 * DAY),
            (bytes([2]) * 16, START, START + DAY),
        ]
        assert (await load_periods(connection, stored, 3)).starts.tolist() == [to_micros(START)] * 2
        assert await _rows(connection, 0) == []

    with_layer(databases, database, body)


def test_closing_one_period_of_a_content_leaves_its_other_periods(
    databases: Databases, database: str
) -> None:
    async def body(connection: asyncpg.Connection, layer: LayerId) -> None:
        async with open_revision(connection) as writer:
            await writer.add_features(layer, [row(1, START, START + DAY), row(1, START + 2 * DAY)])
            await writer.commit_revision("", {})
        async with open_revision(connection) as writer:
            await writer.close_features(layer, [DatedFeature(bytes([1]) * 16, START, START + DAY)])
            await writer.commit_revision("", {})
        assert await _rows(connection, 2) == [(bytes([1]) * 16, START + 2 * DAY, None)]

    with_layer(databases, database, body)


def test_one_instant_has_one_snapshot_at_a_time(databases: Databases, database: str) -> None:
    async def body(connection: asyncpg.Connection, layer: LayerId) -> None:
        for content in (b"first", b"corrected"):
            async with open_revision(connection) as writer:
                await writer.add_snapshots(layer, [SnapshotRow(START, content, "a file")])
                await writer.commit_revision("", {})
                assert await writer.snapshots(layer) == {START: content}
        rows = await connection.fetch("SELECT content, known FROM snapshot ORDER BY known")
        assert [(each["content"], each["known"].lower, each["known"].upper) for each in rows] == [
            (b"first", 1, 2),
            (b"corrected", 2, None),
        ]

    with_layer(databases, database, body)


def test_only_the_layers_that_were_written_to_have_the_revision(databases: Databases, database: str) -> None:
    async def body(connection: asyncpg.Connection, layer: LayerId) -> None:
        async with open_revision(connection) as writer:
            await writer.add_features(layer, [row(1)])
            await writer.commit_revision("", {})
        stored = await load_layers(connection)
        assert {each.layer_id: each.revisions for each in stored} == {
            each.layer_id: (1,) if each.layer_id == layer else () for each in stored
        }

    with_layer(databases, database, body)

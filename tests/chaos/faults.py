"""The faults: what is done to a theatre, to the tasks behind it and to the database, and how it is mended."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.chaos.world import World, is_well, watching
from tileserver.embedded.processes import processes_in
from tileserver.store.connect import connect
from tileserver.tiles import index

_OWN = "layer = (SELECT id FROM layer WHERE theatre = 'toy' AND name = 'control')"
_LISTENER = "pg_stat_activity WHERE application_name = 'tileserver-listen' AND datname = current_database()"
_READERS = "pg_stat_activity WHERE application_name = 'tileserver' AND datname = current_database()"
_SETTLED_S = 1.2
_LOOKED_AT_S = 2.5  # how long a fault lasts that does not pass by itself

Step = Callable[[World], Awaitable[None]]


async def _nothing(world: World) -> None:
    """Nothing has to be mended."""


@dataclass(frozen=True)
class Fault:
    """What is done, and what mends it; *passes* by itself, or stays until it is mended."""

    name: str
    inject: Step
    mend: Step = _nothing
    passes: bool = False
    kills: bool = False  # the whole database: only where it is one's own
    closes: bool = False  # everything, on purpose


@dataclass(frozen=True)
class Outcome:
    """What became of a fault: what ``/readyz`` said, the seconds to recovery, what was answered meanwhile."""

    fault: Fault
    said: list[str]
    seconds: float
    calm: list[int]
    harmed: list[int]


async def suffer(world: World, fault: Fault) -> Outcome:
    """Let *world* suffer *fault*, and wait until it is well again."""
    async with watching(world) as watch:
        await asyncio.sleep(0.2)
        begun = time.monotonic()
        await fault.inject(world)
        if not fault.passes:
            await asyncio.sleep(_LOOKED_AT_S)
            begun = time.monotonic()
        for undo in reversed(world.undo):
            undo()
        world.undo.clear()
        await fault.mend(world)
        seconds = await _settled(world) - begun
    return Outcome(
        fault, [each for each in watch.said if each != "200 ok"], seconds, watch.calm, watch.harmed
    )


async def _settled(world: World) -> float:
    """Wait until *world* has been well for a while, and return since when."""
    since = time.monotonic()
    async with asyncio.timeout(30):
        while time.monotonic() - since < _SETTLED_S:
            await asyncio.sleep(0.05)
            if not await is_well(world):
                since = time.monotonic()
    return since


def _sql(statement: str) -> Step:
    async def run(world: World) -> None:
        await world.execute(statement)

    return run


def _raising(error: BaseException) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


async def _hearing_fails(world: World) -> None:
    world.replace(world.app.state.follower, "_hear_time", _raising(KeyError("unforeseen")))


async def _refresh_fails(world: World) -> None:
    async def fail() -> None:
        raise ValueError("unforeseen")

    world.replace(world.app.state.current, "refresh", fail)
    await world.execute("UPDATE theatre SET added = now() WHERE id = 'toy'")


async def _refresh_hangs(world: World) -> None:
    current, over = world.app.state.current, asyncio.Event()
    refresh = current.refresh

    async def hang() -> None:
        await over.wait()
        await refresh()

    world.replace(current, "refresh", hang)
    world.undo.append(over.set)
    await world.execute("UPDATE theatre SET added = now() WHERE id = 'toy'")


async def _any_await_fails(world: World) -> None:
    background, chance = world.app.state.current.background, random.Random(8)
    acquire = type(background).acquire

    @asynccontextmanager
    async def uncertain() -> AsyncIterator[Any]:
        if chance.random() < 0.5:
            raise RuntimeError("unforeseen")
        async with acquire(background) as connection:
            if chance.random() < 0.5:
                raise KeyError("unforeseen")
            yield connection

    world.replace(
        type(background), "acquire", lambda self: uncertain() if self is background else acquire(self)
    )
    await world.execute("UPDATE theatre SET added = now() WHERE id = 'toy'")


async def _planning_fails(world: World) -> None:
    async def fail() -> None:
        raise MemoryError

    world.replace(world.app.state.follower._history, "warm", fail)
    world.app.state.follower._unplanned.set()


async def _index_fails(world: World) -> None:
    world.replace(index, "_widest", _raising(IndexError("unforeseen")))
    await world.execute(_ANEW)


async def _task_is_cancelled(world: World) -> None:
    for task in asyncio.all_tasks():
        if "Follower.listen" in repr(task.get_coro()):
            task.cancel()


async def _readers_take_all(world: World) -> None:
    pool = world.app.state.current.pool
    held = [pool.acquire() for _ in range(pool.size)]
    for each in held:
        await each.__aenter__()
    await asyncio.sleep(_LOOKED_AT_S)
    for each in held:
        await each.__aexit__(None, None, None)


async def _loop_is_blocked(world: World) -> None:
    time.sleep(2.5)  # noqa: ASYNC251


async def _announcements_pour(world: World) -> None:
    await world.execute("SELECT pg_notify('tileserver_revision', n::text) FROM generate_series(1, 5000) AS n")


async def _table_is_locked(world: World) -> None:
    await world.execute(
        f"LOCK TABLE revision_layer IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep({_LOOKED_AT_S})"
    )


async def _stop(world: World) -> None:
    assert world.cluster is not None
    world.cluster.stop()


async def _start(world: World) -> None:
    assert world.cluster is not None
    await asyncio.to_thread(world.cluster.start)


async def _kill_postmaster(world: World) -> None:
    assert world.cluster is not None
    postmaster = world.cluster.status().pid
    assert postmaster is not None
    os.kill(postmaster, signal.SIGKILL)


async def _revive(world: World) -> None:
    assert world.cluster is not None
    await asyncio.to_thread(world.cluster.revive)


async def _kill_backend(world: World) -> None:
    connection = await connect(world.dsn)
    backend = await connection.fetchval(f"SELECT pid FROM {_LISTENER}")
    connection.terminate()
    os.kill(backend, signal.SIGKILL)


def _signal_all(number: int) -> Step:
    async def run(world: World) -> None:
        assert world.cluster is not None
        for pid in processes_in(world.cluster.pgdata):
            os.kill(pid, number)

    return run


async def _set_forward(world: World) -> None:
    world.machine.forward = timedelta(days=3)


async def _set_right(world: World) -> None:
    world.machine.forward = timedelta()


_GOOD_PERIOD = "tstzrange('2024-01-01 00:00+00', NULL)"
_ANEW = "UPDATE layer SET edition = edition + 1 WHERE theatre = 'toy' AND name = 'control'"


def _period(period: str) -> Step:
    return _sql(f"UPDATE feature_version SET valid = {period} WHERE {_OWN}; {_ANEW}")


FAULTS = (
    Fault("an exception where revisions are heard", _hearing_fails),
    Fault("the listening task is cancelled", _task_is_cancelled, passes=True),
    Fault(
        "the listener's backend is terminated",
        _sql(f"SELECT pg_terminate_backend(pid) FROM {_LISTENER}"),
        passes=True,
    ),
    Fault(
        "every reader's backend is terminated",
        _sql(f"SELECT pg_terminate_backend(pid) FROM {_READERS} AND pid <> pg_backend_pid()"),
        passes=True,
    ),
    Fault("5,000 announcements at once", _announcements_pour, passes=True),
    Fault("reading the catalogue fails", _refresh_fails),
    Fault("reading the catalogue hangs", _refresh_hangs),
    Fault("an exception at any await of it", _any_await_fails),
    Fault("planning history fails", _planning_fails),
    Fault("building an index fails", _index_fails, _sql(_ANEW)),
    Fault(
        "a row that begins at minus infinity", _period("tstzrange('-infinity', NULL)"), _period(_GOOD_PERIOD)
    ),
    Fault(
        "a row of before Christ", _period("tstzrange('0044-03-15 00:00+00 BC', NULL)"), _period(_GOOD_PERIOD)
    ),
    Fault(
        "a row without geometry",
        _sql(
            f"CREATE TABLE kept AS SELECT geom FROM feature_version WHERE {_OWN}; UPDATE feature_version SET"
            f" geom = ST_SetSRID('POLYGON EMPTY'::geometry, 3857) WHERE {_OWN}; {_ANEW}"
        ),
        _sql(
            f"UPDATE feature_version SET geom = (SELECT geom FROM kept) WHERE {_OWN};"
            f" DROP TABLE kept; {_ANEW}"
        ),
    ),
    Fault(
        "a broken definition",
        _sql("""UPDATE theatre SET definition = definition || '{"embargo": "soon"}' WHERE id = 'toy'"""),
        _sql("""UPDATE theatre SET definition = definition || '{"embargo": "0s"}' WHERE id = 'toy'"""),
    ),
    Fault("readers hold every connection", _readers_take_all, passes=True),
    Fault("a table is locked", _table_is_locked, passes=True),
    Fault(
        "a migration of a newer version",
        _sql(
            "INSERT INTO migration VALUES (9999, 'newer'); UPDATE theatre SET added = now() WHERE id = 'toy'"
        ),
        _sql("DELETE FROM migration WHERE number = 9999"),
    ),
    Fault(
        "a table that is not there",
        _sql("ALTER TABLE revision_layer RENAME TO elsewhere"),
        _sql("ALTER TABLE elsewhere RENAME TO revision_layer"),
        closes=True,
    ),
    Fault("the event loop is blocked", _loop_is_blocked, passes=True),
    Fault("the clock is set three days forward", _set_forward, _set_right),
    Fault("a backend is killed -9", _kill_backend, passes=True, kills=True),
    Fault("the database is stopped", _stop, _start, kills=True),
    Fault("the database falls silent", _signal_all(signal.SIGSTOP), _signal_all(signal.SIGCONT), kills=True),
    Fault("the postmaster is killed -9", _kill_postmaster, _revive, kills=True),
)

"""News of revisions: a connection that listens, and asks twice a second for news that were missed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

import asyncpg

from tileserver.errors import SchemaMismatch, StoreUnavailable
from tileserver.store.connect import translated
from tileserver.store.followers import LISTENER, say_obeyed
from tileserver.store.marker import Marker, load_marker
from tileserver.store.servers import is_pooled

BEAT_S = 0.5
PATIENCE_S = 0.8  # for one answer: with the beat less than the two seconds in which a withdrawal is obeyed
CONNECT_S = 1.4

_STATE = "SELECT clock_timestamp(), pg_is_in_recovery(), (SELECT generation FROM api_key_state)"
_NEWEST = "SELECT coalesce(max(id), 0) FROM revision"


class Beat(NamedTuple):
    """The database's marker, clock and generation of keys at one instant."""

    marker: Marker
    time: datetime  # by its clock
    is_standby: bool = False
    keys: int = 0  # rises with each key that is added or revoked
    revision: int = 0  # newest of all when, or before, the marker was read


async def follow(
    dsn: str,
    hear: Callable[[Beat], None],
    *,
    obeyed: Callable[[], int] | None = None,
    beat_s: float = BEAT_S,
) -> None:
    """Call *hear* at once, after each announcement, and every *beat_s* seconds; until the line is lost.

    *obeyed* is asked as often, and names the revision that is served: the line's own name says so to
    `store.followers`, unless a pooler is between, to which the line is not ours alone.

    An announcement is not repeated by PostgreSQL, nor does one reach us through a pooler or from a standby,
    so it only makes us ask sooner. The line is our own: readers who wait for the pool do not delay it. One
    that does not answer within `PATIENCE_S` is lost.

    Raises
    ------
    StoreUnavailable
        The line was lost, or could not be had.
    SchemaMismatch
        The database was never migrated.
    """
    news = asyncio.Event()
    with translated():
        connection = await asyncpg.connect(
            dsn,
            timeout=CONNECT_S,
            statement_cache_size=0,  # a pooler would not know them again
            server_settings={"application_name": LISTENER},
        )
        try:
            connection.add_termination_listener(lambda *_: news.set())
            async with asyncio.timeout(PATIENCE_S):
                if await is_pooled(connection):
                    obeyed = None
                else:
                    with suppress(asyncpg.ReadOnlySQLTransactionError):  # a standby
                        await connection.add_listener("tileserver_revision", lambda *_: news.set())
            await _hear(connection, hear, news, obeyed, beat_s)
        finally:
            connection.terminate()  # a farewell could hang on a dead line, and hide that we were cancelled
    raise StoreUnavailable("the listening connection was lost")


async def _hear(
    connection: asyncpg.Connection,
    hear: Callable[[Beat], None],
    news: asyncio.Event,
    obeyed: Callable[[], int] | None,
    beat_s: float,
) -> None:
    """Hear, and say which revision is obeyed, until *connection* is closed."""
    told = -1
    while not connection.is_closed():
        news.clear()
        async with asyncio.timeout(PATIENCE_S):
            hear(await _beat(connection))
            if obeyed is not None and told != (now := obeyed()):
                told = now
                await say_obeyed(connection, now)
        await _heard(news, beat_s)


async def _beat(connection: asyncpg.Connection) -> Beat:
    try:
        revision = await connection.fetchval(_NEWEST)  # before the marker, so that it says no more than that
        marker = await load_marker(connection)
        time, is_standby, keys = await connection.fetchrow(_STATE)
        return Beat(marker, time, is_standby, keys, revision)
    except asyncpg.UndefinedTableError as error:
        raise SchemaMismatch("the database is older than this program; run: tileserver migrate") from error


async def _heard(news: asyncio.Event, within_s: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await news.wait()

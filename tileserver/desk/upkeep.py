"""A database brought up to date for a server: at once where that is quick, else while readers are served."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from threading import Event, Thread
from typing import TypeAlias

import structlog

from tileserver.desk.job import Progress
from tileserver.desk.redraw_all import rebuild_stale
from tileserver.errors import BadAddress, SchemaMismatch, StoreUnavailable, TileserverError, Unavailable
from tileserver.store.connect import Connection, connect
from tileserver.store.migrations import check_schema, may_write, migrate

log = structlog.get_logger()

_RETRY_S = 2.0
_PREPARING_S = 5.0  # then readers are answered, whatever is still to be done

Fill: TypeAlias = Callable[[Connection, Progress], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Upkeep:
    """The database at *dsn*, a way of showing long work, and the filling of an empty database, if any."""

    dsn: str
    showing: Callable[[], AbstractContextManager[Progress]]
    fill: Fill | None = None


@contextmanager
def up_to_date(upkeep: Upkeep) -> Iterator[None]:
    """Bring a database up to date on entry; after `_PREPARING_S` seconds, or with none, go on in a thread.

    An older archive is drawn anew for minutes: until that is done it is served as it was drawn. A database
    that is away is tried again until the exit.

    Raises
    ------
    BadAddress
        The setting is no address of a database, so waiting would not help.
    TileserverError
        The work failed at once, and not because the database is away.
    """
    leaving, current = Event(), Event()
    first: Future[None] = Future()
    Thread(target=_work, args=(upkeep, first, current, leaving), name="preparing", daemon=True).start()
    try:
        if current.wait(_PREPARING_S):
            _obey(first)  # samples fill an empty database, of which there is nothing else to serve
        else:
            log.warning("serving while the database is brought up to date")
            first.add_done_callback(lambda done: _tell(done.exception()))
        yield
    finally:
        leaving.set()


def _work(upkeep: Upkeep, first: Future[None], current: Event, leaving: Event) -> None:
    """Settle *first* by the first attempt; where that fails, try again until *leaving* is set."""
    try:
        first.set_result(asyncio.run(bring_up_to_date(upkeep, current)))
        return
    except Exception as error:  # whoever waits for it is told
        first.set_exception(error)
    finally:
        current.set()
    while not leaving.wait(_RETRY_S):
        try:
            asyncio.run(bring_up_to_date(upkeep, current))
            return
        except StoreUnavailable:
            continue
        except Exception as error:  # the thread has nobody to raise it to
            _tell(error)


def _obey(first: Future[None]) -> None:
    try:
        first.result()
    except BadAddress:
        raise
    except StoreUnavailable as error:
        log.error("serving without the database until it answers", error=str(error))


def _tell(error: BaseException | None) -> None:
    if error is not None:
        known = isinstance(error, TileserverError)
        log.error(
            "database not prepared", error=str(error) if known else "", exc_info=None if known else error
        )


async def bring_up_to_date(upkeep: Upkeep, current: Event) -> None:
    """Migrate, draw stale faces anew, set *current*, and fill an empty database.

    Nothing is written, and *current* is set at once, where the role may only read.
    """
    connection = await connect(upkeep.dsn)
    try:
        if not await _is_current(connection):
            await migrate(connection)
        if await may_write(connection):
            await _redraw(connection, upkeep)
            current.set()
            if upkeep.fill is not None:
                with upkeep.showing() as progress:
                    await upkeep.fill(connection, progress)
        current.set()
    finally:
        await connection.close(timeout=10)


async def _is_current(connection: Connection) -> bool:
    """Whether nothing is to be migrated: a standby and a role that only reads are never asked to."""
    try:
        await check_schema(connection)
    except SchemaMismatch:
        return False
    return True


async def _redraw(connection: Connection, upkeep: Upkeep) -> None:
    """Draw stale faces anew; a layer that cannot be drawn stays as before, or is named as unreadable."""
    try:
        with upkeep.showing() as progress:
            await rebuild_stale(connection, progress)
    except Unavailable:
        raise
    except Exception as error:
        log.error("faces not drawn anew", exc_info=error)

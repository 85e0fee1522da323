"""Connections to the database: opening, waiting, and failures as errors of the tileserver."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import asyncpg
import msgspec

from tileserver.errors import (
    BadAddress,
    LayerUnavailable,
    StoreBusy,
    StoreFull,
    StoreUnavailable,
    TileserverError,
)
from tileserver.origin import came_from
from tileserver.store.servers import Floor, ReaderConnection, holds, is_pooled, note_kind
from tileserver.store.unreachable import FULL, address_trouble, is_full, refusal

# What a lost, refusing, restarting, overloaded or missing database raises; everything else is our bug.
_AWAY = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that was ended from the other side while we began to use it
)


Connection: TypeAlias = asyncpg.Connection

_JSONB_VERSION = b"\x01"
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
_PATIENCE_S = 10
_STATEMENTS = 100  # that a connection keeps prepared
_QUEUE = 256  # requests that may wait for each connection
_LAG_S = 0.05  # between two looks at a server that lags


async def prepare_connection(connection: asyncpg.Connection) -> None:
    """Teach *connection* to pass geometries as EWKB bytes and jsonb as plain values."""
    if await connection.fetchval("SELECT to_regtype('geometry')") is not None:
        schema = await connection.fetchval(
            "SELECT n.nspname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace"
            " WHERE t.typname = 'geometry'"
        )
        await connection.set_type_codec(
            "geometry", schema=schema, encoder=bytes, decoder=bytes, format="binary"
        )
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=_to_jsonb,
        decoder=lambda data: msgspec.json.decode(data[1:]),
        format="binary",  # the only form that COPY takes
    )


def _to_jsonb(value: Any) -> bytes:
    text = msgspec.json.encode(value)
    if b"\\u0000" in text:  # jsonb has no NUL; a file of a stranger may. An escaped backslash is none.
        text = _NUL.sub(rb"\1", text)
    return _JSONB_VERSION + text


async def connect(dsn: str) -> asyncpg.Connection:
    """Open one connection for a command.

    Where there is no database `StoreUnavailable` says which and why, for the operator and without the
    password; it is no message for readers.
    """
    try:
        connection = await _line(dsn)
        if await is_pooled(connection):  # which forgets, or mixes up, what a session has prepared
            await connection.close()
            connection = await _line(dsn, statement_cache_size=0)
    except TimeoutError as error:
        raise StoreUnavailable(refusal(dsn, TimeoutError(f"no answer within {_PATIENCE_S} s"))) from error
    except (ValueError, *_AWAY, asyncpg.InternalServerError) as error:
        if trouble := address_trouble(dsn, error):
            raise BadAddress(trouble) from error
        raise (StoreFull if is_full(error) else StoreUnavailable)(refusal(dsn, error)) from error
    with translated():
        await prepare_connection(connection)
    return connection


async def _line(dsn: str, **more: int) -> asyncpg.Connection:
    named = {"application_name": "tileserver"}
    return await asyncpg.connect(dsn, timeout=_PATIENCE_S, server_settings=named, **more)


def reason_of(error: Exception) -> str:
    """Return why something could not be read, in words for anybody: no SQL, no values, no paths."""
    if isinstance(error, asyncpg.PostgresError):
        return f"the database cannot read what is stored (SQLSTATE {error.sqlstate})"
    if isinstance(error, TileserverError | msgspec.ValidationError):
        return str(error)
    return f"what is stored has a value that cannot be read ({type(error).__name__})"


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Turn errors of the database over the rows of *what* into `LayerUnavailable`."""
    try:
        yield
    except (asyncpg.DataError, asyncpg.InternalServerError) as error:
        raise LayerUnavailable(f"{what} cannot be drawn here: {reason_of(error)}") from error


class translated:
    """A database that is away becomes `StoreUnavailable`, a slow one `StoreBusy`, a full one `StoreFull`."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if is_full(error):
            raise StoreFull(FULL) from error
        if isinstance(error, asyncpg.QueryCanceledError):
            raise StoreBusy("the database took too long to answer; try again") from error
        if isinstance(
            error, asyncpg.SerializationError
        ):  # a standby that replays what a reader is in the way of
            raise StoreBusy("the database could not answer just now; try again") from error
        if isinstance(error, (*_AWAY, TimeoutError)):
            raise StoreUnavailable("the database does not answer; try again in a moment") from error


async def _begin_session(connection: asyncpg.Connection) -> None:
    await prepare_connection(connection)
    await note_kind(connection)


async def _keep_session(_connection: asyncpg.Connection) -> None:
    """Do nothing to a returned connection: asyncpg has ended its transaction, and readers set nothing else.

    To reset it all the same would cost each tile one more journey to the database.
    """


@dataclass(slots=True)
class Pool:
    """Pool of connections for readers: a bounded number, a bounded wait, and a bounded queue.

    It goes to PostgreSQL, to a standby, or through a pooler such as PgBouncer, which may give each
    transaction another session: then all of a borrowing is one transaction, with the settings of its own.
    From a standby that does not hold what *floor* asks for nothing is read.
    """

    dsn: str
    size: int
    wait_s: float
    statement_timeout_s: float
    floor: Floor | None = None  # of the catalogue; rows of a server that lags behind it would be wrong
    on_query: Callable[[Any], None] | None = None  # is told of each statement that has ended
    waiting: int = 0  # of those who would borrow a connection
    lent: int = 0
    _pool: asyncpg.Pool | None = None
    _is_pooled: bool = False
    _opening: asyncio.Lock | None = None

    async def _open(self) -> asyncpg.Pool:
        if self._opening is None:
            self._opening = asyncio.Lock()
        async with self._opening:
            if self._pool is None:
                self._is_pooled = await self._leads_to_pooler()
                direct = {} if self._is_pooled else self._settings()
                self._pool = await asyncpg.create_pool(
                    self.dsn,
                    min_size=0,  # a server starts, and stays, without its database
                    max_size=self.size,
                    timeout=self.wait_s,
                    # For a database that went silent; one that answers ends a slow query itself, before.
                    command_timeout=self.statement_timeout_s + self.wait_s,
                    init=self._begin,
                    reset=_keep_session,
                    connection_class=ReaderConnection,
                    statement_cache_size=0 if self._is_pooled else _STATEMENTS,
                    server_settings={"application_name": "tileserver", **direct},
                )
        return self._pool

    async def _leads_to_pooler(self) -> bool:
        probe = await asyncpg.connect(self.dsn, timeout=self.wait_s)
        try:
            return await is_pooled(probe)
        finally:
            probe.terminate()

    async def _begin(self, connection: asyncpg.Connection) -> None:
        await _begin_session(connection)
        if self.on_query is not None:
            connection.add_query_logger(self.on_query)

    def _settings(self) -> dict[str, str]:
        return {
            "statement_timeout": str(int(self.statement_timeout_s * 1000)),
            "jit": "off",
            "max_parallel_workers_per_gather": "0",  # the order of rows is the order of bytes
            "default_transaction_read_only": "on",
        }

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[asyncpg.Connection]:
        """Lend a connection, or raise `StoreBusy` after ``wait_s`` seconds, or at once in a long queue.

        Cancelling the borrower cancels its query in PostgreSQL before the connection goes back.
        """
        with translated():
            came_from("postgis")
            pool = self._pool or await self._open()
            connection = await self._borrow(pool)
            self.lent += 1
            try:
                if self._is_pooled or connection.is_standby:
                    async with self._prepared(connection):
                        yield connection
                else:
                    yield connection
            finally:
                self.lent -= 1
                await pool.release(connection)

    async def _borrow(self, pool: asyncpg.Pool) -> asyncpg.Connection:
        if self.waiting >= _QUEUE * self.size:
            raise StoreBusy(f"{self.waiting} requests wait for the database already; try again in a moment")
        self.waiting += 1
        try:
            async with asyncio.timeout(self.wait_s):
                return await pool.acquire()
        except TimeoutError as error:
            raise StoreBusy(f"no database connection became free within {self.wait_s:g} s") from error
        finally:
            self.waiting -= 1

    @asynccontextmanager
    async def _prepared(self, connection: asyncpg.Connection) -> AsyncIterator[None]:
        """Begin a transaction where *connection* is pooled, on a server that has come as far as the floor."""
        deadline = asyncio.get_running_loop().time() + self.wait_s
        while True:
            async with self._transaction(connection):
                if self.floor is None or await holds(connection, self.floor):
                    yield
                    return
            if asyncio.get_running_loop().time() > deadline:
                raise StoreBusy("the database server that is read from lags behind; try again in a moment")
            await asyncio.sleep(_LAG_S)

    @asynccontextmanager
    async def _transaction(self, connection: asyncpg.Connection) -> AsyncIterator[None]:
        if not self._is_pooled:
            yield
            return
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            local = (f"SET LOCAL {name} = {value}" for name, value in self._settings().items())
            await connection.execute(";".join(local))
            yield

    async def close(self) -> None:
        """Close every connection; connections in use get five seconds."""
        if self._pool is not None:
            try:
                await asyncio.wait_for(self._pool.close(), 5)
            except TimeoutError:
                self._pool.terminate()
            self._pool = None

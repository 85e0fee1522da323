"""``tileserver serve``."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext
from threading import Event, Thread
from typing import Annotated

import structlog
import typer
import uvicorn
from uvicorn.supervisors import Multiprocess

from tileserver.cli.session import database, err, progress_bar
from tileserver.config import Settings, read_settings
from tileserver.desk.redraw_all import rebuild_stale
from tileserver.embedded.cluster import Cluster
from tileserver.embedded.keeper import keeping
from tileserver.errors import (
    BadAddress,
    BadParameter,
    SchemaMismatch,
    StoreUnavailable,
    TileserverError,
    Unavailable,
)
from tileserver.samples.load import load_samples_if_empty
from tileserver.store.connect import Connection, connect
from tileserver.store.migrations import check_schema, may_write, migrate
from tileserver.web.logs import configure_logs

log = structlog.get_logger()

_RETRY_S = 2.0
_PREPARING_S = 5.0  # then readers are answered, whatever is still to be done


def serve(
    sample: Annotated[
        bool, typer.Option("--sample", help="Load the sample data into an empty database first.")
    ] = False,
) -> None:
    """Serve the map and the tiles: starts the embedded PostGIS if need be, migrates, listens.

    A database that is away is waited for: meanwhile the answer is 503. One that takes long to bring up to
    date is served as it was until then. The embedded one is started again when it ends. Settings come from
    the environment: HOST, PORT, DATABASE_URL and others; the README has the table.
    """
    settings = read_settings()
    configure_logs(settings.log)
    with listening(settings) as door, database(settings, creates=True) as dsn:
        keeper = nullcontext() if settings.database_url else keeping(Cluster.at(settings.data_dir))
        with keeper, _prepared(dsn, sample=sample):
            # Server processes read their settings from the environment; the database is part of them.
            os.environ["DATABASE_URL"] = dsn
            host = f"[{settings.host}]" if ":" in settings.host else settings.host
            port = door.getsockname()[1]
            err.print(f"serving at [bold]http://{host}:{port}[/bold]; stop with Ctrl-C", highlight=False)
            _run(settings, door)


@contextmanager
def listening(settings: Settings) -> Iterator[socket.socket]:
    """Lend the socket that the server will listen on; ``::`` is every address, of IPv4 too.

    Raises
    ------
    BadParameter
        Something else listens there, or the address is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            door.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(settings.host != "::"))
        try:
            door.bind((settings.host, settings.port))
        except OSError as error:
            raise BadParameter(
                f"cannot listen on port {settings.port} of {settings.host}: {error.strerror or error};"
                " set HOST and PORT to others, or stop what listens there"
            ) from error
        yield door


def _run(settings: Settings, door: socket.socket) -> None:
    config = uvicorn.Config(
        "tileserver.web.app:app_from_environment",
        factory=True,
        workers=settings.workers,
        log_config=None,
        server_header=False,
        ws="none",  # there are no web sockets here, so a wish for one is passed over (RFC 9110 7.8)
        proxy_headers=False,  # behind a proxy TILESERVER_PUBLIC_URL says what readers see
        date_header=True,
        timeout_graceful_shutdown=10,
    )
    if settings.workers > 1:
        Multiprocess(config, sockets=[door]).run()
        return
    server = uvicorn.Server(config)
    try:
        server.run(sockets=[door])
    except KeyboardInterrupt:  # which it has obeyed
        return
    if not server.started:
        sys.exit(3)


@contextmanager
def _prepared(dsn: str, *, sample: bool) -> Iterator[None]:
    """Bring the database up to date; where that takes long, or the database is away, serve meanwhile.

    An older archive is drawn anew for minutes: until that is done it is served as it was drawn.
    """
    leaving, current = Event(), Event()
    first: Future[None] = Future()

    def work() -> None:
        try:
            first.set_result(asyncio.run(_prepare(dsn, current, sample=sample)))
            return
        except Exception as error:  # whoever waits for it is told
            first.set_exception(error)
        finally:
            current.set()
        while not leaving.wait(_RETRY_S):
            try:
                asyncio.run(_prepare(dsn, current, sample=sample))
                return
            except StoreUnavailable:
                continue
            except Exception as error:  # the thread has nobody to raise it to
                _tell(error)

    Thread(target=work, name="preparing", daemon=True).start()
    try:
        if current.wait(_PREPARING_S):
            _obey(first)  # samples fill an empty database, of which there is nothing else to serve
        else:
            log.warning("serving while the database is brought up to date")
            first.add_done_callback(lambda done: _tell(done.exception()))
        yield
    finally:
        leaving.set()


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


async def _prepare(dsn: str, current: Event, *, sample: bool) -> None:
    """Migrate, draw anew what is stale, set *current*, and load samples into an empty database."""
    connection = await connect(dsn)
    try:
        if not await _is_current(connection):
            await migrate(connection)
        if await may_write(connection):
            await _redraw(connection)
            current.set()
            if sample:
                with progress_bar() as progress:
                    await load_samples_if_empty(connection, progress)
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


async def _redraw(connection: Connection) -> None:
    """Draw anew what is stale; what cannot be is served as it was drawn, or named as unreadable."""
    try:
        with progress_bar() as progress:
            await rebuild_stale(connection, progress)
    except Unavailable:
        raise
    except Exception as error:
        log.error("faces not drawn anew", exc_info=error)

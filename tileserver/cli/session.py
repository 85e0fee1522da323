"""Shared by all commands: settings, the database to run on, and the printing of results."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tileserver.clock import GuardedClock
from tileserver.config import SETTINGS, Settings, read_settings
from tileserver.embedded.cluster import Cluster
from tileserver.embedded.neighbours import running_data_dirs
from tileserver.errors import ClusterUnavailable
from tileserver.setting_values import misspelt
from tileserver.store.connect import Connection, Pool, connect
from tileserver.store.instance import database_time
from tileserver.store.unreachable import told_when_full
from tileserver.tiles.current import Current
from tileserver.tiles.service import TileService
from tileserver.times import Clock

Json = Annotated[bool, typer.Option("--json", help="Print JSON for a machine instead of a table.")]

out = Console()
err = Console(stderr=True)

# Set by `main` alone: whoever types a command cannot, so the embargo holds in what is printed.
clock: ContextVar[Clock] = ContextVar("clock")

Result = TypeVar("Result")


@contextmanager
def database(settings: Settings, *, creates: bool = False) -> Iterator[str]:
    """Lend the address of the database: `DATABASE_URL`, or the embedded cluster, running meanwhile.

    A command that *creates* makes a cluster where there is none, and says so; any other is told where there
    is one.
    """
    if settings.database_url:
        yield settings.database_url
        return
    if not has_data(settings):
        if not creates:
            raise ClusterUnavailable(f"there is no data in {settings.data_dir.resolve()}; {elsewhere()}")
        err.print(f"making a new database in {settings.data_dir.resolve()}", highlight=False, soft_wrap=True)
        if running := _running():
            err.print(f"note: {running}", highlight=False, soft_wrap=True)
    with Cluster.at(settings.data_dir).running() as dsn:
        yield dsn


def has_data(settings: Settings) -> bool:
    """Whether there is a database, or at least an address."""
    return bool(settings.database_url) or Cluster.at(settings.data_dir).status().state != "absent"


def elsewhere() -> str:
    """Return how to begin where there is no data, and the data folders of clusters running here."""
    begin = "begin with tileserver serve --sample or tileserver theatre add, or set TILESERVER_DATA_DIR"
    running = _running()
    return begin + (f" ({running})" if running else "")


def _running() -> str:
    folders = ", ".join(f"TILESERVER_DATA_DIR={folder}" for folder in running_data_dirs())
    return f"on this machine runs {folders}" if folders else ""


@asynccontextmanager
async def _connection(dsn: str) -> AsyncIterator[Connection]:
    connection = await connect(dsn)
    try:
        with told_when_full():
            yield connection
    finally:
        await connection.close(timeout=10)


def with_connection(
    work: Callable[[Connection], Coroutine[Any, Any, Result]], *, creates: bool = False
) -> Result:
    """Run *work* on one connection to the database that the environment names; `database` has *creates*."""

    async def run(dsn: str) -> Result:
        async with _connection(dsn) as connection:
            return await work(connection)

    with database(read_settings(), creates=creates) as dsn:
        return asyncio.run(run(dsn))


def with_service(work: Callable[[TileService], Awaitable[Result]], *, connections: int = 1) -> Result:
    """Run *work* on a service such as readers have, and so under the embargo."""
    settings = read_settings()

    async def run(dsn: str) -> Result:
        # Says which database is away and why, as a pool for readers may not.
        async with _connection(dsn) as connection:
            await _ask_time(connection)
        pool = Pool(dsn, connections, settings.pool_wait, 600)
        try:
            return await work(TileService(Current(pool, clock.get()), 1024 * 1024))
        finally:
            await pool.close()

    with database(settings) as dsn:
        return asyncio.run(run(dsn))


async def moment_of(dsn: str) -> datetime:
    """Return the present moment, also by the clock of the database at *dsn*."""
    async with _connection(dsn) as connection:
        await _ask_time(connection)
    return clock.get()()


async def _ask_time(connection: Connection) -> None:
    """Hold the clock to the database's clock, and print every trouble, which makes less data public."""
    own = clock.get()
    if isinstance(own, GuardedClock):
        own.witness(await database_time(connection))
        if own.trouble:
            err.print(f"[bold red]clock:[/bold red] {own.trouble}", highlight=False, soft_wrap=True)


def misspelt_settings() -> list[str]:
    """Return a complaint for each variable of the environment that looks like a setting and is none."""
    return misspelt(os.environ, (setting.name for setting in SETTINGS))


def print_json(value: Any) -> None:
    """Print *value* as a single line of JSON."""
    typer.echo(msgspec.json.encode(value).decode())


def print_table(title: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    """Print *rows* under *columns*, brackets as text rather than markup, numbers to the right."""
    table = Table(title=title, title_justify="left", header_style="bold")
    for index, column in enumerate(columns):
        numbers = bool(rows) and all(isinstance(row[index], int | float) for row in rows)
        table.add_column(column, justify="right" if numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(f"{cell:,}" if isinstance(cell, int | float) else escape(str(cell)) for cell in row))
    out.print(table)

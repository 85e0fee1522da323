"""``tileserver serve``."""

from __future__ import annotations

import asyncio
import os
from typing import Annotated

import typer
import uvicorn

from tileserver.cli.session import database, err, progress_bar
from tileserver.config import read_settings
from tileserver.desk.rebuild import rebuild_stale
from tileserver.desk.samples import load_samples_if_empty
from tileserver.store.connect import connect
from tileserver.store.migrations import migrate
from tileserver.web.logs import configure_logs


def serve(
    sample: Annotated[
        bool, typer.Option("--sample", help="Load the sample data into an empty database first.")
    ] = False,
) -> None:
    """Serve the map and the tiles: starts the embedded PostGIS if need be, migrates, listens.

    Settings come from the environment: HOST, PORT, DATABASE_URL and others; the README has the table.
    """
    settings = read_settings()
    configure_logs(settings.log)
    with database(settings) as dsn:
        asyncio.run(_prepare(dsn, sample=sample))
        # Server processes read their settings from the environment; the database is part of them.
        os.environ["DATABASE_URL"] = dsn
        err.print(f"serving at [bold]http://{settings.host}:{settings.port}[/bold]; stop with Ctrl-C")
        uvicorn.run(
            "tileserver.web.app:app_from_environment",
            factory=True,
            host=settings.host,
            port=settings.port,
            workers=settings.workers,
            log_config=None,
            server_header=False,
            proxy_headers=False,  # behind a proxy TILESERVER_PUBLIC_URL says what readers see
            date_header=True,
            timeout_graceful_shutdown=10,
        )


async def _prepare(dsn: str, *, sample: bool) -> None:
    connection = await connect(dsn)
    try:
        await migrate(connection)
        with progress_bar() as progress:
            await rebuild_stale(connection, progress)
            if sample:
                await load_samples_if_empty(connection, progress)
    finally:
        await connection.close(timeout=10)

"""``tileserver serve``."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from typing import Annotated

import typer

from tileserver.cli.options import person
from tileserver.cli.progress import progress_bar
from tileserver.cli.session import clock, database, err, misspelt_settings
from tileserver.config import Settings, read_settings
from tileserver.desk.due_thread import publishing_due
from tileserver.desk.job import Progress
from tileserver.desk.upkeep import Fill, Upkeep, up_to_date
from tileserver.embedded.cluster import Cluster
from tileserver.embedded.keeper import keeping
from tileserver.samples.load import load_samples, samples_wanted
from tileserver.store.connect import Connection
from tileserver.web.exposition import exposing
from tileserver.web.logs import configure_logs
from tileserver.web.server import address_of, begin_again, listening, run_server


def serve(
    sample: Annotated[
        bool, typer.Option("--sample", help="Load the sample data into an empty database first.")
    ] = False,
) -> None:
    """Serve the map and the tiles: starts the embedded PostGIS if need be, migrates, listens.

    A database that is away is waited for: meanwhile the answer is 503. One that takes long to bring up to
    date is served as it was until then; an empty one is filled with the samples first. The embedded one is
    started again when it ends. Settings come from the environment: HOST, PORT, DATABASE_URL and others;
    docs/settings.md has the table. SIGTERM ends the server in good order, SIGHUP begins it anew, with its
    code as it is then, and loses no connection.
    """
    settings = read_settings()
    configure_logs(settings.log)
    for complaint in misspelt_settings():
        err.print(complaint, highlight=False)
    with listening(settings) as door, database(settings, creates=True) as dsn:
        queue = os.dup(door.fileno())  # which takes connections on, whoever closes the socket
        upkeep = Upkeep(dsn, progress_bar, _samples(person("")) if sample else None)
        with _kept(settings), up_to_date(upkeep), publishing_due(dsn, clock.get()):
            given, os.environ["DATABASE_URL"] = settings.database_url, dsn  # server processes read it there
            os.environ["TILESERVER_SHELF"] = str(settings.shelf or "off")
            if settings.shelf is None:
                err.print("tiles are kept in memory alone: TILESERVER_SHELF names no folder", highlight=False)
            err.print(
                f"serving at [bold]{address_of(settings, door)}[/bold]; stop with Ctrl-C", highlight=False
            )
            with exposing(settings.metrics):
                again = run_server(settings, door)
            os.environ["DATABASE_URL"] = given
    if again:
        begin_again(queue)


def _samples(by: str) -> Fill:
    """Return a filling of an empty database by the samples, which says so before."""

    async def fill(connection: Connection, progress: Progress) -> None:
        if await samples_wanted(connection):
            err.print("loading the samples, once: the server answers in some minutes", soft_wrap=True)
            await load_samples(connection, progress, by)

    return fill


def _kept(settings: Settings) -> AbstractContextManager[object]:
    """Return the keeper that starts the embedded cluster again; none of a database that is not ours."""
    return nullcontext() if settings.database_url else keeping(Cluster.at(settings.data_dir))

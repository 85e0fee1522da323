"""``tileserver held cancel`` and ``publish-due``: imports that become public at a time."""

from __future__ import annotations

import asyncio
import signal
from typing import Annotated

import msgspec
import typer

from tileserver.cli.held import Number, held
from tileserver.cli.options import By, person, reason_of
from tileserver.cli.outcome import print_outcome
from tileserver.cli.progress import progress_bar
from tileserver.cli.session import Json, clock, database, print_json, with_connection
from tileserver.config import read_settings
from tileserver.desk.due import Published, follow_due, publish_due
from tileserver.desk.due import cancel as take_back
from tileserver.desk.layers import checked_layers
from tileserver.store.connect import Connection
from tileserver.web.logs import configure_logs


@held.command()
def cancel(
    number: Number,
    reason: Annotated[str, typer.Option(callback=reason_of, help="Kept in the audit log.")] = "",
    by: By = "",
) -> None:
    """Take time and approvals from an import, which waits for the desk again.

    For the desk: it does not obey the embargo.
    """
    who = person(by)

    async def work(connection: Connection) -> None:
        await checked_layers(connection)
        await take_back(connection, number, who, reason)

    with_connection(work)
    typer.echo(f"cancelled: {number} waits for the desk")


@held.command("publish-due")
def publish_due_(
    follow: Annotated[bool, typer.Option("--follow", help="Go on, second by second, until SIGTERM.")] = False,
    json: Json = False,
) -> None:
    """Publish every import that is due, each once, by however many processes.

    tileserver watch run does it by itself, and tileserver serve where its role may write, as with the
    embedded database; elsewhere let this run with --follow beside the server, or every minute by a timer, by
    the role that imports. Never before the time, by the clocks of this machine and of the database. One that
    would break more by then than the desk was shown waits for the desk again, exit code 1. For the desk: it
    does not obey the embargo.
    """
    if follow:
        settings = read_settings()
        configure_logs(settings.log)
        with database(settings) as dsn:
            asyncio.run(_follow(dsn))
        return
    with progress_bar() as progress:

        async def work(connection: Connection) -> list[Published]:
            await checked_layers(connection)
            return await publish_due(connection, clock.get()(), progress)

        done = with_connection(work)
    if json:
        print_json([msgspec.to_builtins(each._asdict()) for each in done])
    else:
        _print(done)
    if any(each.trouble for each in done):
        raise typer.Exit(1)


def _print(done: list[Published]) -> None:
    for each in done:
        if each.outcome is None:
            typer.echo(f"{each.number} waits for the desk again: {each.trouble}")
        else:
            print_outcome(each.layer, each.outcome, json=False)
    if not done:
        typer.echo("nothing is due")


async def _follow(dsn: str) -> None:
    following = asyncio.ensure_future(follow_due(dsn, clock.get()))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, following.cancel)
    await asyncio.wait({following})

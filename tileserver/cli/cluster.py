"""``tileserver db``: the embedded cluster by hand, and the roles of a database elsewhere."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from tileserver.cli.options import By, Why, person
from tileserver.cli.session import Json, database, out, print_json, print_table, with_connection
from tileserver.config import read_settings
from tileserver.counted import counted
from tileserver.desk.acts import note_restore
from tileserver.desk.file_hash import file_sha256
from tileserver.embedded.cluster import Cluster
from tileserver.embedded.dump import MAGIC, dump, load
from tileserver.errors import BadParameter
from tileserver.store.connect import Connection, translated
from tileserver.store.migrations import check_schema, migrate
from tileserver.store.roles import make_roles, role_statements

db = typer.Typer(
    help="Start, stop and look into the embedded PostGIS, which other commands start when they need it;"
    " make roles in one elsewhere.",
    no_args_is_help=True,
)


File: TypeAlias = Annotated[Path, typer.Argument(help="The file.", dir_okay=False)]


def _cluster() -> Cluster:
    settings = read_settings()
    if settings.database_url:
        raise BadParameter("DATABASE_URL names an existing database; there is no embedded one to work on")
    return Cluster.at(settings.data_dir)


@db.command()
def start() -> None:
    """Start the cluster, which then runs until [bold]db stop[/bold]."""
    cluster = _cluster()
    if cluster.status().state == "absent":
        out.print(f"making a new database in {cluster.data_dir}", highlight=False, soft_wrap=True)
    cluster.start()
    out.print(f"running; {cluster.dsn}", highlight=False, soft_wrap=True)


@db.command()
def stop() -> None:
    """Stop the cluster, unless a server or another command is using the cluster."""
    if not _cluster().stop():
        raise BadParameter("the cluster is in use by a server or another command; stop that first")
    out.print("stopped")


@db.command()
def status(json: Json = False) -> None:
    """Say whether the cluster runs, and where."""
    found = _cluster().status()
    if json:
        print_json(
            {
                "state": found.state,
                "home": str(found.home),
                "log": str(found.log),
                "major": found.major,
                "pid": found.pid,
            }
        )
        return
    rows = [
        ("state", found.state),
        ("folder", str(found.home)),
        ("log", str(found.log)),
        ("PostgreSQL", str(found.major or "-")),
        ("process", str(found.pid or "-")),
    ]
    print_table("Embedded PostGIS", ("what", "value"), rows)


@db.command()
def psql() -> None:
    """Open an interactive session; the cluster runs as long as the session, or longer if running before.

    For the desk: it does not obey the embargo.
    """
    cluster = _cluster()
    with database(read_settings()):
        argv = cluster.psql_argv()
        os.spawnv(os.P_WAIT, argv[0], argv)


@db.command()
def backup(file: File) -> None:
    """Write all data to a file, while servers and imports go on: pg_dump's own format.

    For the desk: it does not obey the embargo.
    """
    cluster = _cluster()
    if not file.absolute().parent.is_dir():
        raise BadParameter(f"there is no folder {file.absolute().parent}")
    with database(read_settings()):
        dump(cluster, file)
    out.print(f"written; {file.stat().st_size:,} bytes", highlight=False)


@db.command()
def restore(file: File, by: By = "", reason: Why = "") -> None:
    """Put the data of a file of [bold]db backup[/bold] into a data folder that has none yet.

    A file of an earlier version is brought up to date. The audit log goes on where it was in the file,
    with an entry of this.
    """
    if not file.exists():
        raise BadParameter(f"there is no file {file}")
    with file.open("rb") as stream:
        if stream.read(len(MAGIC)) != MAGIC:
            raise BadParameter(f"{file} is no file of tileserver db backup, nor of pg_dump --format=custom")
    cluster = _cluster()
    if cluster.status().state != "absent":
        raise BadParameter(f"{cluster.data_dir} has data: set TILESERVER_DATA_DIR to a folder without")
    who, sha256 = person(by), file_sha256(file)

    async def renewed(connection: Connection) -> int:
        with translated():
            await migrate(connection)
        return await note_restore(connection, "restore", who, reason, backup=file.name, sha256=sha256)

    try:
        with database(read_settings(), creates=True):
            load(cluster, file)
            layers = with_connection(renewed)
    except BaseException:  # nothing half restored is left to be served
        cluster.remove()
        raise
    out.print(f"restored; periods of history of {counted(layers, 'layer')} have new names")


@db.command()
def renew(
    yes: Annotated[bool, typer.Option("--yes", help="Do it.")] = False,
    backup: Annotated[
        str, typer.Option("--backup", metavar="NAME", help="What it was restored from, for the audit log.")
    ] = "",
    by: By = "",
    reason: Why = "",
) -> None:
    """After a restore to an earlier state: give no period of history a name of before for other bytes.

    Revisions that come have the numbers of those that were lost, and periods are named by them. The audit log
    has an entry of it, with the state that the database went back to.
    """
    if not yes:
        raise BadParameter("every period of history would be made anew: --yes does it")
    who = person(by)

    async def work(connection: Connection) -> int:
        await check_schema(connection)
        return await note_restore(connection, "renew", who, reason, backup=backup)

    out.print(f"periods of history of {counted(with_connection(work), 'layer')} have new names")


@db.command()
def roles(
    serving: Annotated[str, typer.Option(help="The role that serves: it reads.")] = "tileserver_serving",
    importing: Annotated[
        str, typer.Option(help="The role that imports and corrects: it makes no tables.")
    ] = "tileserver_importing",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the statements, run none.")] = False,
) -> None:
    """Make two roles in the database of DATABASE_URL: a role to serve, and a role to import.

    Migrations stay with the owner of the tables; what they make is granted as well. Passwords are not set.
    """
    if not read_settings().database_url:
        raise BadParameter("the embedded PostGIS has one user, its owner; set DATABASE_URL to one elsewhere")

    async def work(connection: Connection) -> list[str]:
        with translated():
            return await (role_statements if dry_run else make_roles)(connection, serving, importing)

    for statement in with_connection(work):
        typer.echo(f"{statement};")

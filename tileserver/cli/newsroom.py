"""``tileserver desk``: the server of the desk's page, and the persons who may use that page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from tileserver.cli.session import Json, clock, database, err, print_json
from tileserver.config import read_settings
from tileserver.desk.due_thread import publishing_due
from tileserver.errors import BadParameter
from tileserver.newsroom.app import check_identity, create_desk
from tileserver.newsroom.people import add_person, load_people, remove_person
from tileserver.web.logs import configure_logs
from tileserver.web.server import address_of, listening

desk = typer.Typer(
    help="The desk's page: imports seen before they are published, corrections, withdrawals.\n\n"
    "A server of its own, beside that of readers: [bold]tileserver desk person add NAME[/bold], then"
    " [bold]tileserver desk serve[/bold]. docs/desk.md tells the rest.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)
person = typer.Typer(help="Persons who may log in, by a token each.", no_args_is_help=True)
desk.add_typer(person, name="person")

_DOOR = "TILESERVER_DESK_HOST and TILESERVER_DESK_PORT"

Name = Annotated[str, typer.Argument(help="As the audit log is to name the person.")]


@desk.command()
def serve() -> None:
    """Serve the desk's page and API below /desk, for the persons of TILESERVER_DESK_PEOPLE, or of a proxy.

    Off unless this runs. For the desk: it does not obey the embargo. SIGTERM and Ctrl-C end it; an import
    that has begun is then taken back. docs/settings.md has its settings, TILESERVER_DESK_HOST and others.
    """
    settings = read_settings()
    check_identity(settings)
    configure_logs(settings.log)
    own = replace(settings, host=settings.desk_host, port=settings.desk_port)
    with listening(own, _DOOR) as door, database(settings) as dsn, publishing_due(dsn, clock.get()):
        app = create_desk(replace(settings, database_url=dsn, desk_port=door.getsockname()[1]))
        err.print(
            f"the desk is at [bold]{address_of(own, door)}/desk/[/bold]; stop with Ctrl-C", highlight=False
        )
        config = uvicorn.Config(
            app,
            http="h11",
            log_config=None,
            server_header=False,
            ws="none",
            proxy_headers=False,
            timeout_graceful_shutdown=5,
        )
        uvicorn.Server(config).run(sockets=[door])


@person.command()
def add(name: Name) -> None:
    """Let a person in, and print the token: this once, for only its hash is kept."""
    path = _people()
    token = add_person(path, name)
    typer.echo(token)
    err.print(f"it is shown this once; {path} has its hash. Give it to nobody else.", highlight=False)


@person.command("list")
def list_(json: Json = False) -> None:
    """List the persons who may log in."""
    names = [each.name for each in load_people(_people())]
    if json:
        print_json(names)
    else:
        typer.echo("\n".join(names) or "nobody yet")


@person.command()
def remove(name: Name) -> None:
    """Let a person in no more; a session that is open ends with its next request."""
    remove_person(_people(), name)
    typer.echo(f"removed: {name}")


def _people() -> Path:
    path = read_settings().desk_people
    if path is None:
        raise BadParameter("set TILESERVER_DESK_PEOPLE: the TOML file of the persons who may log in")
    return path

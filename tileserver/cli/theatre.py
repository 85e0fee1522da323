"""``tileserver theatre``: definitions of theatres in the database, shown to readers or hidden."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import msgspec
import typer

from tileserver.cli import session
from tileserver.cli.options import By, Why, person, reason_of
from tileserver.cli.progress import progress_bar
from tileserver.cli.session import Json, has_data, print_json, print_table, with_connection
from tileserver.config import read_settings
from tileserver.desk.acts import drop_theatre, hide_theatre
from tileserver.desk.declare import declare
from tileserver.desk.layers import checked_layers, layers_of
from tileserver.errors import BadParameter
from tileserver.model import Theatre
from tileserver.publish.documents import time_block
from tileserver.store.connect import Connection
from tileserver.store.migrations import has_schema, migrate
from tileserver.theatres import load_theatre, shipped
from tileserver.theatres.write import toml_of
from tileserver.tiles.catalogue import load_catalogue

theatre = typer.Typer(
    help="Declare theatres: one conflict's map, its layers and statuses.", no_args_is_help=True
)

Id = Annotated[str, typer.Argument(metavar="ID", help="Id of a theatre in the database, such as ukraine.")]


class _Stored(NamedTuple):
    theatre: Theatre
    state: str


@theatre.command()
def add(
    definition: Annotated[str, typer.Argument(help="Id of a shipped definition, or path of a TOML file.")],
    by: By = "",
    reason: Why = "",
) -> None:
    """Add a theatre, or bring one up to date with its definition; its data stays.

    Where the new definition draws areas or front lines otherwise, all of them are drawn anew. One that the
    data contradicts is refused, and nothing is stored: a status that features carry cannot go, for example.

    A layer may name a mapping of its files beside the definition, mapping = "own.toml": its text is checked
    and kept with the theatre, and tileserver import goes by it. After an edit, add the theatre again.
    """
    wanted, who = load_theatre(definition), person(by)
    with progress_bar() as progress:

        async def work(connection: Connection) -> bool:
            await migrate(connection)
            return await declare(connection, wanted, progress, who, reason)

        changed = with_connection(work, creates=True)
    layers = ", ".join(layer.name for layer in wanted.layers)
    typer.echo(f"{wanted.id}: {'stored' if changed else 'unchanged'}; layers {layers}")


@theatre.command("list")
def list_(json: Json = False) -> None:
    """List the theatres in the database, hidden or not, and the shipped definitions."""
    stored = with_connection(_stored_theatres) if has_data(read_settings()) else {}
    for name in shipped():
        stored.setdefault(name, _Stored(load_theatre(name), "shipped"))
    rows = [(name, each.state, each.theatre.title.get("en", "")) for name, each in sorted(stored.items())]
    if json:
        print_json([dict(zip(("id", "state", "title"), row, strict=True)) for row in rows])
    else:
        print_table("Theatres", ("id", "state", "title"), [*rows])


@theatre.command()
def show(
    name: Annotated[
        str, typer.Argument(help="Id of a theatre in the database or shipped, or path of a TOML file.")
    ],
    json: Json = False,
) -> None:
    """Print a definition as the TOML that `theatre add` takes, or as JSON."""
    stored = with_connection(_stored_theatres) if has_data(read_settings()) else {}
    definition = stored[name].theatre if name in stored else load_theatre(name)
    if json:
        print_json(msgspec.to_builtins(definition))
    else:
        typer.echo(toml_of(definition), nl=False)


@theatre.command()
def hide(name: Id, by: By = "", reason: Why = "") -> None:
    """Hide a theatre from readers: out of the catalogue, and 404 at every address, until `unhide`.

    Its data stays, and the desk's commands go on: `import`, `revisions`, `rollback`, `withdraw`.
    """
    who = person(by)
    changed = with_connection(lambda connection: hide_theatre(connection, name, who, reason, hidden=True))
    typer.echo(f"{name}: {'hidden' if changed else 'is hidden already'}")


@theatre.command()
def unhide(name: Id, by: By = "", reason: Why = "") -> None:
    """Show a theatre to readers again."""
    who = person(by)
    changed = with_connection(lambda connection: hide_theatre(connection, name, who, reason, hidden=False))
    typer.echo(f"{name}: {'shown' if changed else 'is shown already'}")


@theatre.command()
def remove(
    name: Id,
    reason: Annotated[
        str, typer.Option(callback=reason_of, help="Kept with the revision, never shown to readers.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Even if readers see something of it.")] = False,
    by: By = "",
) -> None:
    """Remove a theatre and all its data, of every revision. Nothing can undo the removal.

    Refused while it has public data, unless forced: hide it first, and see that nobody misses it. Copies that
    left the server, in a reader's browser or a CDN, it cannot reach: purge the CDN.
    """
    who = person(by)

    async def work(connection: Connection) -> int | None:
        layers = await layers_of(connection, name)
        if not force and await _is_public(connection, name):
            raise BadParameter(
                f"theatre {name} has public data: hide it (tileserver theatre hide {name}), or say --force"
            )
        typer.echo(f"{name}: {', '.join(layers)}, of every revision")
        if not yes and not typer.confirm("Remove all of it for good?"):
            return None
        return await drop_theatre(connection, name, who, reason)

    revision = with_connection(work)
    typer.echo(f"{name}: {'stays' if revision is None else f'removed, in revision {revision}'}")


async def _is_public(connection: Connection, name: str) -> bool:
    catalogue = await load_catalogue(connection)
    if not any(ref.theatre == name for ref in catalogue.layers):
        return False
    return time_block(catalogue.tileset(name), session.clock.get()())["extent"] is not None


async def _stored_theatres(connection: Connection) -> dict[str, _Stored]:
    """Return the theatres by id; none in a database that was never migrated."""
    if not await has_schema(connection):
        return {}
    return {
        each.theatre.id: _Stored(each.theatre, "hidden" if each.hidden else "stored")
        for each in await checked_layers(connection)
    }

"""``tileserver theatre``, ``import`` and ``sample``: what the desk does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from tileserver.cli.session import Json, out, print_json, print_table, progress_bar, with_connection
from tileserver.desk.importer import Outcome, import_file
from tileserver.desk.rebuild import rebuild_stale
from tileserver.desk.samples import load_sample
from tileserver.errors import UnknownTileset
from tileserver.ingest import ReadOptions
from tileserver.model import LayerRef, Theatre
from tileserver.store.catalogue import StoredLayer, add_theatre, load_layers
from tileserver.store.connect import Connection
from tileserver.store.migrations import check_schema, has_schema, migrate
from tileserver.theatres import load_theatre, shipped
from tileserver.theatres.sample import SAMPLES

theatre = typer.Typer(
    help="Declare theatres: one conflict's map, its layers and statuses.", no_args_is_help=True
)


@theatre.command()
def add(
    definition: Annotated[str, typer.Argument(help="Id of a shipped definition, or path of a TOML file.")],
) -> None:
    """Add a theatre, or bring one up to date with its definition; its data stays.

    Where the new definition draws areas or front lines otherwise, all of them are drawn anew.
    """
    wanted = load_theatre(definition)
    with progress_bar() as progress:

        async def work(connection: Connection) -> bool:
            await migrate(connection)
            changed = await add_theatre(connection, wanted)
            await rebuild_stale(connection, progress)
            return changed

        changed = with_connection(work)
    layers = ", ".join(layer.name for layer in wanted.layers)
    typer.echo(f"{wanted.id}: {'stored' if changed else 'unchanged'}; layers {layers}")


@theatre.command("list")
def list_(json: Json = False) -> None:
    """List the theatres in the database and those shipped."""
    stored = with_connection(_stored_theatres)
    rows = [
        (
            name,
            "stored" if name in stored else "shipped",
            (stored.get(name) or load_theatre(name)).title.get("en", ""),
        )
        for name in sorted({*stored, *shipped()})
    ]
    if json:
        print_json([dict(zip(("id", "state", "title"), row, strict=True)) for row in rows])
    else:
        print_table("Theatres", ("id", "state", "title"), [*rows])


@theatre.command()
def show(
    name: Annotated[
        str, typer.Argument(help="Id of a theatre in the database or shipped, or path of a TOML file.")
    ],
) -> None:
    """Print a definition as JSON."""
    stored = with_connection(_stored_theatres)
    print_json(msgspec.to_builtins(stored.get(name) or load_theatre(name)))


def import_(
    layer: Annotated[str, typer.Argument(help="theatre.layer, such as ukraine.control")],
    path: Annotated[
        Path, typer.Argument(help="A file, an archive or a folder in the layer's format.", exists=True)
    ],
    reader: Annotated[
        str, typer.Option(help="Format, where it is not the layer's own: geojson, deepstate, uacontrolmap.")
    ] = "",
    date_column: Annotated[
        str, typer.Option(help="GeoJSON: property with the date or the first instant.")
    ] = "",
    end_column: Annotated[
        str, typer.Option(help="GeoJSON: property with the end, exclusive for instants.")
    ] = "",
    category_column: Annotated[str, typer.Option(help="GeoJSON: property with the status or side.")] = "",
    complete: Annotated[
        bool,
        typer.Option(
            "--complete",
            help="The file is the whole layer: what it no longer holds ends. For edited and removed events.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Import a file: one transaction, one revision. Run again it changes nothing."""
    ref = LayerRef.parse(layer)
    options = ReadOptions(
        reader=reader, date_column=date_column, end_column=end_column, category_column=category_column
    )
    with progress_bar() as progress:

        async def work(connection: Connection) -> Outcome:
            await check_schema(connection)
            await rebuild_stale(connection, progress)
            layers = await layers_of(connection, ref.theatre, ref.layer)
            return await import_file(
                connection, layers, ref.layer, path, options, progress, complete=complete
            )

        outcome = with_connection(work)
    print_outcome(str(ref), outcome, json=json)


def sample(
    names: Annotated[
        list[str] | None, typer.Argument(help=f"Which: {', '.join(SAMPLES)}. All when none is named.")
    ] = None,
    json: Json = False,
) -> None:
    """Load the sample data: coarse maps made from the public record."""
    with progress_bar() as progress:

        async def work(connection: Connection) -> list[tuple[str, Outcome]]:
            await migrate(connection)
            await rebuild_stale(connection, progress)
            return [
                each for name in names or SAMPLES for each in await load_sample(connection, name, progress)
            ]

        outcomes = with_connection(work)
    for ref, outcome in outcomes:
        print_outcome(ref, outcome, json=json)


def print_outcome(ref: str, outcome: Outcome, *, json: bool) -> None:
    """Print what an import did, and its account."""
    if json:
        print_json({"layer": ref, **msgspec.to_builtins(outcome)})
        return
    report: dict[str, Any] = outcome.report
    what = "nothing changed" if outcome.revision is None else f"revision {outcome.revision}"
    out.print(
        f"[bold]{ref}[/bold]: {what}; {outcome.snapshots:,} snapshots, {outcome.added:,} versions added,"
        f" {outcome.ended:,} ended, {outcome.faces_added:,} faces drawn, {outcome.faces_ended:,} ended;"
        f" read {report['read']:,}, imported {report['imported']:,},"
        f" quarantined {report['quarantined']:,}, left out {report['left_out']:,}",
        highlight=False,
        soft_wrap=True,
    )
    rows = [
        (finding, report["treatments"][finding], number, next(iter(report["examples"].get(finding, [])), ""))
        for finding, number in report["counts"].items()
    ]
    if rows:
        print_table("", ("finding", "treatment", "count", "an example"), [*rows])


async def _stored_theatres(connection: Connection) -> dict[str, Theatre]:
    """Return the theatres by id; none in a database that was never migrated."""
    if not await has_schema(connection):
        return {}
    return {each.theatre.id: each.theatre for each in await checked_layers(connection)}


async def checked_layers(connection: Connection) -> list[StoredLayer]:
    """Return every layer of a database that fits this code."""
    await check_schema(connection)
    return await load_layers(connection)


async def layers_of(connection: Connection, theatre: str, layer: str | None = None) -> dict[str, StoredLayer]:
    """Return the layers of *theatre* by name; refuse a theatre or *layer* that is not there."""
    layers = {
        each.layer.name: each for each in await checked_layers(connection) if each.ref.theatre == theatre
    }
    if not layers:
        raise UnknownTileset(
            f"there is no theatre {theatre!r} in the database; run: tileserver theatre add {theatre}"
        )
    if layer is not None:
        next(iter(layers.values())).theatre.layer(layer)
    return layers

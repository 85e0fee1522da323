"""``tileserver places``: named places of a desk, such as villages that the basemap lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tileserver.cli.options import By, Why, person
from tileserver.cli.outcome import print_findings
from tileserver.cli.session import Json, print_json, print_table, with_connection
from tileserver.complaints import near_miss
from tileserver.counted import counted
from tileserver.desk.acts import drop_places, import_places
from tileserver.desk.file_hash import file_sha256
from tileserver.desk.layers import checked_layers, layers_of
from tileserver.errors import BadParameter, ImportFailed
from tileserver.grid import BoundsLonLat
from tileserver.ingest.places import WORLD, ReadPlace, read_places
from tileserver.ingest.report import Report, printable
from tileserver.store.connect import Connection
from tileserver.store.places import NamedPlace, PlaceList, find_lists

places = typer.Typer(
    help="Places that a desk names on the map, such as villages that the basemap lacks.\n\n"
    "A file is a list: importing it again, under the same name, replaces all that it held.",
    no_args_is_help=True,
)

Theatre = Annotated[str, typer.Option("--theatre", help="The map to show them; else every map.")]


@places.command("import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV, GeoJSON or any format that import reads, with columns lat, lon, and name, name_uk,"
            " name_en or the like; kind (city, town, village, hamlet) and rank (the zoom from which, 2 to 14)"
            " may be there."
        ),
    ],
    theatre: Theatre = "",
    name: Annotated[str, typer.Option("--name", help="The list's; the file's own where not given.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing; say what would be.")] = False,
    by: By = "",
    reason: Why = "",
    json: Json = False,
) -> None:
    """Replace a list of places by FILE; each row that is put aside is told with its reason.

    Places are public at once: they have no date. Exit code 1 where nothing of the file can be used.
    """
    report, own_name, who = Report(), (name or file.stem)[:80], person(by)

    async def work(connection: Connection) -> tuple[list[ReadPlace], int]:
        found = read_places(file, await _bounds(connection, theatre), report)
        if not found:
            return found, 0
        kept = [(each.number, NamedPlace(*each[1:])) for each in found]
        if dry_run:
            return found, 0
        named = {"file": printable(file.name), "sha256": file_sha256(file)}
        return found, await import_places(connection, own_name, theatre or None, kept, who, reason, **named)

    found, before = with_connection(work)
    told = report.as_dict()
    if json:
        print_json({"list": own_name, "theatre": theatre or None, "dry_run": dry_run, **told})
    else:
        print_findings(told)
        are = f"{'would be' if dry_run else 'are'} places of {theatre or 'every map'}"
        replaced = f", in place of {before:,}" if before else ""
        typer.echo(f"{own_name}: {len(found):,} of {report.read:,} rows {are}{replaced}")
    if not found:
        raise ImportFailed(f"{file.name} has no row that can be a place; nothing was changed")


async def _bounds(connection: Connection, theatre: str) -> BoundsLonLat:
    if not theatre:
        await checked_layers(connection)
        return WORLD
    layers = await layers_of(connection, theatre)
    return BoundsLonLat(*next(iter(layers.values())).theatre.bounds)


@places.command("list")
def list_(json: Json = False) -> None:
    """List the lists of places, each with its map and its number of places."""

    async def work(connection: Connection) -> list[PlaceList]:
        await checked_layers(connection)
        return await find_lists(connection)

    found = with_connection(work)
    if json:
        print_json([each._asdict() for each in found])
    else:
        rows = [(each.name, each.theatre or "every map", each.places) for each in found]
        print_table("", ("list", "map", "places"), rows)


@places.command()
def remove(
    name: Annotated[str, typer.Argument(help="From: tileserver places list")],
    by: By = "",
    reason: Why = "",
) -> None:
    """Remove a list of places from the map."""
    who = person(by)

    async def work(connection: Connection) -> tuple[int, list[str]]:
        await checked_layers(connection)
        there = [each.name for each in await find_lists(connection)]
        return await drop_places(connection, name, who, reason), there

    removed, there = with_connection(work)
    if not removed:
        raise BadParameter(
            f"there is no list {name[:80]!r}{near_miss(name, there)}; there are: {', '.join(there) or 'none'}"
        )
    typer.echo(f"{name}: {counted(removed, 'place')} removed")

"""``tileserver mapping``: mappings of publishers' files are tried, drafted and shown; nothing is imported."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from tileserver.cli.outcome import print_findings, print_rules
from tileserver.cli.preview import check_writable
from tileserver.cli.session import Json, out, print_json, print_table
from tileserver.counted import counted
from tileserver.desk.said_times import first_instant
from tileserver.desk.trial import Trial, TriedTable, try_mapping
from tileserver.desk.trial_page import trial_page
from tileserver.disk import write_whole
from tileserver.errors import BadParameter, UnknownLayer
from tileserver.ingest.mapping.load import load_mapping, shipped_mappings
from tileserver.ingest.mapping.schema import schema as schema_of
from tileserver.ingest.mapping.suggest import suggest as suggested
from tileserver.ingest.mapping.values import shown
from tileserver.model import Layer, Theatre
from tileserver.theatres import load_theatre, shipped

mapping = typer.Typer(
    help="Teach the import a new source: a mapping is a small TOML file that says what its files mean.\n\n"
    "Begin with [bold]tileserver mapping suggest FILE > own.toml[/bold], fill in what it could not tell, look"
    " with [bold]tileserver mapping try own.toml FILE[/bold] at what becomes of the file, and import with"
    " [bold]tileserver import THEATRE.LAYER FILE --mapping own.toml[/bold]. docs/mapping.md goes through it.",
    no_args_is_help=True,
)

_LISTED = 20  # tables
_LENGTH = 400  # of the names of columns

Name = Annotated[str, typer.Argument(metavar="MAPPING", help="Path of a TOML file, or a shipped name.")]
File = Annotated[Path, typer.Argument(help="A file, an archive or a folder.", exists=True)]
OfTheatre = Annotated[
    str, typer.Option(help="Id of a shipped theatre, or path of a definition, whose layer it is for.")
]
OfLayer = Annotated[str, typer.Option(help="Name of the layer in the theatre.")]


@mapping.command("try")
def try_(
    name: Name,
    path: File,
    theatre: OfTheatre = "",
    layer: OfLayer = "",
    at: Annotated[str, typer.Option(help="The date of what says none, as in tileserver import.")] = "",
    first: Annotated[int, typer.Option(help="How many features are shown.", min=0)] = 5,
    geojson: Annotated[
        Path | None, typer.Option(help="Write all features as GeoJSON, to look at them on a map.")
    ] = None,
    complete: Annotated[
        bool, typer.Option("--complete", help="Judge it as a file that ends what it leaves out.")
    ] = False,
    picture: Annotated[
        Path | None,
        typer.Option(help="Write a page with all features over the land and what was put aside."),
    ] = None,
    json: Json = False,
) -> None:
    """Print the features that a mapping makes of a file; nothing is imported, no database is needed.

    Shows the tables of the file, the first features, how many there are of each category, and what is left
    out, put aside or repaired, each with an example and its row. Without a theatre and layer, codes and
    fields are taken as the mapping has them, and days are those of UTC. Exit code 1 where nothing of the
    file would be imported, and where an import into the layer would be held back, as far as that can be told
    without the layer's data.
    """
    check_writable(geojson, "--geojson")
    check_writable(picture, "--picture")
    loaded = load_mapping(name)
    place = _place(theatre, layer)
    instant = first_instant(at, place[0]) if place else first_instant(at, _anywhere(loaded.rules.date.zone))
    trial = try_mapping(
        path, loaded, place, instant, most=None if geojson or picture else first, complete=complete
    )
    if geojson is not None:
        write_whole(geojson, _collection(trial))
    if picture is not None:
        text = trial_page(trial, path.name, loaded.name, own_colours=place is not None)
        write_whole(picture, text.encode())
    if json:
        print_json(_document(trial, first))
    else:
        _print(trial, first)
    if trial.refusal or trial.rulings:
        raise typer.Exit(1)


@mapping.command()
def suggest(path: File, theatre: OfTheatre = "", layer: OfLayer = "") -> None:
    """Print a first draft of a mapping, from the columns and rows of a file; read and complete the draft.

    What nothing in the file can tell, such as whether 03/04/2022 is in March or in April, stands in the draft
    as a question. With a theatre and layer, its fields and codes are looked for.
    """
    place = _place(theatre, layer)
    typer.echo(suggested(path, place[1] if place else None), nl=False)


@mapping.command("list")
def list_(json: Json = False) -> None:
    """List the shipped mappings."""
    rows = [(name, load_mapping(name).rules.title) for name in shipped_mappings()]
    if json:
        print_json([{"name": name, "title": title} for name, title in rows])
    else:
        print_table("Mappings", ("name", "for"), [*rows])


@mapping.command()
def show(name: Name) -> None:
    """Print a mapping, to begin one of your own from."""
    typer.echo(load_mapping(name).text, nl=False)


@mapping.command()
def schema() -> None:
    """Print the JSON Schema of mappings, for editors that complete and check TOML."""
    typer.echo(msgspec.json.format(msgspec.json.encode(schema_of()), indent=2).decode())


def _place(theatre: str, layer: str) -> tuple[Theatre, Layer] | None:
    if bool(theatre) != bool(layer):
        raise BadParameter("--theatre and --layer go together: --theatre ukraine --layer events")
    if not theatre:
        return None
    found = load_theatre(theatre)
    try:
        return found, found.layer(layer)
    except UnknownLayer as error:
        if theatre not in shipped():
            raise
        raise UnknownLayer(
            f"{error}. That definition is shipped; for your own give --theatre the path of its TOML"
        ) from error


def _anywhere(zone: str) -> Theatre:
    return Theatre("standin", {}, zone or "UTC", (-180, -85, 180, 85), (0, 0, 0), ())


def _print(trial: Trial, first: int) -> None:
    rows = [
        (each.place, each.container or "?", "read" if each.taken else "left out", _found_out(each))
        for each in trial.tables[:_LISTED]
    ]
    print_table(
        f"Tables: {len(trial.tables):,}", ("table", "container", "", "columns, and what was found"), rows
    )
    for each in trial.features[:first]:
        period = f"from {each.start}{f' to {each.end}' if each.end else ''}"
        typer.echo(shown(f"{each.origin}: {period}, {str(each.geometry)[:80]}"))
        for field, value in each.properties.items():
            typer.echo(shown(f"    {field}: {str(value)[:200]}"))
    kinds = [(code or "none", number) for code, number in trial.categories.most_common()]
    if kinds:
        print_table("By category", ("category", "features"), [*kinds])
    _print_account(trial)


def _print_account(trial: Trial) -> None:
    report = trial.report.as_dict()
    print_findings(report)
    print_rules(report)
    snapshots = f" in {counted(trial.snapshots, 'snapshot')}" if trial.snapshots else ""
    out.print(
        f"read {report['read']:,}, would import {report['imported']:,}{snapshots},"
        f" put aside {report['quarantined']:,}, leave out {report['left_out']:,}",
        highlight=False,
        soft_wrap=True,
    )
    if trial.refusal:
        typer.echo(f"nothing would be imported: {shown(trial.refusal)}")
    for ruling in trial.rulings:
        typer.echo(
            f"the import would be held back: {shown(ruling.words)}; what the desk accepted before apart"
        )


def _found_out(table: TriedTable) -> str:
    said = [f"{name} {value!r}" for name, value in table.seen.items()]
    return "; ".join([", ".join(table.columns)[:_LENGTH], *said])


def _document(trial: Trial, first: int) -> dict[str, object]:
    return {
        "tables": msgspec.to_builtins(trial.tables),
        "features": msgspec.to_builtins(trial.features[:first]),
        "categories": dict(trial.categories),
        "snapshots": trial.snapshots,
        "report": trial.report.as_dict(),
        "refusal": trial.refusal,
        "held": [each.words for each in trial.rulings],
    }


def _collection(trial: Trial) -> bytes:
    """Return all features as a GeoJSON FeatureCollection in longitude and latitude, UTF-8."""
    features = [
        {
            "type": "Feature",
            "geometry": each.geometry,
            "properties": {**each.properties, "from": each.start, "to": each.end, "origin": each.origin},
        }
        for each in trial.features
    ]
    return msgspec.json.encode({"type": "FeatureCollection", "features": features})

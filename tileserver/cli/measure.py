"""``tileserver area``, ``series`` and ``change``: land by status, at an instant, day by day, and compared."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer

from tileserver.cli.session import Json, err, print_json, print_table, with_service
from tileserver.desk.regions import regions_of_file
from tileserver.errors import BadParameter
from tileserver.publish.measures import csv_text
from tileserver.publish.survey import Survey, Surveyor, SurveyQuestion, SurveyTable
from tileserver.shape.compare import Sieve
from tileserver.shape.regions import Regions
from tileserver.tiles.service import TileService

Layer = Annotated[str, typer.Argument(help="A layer of areas with statuses, such as ukraine.control")]
Revision = Annotated[int | None, typer.Option(min=1, help="As known in this revision.")]
Csv = Annotated[bool, typer.Option("--csv", help="Print comma-separated values, with a header row.")]
By = Annotated[
    str,
    typer.Option(
        "--regions",
        metavar="FILE|LAYER",
        help="Measure by region: a GeoJSON file of polygons in longitude and latitude, or a layer of areas."
        " Where regions overlap, the first one has the land; what lies in none is a row of its own.",
    ),
]
Named = Annotated[str, typer.Option("--region-name", help="The property that names a region. [first]")]


def area(
    layer: Layer,
    at: Annotated[str, typer.Option("--at", help="datetime: 2023-11-09, or an instant")] = "",
    revision: Revision = None,
    regions: By = "",
    region_name: Named = "",
    json: Json = False,
    csv: Csv = False,
) -> None:
    """Measure the land of each status on a day, in square kilometres on the ellipsoid.

    A date is the state at the end of that day; without one, it is the newest public state.
    """
    question = SurveyQuestion(layer, revision, regions, region_name)
    _print_survey(question, lambda surveyor: surveyor.areas(at), json=json, csv=csv)


def series(
    layer: Layer,
    first: Annotated[str, typer.Option("--from", help="First day. [that of the first change]")] = "",
    last: Annotated[str, typer.Option("--to", help="Last day. [that of the last change]")] = "",
    revision: Revision = None,
    regions: By = "",
    region_name: Named = "",
    json: Json = False,
    csv: Csv = False,
) -> None:
    """List the land of each status at the end of each day, in square kilometres on the ellipsoid.

    Days are local days of the theatre; one is listed once all of it is older than the embargo.

    [bold]tileserver series ukraine.control --from 2023-10-01 --to 2023-11-30 --csv > km2.csv[/bold]
    """
    question = SurveyQuestion(layer, revision, regions, region_name)
    _print_survey(
        question, lambda surveyor: surveyor.series(first, last, all_statuses=csv), json=json, csv=csv
    )


def change(
    layer: Layer,
    first: Annotated[str, typer.Argument(metavar="A", help="From the state at: 2023-10-01, or an instant")],
    second: Annotated[str, typer.Argument(metavar="B", help="To the state at: 2023-11-30, or an instant")],
    revision: Revision = None,
    min_ha: Annotated[float, typer.Option(min=0, help="Hectares below which a piece may be a sliver.")] = 0.8,
    width: Annotated[float, typer.Option(min=0, help="Metres; a sliver is nowhere as wide.")] = 50.0,
    regions: By = "",
    region_name: Named = "",
    json: Json = False,
    csv: Csv = False,
) -> None:
    """Compare A and B: gain and loss of each status, from and to whom, in square kilometres.

    A date is the state at the end of that day. Gained and lost are gross, without slivers: pieces both
    smaller and thinner than the options say, left where a publisher redrew a border. What slivers add on
    balance has a column of its own, and net has everything in it: it is the difference of the two areas.

    [bold]tileserver change ukraine.control 2023-10-01 2023-11-30 --regions oblasts.geojson[/bold]
    """
    question = SurveyQuestion(layer, revision, regions, region_name)
    sieve = Sieve(min_ha, width)
    _print_survey(question, lambda surveyor: surveyor.comparison(first, second, sieve), json=json, csv=csv)


def _print_survey(
    question: SurveyQuestion, work: Callable[[Surveyor], Awaitable[Survey]], *, json: bool, csv: bool
) -> None:
    if json and csv:
        raise BadParameter("--json and --csv are two forms of one answer; choose one")
    of_file = _regions_of_file(question)

    async def run(service: TileService) -> Survey:
        return await work(await Surveyor.of(service.current, question, of_file))

    survey = with_service(run)
    if json:
        print_json(survey.document)
    for table in survey.tables[-1:] if csv else () if json else survey.tables:
        _print(table, csv, with_region=bool(question.regions))


def _regions_of_file(question: SurveyQuestion) -> Regions | None:
    """Return the regions of the file in *question*, and print its repairs; ``None`` without a file."""
    path = Path(question.regions)
    if not question.regions or not path.is_file():
        return None
    regions, repaired = regions_of_file(path, question.region_name)
    for line in repaired:
        err.print(f"regions: {line}", highlight=False, markup=False, soft_wrap=True)
    return regions


def _print(table: SurveyTable, csv: bool, *, with_region: bool) -> None:
    columns = ("region", *table.columns)[not with_region :]
    rows = [row[not with_region :] for row in table.rows]
    if csv:
        typer.echo(csv_text(columns, rows), nl=False)
        return
    unsaid = {"region": "(in none)", "other": "(no status)"}
    shown = [
        tuple(cell or unsaid.get(name, cell) for name, cell in zip(columns, row, strict=True)) for row in rows
    ]
    print_table(table.title, columns, shown)

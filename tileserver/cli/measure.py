"""``tileserver area``, ``series`` and ``change``: km2 of land by status, by day, and from hand to hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import shapely
import typer

from tileserver.cli.session import Json, err, print_json, print_table, with_service
from tileserver.desk.regions import regions_of_file
from tileserver.errors import BadParameter
from tileserver.model import Moment
from tileserver.publish.comparison import (
    balance_rows,
    comparison_by_region,
    comparison_fields,
    comparison_of,
    load_pieces,
    moved_rows,
)
from tileserver.publish.measures import Km2, csv_text, load_series, measured_layer, rounded, series_document
from tileserver.publish.regional import Region, load_areas_by_region, load_series_by_region, summed
from tileserver.shape.compare import Sieve
from tileserver.shape.regions import Regions
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection
from tileserver.store.measures import load_areas
from tileserver.tiles.locate import last_instant, locate
from tileserver.tiles.service import TileService
from tileserver.tiles.tileset import Tileset
from tileserver.times import Period, parse_datetime

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


@dataclass(frozen=True, slots=True)
class Table:
    """Rows whose first cell is a region; ``columns`` names the others."""

    title: str
    columns: tuple[str, ...]
    rows: Iterable[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Output:
    """The result of a command: a document, and tables that say the same; the last table is complete."""

    document: dict[str, Any]
    tables: tuple[Table, ...]


def area(
    layer: Layer,
    at: Annotated[str, typer.Option("--at", help="datetime: 2023-11-09, or an instant")] = "",
    revision: Revision = None,
    regions: By = "",
    region_name: Named = "",
    json: Json = False,
    csv: Csv = False,
) -> None:
    """Measure what each status holds on a day, in square kilometres on the ellipsoid.

    A date is the state at the end of that day; without one, it is the newest public state.
    """

    async def work(subject: Subject) -> Output:
        validity, moment = subject.moment(at)
        by = await subject.regions(at)
        async with subject.reading() as connection:
            found = await load_areas_by_region(connection, subject.stored, moment, by)
        document: dict[str, Any] = {"layer": layer, "validity": validity, "revision": moment.revision}
        document |= _with_regions(_areas(summed(found)), found, _areas)
        rows = ((region, *each) for region, own in found.items() for each in _areas(own)["km2"].items())
        return Output(document, (Table(f"{layer}, {validity}", ("status", "km2"), rows),))

    _answer(work, Question(layer, revision, regions, region_name), json, csv)


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
    """List what each status holds at the end of each day, in square kilometres on the ellipsoid.

    Days are local days of the theatre; one is listed once all of it is older than the embargo.

    [bold]tileserver series ukraine.control --from 2023-10-01 --to 2023-11-30 --csv > km2.csv[/bold]
    """

    async def work(subject: Subject) -> Output:
        tileset, known = subject.tileset, subject.tileset.revision(revision)
        asked = parse_datetime(f"{first or '..'}/{last or '..'}", tileset.zone)
        by = await subject.regions(last)
        async with subject.reading() as connection:
            whole = await load_series(connection, tileset, known, asked, subject.service.current.clock())
            found: dict[Region, Km2] = {None: whole.km2}
            if regions:
                found = await load_series_by_region(connection, tileset, known, whole, by)
        document = _with_regions(series_document(tileset, known, whole), found, lambda own: {"km2": own})
        shown = [status for status, figures in whole.km2.items() if csv or any(figures)]
        rows = (
            (region, str(day), *(own[status][number] for status in shown))
            for region, own in found.items()
            for number, day in enumerate(whole.days)
        )
        return Output(document, (Table(f"{layer}: km2 at the end of each day", ("day", *shown), rows),))

    _answer(work, Question(layer, revision, regions, region_name), json, csv)


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
    """Say what each status gained and lost from A to B, from and to whom, in square kilometres.

    A date is the state at the end of that day. Gained and lost are gross, without slivers: pieces both
    smaller and thinner than the options say, left where a publisher redrew a border. What slivers add on
    balance has a column of its own, and net has everything in it: it is the difference of the two areas.

    [bold]tileserver change ukraine.control 2023-10-01 2023-11-30 --regions oblasts.geojson[/bold]
    """

    async def work(subject: Subject) -> Output:
        (old, before), (new, after) = [subject.moment(at) for at in (first, second)]
        by = await subject.regions(second)
        async with subject.reading() as connection:
            pieces = await load_pieces(connection, subject.stored, before, after, Sieve(min_ha, width))
        found = comparison_by_region(pieces, by)
        document: dict[str, Any] = {"layer": layer, "from": old, "to": new, "revision": after.revision}
        document["sieve"] = {"min_ha": min_ha, "width_m": width}
        document |= _with_regions(comparison_fields(comparison_of(pieces)), found, comparison_fields)
        figures = ("gained", "lost", "slivers", "net")
        balances = Table(f"{layer}: {old} -> {new}", ("status", *figures), balance_rows(found))
        moved = Table("from and to whom", ("status", "other", *figures), moved_rows(found))
        return Output(document, (balances, moved))

    _answer(work, Question(layer, revision, regions, region_name), json, csv)


@dataclass(frozen=True, slots=True)
class Question:
    """The question to every command: a layer, as known in a revision, by the regions of a file or a layer."""

    layer: str
    revision: int | None
    regions: str
    region_name: str


@dataclass(frozen=True, slots=True)
class Subject:
    """The layer to measure, on a service under the embargo."""

    service: TileService
    question: Question
    tileset: Tileset
    file: Regions | None

    @property
    def stored(self) -> StoredLayer:
        """The layer that is measured."""
        return measured_layer(self.tileset).stored

    def moment(self, at: str, tileset: Tileset | None = None) -> tuple[str, Moment]:
        """Return the validity of the answer for *at*, as text, and the moment to read the state at.

        The last public instant that *at* means; the validity is the epoch of the finest zoom around it.
        """
        chosen = tileset or self.tileset
        asked = parse_datetime(at, chosen.zone) if at else Period(None, None)
        horizon = self.service.current.horizon(chosen)
        revision = chosen.revision(self.question.revision)
        located = locate(chosen.whole(chosen.zooms[1]), revision, asked, horizon)
        return str(located.validity), Moment(last_instant(asked, horizon.state), revision)

    async def regions(self, at: str) -> Regions:
        """Return the regions of the question; a layer's regions as of the instant that *at* means."""
        given = self.question.regions
        if self.file or not given:
            return self.file or Regions([])
        catalogue = await self.service.current.catalogue()
        if not any(str(ref) == given for ref in catalogue.layers):
            raise BadParameter(f"--regions {given[:80]!r} is neither a file nor a layer")
        tileset = catalogue.tileset(given)
        stored = tileset.layers[0].stored
        if stored.layer.kind != "areas":
            raise BadParameter(f"--regions {given} is a layer of {stored.layer.kind}; regions are areas")
        field = self.question.region_name or next(iter(stored.layer.fields), "")
        _, moment = self.moment(at, tileset)
        async with self.reading() as connection:
            areas = await load_areas(connection, stored, moment, field)
        return Regions([(name or "(without a name)", shapely.from_wkb(wkb)) for name, wkb in areas])

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """Lend a connection that sees one state of the database throughout."""
        async with (
            self.service.current.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield connection


def _answer(work: Callable[[Subject], Awaitable[Output]], question: Question, json: bool, csv: bool) -> None:
    if json and csv:
        raise BadParameter("--json and --csv are two forms of one answer; choose one")
    file = None
    if question.regions and Path(question.regions).is_file():
        file, repaired = regions_of_file(Path(question.regions), question.region_name)
        for line in repaired:
            err.print(f"regions: {line}", highlight=False, markup=False, soft_wrap=True)

    async def run(service: TileService) -> Output:
        tileset = (await service.current.catalogue()).tileset(question.layer)
        return await work(Subject(service, question, tileset, file))

    output = with_service(run)
    if json:
        print_json(output.document)
    for table in output.tables[-1:] if csv else () if json else output.tables:
        _print(table, csv, with_region=bool(question.regions))


def _print(table: Table, csv: bool, *, with_region: bool) -> None:
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


def _areas(km2: Mapping[str, float]) -> dict[str, Any]:
    return {"km2": {status: held for status, exact in km2.items() if (held := rounded(exact))}}


def _with_regions(
    whole: dict[str, Any], found: Mapping[Region, Any], fields: Callable[[Any], dict[str, Any]]
) -> dict[str, Any]:
    """Return the document of the whole, and of each region where there are any."""
    if set(found) == {None}:
        return whole
    return {**whole, "regions": [{"region": region, **fields(own)} for region, own in found.items()]}

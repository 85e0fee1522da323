"""``tileserver import`` and ``sample``: files and sample data become revisions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from tileserver.cli.options import (
    By,
    PublishAt,
    Remarks,
    Why,
    person,
    reason_of,
    remark_of,
)
from tileserver.cli.outcome import outcome_words, print_outcome
from tileserver.cli.preview import (
    ReportFile,
    check_writable,
    print_preview,
    show_page,
    verdict_words,
    would_hold,
)
from tileserver.cli.progress import progress_bar
from tileserver.cli.session import Json, clock, with_connection
from tileserver.desk.importer import commit, gather_file
from tileserver.desk.job import Job, Outcome
from tileserver.desk.layers import layers_of
from tileserver.desk.preview import Preview, preview
from tileserver.desk.redraw_all import rebuild_stale
from tileserver.desk.said_times import first_instant, publish_instant
from tileserver.errors import BadParameter
from tileserver.ingest import END_COLUMNS, READERS, START_COLUMNS, ReadOptions
from tileserver.ingest.mapping.load import load_mapping
from tileserver.model import LayerRef
from tileserver.samples.load import load_sample
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection
from tileserver.store.migrations import check_schema, migrate
from tileserver.theatres import SAMPLES


def import_(
    layer: Annotated[str, typer.Argument(help="theatre.layer, such as ukraine.control")],
    path: Annotated[
        Path, typer.Argument(help="A file, an archive or a folder, in any common format.", exists=True)
    ],
    reader: Annotated[
        str, typer.Option(help=f"Format, where it is not the layer's own: {', '.join(READERS)}.")
    ] = "",
    mapping: Annotated[
        str,
        typer.Option(
            metavar="MAPPING",
            help="Path of a TOML file that says what the file means, or name of a shipped one: so any common"
            " format comes in, in place of the one that the layer's definition names. See tileserver"
            " mapping.",
        ),
    ] = "",
    date_column: Annotated[
        str,
        typer.Option(
            help="Column with the date or the first instant; without it the first of"
            f" {', '.join(START_COLUMNS)}."
        ),
    ] = "",
    end_column: Annotated[
        str,
        typer.Option(
            help=f"Column with the end; without it the first of {', '.join(END_COLUMNS)}. A plain"
            " date includes its day, an instant is where the period ends; 9999-12-31 is no end."
        ),
    ] = "",
    category_column: Annotated[str, typer.Option(help="Column with the status or side.")] = "",
    key_column: Annotated[
        list[str] | None,
        typer.Option(
            help="Column by which an event is known again when its text is edited or its point is"
            " moved; several times for several together. id is also the own of a GeoJSON Feature."
        ),
    ] = None,
    at: Annotated[
        str,
        typer.Option(
            help="The date of what says none: 2023-11-09 (from the beginning of that local day on) or"
            " 2023-11-09T12:00:00Z."
        ),
    ] = "",
    axes: Annotated[
        Literal["auto", "lonlat", "latlon"] | None,
        typer.Option(
            help="What comes first in coordinates. auto reads the whole file as longitude, latitude"
            " unless all of it can only be the other way round, and refuses a mixture."
        ),
    ] = None,
    whole_state: Annotated[
        bool,
        typer.Option(
            "--whole-state",
            help="Each file is all that holds from its one date on; what it does not hold ends then."
            " The date is --at, or the one its features say, or the one in its name.",
        ),
    ] = False,
    complete: Annotated[
        bool,
        typer.Option(
            "--complete",
            help="The file is the whole layer: what it no longer holds ends. For edited and removed events.",
        ),
    ] = False,
    accept: Annotated[
        str,
        typer.Option(
            metavar="REASON",
            callback=reason_of,
            help="Publish it even if it would be held back; kept with the revision.",
        ),
    ] = "",
    remark: Remarks = None,
    by: By = "",
    reason: Why = "",
    publish_at: PublishAt = "",
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Write nothing: print what would change against what is known now, and whether it would be"
            " held back. Exit code 0 where it would be published, 1 where it would be held.",
        ),
    ] = False,
    report: ReportFile = None,
    look: Annotated[
        bool,
        typer.Option(
            "--look",
            help="With --dry-run: serve the report on a private address of this machine, to look at.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Import a file: one transaction, one revision. A second run changes nothing.

    An import is held back, exit code 1, and nothing public changes, where anything of a layer of states is
    quarantined, where nothing is left, where more of a layer of events is quarantined than it allows, and
    where the area of a status changes by more than it allows: see tileserver held. A file of events of which
    less is quarantined is published, exit code 0, and says so.

    With --publish-at it is checked and kept, and becomes public then. Where the theatre wants several persons
    (reviewers in its definition) it is kept until another one approves it: tileserver held approve. Both end
    with 0; events whose source is hidden now leave every revision at once all the same.

    For the desk: what --dry-run, --report and --look say of the data known now does not obey the embargo.
    """
    if look and not dry_run:
        raise BadParameter(
            "--look goes with --dry-run; look at what was held back with: tileserver held look"
        )
    check_writable(report)
    ref, who, said = LayerRef.parse(layer), person(by), remark_of(remark)
    columns, keys = (date_column, end_column, category_column), tuple(key_column or ())
    options = ReadOptions(*columns, None, reader, axes or "", whole_state=whole_state, key_columns=keys)
    if mapping:
        options = _mapped(options, mapping)
    manner = _Manner(accept, complete, dry_run, report, look, json)
    with progress_bar() as progress:

        async def work(connection: Connection) -> tuple[StoredLayer, Preview | None, Outcome | None]:
            await check_schema(connection)
            if not dry_run:
                await rebuild_stale(connection, progress)
            layers = await layers_of(connection, ref.theatre, ref.layer)
            dated = replace(options, at=first_instant(at, layers[ref.layer].theatre))
            then = publish_instant(publish_at, layers[ref.layer].theatre, clock.get()())
            job = Job(connection, layers, ref.layer, progress, accept, None, said, who, reason, then)
            return job.stored, *await _imported(job, path, dated, manner)

        done = with_connection(work)
    _finish(*done, manner)


@dataclass(frozen=True, slots=True)
class _Manner:
    """How an import is to be done and told."""

    accept: str
    complete: bool
    dry_run: bool
    report: Path | None
    look: bool
    json: bool


async def _imported(
    job: Job, path: Path, options: ReadOptions, manner: _Manner
) -> tuple[Preview | None, Outcome | None]:
    """Import *path*, or only preview such an import; return a preview of before, and the outcome."""
    given = await gather_file(job, path, options, complete=manner.complete)
    told = await preview(job, given) if manner.dry_run or manner.report else None
    return told, None if manner.dry_run else await commit(job, given)


def _finish(stored: StoredLayer, told: Preview | None, outcome: Outcome | None, manner: _Manner) -> None:
    """Print the outcome or preview of an import; exit with 1 where held back, now or in the preview."""
    if outcome is not None:
        print_outcome(str(stored.ref), outcome, json=manner.json)
        words, held = outcome_words(outcome), outcome.waits_for == "decision"
    else:
        assert told is not None
        print_preview(stored, told, manner.accept, json=manner.json)
        words, held = verdict_words(told, manner.accept), would_hold(told, manner.accept)
    if told is not None:
        show_page(stored, words, told, manner.report, look=manner.look)
    if held:
        raise typer.Exit(1)


def _mapped(options: ReadOptions, mapping: str) -> ReadOptions:
    """Return *options* with a mapping, by name or path; `BadParameter` where both say the same thing."""
    if options != ReadOptions(axes=options.axes):
        raise BadParameter(
            "--mapping says itself where dates and categories stand and what a file means; leave out"
            " --reader, --date-column, --end-column, --category-column, --key-column and --whole-state"
        )
    return replace(options, mapping=load_mapping(mapping))


def sample(
    names: Annotated[
        list[str] | None, typer.Argument(help=f"Which: {', '.join(SAMPLES)}. All when none is named.")
    ] = None,
    by: By = "",
    json: Json = False,
) -> None:
    """Load the sample data: coarse maps made from the public record."""
    who = person(by)
    with progress_bar() as progress:

        async def work(connection: Connection) -> list[tuple[str, Outcome]]:
            await migrate(connection)
            await rebuild_stale(connection, progress)
            return [
                each
                for name in names or SAMPLES
                for each in await load_sample(connection, name, progress, who)
            ]

        outcomes = with_connection(work, creates=True)
    for ref, outcome in outcomes:
        print_outcome(ref, outcome, json=json)
    if any(outcome.held is not None for _, outcome in outcomes):
        raise typer.Exit(1)

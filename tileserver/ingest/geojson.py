"""Files that need no mapping, in any container: the columns have the names of the layer's own properties.

The layer's definition is a mapping in all but name: it says how dates are written, how statuses are spelled
and which properties there are. What neither says, definition and file, is not guessed: the file is refused,
and a mapping has to say it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tileserver.errors import UnreadableSource
from tileserver.ingest.containers.sources import Order, plain_name
from tileserver.ingest.containers.table import Dialect, Row, Table
from tileserver.ingest.implied import END_COLUMNS, NAMES, START_COLUMNS, implied_mapping
from tileserver.ingest.limits import LIMITS, Limits
from tileserver.ingest.mapping.opening import open_source
from tileserver.ingest.mapping.plan import IntakePlan, matches
from tileserver.ingest.mapping.reader import read_features, read_snapshots
from tileserver.ingest.mapping.starts import TableSource
from tileserver.ingest.options import ReadOptions
from tileserver.ingest.raw import RawFeature, RawSnapshot
from tileserver.ingest.report import Report
from tileserver.model import Layer, Theatre

__all__ = ["END_COLUMNS", "START_COLUMNS", "read", "read_states"]


def read(
    path: Path, theatre: Theatre, layer: Layer, options: ReadOptions, report: Report, limits: Limits = LIMITS
) -> Iterator[RawFeature]:
    """Yield the features in *path*, each with its own period.

    The period goes from the start of what the date column says to the end of what the end column says:
    a plain date there includes its local day, an instant is where the half-open period ends, unless the
    layer declares otherwise. Without an end, a window layer's feature lasts what its date says (a day or an
    instant), a state layer's holds from then on. Without any date, `ReadOptions.at` is the start, or the
    feature is quarantined.
    """
    source = _source(path, limits)
    members = [each for each in source.members() if matches(each, NAMES)]
    if len(members) > 1:
        raise UnreadableSource(
            f"{path.name} holds {len(members):,} files; import them one by one, or say --whole-state where"
            " each of them is all that holds from its one date on"
        )
    plan = _plan(source, theatre, layer, options, whole_state=False)
    yield from read_features(source, plan, report)


def read_states(
    path: Path, theatre: Theatre, layer: Layer, options: ReadOptions, report: Report, limits: Limits = LIMITS
) -> Iterator[RawSnapshot]:
    """Yield the states in *path*, a file, folder or archive, ascending by their date, each date once.

    A file's date is what the caller says, else what its name says where the layer declares a pattern, else
    the one date that its features say, else the one ISO day in its name; a plain date is the beginning of its
    local day. Of several files with the same date the first in the order of names counts; a copy is left out,
    a different one is quarantined. A single file that cannot be read is an error; one among many is
    quarantined, and the state before it goes on holding.
    """
    source = _source(path, limits)
    plan = _plan(source, theatre, layer, options, whole_state=True)
    yield from read_snapshots(source, plan, report)


def _source(path: Path, limits: Limits) -> TableSource:
    opened = open_source(path, Dialect(), limits)
    return TableSource(opened.file, lambda order: _single(opened, order), opened.members, opened.beside)


def _plan(
    source: TableSource, theatre: Theatre, layer: Layer, options: ReadOptions, *, whole_state: bool
) -> IntakePlan:
    """Return the plan that follows from the layer and the first file that can be read."""
    loaded = None
    for table in source.tables(None):  # which is open until the next is asked for
        if table.container and (not table.member or matches(plain_name(table.member), NAMES)):
            try:
                loaded = implied_mapping(layer, options, table, whole_state=whole_state)
            except UnreadableSource as error:
                raise UnreadableSource(f"{table.member or source.file}: {error}") from error
            break
    loaded = loaded or implied_mapping(layer, options, None, whole_state=whole_state)
    return IntakePlan.of(loaded, theatre, layer, options.at, options.axes)


def _single(source: TableSource, order: Order | None) -> Iterator[Table]:
    """Yield the one table of each file, and all folders of KML; in place of a second table why there is none.

    Which of several layers or sheets is meant nobody can tell but the desk.
    """
    before: Table | None = None
    names: list[str] = []
    for table in source.tables(order):
        if before is None or table.member != before.member:
            before, names = table, []
        names.append(repr(table.name))
        if len(names) == 1 or table.container == "kml":
            yield table
        elif len(names) == 2:
            yield _refused(table, source.file, names)


def _refused(table: Table, file: str, names: list[str]) -> Table:
    words = (
        f"it holds several tables, {' and '.join(names)} among them, and which is meant a mapping has to say:"
        f" [file] tables, in the draft of tileserver mapping suggest {file}"
    )
    row = Row(0, {}, None, words)
    return Table(table.member, table.name, "", (), None, partial(iter, [row]))

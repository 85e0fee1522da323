"""One import: a file read whole, then one transaction, one revision; nothing is visible before its end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from tileserver.desk.change import check_own, complete_already
from tileserver.desk.commit import Acceptance, Outcome, Progress, commit, no_progress
from tileserver.desk.days import Days
from tileserver.desk.periods import State
from tileserver.desk.prepare import Preparer
from tileserver.desk.prepared import prepared
from tileserver.errors import UnreadableSource
from tileserver.findings import Finding
from tileserver.ingest import ReadOptions, Report, count_items, gives_snapshots, read_features, read_snapshots
from tileserver.ingest.report import printable
from tileserver.model import DatedFeature, RawFeature, RawSnapshot
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection

__all__ = ["Outcome", "Progress", "import_features", "import_file", "import_snapshots", "no_progress"]


async def import_file(
    connection: Connection,
    layers: Mapping[str, StoredLayer],
    name: str,
    path: Path,
    options: ReadOptions,
    progress: Progress = no_progress,
    *,
    complete: bool = False,
    accept: str = "",
) -> Outcome:
    """Import *path* into the layer *name* and bring up to date what derives from it.

    Parameters
    ----------
    connection : Connection
        Its own; the transaction is opened once all is read, and holds the writers' lock until it commits.
    layers : mapping of str to StoredLayer
        The layers of one theatre, by name.
    complete : bool
        The file is the whole of the layer: what it does not hold ends, in this revision.
    accept : str
        Why to publish it although a rule of `desk.judge` would hold it back; '' to hold it.

    Raises
    ------
    BadParameter
        *complete* for a layer of snapshots, each of which is complete already; a layer that derives from
        another one; *accept* that is blank.
    ImportFailed
        The file cannot be used; nothing was written.
    StoreUnavailable
        The database went away; nothing was written.

    Notes
    -----
    Running it again changes nothing. Interrupted anywhere it leaves nothing behind. What is held back
    changes nothing either, and is kept for the desk: see `Outcome.held`.
    """
    stored = layers[name]
    check_own(stored)
    _acceptance(accept)  # a blank reason is refused before a long file is read
    report = Report()
    if gives_snapshots(stored.layer, options):
        if complete:
            raise complete_already(stored)
        snapshots = read_snapshots(path, stored.theatre, stored.layer, options, report)
        return await import_snapshots(
            connection,
            layers,
            name,
            snapshots,
            report,
            progress,
            total=count_items(path),
            origin=printable(path.name),
            accept=accept,
        )
    features = read_features(path, stored.theatre, stored.layer, options, report)
    return await import_features(
        connection,
        layers,
        name,
        features,
        report,
        progress,
        origin=printable(path.name),
        complete=complete,
        accept=accept,
    )


async def import_snapshots(
    connection: Connection,
    layers: Mapping[str, StoredLayer],
    name: str,
    snapshots: Iterable[RawSnapshot],
    report: Report,
    progress: Progress = no_progress,
    *,
    total: int | None = None,
    origin: str,
    accept: str = "",
) -> Outcome:
    """Import whole states of the layer *name*; each holds until the next one that is known."""
    stored = layers[name]
    preparer = Preparer(stored.theatre, stored.layer, report)
    states: dict[datetime, State] = {}
    origins: dict[datetime, str] = {}
    days = Days(stored)
    for number, snapshot in enumerate(snapshots, 1):
        states[snapshot.at] = _state(snapshot, preparer, report)
        origins[snapshot.at] = snapshot.origin
        if snapshot.precision == "day":
            days.note(snapshot.at)
        progress("reading and repairing", number, total)
        await asyncio.sleep(0)  # where Ctrl-C takes effect
    if not states and not report.total("quarantined"):
        raise UnreadableSource(f"{origin} holds no snapshot of {stored.ref}; see the report")
    given = prepared(
        report, origin=origin, features=preparer.features, states=states, origins=origins, days=days.over
    )
    return await commit(connection, layers, name, given, progress, _acceptance(accept))


async def import_features(
    connection: Connection,
    layers: Mapping[str, StoredLayer],
    name: str,
    features: Iterable[RawFeature],
    report: Report,
    progress: Progress = no_progress,
    *,
    origin: str,
    complete: bool = False,
    accept: str = "",
) -> Outcome:
    """Import features that carry their own periods; those that are known already stay as they are.

    So do those that *features* does not hold, unless it is *complete*: then they end in this revision, and an
    edited feature is one that ended and one that came.
    """
    stored = layers[name]
    preparer = Preparer(stored.theatre, stored.layer, report)
    wanted: set[DatedFeature] = set()
    days = Days(stored)
    for number, feature in enumerate(days.note_features(features), 1):
        kept = preparer.prepare(feature)
        if kept is not None:
            assert feature.period is not None
            assert feature.period.start is not None
            dated = DatedFeature(kept.feature_hash, feature.period.start, feature.period.end)
            if dated in wanted:
                report.note(Finding.DUPLICATE, feature.origin)
            else:
                wanted.add(dated)
                report.imported += 1
        if number % 500 == 0:
            progress("reading and repairing", number, None)
            await asyncio.sleep(0)
    given = prepared(
        report,
        origin=origin,
        features=preparer.features,
        periods=frozenset(wanted),
        complete=complete,
        days=days.over,
    )
    return await commit(connection, layers, name, given, progress, _acceptance(accept))


def _acceptance(reason: str) -> Acceptance | None:
    return Acceptance(reason) if reason else None


def _state(snapshot: RawSnapshot, preparer: Preparer, report: Report) -> State:
    state: set[bytes] = set()
    for feature in snapshot.features:
        kept = preparer.prepare(feature)
        if kept is None:
            continue
        if kept.feature_hash in state:
            report.note(Finding.DUPLICATE, feature.origin)
        else:
            state.add(kept.feature_hash)
            report.imported += 1
    return frozenset(state)

"""One import: a file read whole, then one transaction, one revision; nothing is visible before its end."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

from tileserver.desk.periods import Held, State, periods_of, states_of
from tileserver.desk.prepare import Content, Preparer
from tileserver.desk.redraw import redraw
from tileserver.errors import BadParameter, UnreadableSource
from tileserver.ingest import ReadOptions, Report, count_items, gives_snapshots, read_features, read_snapshots
from tileserver.model import Finding, RawFeature, RawSnapshot
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection, translated
from tileserver.store.revisions import HeldVersion, NothingChanged, SnapshotRow, Writer, open_revision

Progress: TypeAlias = Callable[[str, int, int | None], None]  # what is done, how much of it, of how many


def no_progress(_label: str, _done: int, _total: int | None) -> None:
    """Show nothing."""


@dataclass(slots=True)
class Outcome:
    """What an import did: its revision, ``None`` if it changed nothing, and what it added and ended."""

    revision: int | None = None
    snapshots: int = 0
    added: int = 0
    ended: int = 0
    faces_added: int = 0  # and lines between them
    faces_ended: int = 0
    report: dict[str, Any] = field(default_factory=dict)


async def import_file(
    connection: Connection,
    layers: Mapping[str, StoredLayer],
    name: str,
    path: Path,
    options: ReadOptions,
    progress: Progress = no_progress,
    *,
    complete: bool = False,
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

    Raises
    ------
    BadParameter
        *complete* for a layer of snapshots, each of which is complete already.
    ImportFailed
        The file cannot be used; nothing was written.
    StoreUnavailable
        The database went away; nothing was written.

    Notes
    -----
    Running it again changes nothing. Interrupted anywhere it leaves nothing behind.
    """
    stored = layers[name]
    report = Report()
    if gives_snapshots(stored.layer, options):
        if complete:
            raise _complete_already(stored)
        snapshots = read_snapshots(path, stored.theatre, stored.layer, options, report)
        return await import_snapshots(
            connection, layers, name, snapshots, report, progress, total=count_items(path), origin=path.name
        )
    features = read_features(path, stored.theatre, stored.layer, options, report)
    return await import_features(
        connection, layers, name, features, report, progress, origin=path.name, complete=complete
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
) -> Outcome:
    """Import whole states of the layer *name*; each holds until the next one that is known."""
    stored = layers[name]
    preparer = Preparer(stored.theatre, stored.layer, report)
    states: dict[datetime, State] = {}
    origins: dict[datetime, str] = {}
    for number, snapshot in enumerate(snapshots, 1):
        states[snapshot.at] = _state(snapshot, preparer, report)
        origins[snapshot.at] = snapshot.origin
        progress("reading and repairing", number, total)
        await asyncio.sleep(0)  # where Ctrl-C takes effect
    if not states:
        raise UnreadableSource(f"{origin} holds no snapshot of {stored.ref}; see the report")
    _check_balance(report)
    outcome = Outcome(report=report.as_dict())
    with translated():
        async with open_revision(connection) as writer:
            known = await writer.snapshots(stored.key)
            new = {at: state for at, state in states.items() if known.get(at) != _state_hash(state)}
            if not new:
                raise NothingChanged
            progress("writing", 0, None)
            rows = [SnapshotRow(at, _state_hash(state), origins[at]) for at, state in sorted(new.items())]
            await writer.add_snapshots(stored.key, rows)
            held = {Held(v.content, v.start, v.end) for v in await writer.held(stored.key)}
            before = states_of(held, known)
            after = {**before, **new}
            await _write_features(writer, stored.key, held, periods_of(after), preparer.contents, outcome)
            await _redraw(writer, layers, stored, before, after, preparer.contents, outcome, progress)
            await _finish(
                writer, stored.key, outcome, report, f"{len(new)} snapshots of {stored.ref} from {origin}"
            )
            outcome.snapshots = len(new)
    return outcome


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
) -> Outcome:
    """Import features that carry their own periods; those that are known already stay as they are.

    So do those that *features* does not hold, unless it is *complete*: then they end in this revision, and an
    edited feature is one that ended and one that came.
    """
    stored = layers[name]
    preparer = Preparer(stored.theatre, stored.layer, report)
    wanted: dict[Held, Content] = {}
    for number, feature in enumerate(features, 1):
        content = preparer.prepare(feature)
        if content is not None:
            assert feature.period is not None
            assert feature.period.start is not None
            held = Held(content.key, feature.period.start, feature.period.end)
            if held in wanted:
                report.note(Finding.DUPLICATE, feature.origin)
            else:
                wanted[held] = content
                report.imported += 1
        if number % 500 == 0:
            progress("reading and repairing", number, None)
            await asyncio.sleep(0)
    _check_balance(report)
    if complete and not wanted:
        raise UnreadableSource(
            f"{origin} holds no feature of {stored.ref}: as the complete file it would end all there are"
        )
    outcome = Outcome(report=report.as_dict())
    with translated():
        async with open_revision(connection) as writer:
            if complete and await writer.snapshots(stored.key):
                raise _complete_already(stored)
            known = {Held(v.content, v.start, v.end) for v in await writer.held(stored.key)}
            target = set(wanted) if complete else known | wanted.keys()
            if target == known:
                raise NothingChanged
            await _write_features(writer, stored.key, known, target, preparer.contents, outcome)
            before, after = states_of(known), states_of(target)
            await _redraw(writer, layers, stored, before, after, preparer.contents, outcome, progress)
            await _finish(writer, stored.key, outcome, report, _summary(outcome, stored, origin))
    return outcome


def _complete_already(stored: StoredLayer) -> BadParameter:
    return BadParameter(
        f"{stored.ref} holds snapshots, each of which is the whole state from its instant on: to correct one"
        " import it again, to take one out withdraw it; --complete is for features with periods of their own"
    )


def _summary(outcome: Outcome, stored: StoredLayer, origin: str) -> str:
    ended = f", and {outcome.ended} that it does not hold ended" if outcome.ended else ""
    return f"{outcome.added} features of {stored.ref} from {origin}{ended}"


def _state(snapshot: RawSnapshot, preparer: Preparer, report: Report) -> State:
    state: set[bytes] = set()
    for feature in snapshot.features:
        content = preparer.prepare(feature)
        if content is None:
            continue
        if content.key in state:
            report.note(Finding.DUPLICATE, feature.origin)
        else:
            state.add(content.key)
            report.imported += 1
    return frozenset(state)


def _state_hash(state: State) -> bytes:
    return hashlib.blake2b(b"".join(sorted(state)), digest_size=16).digest()


def _check_balance(report: Report) -> None:
    assert report.balances, f"the account does not balance: {report.as_dict()}"


async def _write_features(
    writer: Writer,
    layer: int,
    held: set[Held],
    target: set[Held],
    contents: Mapping[bytes, Content],
    outcome: Outcome,
) -> None:
    fresh = target - held
    # Read before anything is closed: the only version of a content may be the one that is split.
    missing = {each.content for each in fresh} - contents.keys()
    there = {
        key: Content(key, properties, wkb)
        for key, (properties, wkb) in (await writer.contents(layer, missing)).items()
    }
    await writer.close_versions(layer, [HeldVersion(*gone) for gone in held - target])
    every = {**there, **contents}
    rows = [every[each.content].row(each.start, each.end) for each in sorted(fresh, key=str)]
    outcome.added += await writer.add_versions(layer, rows)
    outcome.ended += len(held - target)


async def _redraw(
    writer: Writer,
    layers: Mapping[str, StoredLayer],
    area: StoredLayer,
    before: Mapping[datetime, State],
    after: Mapping[datetime, State],
    contents: Mapping[bytes, Content],
    outcome: Outcome,
    progress: Progress,
) -> None:
    if not area.layer.partitioned:
        return
    redrawn = await redraw(writer, layers, area, before, after, contents, progress)
    outcome.faces_added, outcome.faces_ended = redrawn


async def _finish(writer: Writer, layer: int, outcome: Outcome, report: Report, summary: str) -> None:
    outcome.revision = writer.revision
    rows = [(each.finding.value, each.origin, each.raw) for each in report.quarantined]
    await writer.quarantine(layer, rows)
    await writer.commit_revision(summary, outcome.report)

"""What was read of a file becomes one revision in one transaction, or is held back and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from tileserver.desk.change import Change, Effect, change_of, check_own, judge, state_hash
from tileserver.desk.judge import Ruling
from tileserver.desk.prepared import Prepared, pack
from tileserver.desk.redraw import redraw
from tileserver.errors import BadParameter, HeldBack
from tileserver.model import Feature
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection, translated
from tileserver.store.days import add_days
from tileserver.store.held import QuarantineRow, decide, keep
from tileserver.store.revisions import FeatureRow, NothingChanged, SnapshotRow, Writer, open_revision

Progress: TypeAlias = Callable[[str, int, int | None], None]  # what is done, how much of it, of how many


def no_progress(_label: str, _done: int, _total: int | None) -> None:
    """Show nothing."""


@dataclass(slots=True)
class Outcome:
    """What an import did: its revision, ``None`` if it changed nothing, and what it added and ended.

    ``held`` is the number under which it is held back, and ``rulings`` say why, or what was accepted.
    """

    revision: int | None = None
    snapshots: int = 0
    added: int = 0
    ended: int = 0
    faces_added: int = 0  # and lines between them
    faces_ended: int = 0
    report: dict[str, Any] = field(default_factory=dict)
    held: int | None = None
    rulings: list[Ruling] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)  # where there are rulings


@dataclass(frozen=True, slots=True)
class Shown:
    """What the desk read of a held import: what it breaks, and the layer's newest revision then."""

    broken: frozenset[tuple[str, str, datetime | None]]
    newest: int


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Why the desk publishes what would be held: for good, or what is held as *number*.

    Of that nothing but what was shown to the desk is accepted. `BadParameter` where *reason* says nothing.
    """

    reason: str
    number: int | None = None
    shown: Shown | None = None

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise BadParameter("say why it is published: the reason stays with the revision, and it is blank")


async def commit(
    connection: Connection,
    layers: Mapping[str, StoredLayer],
    name: str,
    given: Prepared,
    progress: Progress = no_progress,
    accept: Acceptance | None = None,
) -> Outcome:
    """Let the layer *name* hold what is *given*, and what derives from it follow; or hold it back.

    Raises `HeldBack` where more is broken than an acceptance was shown; nothing was written then.
    """
    stored = layers[name]
    check_own(stored)
    outcome = Outcome(report=given.report)
    judged = 0
    with translated():
        async with open_revision(connection) as writer:
            change = await change_of(writer, stored, given)
            outcome.rulings, outcome.effects = await judge(writer, stored, given, change)
            judged = await writer.newest(stored.layer_id)
            _check_shown(given, outcome.rulings, judged, accept)
            fresh = await add_days(writer, stored.layer_id, given.days)
            if (outcome.rulings and accept is None) or (change.nothing and not fresh):
                raise NothingChanged
            progress("writing", 0, None)
            await _write(writer, layers, stored, given, change, outcome, progress)
            await _finish(writer, stored, given, outcome, accept)
    if outcome.rulings and accept is None:
        outcome.held = await _keep(connection, stored, given, outcome.rulings, judged)
    elif accept is not None and accept.number is not None and outcome.revision is None:
        await decide(connection, accept.number, "accepted", accept.reason, None)
    return outcome


def _check_shown(given: Prepared, rulings: list[Ruling], newest: int, accept: Acceptance | None) -> None:
    if accept is None or accept.shown is None:
        return
    fresh = [each.words for each in rulings if each.broken not in accept.shown.broken]
    if given.complete and newest != accept.shown.newest:
        fresh.append("as the complete file it would end what came since")
    if fresh:
        raise HeldBack(
            f"held import {accept.number} does not fit what is known now, for something was imported since: "
            + "; ".join(fresh)
            + f"; look again with: tileserver held show {accept.number}"
        )


async def _write(
    writer: Writer,
    layers: Mapping[str, StoredLayer],
    stored: StoredLayer,
    given: Prepared,
    change: Change,
    outcome: Outcome,
    progress: Progress,
) -> None:
    if change.snapshots:
        new = sorted(change.snapshots.items())
        rows = [SnapshotRow(at, state_hash(state), given.origins[at]) for at, state in new]
        await writer.add_snapshots(stored.layer_id, rows)
        outcome.snapshots = len(rows)
    await _write_features(writer, stored.layer_id, change, given.features, outcome)
    if stored.layer.drawn_as == "faces":
        redrawn = await redraw(writer, layers, stored, change.before, change.after, given.features, progress)
        outcome.faces_added, outcome.faces_ended = redrawn


async def _write_features(
    writer: Writer, layer: int, change: Change, features: Mapping[bytes, Feature], outcome: Outcome
) -> None:
    fresh, gone = change.target - change.known, change.known - change.target
    # Read before anything is closed: the only row of a feature may be the one that is split.
    missing = {each.feature_hash for each in fresh} - features.keys()
    every = {**await writer.features(layer, missing), **features}
    await writer.close_features(layer, gone)
    rows = [FeatureRow.of(every[each.feature_hash], each.start, each.end) for each in sorted(fresh, key=str)]
    outcome.added += await writer.add_features(layer, rows)
    outcome.ended += len(gone)


async def _finish(
    writer: Writer, stored: StoredLayer, given: Prepared, outcome: Outcome, accept: Acceptance | None
) -> None:
    outcome.revision = writer.revision
    await writer.quarantine(stored.layer_id, quarantine_rows(given))
    summary, report = _summary(outcome, stored, given), given.report
    if accept is not None and outcome.rulings:
        summary += f"; accepted: {accept.reason}"
        words = [each.words for each in outcome.rulings]
        report = {**report, "accepted": {"reason": accept.reason, "rulings": words}}
    await writer.commit_revision(summary, report)
    if accept is not None and accept.number is not None:
        await decide(writer.connection, accept.number, "accepted", accept.reason, writer.revision)


def _summary(outcome: Outcome, stored: StoredLayer, given: Prepared) -> str:
    if given.states is not None:
        return f"{outcome.snapshots} snapshots of {stored.ref} from {given.origin}"
    ended = f", and {outcome.ended} that it does not hold ended" if outcome.ended else ""
    return f"{outcome.added} features of {stored.ref} from {given.origin}{ended}"


def quarantine_rows(given: Prepared) -> list[QuarantineRow]:
    """Return what was put aside, as it is kept."""
    return [(each.finding.value, each.origin, each.raw) for each in given.quarantined]


async def _keep(
    connection: Connection, stored: StoredLayer, given: Prepared, rulings: list[Ruling], judged: int
) -> int:
    digest, content = pack(given)
    with translated():
        return await keep(
            connection,
            stored.layer_id,
            given.origin,
            digest,
            [asdict(each) for each in rulings],
            judged,
            given.report,
            content,
            quarantine_rows(given),
        )

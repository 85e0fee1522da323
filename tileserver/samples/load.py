"""The sample theatres into the database, each layer through the same import as anybody's data."""

from __future__ import annotations

from collections.abc import Iterable

from tileserver.desk.declare import declare
from tileserver.desk.importer import import_features, import_snapshots
from tileserver.desk.job import Job, Outcome, Progress
from tileserver.ingest import RawSnapshot, Report
from tileserver.samples.draw import sample_days, sample_features, sample_snapshots
from tileserver.store.catalogue import load_layers
from tileserver.store.connect import Connection
from tileserver.theatres import SAMPLES, load_theatre


async def load_sample(
    connection: Connection, name: str, progress: Progress, by: str = ""
) -> list[tuple[str, Outcome]]:
    """Load one sample theatre and return the outcome of each layer's import; again nothing changes.

    *by* is who loads it, for the audit log.
    """
    progress = _within(progress, name)
    theatre = load_theatre(name)
    await declare(connection, theatre, progress, by)
    layers = {each.layer.name: each for each in await load_layers(connection) if each.ref.theatre == name}
    outcomes = []
    for stored in layers.values():
        if stored.layer.drawn_as == "face_lines":
            continue
        job, report = Job(connection, layers, stored.layer.name, progress, by=by), Report()
        if stored.layer.time == "state":
            days = sample_days(theatre)
            snapshots = _shown(sample_snapshots(theatre), days, progress)
            report.read = sum(len(snapshot.features) for snapshot in snapshots)
            outcome = await import_snapshots(job, snapshots, report, "the sample", total=days)
        else:
            features = list(sample_features(theatre, stored.layer.name))
            report.read = len(features)
            outcome = await import_features(job, features, report, "the sample")
        outcomes.append((str(stored.ref), outcome))
    return outcomes


async def samples_wanted(connection: Connection) -> bool:
    """Whether a database has nothing at all, or nothing but samples that are not whole."""
    layers = await load_layers(connection)
    theatres = {each.ref.theatre for each in layers}
    if not theatres <= set(SAMPLES):
        return False
    return theatres != set(SAMPLES) or not all(each.revisions for each in layers)


async def load_samples(connection: Connection, progress: Progress, by: str = "") -> None:
    """Load every sample, whole or the rest of an interrupted load.

    *by* is who starts the server, for the audit log.
    """
    for number, name in enumerate(SAMPLES, 1):
        await load_sample(connection, name, _within(progress, f"sample {number} of {len(SAMPLES)}"), by)


def _within(progress: Progress, name: str) -> Progress:
    return lambda stage, done, total: progress(f"{name}, {stage}", done, total)


def _shown(snapshots: Iterable[RawSnapshot], days: int, progress: Progress) -> list[RawSnapshot]:
    """Return the *snapshots* of a number of *days*, which take seconds to lay out."""
    found = []
    progress("laying out days", 0, days)
    for number, snapshot in enumerate(snapshots, 1):
        found.append(snapshot)
        progress("laying out days", number, days)
    return found

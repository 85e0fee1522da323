"""The sample theatres into the database, each layer through the same import as anybody's data."""

from __future__ import annotations

from tileserver.desk.declare import declare
from tileserver.desk.importer import import_features, import_snapshots
from tileserver.desk.job import Job, Outcome, Progress
from tileserver.ingest import Report
from tileserver.samples.draw import sample_features, sample_snapshots
from tileserver.store.catalogue import load_layers
from tileserver.store.connect import Connection
from tileserver.theatres import SAMPLES, load_theatre


async def load_sample(
    connection: Connection, name: str, progress: Progress, by: str = ""
) -> list[tuple[str, Outcome]]:
    """Load one sample theatre and return the outcome of each layer's import; again nothing changes.

    *by* is who loads it, for the audit log.
    """
    theatre = load_theatre(name)
    await declare(connection, theatre, progress, by)
    layers = {each.layer.name: each for each in await load_layers(connection) if each.ref.theatre == name}
    outcomes = []
    for stored in layers.values():
        if stored.layer.drawn_as == "face_lines":
            continue
        job, report = Job(connection, layers, stored.layer.name, progress, by=by), Report()
        if stored.layer.time == "state":
            snapshots = list(sample_snapshots(theatre))
            report.read = sum(len(snapshot.features) for snapshot in snapshots)
            outcome = await import_snapshots(job, snapshots, report, "the sample")
        else:
            features = list(sample_features(theatre, stored.layer.name))
            report.read = len(features)
            outcome = await import_features(job, features, report, "the sample")
        outcomes.append((str(stored.ref), outcome))
    return outcomes


async def load_samples_if_empty(connection: Connection, progress: Progress, by: str = "") -> None:
    """Load every sample into a database that has nothing else; complete an interrupted sample.

    *by* is who starts the server, for the audit log.
    """
    layers = await load_layers(connection)
    theatres = {each.ref.theatre for each in layers}
    if not theatres <= set(SAMPLES):
        return
    if theatres != set(SAMPLES) or not all(each.revisions for each in layers):
        for name in SAMPLES:
            await load_sample(connection, name, progress, by)

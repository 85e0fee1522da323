"""Faces drawn anew, revision by revision, where the generaliser or the definition is another one now."""

from __future__ import annotations

from datetime import datetime

from tileserver.desk.job import Job, Progress
from tileserver.desk.periods import State, states_of
from tileserver.desk.redraw import fingerprint, redraw
from tileserver.store.catalogue import StoredLayer, load_layers
from tileserver.store.connect import Connection, translated
from tileserver.store.faces import erase_faces
from tileserver.store.revisions import Writer, write_locked


async def rebuild_stale(connection: Connection, progress: Progress) -> list[str]:
    """Draw anew every layer whose fingerprint would be another today; return the layers' names.

    Every revision's faces are made again, in one transaction, and what was cached of them gets other
    names. A few seconds a year of history; nothing to do costs a query.
    """
    with translated():
        if not _stale(await load_layers(connection)):
            return []
        async with write_locked(connection):
            layers = await load_layers(connection)
            stale = _stale(layers)
            for area in stale:
                own = {each.layer.name: each for each in layers if each.ref.theatre == area.ref.theatre}
                await _rebuild(Job(connection, own, area.layer.name, progress))
        return [str(area.ref) for area in stale]


def _stale(layers: list[StoredLayer]) -> list[StoredLayer]:
    """Return the layers of areas that are out of date themselves, or have a derived layer that is."""
    out_of_date = {
        (each.ref.theatre, each.layer.drawn_from)
        for each in layers
        if each.fingerprint != fingerprint(each.theatre, each.layer)
    }
    return [each for each in layers if (each.ref.theatre, each.layer.name) in out_of_date and each.revisions]


async def _rebuild(job: Job) -> None:
    area = job.stored
    family = [each for each in job.layers.values() if each.layer.drawn_from == area.layer.name]
    await erase_faces(job.connection, [each.layer_id for each in family])
    if area.layer.drawn_as != "faces":
        return
    before: dict[datetime, State] = {}
    for revision in area.revisions:
        writer = Writer(job.connection, revision, set())
        after = states_of(await writer.current(area.layer_id))
        await redraw(writer, job, before, after, {})
        await writer.note_layers()
        before = after

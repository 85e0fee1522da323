"""Faces kept in step with features: every changed cell is drawn anew, in the open revision."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from tileserver.desk.draw import Drawing, Steps, draw_runs
from tileserver.desk.job import Job
from tileserver.desk.periods import Run, State, changed_runs, rewritten
from tileserver.model import DatedFeature, Feature, Layer, Theatre
from tileserver.shape.partition import GENERALISER
from tileserver.store.catalogue import StoredLayer
from tileserver.store.faces import (
    CellKey,
    DrawnFace,
    FaceRow,
    add_faces,
    cells_changing,
    close_faces,
    current_faces,
    drawn_faces,
    set_fingerprint,
)
from tileserver.store.revisions import Writer
from tileserver.theatres import load_lands


class Redrawn(NamedTuple):
    """Numbers of faces and lines that a revision added and ended."""

    added: int
    ended: int


async def redraw(
    writer: Writer,
    job: Job,
    old: Mapping[datetime, State],
    new: Mapping[datetime, State],
    features: Mapping[bytes, Feature],
) -> Redrawn:
    """Draw the differences between two histories of the job's layer, drawn as faces; write their rows.

    Parameters
    ----------
    writer : Writer
        The open revision; the features of both histories are in the database or in *features*.
    job : Job
        The layer, and the theatre's layers: those that derive from it follow.
    old, new : mapping of datetime to State
        The states as the faces have them now, and as they are to be; sets of feature hashes.

    Notes
    -----
    Cells and days that do not differ are neither drawn nor written.
    """
    area, runs = job.stored, changed_runs(old, new)
    states = [state for run in runs for state in (run.before, *(state for _, state in run.steps))]
    wanted = frozenset[bytes]().union(*states)
    there = await writer.features(area.layer_id, wanted - features.keys())
    drawing = await draw_runs(area.theatre, area.layer, runs, {**there, **features}, job.progress)
    added = ended = 0
    for name, cells in drawing.steps.items():
        job.progress(f"writing {name}", 0, None)
        stored = job.layers[name]
        redrawn = await _write(writer, stored, runs, cells, drawing)
        # Also where nothing came of it: whether the line moved is for nobody to read off its revisions.
        writer.touched.add(stored.layer_id)
        drawn_with = fingerprint(area.theatre, stored.layer)
        await set_fingerprint(writer.connection, stored.layer_id, drawn_with)
        added, ended = added + redrawn.added, ended + redrawn.ended
    return Redrawn(added, ended)


async def _write(
    writer: Writer,
    stored: StoredLayer,
    runs: Sequence[Run],
    cells: Mapping[CellKey, list[Steps]],
    drawing: Drawing,
) -> Redrawn:
    touched = set(cells)
    for run in runs:
        touched |= await cells_changing(writer.connection, stored.layer_id, run.first, run.last)
    held = await current_faces(writer.connection, stored.layer_id, touched)
    gone: list[tuple[CellKey, DatedFeature]] = []
    fresh: list[tuple[CellKey, DatedFeature]] = []
    for where in sorted(touched):
        now = held.get(where, set())
        target = _target(now, runs, cells.get(where, []))
        gone += [(where, face) for face in now - target]
        fresh += [
            (where, face) for face in sorted(target - now, key=lambda face: (face.start, face.feature_hash))
        ]
    # Read before anything is closed: the only version of a face may be the one that is split.
    missing = [(where, face.feature_hash) for where, face in fresh if face.feature_hash not in drawing.faces]
    kept = await drawn_faces(writer.connection, stored.layer_id, missing) if missing else {}
    await close_faces(writer, stored.layer_id, gone)
    finest = stored.layer.bands[-1].lowest if stored.layer.drawn_as == "faces" else None
    added = await add_faces(writer, stored.layer_id, _rows(fresh, drawing, kept, finest))
    return Redrawn(added, len(gone))


def _target(now: set[DatedFeature], runs: Sequence[Run], steps: Sequence[Steps]) -> set[DatedFeature]:
    target = now
    for number, run in enumerate(runs):
        target = rewritten(target, run.first, run.last, steps[number] if number < len(steps) else [])
    return target


def _rows(
    fresh: Sequence[tuple[CellKey, DatedFeature]],
    drawing: Drawing,
    kept: Mapping[tuple[CellKey, bytes], DrawnFace],
    finest: int | None,
) -> Iterator[FaceRow]:
    for where, (feature_hash, start, end) in fresh:
        drawn = drawing.faces.get(feature_hash) or kept[where, feature_hash]
        face, km2 = drawn.feature, drawn.km2 if where.band == finest else None
        yield FaceRow(where, face.id, feature_hash, start, end, dict(face.properties), km2, face.wkb)


def fingerprint(theatre: Theatre, layer: Layer) -> str:
    """Return a name of all that decides how the features of *layer* are drawn; '' where nothing does."""
    if not layer.has_faces:
        return ""
    decides: list[object] = [GENERALISER, layer.bands, layer.category]
    decides.append([(each.code, each.priority) for each in layer.categories])
    if layer.derived is not None:
        origin = theatre.layer(layer.derived.layer)
        decides += [fingerprint(theatre, origin), layer.derived, load_lands(theatre, layer)]
        decides.append([(each.code, each.side) for each in origin.categories])
    return hashlib.blake2b(msgspec.json.encode(decides), digest_size=8).hexdigest()

"""Turns: each change of a measured layer against the state just before, and the land that passed."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeAlias

import msgspec
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from tileserver.compare.shapes import compared_cells
from tileserver.grid import BoundsLonLat
from tileserver.shape.compare import Sieve, differing_pieces
from tileserver.shape.directions import direction_regions
from tileserver.shape.ground import Ground, declared_ground
from tileserver.shape.holders import NOWHERE, Holder, Holders, Kind, Transfer, transfers
from tileserver.shape.regions import Regions
from tileserver.store.catalogue import StoredLayer
from tileserver.store.measures import DifferingFace, MeasuredFace
from tileserver.theatres import load_lands
from tileserver.tiles.recent import Recent
from tileserver.times import to_micros

_MEMORY = 20_000  # turns that are kept worked out, a kilobyte each at most
_DIGEST = (1 << 64) - 1

Polygons: TypeAlias = Mapping[tuple[int, bytes], bytes]  # EWKB in EPSG:3857 by cell and hash of a face
TurnKey: TypeAlias = tuple[bytes, int, int]  # the rules, and the digests of the states before and after


class Way(NamedTuple):
    """How land passed: movement or another drawing, in which direction if any, from which holder to which."""

    kind: Kind
    direction: str | None
    before: Holder
    after: Holder


Passed: TypeAlias = Mapping[Way, float]  # km2


class KeptTurns(Recent[TurnKey, Passed]):
    """Land that passed with each turn worked out before, by the states before and after, and by the rules.

    So a revision that adds a day costs that day; and the same is known in every revision with both states.
    """

    def __init__(self) -> None:
        super().__init__(_MEMORY)


@dataclass(frozen=True, slots=True)
class Turn:
    """A change: the instant, its key, and the faces that one of the two states has."""

    at: datetime
    cache_key: TurnKey
    gone: Sequence[MeasuredFace]
    new: Sequence[MeasuredFace]


def turns_of(faces: Sequence[MeasuredFace], last: datetime, stored: StoredLayer) -> list[Turn]:
    """Return the turns up to *last*, included, ascending, but for the beginning of the first state.

    *faces* are all that hold at some time up to *last*; what is later than that takes no part.
    """
    changed: defaultdict[datetime, tuple[list[MeasuredFace], list[MeasuredFace]]]
    changed = defaultdict(lambda: ([], []))
    for face in faces:
        changed[face.start][1].append(face)
        if face.end is not None and face.end <= last:
            changed[face.end][0].append(face)
    rules, digest, turns = rules_key(stored), 0, []
    for number, at in enumerate(sorted(changed)):
        gone, new = changed[at]
        before = digest
        digest = (digest + sum(map(_token, new)) - sum(map(_token, gone))) & _DIGEST
        if number and digest != before:
            turns.append(Turn(at, (rules, before, digest), gone, new))
    return turns


def _token(face: MeasuredFace) -> int:
    """Return the digest of a face in a cell, the same in every process."""
    named = face.cell.to_bytes(8, "little", signed=True) + face.feature_hash
    return int.from_bytes(hashlib.blake2b(named, digest_size=8).digest())


def rules_key(stored: StoredLayer) -> bytes:
    """Return a hash of all that decides the meaning of a turn beside its two states."""
    rules = msgspec.json.encode((stored.layer_id, stored.edition, stored.theatre))
    return hashlib.blake2b(rules, digest_size=16).digest()


class Workshop:
    """Bench for the turns of a layer: its *faces*, and the *polygons* of all around the turns.

    Polygons are EWKB in EPSG:3857, by cell and hash; periods of faces are half-open.
    """

    def __init__(self, stored: StoredLayer, faces: Sequence[MeasuredFace], polygons: Polygons) -> None:
        self._band = stored.layer.bands[-1]
        self._holders, self._regions = holders_of(stored), direction_regions(stored.theatre.directions)
        self._polygons = polygons
        self._faces = [face for face in faces if (face.cell, face.feature_hash) in polygons]
        self._starts = np.array([to_micros(face.start) for face in self._faces])
        self._ends = np.array(
            [to_micros(face.end) if face.end else np.iinfo(np.int64).max for face in self._faces]
        )
        boxes = [self._band.cell_address(face.cell).bounds for face in self._faces]
        self._boxes = shapely.STRtree(
            [shapely.box(box.west, box.south, box.east, box.north) for box in boxes]
        )

    def passed(self, turn: Turn) -> Passed:
        """Return the km2 that passed with *turn*, by way."""
        both = {(f.cell, f.feature_hash) for f in turn.gone} & {(f.cell, f.feature_hash) for f in turn.new}
        differing = [
            DifferingFace(face.cell, face.status, before, self._polygons[face.cell, face.feature_hash])
            for before, own in ((True, turn.gone), (False, turn.new))
            for face in own
            if (face.cell, face.feature_hash) not in both
        ]
        pieces = differing_pieces(compared_cells(differing, self._band), Sieve())
        found: defaultdict[Way, float] = defaultdict(float)
        for transfer in transfers(pieces, self._holders, lambda *asked: self._covered(turn.at, *asked)):
            for direction, km2 in _by_direction(transfer, self._regions).items():
                found[Way(transfer.kind, direction, transfer.before, transfer.after)] += km2
        return dict(found)

    def _covered(self, at: datetime, before: bool, box: BaseGeometry) -> BaseGeometry:
        near, instant = self._boxes.query(box), to_micros(at)
        starts, ends = self._starts[near], self._ends[near]
        holds = (starts < instant) & (instant <= ends) if before else (starts <= instant) & (instant < ends)
        there = [self._faces[number] for number in near[holds]]
        shapes = shapely.from_wkb([self._polygons[face.cell, face.feature_hash] for face in there])
        return shapely.union_all(shapes)


def _by_direction(transfer: Transfer, regions: Regions) -> Mapping[str | None, float]:
    """Return the km2 of *transfer* by direction; land that was only drawn anew has none."""
    if transfer.kind in ("outline", "sliver"):
        return {None: transfer.km2}
    return regions.near(*transfer.shape.bounds).shares(transfer.shape, transfer.km2)


def holders_of(stored: StoredLayer) -> Holders:
    """Return the holders in the layer *stored*: of its statuses, and of uncovered ground."""
    by_status: dict[str, Holder] = {
        each.code: each.side if each.scope == "theatre" else NOWHERE for each in stored.layer.categories
    }
    return Holders(by_status, _ground_of(stored))


def _ground_of(stored: StoredLayer) -> Ground | None:
    for line in stored.theatre.layers:
        if line.derived is not None and line.derived.layer == stored.layer.name:
            bounds = BoundsLonLat(*stored.theatre.bounds)
            return declared_ground(load_lands(stored.theatre, line), line.derived, bounds)
    return None

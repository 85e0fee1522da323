"""Faces of a layer of areas, and the front lines between sides, drawn cell by cell and state by state.

A *run* is a period of valid time in which the new history differs from the old one throughout. The state just
before it is taken as already drawn; each later state is drawn only in the cells in which its areas, or its
front, differ from those of the state before. What a cell holds then is a *step*: an instant, and the hashes
of the cell's faces from that instant on::

    states       S0      S1         S2         S3       S4
    valid time --+-------+----------+----------+--------+------>
                         |--- run 0: S1, S2 ---|        |-- run 1: S4, open ...
                       first                  last    first
    cell a               [t1: {f, g}]                    [t4: {f}]     both runs changed it
    cell b               [t1: {h}, t2: {}]               []            h came at t1 and went at t2
    cell c               []                              [t4: {k}]     as it was, until run 1

So `Drawing.steps[layer][cell][run]` of cell b is ``[(t1, {h}), (t2, {})]`` for run 0. From the start of a run
to the cell's first step in it the cell holds what it held just before the run.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

import shapely
from shapely.geometry.base import BaseGeometry

from tileserver.desk.job import Progress
from tileserver.desk.periods import Run, State
from tileserver.desk.prepare import make_feature
from tileserver.grid import Band, BoundsLonLat
from tileserver.model import Feature, Layer, Theatre
from tileserver.shape.clips import StatusClip, differing_cells, plant
from tileserver.shape.frontline import Fronts
from tileserver.shape.ground import Ground, declared_ground
from tileserver.shape.measure import area_km2
from tileserver.shape.partition import Cell, Face, cell_faces, cell_front, to_metres, whole_status
from tileserver.store.faces import CellKey, DrawnFace
from tileserver.theatres import load_lands

Steps: TypeAlias = list[tuple[datetime, State]]

_FRONT = "front of "  # no status is called so: codes have no spaces


@dataclass(slots=True)
class Drawing:
    """Steps of each cell in each run, and the faces named in the steps; see the drawing at the head.

    ``steps[layer][cell][run]``: ascending (instant, set of face hashes), each set unlike the one before. A
    cell that is missing, a list of runs that is too short and an empty list of steps all say: unchanged.
    ``faces`` has every face that a step is of, by its hash.
    """

    steps: dict[str, dict[CellKey, list[Steps]]]
    faces: dict[bytes, DrawnFace] = field(default_factory=dict)


async def draw_runs(
    theatre: Theatre,
    area: Layer,
    runs: Sequence[Run],
    features: Mapping[bytes, Feature],
    progress: Progress,
) -> Drawing:
    """Draw *runs* of the states of *area*, a layer drawn as faces, and the lines that derive from *area*.

    *features* has, by hash, every feature of the states of *runs* and of the states before them. O(what
    changes from state to state); a first state costs about a second. Lets others run, and itself be
    cancelled, between two states.
    """
    fronts = [_Front(theatre, line) for line in theatre.layers if _derives(line, area)]
    pen = _Pen(area, fronts, features)
    total = sum(len(run.steps) for run in runs)
    done = 0
    for number, run in enumerate(runs):
        pen.start_run(number, run.before)
        for at, state in run.steps:
            pen.draw(at, state)
            done += 1
            progress(f"drawing {area.name}", done, total)
            await asyncio.sleep(0)  # where Ctrl-C takes effect
    return pen.drawing


def _derives(line: Layer, area: Layer) -> bool:
    return line.drawn_as == "face_lines" and line.drawn_from == area.name


class _Front:
    """The front line of one derived layer; drawn anew only for a state with other areas than the last."""

    def __init__(self, theatre: Theatre, line: Layer) -> None:
        assert line.derived is not None
        self.line = line
        self.bands = frozenset(line.bands)
        area = theatre.layer(line.derived.layer)
        self.sides = {_FRONT + f"{line.name} {side}": area.on_side(side) for side in sorted(area.sides())}
        self._area = area
        self._fronts = Fronts(front_ground(theatre, line))
        self._areas: frozenset[bytes] = frozenset()
        self._roots: list[StatusClip] = []

    def clips(self, state: State, features: Mapping[bytes, Feature]) -> list[StatusClip]:
        """Return the uncut front of each side in *state*, called ``front of <line> <side>``; [] without."""
        if state != self._areas:
            areas = side_areas(self._area, [features[each] for each in sorted(state)])
            found = self._fronts.lines(areas)
            self._roots = [
                (_FRONT + f"{self.line.name} {side}", plant(lines)) for side, lines in found.items()
            ]
            self._areas = frozenset(state)
        return self._roots


class _Pen:
    """Drawer of state after state, of each only the differences from the state before."""

    def __init__(self, area: Layer, fronts: Sequence[_Front], features: Mapping[bytes, Feature]) -> None:
        self.drawing = Drawing({each.name: {} for each in (area, *(front.line for front in fronts))})
        self._area = area
        self._fronts = fronts
        self._features = features
        self._priority = {each.code: each.priority for each in area.categories}
        self._bands: defaultdict[int, list[Band]] = defaultdict(list)
        self._drawn, self._finest = frozenset(area.bands), area.bands[-1]
        for band in self._drawn.union(*(front.bands for front in fronts)):
            self._bands[band.cell_zoom].append(band)
        self._roots: dict[bytes, StatusClip] = {}
        self._shown: frozenset[StatusClip] = frozenset()
        self._run = -1

    def start_run(self, run: int, before: State) -> None:
        """Start run *run*: take *before* as already drawn, so that only differences from *before* are."""
        self._run, self._shown = run, self._clips(before)

    def draw(self, at: datetime, state: State) -> None:
        """Note a step at *at* in every cell in which *state* differs from the state drawn last."""
        shown = self._clips(state)
        for zoom, bands in self._bands.items():
            for above, _, x, y, parts in differing_cells(self._shown, shown, zoom, self._is_whole):
                for band in bands:
                    self._draw_cell(at, Cell(band, x, y, above), _areas(parts), parts)
        self._shown = shown

    def _is_whole(self, parts: Collection[StatusClip]) -> bool:
        return whole_status(_areas(parts), self._priority) is not None

    def _draw_cell(
        self, at: datetime, cell: Cell, areas: list[StatusClip], parts: frozenset[StatusClip]
    ) -> None:
        measured = cell.band == self._finest
        faces = cell_faces(cell, areas, self._priority, simplify=not measured)
        if cell.band in self._drawn:
            drawn = (self._face(face, cell.band, measured=measured) for face in faces)
            self._note(self._area.name, cell, at, drawn)
        for front in self._fronts:
            if cell.band in front.bands and not cell.above:  # nothing has an edge in what is larger
                lines = [
                    cell_front(cell, faces, statuses, [clip for part, clip in parts if part == name])
                    for name, statuses in front.sides.items()
                ]
                line = shapely.normalize(shapely.line_merge(shapely.union_all(lines)))
                pieces = [] if line.is_empty else [make_feature(to_metres(line, cell.band), {})]
                self._note(front.line.name, cell, at, [DrawnFace(piece, None) for piece in pieces])

    def _face(self, face: Face, band: Band, *, measured: bool) -> DrawnFace:
        polygon = to_metres(face.polygon, band)
        feature = make_feature(polygon, {self._area.category: face.status})
        known = self.drawing.faces.get(feature.feature_hash)
        if known is not None and (known.km2 is not None or not measured):
            return known  # a square may be a face of two bands
        return DrawnFace(feature, area_km2(polygon) if measured else None)

    def _note(self, layer: str, cell: Cell, at: datetime, drawn: Iterable[DrawnFace]) -> None:
        key = CellKey(cell.band.lowest, cell.band.cell(cell.x, cell.y, cell.above))
        found = {each.feature.feature_hash: each for each in drawn}
        state = frozenset(found)
        self.drawing.faces.update(found)
        runs = self.drawing.steps[layer].setdefault(key, [])
        while len(runs) <= self._run:
            runs.append([])
        steps = runs[self._run]
        if not steps or steps[-1][1] != state:
            steps.append((at, state))

    def _clips(self, state: State) -> frozenset[StatusClip]:
        """Return the uncut areas and fronts of *state*: the same objects for the same features.

        Clips are told apart by identity, so an area that the last state had too is not planted again.
        """
        kept = {each: self._roots.get(each) or self._root(each) for each in state}
        self._roots = kept
        fronts = [clip for front in self._fronts for clip in front.clips(state, self._features)]
        return frozenset([*kept.values(), *fronts])

    def _root(self, feature_hash: bytes) -> StatusClip:
        feature = self._features[feature_hash]
        return str(feature.properties[self._area.category]), plant(shapely.from_wkb(feature.wkb))


def _areas(parts: Iterable[StatusClip]) -> list[StatusClip]:
    return [part for part in parts if not part[0].startswith(_FRONT)]


def side_areas(area: Layer, features: Iterable[Feature]) -> list[tuple[str, list[BaseGeometry]]]:
    """Return, the highest status first, the side of each status and its areas of *features*, in EPSG:3857."""
    statuses = sorted(area.categories, key=lambda each: (-each.priority, each.code))
    shapes: dict[str, list[BaseGeometry]] = {each.code: [] for each in statuses}
    for each in features:
        shapes[str(each.properties[area.category])].append(shapely.from_wkb(each.wkb))
    return [(each.side, shapes[each.code]) for each in statuses]


def front_ground(theatre: Theatre, line: Layer) -> Ground:
    """Return the lands of both sides and the reach that the front of the layer *line* is drawn by."""
    assert line.derived is not None
    return declared_ground(load_lands(theatre, line), line.derived, BoundsLonLat(*theatre.bounds))

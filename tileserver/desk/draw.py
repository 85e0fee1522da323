"""What is drawn of a layer of areas, and of the lines that derive from it, cell by cell, state by state."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

import shapely
from shapely.geometry.base import BaseGeometry

from tileserver.desk.periods import Run, State
from tileserver.desk.prepare import Content, make_content
from tileserver.grid import Band, BoundsLonLat
from tileserver.model import Layer, Theatre
from tileserver.shape.clips import Named, changed_cells, plant
from tileserver.shape.frontline import Ground, front_lines, ground
from tileserver.shape.measure import area_km2
from tileserver.shape.partition import Cell, Face, cell_faces, cell_front, to_metres, whole_status
from tileserver.shape.repair import repair_geometry
from tileserver.store.faces import CellKey
from tileserver.theatres import load_lands

Steps: TypeAlias = list[tuple[datetime, State]]
Progress: TypeAlias = Callable[[str, int, int | None], None]

_FRONT = "front of "  # no status is called so: codes have no spaces


@dataclass(frozen=True, slots=True)
class Drawn:
    """A content as it is drawn, with its km2 where the layer's finest band measures it."""

    content: Content
    km2: float | None


@dataclass(slots=True)
class Drawing:
    """What some runs of states look like: per layer and cell the states of its faces, and each content.

    A cell is there from the first state that touches it; until then it is as it was before its run.
    """

    steps: dict[str, dict[CellKey, list[Steps]]]  # layer -> cell -> one list for each run
    contents: dict[bytes, Drawn] = field(default_factory=dict)


async def draw_runs(
    theatre: Theatre,
    area: Layer,
    runs: Sequence[Run],
    contents: Mapping[bytes, Content],
    progress: Progress,
) -> Drawing:
    """Draw *runs* of the states of the partitioned layer *area*, and the lines that derive from it.

    *contents* holds the content of every state of *runs*, those before them included. O(what changes
    from state to state); a first state costs about a second. Lets others run, and itself be cancelled,
    between two states.
    """
    fronts = [_Front(theatre, line) for line in theatre.layers if _derives(line, area)]
    pen = _Pen(area, fronts, contents)
    total = sum(len(run.steps) for run in runs)
    done = 0
    for number, run in enumerate(runs):
        pen.lift(run.before, number)
        for at, state in run.steps:
            pen.draw(at, state)
            done += 1
            progress(f"drawing {area.name}", done, total)
            await asyncio.sleep(0)  # where Ctrl-C takes effect
    return pen.drawing


def _derives(line: Layer, area: Layer) -> bool:
    return line.derived is not None and line.derived.layer == area.name


class _Front:
    """The front line of one derived layer, drawn once for each set of areas that are held."""

    def __init__(self, theatre: Theatre, line: Layer) -> None:
        assert line.derived is not None
        self.line = line
        self.bands = frozenset(line.bands)
        area = theatre.layer(line.derived.layer)
        self.names = {_FRONT + f"{line.name} {side}": area.on_side(side) for side in sorted(area.sides())}
        self._line = line.name
        self._area = area
        self._where = front_ground(theatre, line)
        self._areas: frozenset[bytes] = frozenset()
        self._roots: list[Named] = []

    def named(self, state: State, contents: Mapping[bytes, Content]) -> list[Named]:
        """Return the root of the front of *state*; nothing where there is no front."""
        if state != self._areas:
            areas = side_areas(self._area, [contents[key] for key in sorted(state)])
            found = front_lines(areas, self._where)
            self._roots = [(_FRONT + f"{self._line} {side}", plant(lines)) for side, lines in found.items()]
            self._areas = frozenset(state)
        return self._roots


class _Pen:
    """Draws one state after the other, and of each only what differs from the one before."""

    def __init__(self, area: Layer, fronts: Sequence[_Front], contents: Mapping[bytes, Content]) -> None:
        self.drawing = Drawing({each.name: {} for each in (area, *(front.line for front in fronts))})
        self._area = area
        self._fronts = fronts
        self._contents = contents
        self._priority = {each.code: each.priority for each in area.categories}
        self._bands: defaultdict[int, list[Band]] = defaultdict(list)
        self._drawn, self._finest = frozenset(area.bands), area.bands[-1]
        for band in self._drawn.union(*(front.bands for front in fronts)):
            self._bands[band.cell_zoom].append(band)
        self._roots: dict[bytes, Named] = {}
        self._shown: frozenset[Named] = frozenset()
        self._run = -1

    def lift(self, before: State, run: int) -> None:
        """Begin the run of that number after the state *before*, of which nothing is drawn."""
        self._shown, self._run = self._named(before), run

    def draw(self, at: datetime, state: State) -> None:
        """Draw the cells in which *state* differs from what was shown last."""
        shown = self._named(state)
        for zoom, bands in self._bands.items():
            for above, _, x, y, parts in changed_cells(self._shown, shown, zoom, self._is_whole):
                for band in bands:
                    self._draw_cell(at, Cell(band, x, y, above), _areas(parts), parts)
        self._shown = shown

    def _is_whole(self, parts: Collection[Named]) -> bool:
        return whole_status(_areas(parts), self._priority) is not None

    def _draw_cell(self, at: datetime, cell: Cell, areas: list[Named], parts: frozenset[Named]) -> None:
        measured = cell.band == self._finest
        faces = cell_faces(cell, areas, self._priority, simplify=not measured)
        if cell.band in self._drawn:
            drawn = (self._face(face, cell.band, measured=measured) for face in faces)
            self._note(self._area.name, cell, at, drawn)
        for front in self._fronts:
            if cell.band in front.bands and not cell.above:  # nothing has an edge in what is larger
                lines = [
                    cell_front(cell, faces, statuses, [clip for part, clip in parts if part == name])
                    for name, statuses in front.names.items()
                ]
                line = shapely.normalize(shapely.line_merge(shapely.union_all(lines)))
                pieces = [] if line.is_empty else [make_content(to_metres(line, cell.band), {})]
                self._note(front.line.name, cell, at, [Drawn(piece, None) for piece in pieces])

    def _face(self, face: Face, band: Band, *, measured: bool) -> Drawn:
        polygon = to_metres(face.polygon, band)
        content = make_content(polygon, {self._area.category: face.status})
        known = self.drawing.contents.get(content.key)
        if known is not None and (known.km2 is not None or not measured):
            return known  # a square may be a face of two bands
        return Drawn(content, area_km2(polygon) if measured else None)

    def _note(self, layer: str, cell: Cell, at: datetime, drawn: Iterable[Drawn]) -> None:
        key = CellKey(cell.band.lowest, cell.band.cell(cell.x, cell.y, cell.above))
        found = {each.content.key: each for each in drawn}
        state = frozenset(found)
        self.drawing.contents.update(found)
        runs = self.drawing.steps[layer].setdefault(key, [])
        while len(runs) <= self._run:
            runs.append([])
        steps = runs[self._run]
        if not steps or steps[-1][1] != state:
            steps.append((at, state))

    def _named(self, state: State) -> frozenset[Named]:
        """Return the roots of what *state* holds, keeping those that were there already."""
        kept = {key: self._roots.get(key) or self._root(key) for key in state}
        self._roots = kept
        fronts = [named for front in self._fronts for named in front.named(state, self._contents)]
        return frozenset([*kept.values(), *fronts])

    def _root(self, key: bytes) -> Named:
        content = self._contents[key]
        return str(content.properties[self._area.category]), plant(shapely.from_wkb(content.wkb))


def _areas(parts: Iterable[Named]) -> list[Named]:
    return [part for part in parts if not part[0].startswith(_FRONT)]


def side_areas(area: Layer, contents: Iterable[Content]) -> list[tuple[str, list[BaseGeometry]]]:
    """Return the areas of *contents* by status, with the status's side, the highest priority first."""
    statuses = sorted(area.categories, key=lambda each: (-each.priority, each.code))
    shapes: dict[str, list[BaseGeometry]] = {each.code: [] for each in statuses}
    for content in contents:
        shapes[str(content.properties[area.category])].append(shapely.from_wkb(content.wkb))
    return [(each.side, shapes[each.code]) for each in statuses]


def front_ground(theatre: Theatre, line: Layer) -> Ground:
    """Return what the front of the derived layer *line* is drawn over."""
    assert line.derived is not None
    lands = {}
    for side, text in load_lands(theatre, line).items():
        land = repair_geometry(text, "areas", BoundsLonLat(*theatre.bounds), anywhere=True)
        assert land.geometry is not None, f"the land of {side} in {theatre.id}.{line.name} is no area"
        lands[side] = land.geometry
    return ground(
        lands,
        reach_m=line.derived.reach_m,
        margin_m=line.derived.margin_m,
        border_m=line.derived.border_m,
        seam_m=line.derived.seam_m,
    )

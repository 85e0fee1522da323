"""Contents of a map, apart from their form: shapes and marks in EPSG:3857, paints, the part of the world."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from tileserver.grid import WORLD, Bounds

Texture: TypeAlias = Literal["fill", "hatch", "dots", "pale", "outline", "line"]

_COLOUR = re.compile(r"#[0-9a-f]{6}\Z")
_GREY = "#8c8780"
_LEAST_M = 4000.0  # width and height of a view, so that a single point has surroundings
_MARGIN = 0.06  # of its size, around what a view has to show
_MOST_VERTICES = 100_000  # of one shape: a megabyte of a page
_SQUAREST, _WIDEST = 1.2, 2.0  # width by height


@dataclass(frozen=True, slots=True)
class Paint:
    """Look of a class of shapes and marks, with the words that its legend says.

    Colours are hexadecimal; any other text is grey. The *texture* tells classes apart without colour.
    """

    words: str
    colour: str
    colour_dark: str
    texture: Texture = "fill"

    def __post_init__(self) -> None:
        """Let no text but a colour come into a style."""
        for name in ("colour", "colour_dark"):
            if not _COLOUR.match(getattr(self, name)):
                object.__setattr__(self, name, _GREY)


@dataclass(frozen=True, slots=True)
class DrawnShape:
    """A geometry in EPSG:3857 of any kind; *paint* counts its map's paints from 0; *title* is a tooltip."""

    geometry: BaseGeometry
    paint: int
    title: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A numbered place in EPSG:3857 that links to the row *target* of the page; *title* says all."""

    x: float
    y: float
    label: str
    paint: int
    title: str
    target: str


@dataclass(frozen=True, slots=True)
class DrawnMap:
    """A map: *view* in EPSG:3857, shapes in their order, marks above all; *outlines* are lines of borders.

    *public* are disjoint areas beneath, of what readers see by now, and *front* lines of their front, with
    the land of its side on their right.
    """

    title: str
    view: Bounds
    paints: Sequence[Paint]
    shapes: Sequence[DrawnShape] = ()
    marks: Sequence[Mark] = ()
    outlines: Sequence[BaseGeometry] = ()
    public: Sequence[DrawnShape] = ()
    front: Sequence[DrawnShape] = ()

    @property
    def change(self) -> list[DrawnShape]:
        """The shapes, but outlines of land afterwards only where nothing public says the same beneath."""
        is_left_out = bool(self.public)
        return [
            each for each in self.shapes if not (is_left_out and self.paints[each.paint].texture == "outline")
        ]

    @property
    def used(self) -> list[int]:
        """The numbers of the paints that anything of the map has, ascending."""
        shapes = {each.paint for each in (*self.public, *self.front, *self.change)}
        return sorted(shapes | {each.paint for each in self.marks})


def view_of(geometries: Iterable[BaseGeometry], within: Bounds | None = None, least: float = 0.0) -> Bounds:
    """Return the bounds in EPSG:3857 of all *geometries*, with a margin, in a shape that fits a screen.

    What lies outside *within* does not widen the view; where nothing lies inside, the view is *within*, or
    the world. *least* is a share of *within*, 0 to 1, that the view has at least in its width or height.
    """
    boxes = np.array([each.bounds for each in geometries if not each.is_empty]).reshape(-1, 4)
    if within is not None:
        low, high = np.array([within.west, within.south]), np.array([within.east, within.north])
        boxes = boxes[(boxes[:, :2] <= high).all(axis=1) & (boxes[:, 2:] >= low).all(axis=1)]
        boxes = np.hstack([np.maximum(boxes[:, :2], low), np.minimum(boxes[:, 2:], high)])
    if not len(boxes):
        return _fitting(within or Bounds(-WORLD, -WORLD, WORLD, WORLD))
    west, south = boxes[:, :2].min(axis=0)
    east, north = boxes[:, 2:].max(axis=0)
    if within is not None:
        wide = least * (within.east - within.west) - (east - west)
        west, east = west - max(wide, 0) / 2, east + max(wide, 0) / 2
    return _fitting(Bounds(west, south, east, north))


def _fitting(box: Bounds) -> Bounds:
    width = max(box.east - box.west, _LEAST_M) * (1 + 2 * _MARGIN)
    height = max(box.north - box.south, _LEAST_M) * (1 + 2 * _MARGIN)
    width, height = max(width, height * _SQUAREST), max(height, width / _WIDEST)
    x, y = (box.west + box.east) / 2, (box.south + box.north) / 2
    return Bounds(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def seen_in(view: Bounds, geometry: BaseGeometry) -> BaseGeometry:
    """Return the part of *geometry* that *view* has, both in EPSG:3857, as precisely as can be seen there."""
    box = (view.west, view.south, view.east, view.north)
    inside = shapely.box(*box).contains(shapely.box(*geometry.bounds)) if not geometry.is_empty else True
    part = geometry if inside else shapely.clip_by_rect(geometry, *box)
    tolerance = (view.east - view.west) / 20_000
    drawn = shapely.simplify(part, tolerance, preserve_topology=False)
    while shapely.get_num_coordinates(drawn) > _MOST_VERTICES:
        tolerance *= 4
        drawn = shapely.simplify(part, tolerance, preserve_topology=False)
    return drawn

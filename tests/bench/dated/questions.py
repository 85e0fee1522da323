"""The tasks, and the questions of each: drawn from the truth, so that a wrong day can be told from the right.

A *view* is the four tiles around a corner of the grid, at one day. Days are numbers from the first one on;
both ends of a window are in it. *known* is the publication that was the newest then; 0 asks for the present.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from tests.bench.dated.judge import difference
from tests.bench.dated.oracle import Tile, Truth, tile_at
from tests.bench.dated.world import CORRECTED, DAYS, LAST_PUBLIC, MIDDLE

AS_OF, KNOWN, WINDOW, CHANGE, HISTORY = TASKS = ("as-of", "as-known-at", "window", "change", "history")
_TRIES = 60
Dated: TypeAlias = tuple[int, int]  # a day, and the publication that is known
_SPAN = 12  # days of a window, a change and a history, at most


@dataclass(frozen=True, slots=True)
class Question:
    """One tile of one task; *view* numbers the views that it belongs to."""

    task: str
    tile: Tile
    first: int
    last: int
    known: int = 0
    view: int = 0


def questions(truth: Truth, zooms: tuple[int, ...], views: int, seed: int = 1) -> list[Question]:
    """Return *views* views a zoom of the tasks that are about land at a day, and as many tiles of others."""
    rng = np.random.default_rng(seed)
    drawn: list[Question] = []
    for zoom in zooms:
        for number in range(views):
            view = len(drawn) + 1
            drawn += _view(truth, rng, zoom, AS_OF, view)
            drawn += _view(truth, rng, zoom, KNOWN, view)
            (day, known), rival = _pair(truth, rng, AS_OF)
            tile = _place(truth, rng, zoom, (day, known), rival)
            first = max(day - int(rng.integers(1, _SPAN)), 0)
            last = min(first + _SPAN, DAYS - 1)
            drawn.append(Question(WINDOW, tile, first, last, known - 1 if number % 2 else 0))
            drawn.append(Question(CHANGE, tile, first, min(last, LAST_PUBLIC)))
            drawn.append(Question(HISTORY, tile, first, last))
    drawn += _at_the_edges(zooms)
    return drawn


def _view(truth: Truth, rng: np.random.Generator, zoom: int, task: str, view: int) -> Iterator[Question]:
    """Draw four tiles, on a day that differs in one of them from the one it may be mistaken for."""
    for _ in range(_TRIES):
        (day, known), rival = _pair(truth, rng, task)
        tile = _place(truth, rng, zoom, (day, known), rival)
        if difference(truth, tile, truth.told(day, known), truth.told(*rival)) is not None:
            break
    right, down = (int(each) for each in rng.integers(0, 2, 2))
    for x in (tile.x - right, tile.x - right + 1):
        for y in (tile.y - down, tile.y - down + 1):
            yield Question(task, Tile(zoom, x, y), day, day, known if task == KNOWN else 0, view)


def _pair(truth: Truth, rng: np.random.Generator, task: str) -> tuple[Dated, Dated]:
    """Draw a day as known, and what it may be mistaken for: the day before, or the day as known otherwise."""
    newest, is_corrected = truth.newest, rng.random() < 0.35
    if task == KNOWN and is_corrected:
        day = int(rng.integers(MIDDLE, LAST_PUBLIC + 1))  # nothing was known of it, so the last state held
        return (day, 1), (day, newest)
    if task == KNOWN:
        day = int(rng.choice(list(CORRECTED)))
        return (day, int(rng.integers(1, newest))), (day, newest)
    if is_corrected:
        day = int(rng.choice(list(CORRECTED)))
        return (day, newest), (day, newest - 1)
    day = int(rng.integers(1, LAST_PUBLIC + 1))
    return (day, newest), (day - 1, newest)


def _place(truth: Truth, rng: np.random.Generator, zoom: int, asked: Dated, rival: Dated) -> Tile:
    """Draw a corner of an area that is not there in the other state."""
    mine, theirs = truth.areas(*asked), truth.areas(*rival)
    before = {each.polygon.wkb for each in theirs}
    moved = [each for each in mine if each.polygon.wkb not in before] or list(mine)
    own = set(moved[int(rng.integers(len(moved)))].polygon.exterior.coords)
    others = {xy for each in theirs for xy in each.polygon.exterior.coords}
    corners = sorted(own - others) or sorted(own)
    lon, lat = corners[int(rng.integers(len(corners)))]
    return tile_at(lon, lat, zoom)


def _at_the_edges(zooms: tuple[int, ...]) -> Iterator[Question]:
    """Yield what is told too early, and both sides of the antimeridian."""
    for number, zoom in enumerate(zooms):
        western, eastern = tile_at(179.99, -10, zoom), tile_at(-179.99, -10, zoom)
        for day in (19, 20, 45):
            view = -1 - 10 * number - day
            yield Question(AS_OF, western, day, day, view=view)
            yield Question(AS_OF, eastern, day, day, view=view)
        for day in range(LAST_PUBLIC + 1, DAYS):
            yield Question(AS_OF, tile_at(24.2, 48.0, zoom), day, day, view=-1000 - 10 * number - day)
        yield Question(WINDOW, tile_at(24.2, 48.0, zoom), MIDDLE, DAYS - 1)

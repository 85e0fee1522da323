"""Plans of rendering ahead: every version that tiles of state layers have, in the order to render.

A plan is an array with a row for each layer tile, some tens of bytes, so that a whole archive is planned in
memory. Windows have no end of versions, so window layers are in no plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tileserver.grid import BoundsLonLat, TileAddress
from tileserver.model import Digest, Moment, Revision
from tileserver.tiles.covered import met_by
from tileserver.tiles.horizon import Horizon
from tileserver.tiles.index import State
from tileserver.tiles.layer_tile import LayerTile, layer_tile
from tileserver.tiles.tileset import ServedLayer, Tileset
from tileserver.times import Micros, Period, to_micros

ALWAYS = Period(None, None)
TOGETHER = 32  # layer tiles that are rendered by one statement

_RECENT = Micros(30 * 86_400_000_000)  # microseconds of one step back in time
_PLANNED = np.dtype(
    [
        ("layer", "i2"),  # its place in the plan's layers
        ("age", "i4"),  # 0 for what a tile shows now, else steps back in time from 1 on
        ("zoom", "i1"),
        ("x", "i4"),
        ("y", "i4"),
        ("at", "i8"),
        ("revision", "i4"),
        ("digest", "u8"),
    ]
)
Planned = npt.NDArray[np.void]


@dataclass(frozen=True, slots=True)
class Order:
    """Zooms, bounds and half-open period to render, and the tiles a second at most (0: without a limit)."""

    zooms: tuple[int, ...]
    bounds: BoundsLonLat | None = None
    period: Period = ALWAYS
    rate: float = 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """Layer tiles to render, in their order: rows of *planned* name their layer by its place in *layers*."""

    layers: tuple[ServedLayer, ...]
    planned: Planned

    def __len__(self) -> int:
        return len(self.planned)

    def batches(self) -> Iterator[list[LayerTile]]:
        """Yield all layer tiles, at most `TOGETHER`, of one layer and zoom, at a time."""
        rows = self.planned
        same = (rows["layer"][1:] == rows["layer"][:-1]) & (rows["zoom"][1:] == rows["zoom"][:-1])
        borders = [0, *(np.flatnonzero(~same) + 1).tolist(), len(rows)]
        for first, last in pairwise(borders):
            for start in range(first, last, TOGETHER):
                yield [self._tile(row) for row in rows[start : min(start + TOGETHER, last)].tolist()]

    def _tile(self, row: tuple[int, ...]) -> LayerTile:
        layer, _, zoom, x, y, at, revision, digest = row
        state = State(Digest(digest), Moment(Micros(at), Revision(revision)))
        return layer_tile(self.layers[layer], state, TileAddress(zoom, x, y))


class Wanted(NamedTuple):
    """Tileset whose state layers are to be rendered up to a horizon; after an instant, or from the first."""

    tileset: Tileset
    horizon: Horizon
    after: Micros | None = None


def plan(wanted: Sequence[Wanted], order: Order) -> Iterator[Plan | None]:
    """Yield ``None`` after each little step of planning, at last the plan of all state layers of *wanted*.

    What the tiles show now comes first, then what they showed before, the newest first; within that by zoom.

    Parameters
    ----------
    wanted : sequence of Wanted
        Nothing after the horizon of each is in the plan.
    order : Order
    """
    served = [(layer, each) for each in wanted for layer in each.tileset.layers if layer.is_state]
    parts: list[Planned] = [np.empty(0, dtype=_PLANNED)]
    for place, (layer, asked) in enumerate(served):
        for zoom in order.zooms:
            for address in addresses(layer, zoom, order.bounds):
                found = versions(layer, address, asked.horizon, order.period)
                found = found if asked.after is None else found[found["at"] > asked.after]
                found["layer"] = place
                parts.append(found)
                yield None
    rows = np.concatenate(parts)
    ranks = [-rows["at"], *(rows[name] for name in ("y", "x", "layer", "zoom", "age"))]
    yield Plan(tuple(layer for layer, _ in served), rows[np.lexsort(ranks)])


def addresses(layer: ServedLayer, zoom: int, bounds: BoundsLonLat | None = None) -> list[TileAddress]:
    """Return the addresses at *zoom* that a state layer ever met, and that touch *bounds*; by column."""
    declared = layer.stored.layer
    if not declared.minzoom <= zoom <= declared.maxzoom:
        return []
    return met_by([layer.index.at_zoom(zoom)], zoom, bounds)


def versions(layer: ServedLayer, address: TileAddress, horizon: Horizon, period: Period = ALWAYS) -> Planned:
    """Return each content that the layer had in a tile in *period* by the *horizon*, once; none is empty."""
    view = layer.view(address)
    revision = view.step(layer.stored.revisions[-1] if layer.stored.revisions else Revision(0))
    edges, digests = view.epochs(revision)
    last = horizon.state if period.end is None else min(horizon.state, Micros(to_micros(period.end) - 1))
    start = 0 if period.start is None else edges.searchsorted(to_micros(period.start), side="right") - 1
    inside = slice(max(int(start), 0), int(edges.searchsorted(last, side="right")))
    edges, digests = edges[inside][::-1], digests[inside][::-1]  # the newest first
    _, newest = np.unique(digests, return_index=True)
    newest = newest[digests[newest] != 0]
    found = np.zeros(len(newest), dtype=_PLANNED)
    found["zoom"], found["x"], found["y"] = address.z, address.x, address.y
    found["at"], found["digest"], found["revision"] = edges[newest], digests[newest], revision
    found["age"] = np.where(newest == 0, 0, 1 + (last - found["at"]) // _RECENT)
    return found

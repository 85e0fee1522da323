"""The cut of one layer for one tile: from which rows, and at which time, the layer is drawn there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from tileserver.model import LayerId, Moment
from tileserver.store.event_window import EventWindow


@dataclass(frozen=True, slots=True)
class StateCut:
    """Features that hold at a moment, as imported."""

    name: str  # of the layer, in the tile
    layer_id: LayerId
    moment: Moment


@dataclass(frozen=True, slots=True)
class FaceCut:
    """Faces that hold at a moment, of the band that the zoom belongs to, united by status."""

    name: str
    layer_id: LayerId
    moment: Moment


@dataclass(frozen=True, slots=True)
class FrontCut:
    """Lines between faces that hold at a moment, of the band that the zoom belongs to, joined."""

    name: str
    layer_id: LayerId
    moment: Moment


@dataclass(frozen=True, slots=True)
class PointCut:
    """Events of a window, each as a point."""

    name: str
    layer_id: LayerId
    window: EventWindow
    category: str  # the property whose value has to be one of the codes
    codes: tuple[str, ...]  # none is all of them
    texts: tuple[str, ...]  # the properties that a crowded tile goes without
    is_brief: bool  # has the window far fewer events than the tile at all times?
    is_costly: bool = False  # are there so many in both that other tiles should not wait behind them?


@dataclass(frozen=True, slots=True)
class EventSquare:
    """One square of a tile's event grid: column and row from the north-west, and the feature's properties."""

    x: int
    y: int
    properties: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SquareCut:
    """Events of a window where there are too many for points: squares, counted already."""

    name: str
    squares: tuple[EventSquare, ...]


Dated: TypeAlias = StateCut | FaceCut | FrontCut
Cut: TypeAlias = Dated | PointCut | SquareCut

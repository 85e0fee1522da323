"""The cuts that make the content of one tile, layer by layer."""

from __future__ import annotations

from tileserver.grid import TileAddress
from tileserver.store.cuts import Cut, FaceCut, PointCut, SquareCut, StateCut
from tileserver.store.event_window import EventWindow
from tileserver.tiles.locate import Located
from tileserver.tiles.tileset import ServedLayer, Tileset


def cuts(located: Located, tileset: Tileset, address: TileAddress) -> tuple[Cut, ...]:
    """Return a cut of each layer of *tileset* that may have something in *located*, in their order."""
    moment, window = located.state, located.version.events
    zooms = dict(zip(tileset.events, located.version.point_zooms, strict=False))
    found: list[Cut] = []
    for served in tileset.layers:
        layer, layer_id = served.stored.layer, served.stored.layer_id
        match layer.drawn_as:
            case "features" if moment is not None:
                found.append(StateCut(layer.name, layer_id, moment))
            case "faces" | "face_lines" if moment is not None:
                found.append(FaceCut(layer.name, layer_id, moment))
            case "points" if window is not None:
                found.append(_window_cut(served, window, address, zooms.get(layer_id, 0)))
    return tuple(found)


def _window_cut(
    served: ServedLayer, window: EventWindow, address: TileAddress, points_zoom: int
) -> PointCut | SquareCut:
    """Return the cut of a window layer: squares where there are points from a higher zoom on, else points."""
    layer, events = served.stored.layer, served.index.events
    if points_zoom and events is not None:
        return SquareCut(layer.name, events.squares(address, window, points_zoom))
    codes = window.selection.of(layer.category)
    is_brief = events is not None and events.is_brief(address, window)
    return PointCut(layer.name, served.stored.layer_id, window, layer.category, codes, layer.texts, is_brief)

"""The cuts that make the content of one tile, layer by layer."""

from __future__ import annotations

from tileserver.grid import TileAddress
from tileserver.store.cuts import Cut, FaceCut, FrontCut, PointCut, SquareCut, StateCut
from tileserver.tiles.locate import Located
from tileserver.tiles.tileset import Tileset


def cuts(located: Located, tileset: Tileset, address: TileAddress) -> tuple[Cut, ...]:
    """Return a cut of each layer of *tileset* that may have something in *located*, in their order."""
    moment, window = located.state, located.version.events
    zooms = dict(zip(tileset.events, located.version.point_zooms, strict=False))
    found: list[Cut] = []
    for served in tileset.layers:
        name, layer_id = served.stored.layer.name, served.stored.layer_id
        match served.drawn_as:
            case "features" if moment is not None:
                found.append(StateCut(name, layer_id, moment))
            case "faces" if moment is not None:
                found.append(FaceCut(name, layer_id, moment))
            case "face_lines" if moment is not None:
                found.append(FrontCut(name, layer_id, moment))
            case "points" if window is not None and (events := served.index.events) is not None:
                if points_zoom := zooms.get(layer_id, 0):
                    found.append(SquareCut(name, events.squares(address, window, points_zoom)))
                    continue
                category, chosen = events.events.category, window.selection
                codes = chosen.of(category) if chosen.chosen else ()
                brief = events.is_brief(address, window)
                found.append(PointCut(name, layer_id, window, category, codes, events.texts, brief))
    return tuple(found)

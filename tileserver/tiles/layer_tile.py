"""Layer tiles: which state or events of a layer a tile has, under which name, cut from which rows.

A layer tile is named by the layer's own version, whatever the tileset that it is asked for in: the same name
in ``ukraine`` and in ``ukraine.control``, and the same bytes. A tile is its layer tiles, one after the other
(MVT 2.1, 4.1: layers are a repeated field).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tileserver.grid import TileAddress
from tileserver.model import LayerId, Moment
from tileserver.store.cuts import Cut, Dated, FaceCut, FrontCut, PointCut, SquareCut, StateCut
from tileserver.store.event_window import EventWindow
from tileserver.tiles.index import State, TileView
from tileserver.tiles.locate import Located, version_of
from tileserver.tiles.tileset import ServedLayer, Tileset
from tileserver.tiles.version import Version


class LayerKey(NamedTuple):
    """The name of a layer tile.

    ``layer_id`` and ``drawn_with`` (a fingerprint) tell apart what is stored; the database that numbers the
    layers is named by whoever keeps a layer tile outside of the process.
    """

    layer_id: LayerId
    drawn_with: str
    version: Version
    address: TileAddress

    def __str__(self) -> str:
        return f"{self.layer_id}/{self.drawn_with}/{self.version}/{self.address}"


class LayerTile(NamedTuple):
    """A tile of one layer, by name; of a state layer with a moment at which the layer has that content."""

    served: ServedLayer
    cache_key: LayerKey
    moment: Moment | None = None


def layer_tiles(
    located: Located,
    tileset: Tileset,
    address: TileAddress,
    view_of: Callable[[ServedLayer, TileAddress], TileView],
) -> tuple[LayerTile, ...]:
    """Return the layer tiles that make up *located*, in the order of the layers; none of an empty layer.

    *view_of* gives the change index of the tile for one layer alone.
    """
    zooms = dict(zip(tileset.events, located.version.point_zooms, strict=False))
    found: list[LayerTile] = []
    for served in tileset.layers:
        own: LayerTile | None = None
        if not served.is_state:
            if located.version.events is not None:
                points_zoom = zooms.get(served.stored.layer_id, 0)
                own = _of_window(
                    served, view_of(served, address), located.version.events, points_zoom, address
                )
        elif located.state is not None:
            own = of_state(served, view_of(served, address), located.state, address)
        if own is not None:
            found.append(own)
    return tuple(found)


def of_state(served: ServedLayer, view: TileView, moment: Moment, address: TileAddress) -> LayerTile | None:
    """Return the tile of the state layer *served*, by its *view*, at *moment*; ``None`` for nothing."""
    state = view.state(moment.at, moment.revision)
    return None if state is None else layer_tile(served, state, address)


def layer_tile(served: ServedLayer, state: State, address: TileAddress) -> LayerTile:
    """Return the tile of the state layer *served* in which the layer has *state*."""
    return LayerTile(served, _key(served, Version(state.digest), address), state.moment)


def _of_window(
    served: ServedLayer, view: TileView, window: EventWindow, points_zoom: int, address: TileAddress
) -> LayerTile | None:
    settled = view.windows.settled(window)
    selected = None if settled is None else view.windows.content(settled)
    if selected is None:
        return None
    version = version_of(view, None, selected, (points_zoom,) if points_zoom else ())
    return LayerTile(served, _key(served, version, address))


def _key(served: ServedLayer, version: Version, address: TileAddress) -> LayerKey:
    return LayerKey(served.stored.layer_id, served.stored.fingerprint, version, address)


def cut_of(tile: LayerTile) -> Cut:
    """Return the cut that draws *tile*."""
    served, (_, _, version, address), moment = tile
    if moment is not None:
        return dated_cut(served, moment)
    events, window = served.index.events, version.events
    assert events is not None
    assert window is not None
    name = served.stored.layer.name
    if version.point_zooms:
        return SquareCut(name, events.squares(address, window, version.point_zooms[0]))
    category, chosen = events.events.category, window.selection
    codes = chosen.of(category) if chosen.chosen else ()
    ways = events.is_brief(address, window), events.is_costly(address, window)
    return PointCut(name, served.stored.layer_id, window, category, codes, events.texts, *ways)


def dated_cut(served: ServedLayer, moment: Moment) -> Dated:
    """Return the cut that draws the state layer *served* at *moment*."""
    name, layer_id = served.stored.layer.name, served.stored.layer_id
    match served.drawn_as:
        case "faces":
            return FaceCut(name, layer_id, moment)
        case "face_lines":
            return FrontCut(name, layer_id, moment)
        case _:
            return StateCut(name, layer_id, moment)

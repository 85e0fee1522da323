"""What has to be read from the database for the content of one tile, layer by layer."""

from __future__ import annotations

from dataclasses import replace

from tileserver.grid import TileAddress
from tileserver.model import Layer
from tileserver.store.tiles import Cut
from tileserver.store.windows import Cell
from tileserver.tiles.events import Asked
from tileserver.tiles.tileset import Tileset
from tileserver.tiles.versions import Reading, instant
from tileserver.times import from_micros


def cuts(reading: Reading, tileset: Tileset, address: TileAddress) -> tuple[Cut, ...]:
    """Return what has to be cut from each layer for *reading*; nothing where nothing can be."""
    zooms = dict(zip(tileset.events, reading.zooms, strict=False))
    found = []
    for served in tileset.layers:
        layer = served.stored.layer
        cut = Cut(served.stored.layer_id, layer.name, reading.revision if served.is_state else reading.seen)
        if served.is_state and reading.at is not None:
            found.append(replace(cut, at=from_micros(reading.at), faces=layer.has_faces))
        elif not served.is_state and reading.window is not None:
            drawn, events = zooms.get(served.stored.layer_id, 0), served.index.events
            cells = events.cells(address, reading.window, drawn) if drawn and events else None
            is_brief = events is not None and events.is_brief(address, reading.window)
            found.append(replace(_window_cut(cut, layer, reading.window, cells), is_brief=is_brief))
    return tuple(found)


def _window_cut(cut: Cut, layer: Layer, asked: Asked, cells: tuple[Cell, ...] | None) -> Cut:
    first, last, until = map(instant, (asked.first, asked.last, asked.until))
    return replace(
        cut,
        first=first,
        last=last,
        until=until,
        texts=layer.texts,
        category=layer.category,
        codes=asked.selection.of(layer.category),
        cells=cells,
    )

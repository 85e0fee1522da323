"""The question about a tile at an instant, with every part typed and checked."""

from __future__ import annotations

from dataclasses import dataclass

from tileserver.grid import TileAddress
from tileserver.store.event_window import EVERYTHING, Selection
from tileserver.tiles.tileset import Tileset
from tileserver.times import Period


@dataclass(frozen=True, slots=True)
class Question:
    """Tile of a tileset at some time, as a request or a command asks for.

    Parameters
    ----------
    tileset : Tileset
        The layers asked for.
    address : TileAddress
        The tile; whether the tileset has its zoom is not looked at here.
    period : Period or None
        Half-open; ``None`` for the latest. States are those at its last instant, events those in it.
    revision : int or None
        As known in the newest revision up to this number; ``None`` for the newest there is.
    selection : Selection
        Of the window layers these kinds alone.
    """

    tileset: Tileset
    address: TileAddress
    period: Period | None = None
    revision: int | None = None
    selection: Selection = EVERYTHING

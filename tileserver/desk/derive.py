"""States of a line layer from the states of the area layer that it derives from."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime

import shapely

from tileserver.desk.periods import State
from tileserver.desk.prepare import Content, make_content
from tileserver.grid import BoundsLonLat
from tileserver.model import Layer, Theatre
from tileserver.shape.frontline import Ground, front_line, ground
from tileserver.shape.repair import repair_geometry
from tileserver.theatres import load_land


async def derive_states(
    theatre: Theatre,
    line: Layer,
    area: Layer,
    states: Mapping[datetime, State],
    contents: Mapping[bytes, Content],
    progress: Callable[[str, int, int | None], None],
) -> tuple[dict[datetime, State], dict[bytes, Content]]:
    """Return the line layer's state at each instant of *states*, and the contents of its pieces.

    *contents* holds every content of *states*. Instants that hold the same areas share one computation.
    Lets others run, and itself be cancelled, between two instants.
    """
    assert line.derived is not None
    where = _ground(theatre, line)
    held = {
        key: shapely.from_wkb(content.wkb)
        for key, content in contents.items()
        if content.properties.get(area.category) in line.derived.held
    }
    pieces: dict[bytes, Content] = {}
    done: dict[State, State] = {}
    found: dict[datetime, State] = {}
    for number, at in enumerate(sorted(states), 1):
        areas = frozenset(key for key in states[at] if key in held)
        if areas not in done:
            drawn = [
                make_content(piece, {}) for piece in front_line([held[key] for key in sorted(areas)], where)
            ]
            pieces.update({content.key: content for content in drawn})
            done[areas] = frozenset(content.key for content in drawn)
        found[at] = done[areas]
        progress(f"deriving {line.name}", number, len(states))
        await asyncio.sleep(0)
    return found, pieces


def _ground(theatre: Theatre, line: Layer) -> Ground:
    assert line.derived is not None
    land = repair_geometry(load_land(theatre, line), "areas", BoundsLonLat(*theatre.bounds), anywhere=True)
    assert land.geometry is not None, f"the land of {theatre.id}.{line.name} is no area"
    return ground(land.geometry, line.derived.margin_m, line.derived.seam_m)

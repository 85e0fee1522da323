"""Documents about comparisons: the totals of two states, and the URLs at which two states are compared."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import shapely

from tileserver.compare.ends import End
from tileserver.grid import BANDS
from tileserver.model import Layer
from tileserver.publish.comparison import comparison_fields, comparison_of
from tileserver.publish.credits import plain_credit
from tileserver.publish.measures import rounded
from tileserver.publish.time_query import TimeQuery
from tileserver.shape.band_comparison import band_sieve
from tileserver.shape.compare import Piece, Sieve
from tileserver.shape.project import to_lonlat
from tileserver.tiles.tileset import Tileset
from tileserver.times import format_instant, from_micros

_DEGREES = 6  # decimals; a tenth of a metre


def comparison_document(
    tileset: Tileset,
    layer: Layer,
    our_side: Collection[str],
    before: End,
    after: End,
    pieces: Sequence[Piece],
) -> dict[str, Any]:
    """Return the totals of *pieces*, the land of *layer* that changed hands from *before* to *after*.

    Square kilometres are measured at the finest zooms. ``pieces`` and ``bounds`` (degrees, west, south, east,
    north) are without slivers. ``held`` tells gain and loss from the side of the statuses *our_side*; it is
    ``None`` where there is no such side.
    """
    shown = [piece for piece in pieces if not piece.sliver]
    return {
        "tileset": tileset.name,
        "layer": layer.name,
        "attribution": plain_credit(layer),
        "day_zone": tileset.theatre.day_zone,
        "from": _end_fields(before),
        "to": _end_fields(after),
        "bounds": _bounds(shown),
        "pieces": len(shown),
        "slivers": len(pieces) - len(shown),
        "sieve": _sieve_fields(Sieve()),
        "held": _side_fields(shown, our_side),
        **comparison_fields(comparison_of(pieces)),
    }


def comparisons_block(tileset: Tileset, base_url: str, asked: TimeQuery) -> dict[str, Any] | None:
    """Return the URLs at which two states of *tileset* are compared, and the sieves for slivers by zoom.

    The URLs carry on the revision of *asked*. ``None`` where the tileset has neither areas with statuses nor
    lines between them.
    """
    layers = [served.stored.layer for served in tileset.layers if served.stored.layer.has_faces]
    if not layers:
        return None
    url = f"{base_url}/changes/{tileset.name}/{{from}}/{{to}}"
    bands = [band for band in BANDS if any(band in layer.bands for layer in layers)]
    return {
        "tiles": f"{url}/{{z}}/{{x}}/{{y}}.mvt{asked.revision_query}",
        "document": f"{url}.json{asked.revision_query}",
        "sides": f"{url}/sides.json{asked.revision_query}",
        "sieves": [{"minzoom": band.lowest, **_sieve_fields(band_sieve(band))} for band in bands],
    }


def _end_fields(end: End) -> dict[str, Any]:
    at = None if end.moment is None else format_instant(from_micros(end.moment.at))
    return {"at": at, "revision": end.state.moment.revision}


def _side_fields(pieces: Sequence[Piece], our_side: Collection[str]) -> dict[str, Any] | None:
    if not our_side:
        return None
    gained = sum(piece.km2 for piece in pieces if piece.after in our_side and piece.before not in our_side)
    lost = sum(piece.km2 for piece in pieces if piece.before in our_side and piece.after not in our_side)
    return {
        "statuses": list(our_side),
        "gained": rounded(gained),
        "lost": rounded(lost),
        "net": rounded(gained - lost),
    }


def _sieve_fields(sieve: Sieve) -> dict[str, float]:
    return {"min_ha": round(sieve.min_ha, 3), "width_m": round(sieve.width_m, 3)}


def _bounds(pieces: Sequence[Piece]) -> list[float] | None:
    if not pieces:
        return None
    corners = shapely.total_bounds([piece.polygon for piece in pieces]).reshape(2, 2)
    return [round(float(degrees), _DEGREES) for degrees in np.ravel(to_lonlat(corners))]

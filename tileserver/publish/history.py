"""Periods of a tileset's history, as its document has periods."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from tileserver.history.calendar import DAY
from tileserver.history.periods import HistoryPeriod
from tileserver.tiles.horizon import horizon_of
from tileserver.tiles.tileset import Tileset
from tileserver.times import day_number, from_micros, local_day


def history_block(
    tileset: Tileset, periods: Sequence[HistoryPeriod], base_url: str, now: datetime
) -> dict[str, Any]:
    """Return the block by which a slider loads history: URLs, bands and periods, ascending and without gaps.

    ``first`` and ``end`` are whole days since 1970-01-01, local days of the theatre, the end exclusive. The
    open period ends with the newest public day. ``without`` has by layer the properties that tiles of single
    days have and those of history have not.
    """
    url = f"{base_url}/history/{tileset.name}/{{period}}"
    newest = local_day(from_micros(horizon_of(tileset, now).ended), tileset.zone)
    layers = [served.stored.layer for served in tileset.layers]
    return {
        "tiles": f"{url}/{{z}}/{{x}}/{{y}}.mvt",
        "faces": f"{url}/faces/{{band}}.json",
        "bands": tileset.bands,
        "periods": [_entry(period, period.end or newest + DAY) for period in periods],
        "without": {layer.name: list(layer.texts) for layer in layers if layer.texts},
    }


def _entry(period: HistoryPeriod, end: date) -> dict[str, Any]:
    """Return the entry of a period, which is listed up to before *end*."""
    return {
        "id": str(period),
        "first_day": period.first.isoformat(),
        "last_day": (end - DAY).isoformat(),
        "first": day_number(period.first),
        "end": day_number(end),
        "open": period.end is None,
    }

"""Periods of a tileset's history, as its document has periods."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
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
    open period ends with the newest public day.
    """
    url = f"{base_url}/history/{tileset.name}/{{period}}"
    newest = local_day(from_micros(horizon_of(tileset, now).ended), tileset.zone)
    listed = []
    for period in periods:
        end = period.end or newest + DAY
        listed.append(
            {
                "id": str(period),
                "first_day": period.first.isoformat(),
                "last_day": (end - DAY).isoformat(),
                "first": day_number(period.first),
                "end": day_number(end),
                "open": period.end is None,
            }
        )
    return {
        "tiles": f"{url}/{{z}}/{{x}}/{{y}}.mvt",
        "faces": f"{url}/faces/{{band}}.json",
        "bands": tileset.bands,
        "periods": listed,
    }

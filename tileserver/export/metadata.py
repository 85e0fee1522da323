"""The metadata of an archive: the TileJSON of its tileset, as of the time of its tiles.

Nothing in it follows from the present moment beyond that, so equal tiles come with equal words.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tileserver.export.excerpt import Excerpt
from tileserver.grid import BoundsLonLat
from tileserver.history.calendar import DAY
from tileserver.history.periods import HistoryPeriod
from tileserver.publish.documents import tilejson
from tileserver.publish.time_query import TimeQuery
from tileserver.store.catalogue import Periods
from tileserver.times import TICK, day_number

# Of the tileset's document: addresses of a server, and what moves with every minute.
_OF_A_SERVER = ("tiles", "tilejson", "scheme")
_OF_A_MOMENT = ("days", "history", "changes", "gains", "horizon", "updated")


def metadata_of(excerpt: Excerpt, now: datetime, known: Sequence[Periods]) -> dict[str, Any]:
    """Return the metadata of an archive with *excerpt*, made at *now*; *known* as of `tilejson`."""
    tileset = excerpt.tileset
    said = tilejson(
        tileset, (), "", moment_of(excerpt, now), TimeQuery(excerpt.spelled, excerpt.revision), known
    )
    document = {name: value for name, value in said.items() if name not in _OF_A_SERVER}
    bounds = _within(tileset.bounds, excerpt.bounds)
    low, high = excerpt.zooms[0], excerpt.zooms[-1]
    time = {name: value for name, value in said["time"].items() if name not in _OF_A_MOMENT}
    title = said["title"]
    own = {
        **document,
        "description": title.get("en") or next(iter(title.values()), tileset.name),
        "type": "overlay",
        "format": "pbf",
        "bounds": bounds,
        "center": _centre(said["center"], bounds, (low, high)),
        "minzoom": low,
        "maxzoom": high,
        "time": {**time, **_period_block(excerpt.period)},
    }
    return dict(sorted(own.items()))


def moment_of(excerpt: Excerpt, now: datetime) -> datetime:
    """Return the moment at which the last instant of *excerpt* became public; *now* where that is later."""
    end = excerpt.end
    return now if end is None else min(now, end - TICK + excerpt.tileset.embargo)


def _period_block(period: HistoryPeriod | None) -> dict[str, Any]:
    """Return the name and the days of a period of history, as a slider's block has both; nothing of a day."""
    if period is None:
        return {"kind": "snapshot"}
    end = period.end
    return {
        "kind": "history",
        "period": {
            "id": str(period),
            "first_day": period.first.isoformat(),
            "last_day": None if end is None else (end - DAY).isoformat(),
            "first": day_number(period.first),
            "end": None if end is None else day_number(end),
        },
    }


def _within(whole: Sequence[float], asked: BoundsLonLat | None) -> list[float]:
    """Return west, south, east, north of the part of *whole* that was *asked* for; *asked* if outside."""
    if asked is None:
        return list(whole)
    west, south, east, north = whole
    part = [max(west, asked.west), max(south, asked.south), min(east, asked.east), min(north, asked.north)]
    is_empty = part[0] >= part[2] or part[1] >= part[3]
    return [asked.west, asked.south, asked.east, asked.north] if is_empty else part


def _centre(whole: Sequence[float], bounds: Sequence[float], zooms: tuple[int, int]) -> list[float]:
    """Return longitude, latitude and zoom to open on: the centre of the tileset, if within *bounds*."""
    longitude, latitude, zoom = whole
    west, south, east, north = bounds
    if not (west <= longitude <= east and south <= latitude <= north):
        longitude, latitude = round((west + east) / 2, 6), round((south + north) / 2, 6)
    return [longitude, latitude, min(max(int(zoom), zooms[0]), zooms[1])]

"""What is asked: tiles that hold data, on days with distinct states, drawn from what was imported."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg
import numpy as np
import shapely

from tileserver.grid import TileAddress, address_at
from tileserver.shape.project import to_lonlat
from tileserver.times import day_period, local_day

ZONE = ZoneInfo("Europe/Kyiv")  # of `ukraine`
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Question:
    """A tile, and a local day at whose end something is in it."""

    address: TileAddress
    day: date

    @property
    def at(self) -> datetime:
        """The last second of the day: a state layer shows the state at a day's end."""
        return day_period(self.day, ZONE).last.replace(microsecond=0)  # type: ignore[union-attr]


@dataclass(frozen=True, slots=True)
class Imported:
    """What the questions are drawn from: corners of areas with the period of each, and the changes."""

    corners: list[tuple[float, float]]
    periods: list[tuple[datetime, datetime]]
    changes: list[datetime]

    @property
    def days(self) -> list[date]:
        """Every local day from the first change to the newest."""
        first, last = (local_day(at, ZONE) for at in (self.changes[0], self.changes[-1]))
        return [first + number * DAY for number in range((last - first).days + 1)]


async def read_imported(connection: asyncpg.Connection, layer: int, drawn: int = 4000) -> Imported:
    """Draw area versions, in an order that is the same for equal content, and one corner of each."""
    changes = [
        row["at"]
        for row in await connection.fetch(
            "SELECT DISTINCT at FROM snapshot WHERE layer = $1 AND upper_inf(known) ORDER BY at", layer
        )
    ]
    rows = await connection.fetch(
        "SELECT geom, lower(valid) AS start, coalesce(upper(valid), $2) AS end FROM feature_version"
        " WHERE layer = $1 AND upper_inf(known) ORDER BY md5(content) LIMIT $3",
        layer,
        changes[-1] + DAY,
        drawn,
    )
    rng = np.random.default_rng(1)
    geometries = shapely.from_wkb([bytes(row["geom"]) for row in rows])
    corners = [rng.choice(shapely.get_coordinates(geometry)) for geometry in geometries]
    lonlat = to_lonlat(np.array(corners))
    return Imported(
        [(x, y) for x, y in lonlat.tolist()], [(row["start"], row["end"]) for row in rows], changes
    )


def cold_questions(imported: Imported, zoom: int, number: int, seed: int) -> list[Question]:
    """Draw questions no two of which are about one tile in one state; fewer than *number* where few exist."""
    rng = np.random.default_rng([seed, zoom])
    days = imported.days
    found: dict[tuple[TileAddress, int], Question] = {}
    for _ in range(number * 20):
        which = int(rng.integers(len(imported.corners)))
        start, end = (local_day(at, ZONE) for at in imported.periods[which])
        day = start + int(rng.integers(max(1, (end - start).days))) * DAY
        question = Question(address_at(*imported.corners[which], zoom), min(day, days[-1]))
        found.setdefault((question.address, bisect_right(imported.changes, question.at)), question)
        if len(found) == number:
            break
    return list(found.values())


def orders(arms: int, rounds: int) -> Sequence[tuple[int, ...]]:
    """Return the order of the arms for each round: every arm is as often first as any other, A B, B A."""
    forward = tuple(range(arms))
    turned = [forward[shift:] + forward[:shift] for shift in range(arms)]
    both = [order for each in turned for order in (each, each[::-1])]
    return [both[number % len(both)] for number in range(rounds)]

"""What is asked: tiles that hold data, at dates in distinct epochs, drawn from what was imported."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg
import numpy as np
import shapely

from tileserver.grid import TileAddress, address_at
from tileserver.shape.project import to_lonlat
from tileserver.times import Micros, from_micros, to_micros


@dataclass(frozen=True, slots=True)
class Question:
    """A tile, and an instant at which something is in it."""

    address: TileAddress
    at: datetime


@dataclass(frozen=True, slots=True)
class Imported:
    """What the questions are drawn from: corners of areas with the period of each, and the changes."""

    corners: list[tuple[float, float]]
    periods: list[tuple[datetime, datetime]]
    changes: list[datetime]

    @property
    def middle(self) -> datetime:
        """An hour after the change in the middle: the day that one-day questions are about."""
        return self.changes[len(self.changes) // 2] + timedelta(hours=1)


async def read_imported(connection: asyncpg.Connection, layer: int, drawn: int = 4000) -> Imported:
    """Draw area versions, in an order that is the same for equal content, and one corner of each."""
    changes = [
        row["at"]
        for row in await connection.fetch("SELECT at FROM snapshot WHERE layer = $1 ORDER BY at", layer)
    ]
    rows = await connection.fetch(
        "SELECT geom, lower(valid) AS start, coalesce(upper(valid), $2) AS end FROM feature_version"
        " WHERE layer = $1 AND upper_inf(known) ORDER BY md5(content) LIMIT $3",
        layer,
        changes[-1] + timedelta(days=1),
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
    """Draw questions no two of which are about one tile in one epoch; fewer than *number* where few exist."""
    rng = np.random.default_rng([seed, zoom])
    found: dict[tuple[TileAddress, int], Question] = {}
    for _ in range(number * 20):
        which = int(rng.integers(len(imported.corners)))
        start, end = map(to_micros, imported.periods[which])
        at = from_micros(Micros(int(rng.integers(start, end)) // 1_000_000 * 1_000_000 + 1_000_000))
        question = Question(address_at(*imported.corners[which], zoom), min(at, _newest(imported)))
        found.setdefault((question.address, bisect_right(imported.changes, question.at)), question)
        if len(found) == number:
            break
    return list(found.values())


def one_day_questions(imported: Imported, zoom: int, number: int) -> list[Question]:
    """Return up to *number* tiles in which something is on the middle day."""
    on_the_day = [
        corner
        for corner, (start, end) in zip(imported.corners, imported.periods, strict=True)
        if start <= imported.middle < end
    ]
    addresses = dict.fromkeys(address_at(*corner, zoom) for corner in on_the_day)
    return [Question(address, imported.middle) for address in list(addresses)[:number]]


def _newest(imported: Imported) -> datetime:
    return imported.changes[-1] + timedelta(hours=1)


def orders(arms: int, rounds: int) -> Sequence[tuple[int, ...]]:
    """Return the order of the arms for each round: every arm is as often first as any other, A B, B A."""
    forward = tuple(range(arms))
    turned = [forward[shift:] + forward[:shift] for shift in range(arms)]
    both = [order for each in turned for order in (each, each[::-1])]
    return [both[number % len(both)] for number in range(rounds)]

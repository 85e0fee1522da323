"""Gains: land that passed from one holder to another, day by day and direction by direction.

Each change of the layer is compared with the state just before it, as `tileserver change` compares two days,
and what differs is divided by holder, by kind and by direction. Days add up: the net gain of a side over any
days is the sum of theirs, and with what was only drawn anew it is the difference of the two states.
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from tileserver.publish.measures import days_of, measured_layer
from tileserver.publish.turns import KeptTurns, Passed, Turn, TurnKey, Way, Workshop, turns_of
from tileserver.store.connect import Pool
from tileserver.store.measures import load_measured_faces, load_polygons, load_status_areas
from tileserver.tiles.horizon import horizon_of
from tileserver.tiles.tileset import Tileset
from tileserver.times import TICK, Period, day_period, from_micros, local_day

PER_KM2 = 1000  # gains are whole thousandths of a square kilometre, so that sums are exact as they are told


@dataclass(frozen=True, slots=True)
class Gains:
    """Land that passed on each of *days*, consecutive local days, in thousandths of a km2 by way.

    On the first day the first known state began, and nothing passed with it.
    """

    days: tuple[date, ...]
    passed: tuple[Mapping[Way, int], ...]  # of each day

    @property
    def weight(self) -> int:
        """Bytes in memory, roughly."""
        return 200 * (1 + len(self.days) + sum(map(len, self.passed)))

    def within(self, asked: Period, zone: ZoneInfo) -> Gains:
        """Return the days, which are local to *zone*, that *asked* touches."""
        met = [day for day in self.days if _meets(day_period(day, zone), asked)]
        return self.only(met[0], met[-1]) if met else Gains((), ())

    def only(self, first: date, last: date) -> Gains:
        """Return the days from *first* to *last*, both inclusive."""
        part = slice(bisect_left(self.days, first), bisect_right(self.days, last))
        return Gains(self.days[part], self.passed[part])

    def between(self, first: date, last: date) -> dict[Way, int]:
        """Return by way the land that passed from *first* to *last*, both days included; as `passed`."""
        found: defaultdict[Way, int] = defaultdict(int)
        for own in self.only(first, last).passed:
            for way, milli in own.items():
                found[way] += milli
        return dict(found)


def _meets(day: Period, asked: Period) -> bool:
    starts_before = asked.end is None or day.start is None or day.start < asked.end
    return starts_before and (asked.start is None or day.end is None or asked.start < day.end)


async def load_gains(
    pool: Pool, tileset: Tileset, revision: int, now: datetime, kept: KeptTurns, *, at_ease: bool = False
) -> Gains:
    """Return the gains in the measured layer of *tileset* for every day that is public, as `load_series` has.

    What is not in *kept* is worked out from the faces, beside the event loop, and kept; *at_ease* with rests.
    """
    stored, last = measured_layer(tileset).stored, from_micros(horizon_of(tileset, now).state)
    async with pool.acquire() as connection:
        areas = await load_status_areas(connection, stored, revision, last)
        days = days_of(areas, tileset, horizon_of(tileset, now))
        if not days:
            return Gains((), ())
        faces = await load_measured_faces(connection, stored, revision, areas[0].at, last)
        turns = await asyncio.to_thread(turns_of, faces, last, stored)
        found = {turn.cache_key: kept[turn.cache_key] for turn in turns if turn.cache_key in kept}
        missing = [turn for turn in turns if turn.cache_key not in found]
        if missing:
            span = missing[0].at - TICK, missing[-1].at
            cells = {face.cell for face in faces}
            polygons = await load_polygons(connection, stored, revision, *span, cells)
    if missing:
        workshop = await asyncio.to_thread(Workshop, stored, faces, polygons)
        for turn in missing:
            begun = time.monotonic()
            found[turn.cache_key] = kept.keep(turn.cache_key, await asyncio.to_thread(workshop.passed, turn))
            await asyncio.sleep(time.monotonic() - begun if at_ease else 0)
    return Gains(days, _by_day(days, turns, found, tileset))


def _by_day(
    days: tuple[date, ...], turns: Iterable[Turn], found: Mapping[TurnKey, Passed], tileset: Tileset
) -> tuple[Mapping[Way, int], ...]:
    km2: defaultdict[date, defaultdict[Way, float]] = defaultdict(lambda: defaultdict(float))
    for turn in turns:
        for way, passed in found[turn.cache_key].items():
            km2[local_day(turn.at, tileset.zone)][way] += passed
    return tuple(
        {
            way: milli
            for way, passed in sorted(km2[day].items(), key=_order)
            if (milli := round(passed * PER_KM2))
        }
        for day in days
    )


def _order(item: tuple[Way, float]) -> tuple[str, ...]:
    return tuple(each or "" for each in item[0])

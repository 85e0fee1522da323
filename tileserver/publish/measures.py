"""Square kilometres by status and local day: as a document, as a table, and by how much each day changed."""

from __future__ import annotations

import asyncio
import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np

from tileserver.errors import LayerUnavailable, NothingMeasured
from tileserver.publish.credits import plain_credit
from tileserver.store.connect import Connection
from tileserver.store.measures import StatusArea, load_status_areas
from tileserver.tiles.horizon import Horizon, horizon_of
from tileserver.tiles.tileset import ServedLayer, Tileset
from tileserver.times import TICK, Period, day_period, from_micros, local_day, to_micros

Km2: TypeAlias = dict[str, list[float]]  # status -> a figure for each day

_DECIMALS = 3  # of a square kilometre: a tenth of a hectare


@dataclass(frozen=True, slots=True)
class Series:
    """Km2 of each declared status at the end of each of *days*, consecutive local days."""

    days: tuple[date, ...]
    km2: Km2

    @property
    def weight(self) -> int:
        """Bytes in memory, roughly: a date or a number and a place in a list for each day."""
        return 100 * len(self.days) * (1 + len(self.km2))

    def within(self, asked: Period, zone: ZoneInfo) -> Series:
        """Return the days, which are local to *zone*, that *asked* touches."""
        if not self.days:
            return self
        start, end = day_period(self.days[0], zone).start, day_period(self.days[-1], zone).end
        assert start is not None
        assert end is not None
        start, end = max(start, asked.start or start), min(end, asked.end or end)
        part = slice(0, 0)
        if start < end:
            first, last = (local_day(at, zone) - self.days[0] for at in (start, end - TICK))
            part = slice(first.days, last.days + 1)
        return Series(self.days[part], {status: values[part] for status, values in self.km2.items()})


def measured_layers(tileset: Tileset) -> list[ServedLayer]:
    """Return the layers of *tileset* that have measures: areas with statuses."""
    return [served for served in tileset.layers if served.stored.layer.drawn_as == "faces"]


def measured_layer(tileset: Tileset) -> ServedLayer:
    """Return the one layer of *tileset* whose areas are measured, or raise `NothingMeasured`."""
    found = measured_layers(tileset)
    if len(found) != 1:
        if any(each.stored.layer.drawn_as == "faces" for each in tileset.missing):
            raise LayerUnavailable(f"the areas of {tileset.theatre.id} are not served now: see /tilesets")
        every = [
            f"{tileset.theatre.id}.{layer.name}"
            for layer in tileset.theatre.layers
            if layer.drawn_as == "faces"
        ]
        there = f"; ask for {' or '.join(every)}" if every else ", nor has any other of the theatre"
        what = f"has {len(found)} layers of areas with statuses, not one" if found else "is no layer of areas"
        raise NothingMeasured(f"{tileset.name} {what} with statuses, so nothing measures it{there}")
    return found[0]


async def load_series(connection: Connection, tileset: Tileset, revision: int, now: datetime) -> Series:
    """Return the km2 of the measured layer of *tileset* for every day that is public.

    From the day of the first change to that of the last one; what holds after it is what it left. A day is
    there once all of it is public: a figure once given changes with a revision only.
    """
    served = measured_layer(tileset)
    horizon = horizon_of(tileset, now)
    areas = await load_status_areas(connection, served.stored, revision, from_micros(horizon.state))
    return await asyncio.to_thread(_series, areas, tileset, horizon)


def _series(areas: Sequence[StatusArea], tileset: Tileset, horizon: Horizon) -> Series:
    days = days_of(areas, tileset, horizon)
    steps: defaultdict[str, list[tuple[datetime, float]]] = defaultdict(list)
    for area in areas:
        steps[area.status].append((area.at, area.km2))
    return Series(days, daily(steps, days, tileset))


def daily(
    steps: Mapping[str, Sequence[tuple[datetime, float]]], days: Sequence[date], tileset: Tileset
) -> Km2:
    """Return the km2 of each declared status of *tileset* at the end of each local day.

    *steps* are by status: start instants, ascending, and the km2 from each on; none before the first. A day's
    end is the exclusive end of its period.
    """
    zone = tileset.zone
    ends = np.array([to_micros(end) for day in days if (end := day_period(day, zone).end)], dtype=np.int64)
    found = {}
    for category in measured_layer(tileset).stored.layer.categories:
        own = steps.get(category.code, ())
        instants = np.array([to_micros(at) for at, _ in own], dtype=np.int64)
        values = np.array([0.0, *(km2 for _, km2 in own)])
        by_day = values[instants.searchsorted(ends, side="left")]
        found[category.code] = [rounded(float(km2)) for km2 in by_day]
    return found


def days_of(areas: Sequence[StatusArea], tileset: Tileset, horizon: Horizon) -> tuple[date, ...]:
    """Return the local days from the first of *areas* to the last, without a day not wholly public."""
    if not areas:
        return ()
    first, last = (local_day(areas[n].at, tileset.zone) for n in (0, -1))
    number = (last - first).days + is_over(last, tileset.zone, horizon)
    return tuple(first + timedelta(days=n) for n in range(number))


def is_over(day: date, zone: ZoneInfo, horizon: Horizon) -> bool:
    """Whether all of a local day of *zone* is public."""
    end = day_period(day, zone).end
    return end is None or horizon.covers(to_micros(end))


def net_by_day(areas: Iterable[StatusArea], tileset: Tileset) -> dict[date, dict[str, float]]:
    """Return the km2 by which each status grew on each local day, without statuses that did not."""
    net: defaultdict[date, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    for area in areas:
        net[local_day(area.at, tileset.zone)][area.status] += area.net
    return {
        day: {status: km2 for status, grown in sorted(own.items()) if (km2 := rounded(grown))}
        for day, own in net.items()
    }


def series_document(tileset: Tileset, revision: int, series: Series) -> dict[str, Any]:
    """Return *series* as a document: one list of days, and by status a list of km2 of equal length."""
    layer = measured_layer(tileset).stored.layer
    return {
        "tileset": tileset.name,
        "layer": layer.name,
        "day_zone": tileset.theatre.day_zone,
        "revision": revision,
        "attribution": plain_credit(layer),
        "days": [day.isoformat() for day in series.days],
        "km2": series.km2,
    }


def series_rows(series: Series) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Return *series* as a header and rows: a day, and the km2 of each status."""
    return ["day", *series.km2], list(
        zip(map(date.isoformat, series.days), *series.km2.values(), strict=True)
    )


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table as comma-separated values with a header row (RFC 4180); ``None`` is empty."""
    text = io.StringIO()
    writer = csv.writer(text)  # whose lines end as RFC 4180, 2.1 has it
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def rounded(km2: float) -> float:
    """Return *km2* to the decimals that are published; never a negative zero."""
    return round(km2, _DECIMALS) + 0.0

"""Where two revisions differ: single differences joined into periods of valid time; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import fsum

import numpy as np

from tileserver.grid import BoundsLonLat
from tileserver.shape.project import to_lonlat
from tileserver.store.revision_log import Difference

_NOISE_KM2 = 1e-6  # what adding and subtracting the same areas in another order may leave


@dataclass(frozen=True, slots=True)
class Balance:
    """Square kilometres by status at *at*, of the faces that only one of two revisions has.

    So the difference of the two sums is the difference of the whole layer.
    """

    at: datetime
    old: dict[str, float]
    new: dict[str, float]

    @property
    def change(self) -> dict[str, float]:
        """New less old, by status, ascending by status."""
        statuses = sorted({*self.old, *self.new})
        return {each: self.new.get(each, 0.0) - self.old.get(each, 0.0) for each in statuses}

    @property
    def words(self) -> str:
        """The change in words to a tenth of a km2, by status; empty where that is nothing."""
        told = {status: f"{km2:+z,.1f}" for status, km2 in self.change.items()}
        return ", ".join(f"{status} {km2}" for status, km2 in told.items() if km2 != "+0.0")


@dataclass(frozen=True, slots=True)
class DifferencePeriod:
    """A period ``[start, end)`` at each instant of which two revisions differ, and by how much.

    ``added`` and ``gone`` count features, or faces. ``first`` and ``largest`` are the balances at the start
    and where most square kilometres changed their status; ``None`` where nothing is measured.
    """

    start: datetime
    end: datetime | None
    bounds: BoundsLonLat
    added: int
    gone: int
    first: Balance | None
    largest: Balance | None


def difference_periods(differences: Iterable[Difference]) -> list[DifferencePeriod]:
    """Return the maximal periods that *differences* cover without a break, ascending."""
    found: list[list[Difference]] = []
    end: datetime | None = None
    for each in sorted(differences, key=lambda each: each.start):
        if not found or (end is not None and end < each.start):
            found.append([])
            end = each.start
        found[-1].append(each)
        end = None if end is None or each.end is None else max(end, each.end)
    return [_difference_period(group) for group in found]


def _difference_period(group: Sequence[Difference]) -> DifferencePeriod:
    ends = [each.end for each in group if each.end is not None]
    measured = [each for each in group if each.km2 is not None]
    start = group[0].start
    added = sum(each.added for each in group)
    return DifferencePeriod(
        start,
        max(ends) if len(ends) == len(group) else None,
        _bounds(group),
        added,
        len(group) - added,
        _balance(measured, start) if measured else None,
        _balance(measured, _largest(measured)) if measured else None,
    )


def _bounds(group: Sequence[Difference]) -> BoundsLonLat:
    boxes = np.array([(each.west, each.south, each.east, each.north) for each in group])
    corners = to_lonlat(np.array([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)]))
    return BoundsLonLat(*(round(float(degrees), 5) for degrees in corners.ravel()))


def _balance(measured: Sequence[Difference], at: datetime) -> Balance:
    parts: dict[bool, defaultdict[str, list[float]]] = {False: defaultdict(list), True: defaultdict(list)}
    for each in measured:
        if each.start <= at and (each.end is None or at < each.end):
            parts[each.added][each.status].append(each.km2 or 0.0)
    old, new = ({status: fsum(own) for status, own in sorted(parts[side].items())} for side in (False, True))
    return Balance(at, old, new)


def _largest(measured: Sequence[Difference]) -> datetime:
    """Return the first instant at which the changes of all statuses are most, in one sweep."""
    steps: defaultdict[datetime, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    for each in measured:
        signed = (each.km2 or 0.0) * (1 if each.added else -1)
        steps[each.start][each.status] += signed
        if each.end is not None:
            steps[each.end][each.status] -= signed
    change: defaultdict[str, float] = defaultdict(float)
    most, where = -1.0, min(steps)
    for at in sorted(steps):
        for status, signed in steps[at].items():
            change[status] += signed
        total = sum(map(abs, change.values()))
        if total > most + _NOISE_KM2:
            most, where = total, at
    return where

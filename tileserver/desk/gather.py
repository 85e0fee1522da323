"""All that a file holds, gathered before anything is written: each feature repaired, hashed and dated."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from tileserver.desk.job import Job
from tileserver.desk.periods import State
from tileserver.desk.prepare import Preparer
from tileserver.desk.prepared import Prepared, prepared
from tileserver.errors import UnreadableSource
from tileserver.findings import Finding
from tileserver.ingest import RawFeature, RawSnapshot, Report
from tileserver.model import DatedFeature, Feature
from tileserver.store.catalogue import StoredLayer
from tileserver.times import day_period, day_zone, local_day

Item = TypeVar("Item")


async def gather_snapshots(
    job: Job, snapshots: Iterable[RawSnapshot], report: Report, origin: str, total: int | None = None
) -> Prepared:
    """Prepare whole states; *total* is the number of *snapshots*, where known beforehand.

    Raises `UnreadableSource` where there is none, and nothing was quarantined either.
    """
    preparer = Preparer(job.stored.theatre, job.stored.layer, report)
    states: dict[datetime, State] = {}
    origins: dict[datetime, str] = {}
    days = Days(job.stored)
    for number, snapshot in enumerate(snapshots, 1):
        states[snapshot.at] = _state(snapshot, preparer, report)
        origins[snapshot.at] = snapshot.origin
        if snapshot.precision == "day":
            days.note(snapshot.at)
        job.progress("reading and repairing", number, total)
        await asyncio.sleep(0)  # where Ctrl-C takes effect
    if not states and not report.total("quarantined"):
        raise UnreadableSource(f"{origin} holds no snapshot of {job.stored.ref}; see the report")
    return prepared(
        report, origin=origin, features=preparer.features, states=states, origins=origins, days=days.over
    )


async def gather_features(
    job: Job, features: Iterable[RawFeature], report: Report, origin: str, *, complete: bool = False
) -> Prepared:
    """Prepare features that carry their own periods; a feature that a *complete* file leaves out ends."""
    preparer = Preparer(job.stored.theatre, job.stored.layer, report)
    dated = _Dated(report)
    days = Days(job.stored)
    for number, raw in enumerate(days.note_features(features), 1):
        feature = preparer.prepare(raw)
        if feature is not None:
            dated.add(feature, raw)
        if number % 500 == 0:
            job.progress("reading and repairing", number, None)
            await asyncio.sleep(0)
    return prepared(
        report,
        origin=origin,
        features=preparer.features,
        periods=frozenset(dated.found),
        hidden=preparer.hidden,
        complete=complete,
        days=days.over,
    )


def _state(snapshot: RawSnapshot, preparer: Preparer, report: Report) -> State:
    state: set[bytes] = set()
    for raw in snapshot.features:
        feature = preparer.prepare(raw)
        if feature is not None:
            _add(feature.feature_hash, state, raw, report)
    return frozenset(state)


def _add(item: Item, found: set[Item], raw: RawFeature, report: Report) -> None:
    if item in found:
        report.note(Finding.DUPLICATE, raw.origin)
    else:
        found.add(item)
        report.imported += 1


class _Dated:
    """Dated features of a file, each once; of an event that has a key the issue that comes last."""

    def __init__(self, report: Report) -> None:
        self.found: set[DatedFeature] = set()
        self._report = report
        self._newest: dict[int, tuple[DatedFeature, str]] = {}  # with its place in the file

    def add(self, feature: Feature, raw: RawFeature) -> None:
        """Add *feature* in its half-open period, and count every issue that is left out."""
        assert raw.period is not None
        assert raw.period.start is not None
        each = DatedFeature(feature.feature_hash, raw.period.start, raw.period.end)
        if feature.keyed_id is not None:
            older, origin = self._newest.get(feature.keyed_id, (each, ""))
            if older != each:
                self.found.discard(older)
                self._report.imported -= 1
                self._report.note(Finding.REPLACED, origin)
            self._newest[feature.keyed_id] = each, raw.origin
        _add(each, self.found, raw, self._report)


class Days:
    """Instants known to the local day alone, of one layer of states.

    ``over`` maps each to the end of its day, from which the embargo is counted. A layer of events has none,
    for events are public once they are over.
    """

    def __init__(self, stored: StoredLayer) -> None:
        self._is_state = stored.layer.time == "state"
        self._zone = day_zone(stored.theatre.day_zone)
        self.over: dict[datetime, datetime] = {}

    def note(self, *edges: datetime | None) -> None:
        """Remember that each of *edges*, beginnings and ends, is known to its local day alone."""
        if self._is_state:
            self.over |= {at: _end_of_day(at, self._zone) for at in edges if at is not None}

    def note_features(self, features: Iterable[RawFeature]) -> Iterator[RawFeature]:
        """Yield *features*, noting both ends of each that is known to the day."""
        for feature in features:
            if feature.precision == "day" and feature.period is not None:
                self.note(feature.period.start, feature.period.end)
            yield feature


def _end_of_day(at: datetime, zone: ZoneInfo) -> datetime:
    end = day_period(local_day(at, zone), zone).end
    assert end is not None
    return end

"""Which instants of an import are known to the day alone, and when that day is over."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from tileserver.model import RawFeature
from tileserver.store.catalogue import StoredLayer
from tileserver.times import day_period, day_zone, local_day


class Days:
    """The days of one layer of states; one of events has none, for they are public once they are over.

    ``over`` says of each instant known to the day when that day ends.
    """

    def __init__(self, stored: StoredLayer) -> None:
        self._is_state = stored.layer.time == "state"
        self._zone = day_zone(stored.theatre.day_zone)
        self.over: dict[datetime, datetime] = {}

    def note(self, *edges: datetime | None) -> None:
        """Remember that what begins or ends at *edges* is known to the local day that each is in."""
        if self._is_state:
            self.over |= {at: _end_of_day(at, self._zone) for at in edges if at is not None}

    def note_features(self, features: Iterable[RawFeature]) -> Iterable[RawFeature]:
        """Yield *features*, remembering the ends of those that are known to the day."""
        for feature in features:
            if feature.precision == "day" and feature.period is not None:
                self.note(feature.period.start, feature.period.end)
            yield feature


def _end_of_day(at: datetime, zone: ZoneInfo) -> datetime:
    end = day_period(local_day(at, zone), zone).end
    assert end is not None
    return end

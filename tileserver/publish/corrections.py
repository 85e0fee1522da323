"""Public corrections: the revisions that changed days readers could see, with the changes by layer and day.

A day that is told of for the first time is no correction, nor is a day that was not yet public when the
revision was committed. Nothing later than the horizon takes part, and of what was withdrawn nothing is left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate, pairwise
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from tileserver.declared import Text
from tileserver.publish.measures import rounded
from tileserver.store.connect import Connection
from tileserver.store.corrected import (
    CorrectedRow,
    RevisionWords,
    load_corrected,
    load_newest_told,
    load_words,
)
from tileserver.tiles.catalogue import Catalogue
from tileserver.tiles.horizon import Horizon, horizon_of
from tileserver.tiles.tileset import ServedLayer, Tileset
from tileserver.times import TICK, day_period, from_micros, local_day

DayRange: TypeAlias = tuple[date, date]  # first and last local day, both included

_RANGES = 40  # of days in one correction; where there are more, the nearest are told as one
_DAY = timedelta(days=1)


class Km2Change(NamedTuple):
    """Km2 by which each status grew through a correction, at the end of the local day that most changed."""

    day: date
    by_status: dict[str, float]


@dataclass(frozen=True, slots=True)
class LayerCorrection:
    """Changes of one layer: local days, both ends included, and numbers of features, or faces."""

    layer: str
    days: tuple[DayRange, ...]
    added: int
    removed: int
    edited: int
    km2: Km2Change | None


@dataclass(frozen=True, slots=True)
class Correction:
    """A revision that changed public days, with the instants of its commit and of the desk's remark.

    ``days`` are inclusive ranges.
    """

    revision: int
    committed: datetime
    remark: Text
    remarked: datetime | None
    layers: tuple[LayerCorrection, ...]

    @property
    def days(self) -> tuple[DayRange, ...]:
        """The local days on which any layer changed, ascending, both ends included."""
        return merged(span for each in self.layers for span in each.days)

    @property
    def km2(self) -> Km2Change | None:
        """The change of the areas with statuses, of the first layer that has any."""
        return next((each.km2 for each in self.layers if each.km2), None)

    @property
    def updated(self) -> datetime:
        """The instant of the commit, or of the last remark."""
        return max(self.committed, self.remarked or self.committed)

    def touches(self, first: date, last: date) -> bool:
        """Whether a local day from *first* to *last*, both included, was changed."""
        return any(start <= last and first <= end for start, end in self.days)


@dataclass(frozen=True, slots=True)
class Corrections:
    """All public corrections of a theatre, the newest first."""

    found: tuple[Correction, ...]

    @property
    def weight(self) -> int:
        """Bytes in memory, roughly."""
        return 200 + sum(1000 + 100 * len(each.days) for each in self.found)

    def chosen(self, newest: int | None, known: int | None, days: DayRange | None) -> tuple[Correction, ...]:
        """Return the corrections after *known*, up to *newest*, that changed any of *days*, both included."""
        return tuple(
            each
            for each in self.found
            if (newest is None or each.revision <= newest)
            and (known is None or each.revision > known)
            and (days is None or each.touches(*days))
        )


def corrigible(catalogue: Catalogue, whole: Tileset) -> list[tuple[ServedLayer, Tileset]]:
    """Return the layers of *whole* with features of their own, each with its own tileset."""
    return [
        (served, catalogue.tileset(str(served.stored.ref)))
        for served in whole.layers
        if served.drawn_as != "face_lines"
    ]


def public_end(alone: Tileset, horizon: Horizon) -> datetime:
    """Return the exclusive end of the last local day that is wholly public."""
    return _day_start(min(from_micros(horizon.ended), from_micros(horizon.state) + TICK), alone.zone)


async def load_corrections(
    connection: Connection, layers: Sequence[tuple[ServedLayer, Tileset]], now: datetime
) -> Corrections:
    """Return the corrections of *layers* that are public at *now*, from the rows of the database."""
    revisions = sorted({each for served, _ in layers for each in served.stored.revisions})
    words = await load_words(connection, revisions)
    by_revision: defaultdict[int, list[LayerCorrection]] = defaultdict(list)
    for served, alone in layers:
        stored = served.stored
        told = await load_newest_told(connection, stored.layer_id)
        caps = _caps(served, alone, words, told, public_end(alone, horizon_of(alone, now)))
        rows = await load_corrected(connection, stored, caps) if caps else []
        for revision, own in _by_revision(rows).items():
            if correction := _layer_correction(served, own, alone.zone):
                by_revision[revision].append(correction)
    newest_first = sorted(by_revision, reverse=True)
    return Corrections(
        tuple(Correction(each, *words[each], tuple(by_revision[each])) for each in newest_first)
    )


def _caps(
    served: ServedLayer,
    alone: Tileset,
    words: Mapping[int, RevisionWords],
    told: Mapping[int, datetime],
    public: datetime,
) -> dict[int, datetime]:
    """Return, by revision, the exclusive end of the days that the revision can have corrected.

    That is the end of the days which an earlier revision told of, which were public when it was committed,
    and which are public now. All are local midnights.
    """
    caps: dict[int, datetime] = {}
    revisions = served.stored.revisions
    newest = list(accumulate((told.get(each) for each in revisions), _later))
    for earlier, revision in zip(newest, revisions[1:], strict=False):
        if earlier is not None and revision in words:
            was_public = _day_start(words[revision].committed - alone.embargo, alone.zone)
            caps[revision] = min(_day_end(earlier, alone.zone), was_public, public)
    return caps


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(one, other) if one and other else one or other


def _by_revision(rows: Iterable[CorrectedRow]) -> dict[int, list[CorrectedRow]]:
    found: defaultdict[int, list[CorrectedRow]] = defaultdict(list)
    for row in rows:
        found[row.revision].append(row)
    return found


def _layer_correction(
    served: ServedLayer, rows: Sequence[CorrectedRow], zone: ZoneInfo
) -> LayerCorrection | None:
    """Return the correction that *rows*, of one revision, are; ``None`` where no day ends otherwise."""
    days = merged(span for row in rows if (span := _days_of(row, zone, is_state=served.is_state)))
    if not days:
        return None
    fresh, gone = ({row.id for row in rows if row.added is added} for added in (True, False))
    edited = set() if served.is_state else fresh & gone
    km2 = _most_changed(rows, zone) if served.drawn_as == "faces" else None
    counts = len(fresh - edited), len(gone - edited), len(edited)
    return LayerCorrection(served.stored.layer.name, days, *counts, km2)


def _days_of(row: CorrectedRow, zone: ZoneInfo, *, is_state: bool) -> DayRange | None:
    """Return the local days that show *row*: of a state by their ends, else all that *row* touches."""
    first = local_day(row.start, zone)
    last = local_day(row.end, zone) - _DAY if is_state else local_day(row.end - TICK, zone)
    return (first, last) if first <= last else None


def merged(spans: Iterable[DayRange]) -> tuple[DayRange, ...]:
    """Return the same local days as few ranges, at most `_RANGES`, ascending, both ends included."""
    found: list[list[date]] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + _DAY:
            found[-1][1] = max(found[-1][1], last)
        else:
            found.append([first, last])
    while len(found) > _RANGES:
        gaps = [later[0] - earlier[1] for earlier, later in pairwise(found)]
        nearest = gaps.index(min(gaps))
        found[nearest][1] = found.pop(nearest + 1)[1]
    return tuple((first, last) for first, last in found)


def _most_changed(rows: Sequence[CorrectedRow], zone: ZoneInfo) -> Km2Change | None:
    """Return how much each status grew on the day at whose end most land has another status, in one sweep."""
    steps: defaultdict[date, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row in rows:
        span = _days_of(row, zone, is_state=True)
        if span is not None and row.km2 is not None:
            signed = row.km2 if row.added else -row.km2
            steps[span[0]][row.status] += signed
            steps[span[1] + _DAY][row.status] -= signed
    grown: defaultdict[str, float] = defaultdict(float)
    most: Km2Change | None = None
    most_km2 = -1.0
    for day in sorted(steps):
        for status, signed in steps[day].items():
            grown[status] += signed
        change = {status: km2 for status, own in sorted(grown.items()) if (km2 := rounded(own))}
        if (total := sum(map(abs, change.values()))) > most_km2:
            most, most_km2 = Km2Change(day, change), total
    return most


def _day_start(at: datetime, zone: ZoneInfo) -> datetime:
    start = day_period(local_day(at, zone), zone).start
    assert start is not None  # of a local day
    return start


def _day_end(at: datetime, zone: ZoneInfo) -> datetime:
    end = day_period(local_day(at, zone), zone).end
    assert end is not None  # of a local day
    return end

"""The periods that a tileset's history comes in: their texts in URLs, and the revisions behind each.

Everything is in whole microseconds since 1970, UTC, or in local days of the theatre.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from tileserver.errors import UnknownPeriod
from tileserver.history.calendar import DAY, is_span, plan
from tileserver.model import Integers, Revision
from tileserver.store.history_tiles import OPEN_DAY, DaySpan
from tileserver.store.history_weights import LayerWeights
from tileserver.tiles.horizon import Horizon
from tileserver.tiles.tileset import Tileset
from tileserver.times import (
    OPEN,
    Micros,
    MicrosArray,
    day_number,
    day_period,
    from_micros,
    local_day,
    to_micros,
)

# Added to the edition: raised by one whenever the same rows come to be drawn otherwise in a history tile.
ENCODING = 1

_GRACE = 31 * DAY  # by how much the open period may have begun earlier when somebody's page was loaded
_NOTHING = to_micros(datetime.fromisoformat("0001-01-01T00:00:00Z"))  # before all that can be told
_TEXT = re.compile(
    r"([0-9]{8})-([0-9]{8}|open)-(0|[1-9][0-9]{0,8})-(0|[1-9][0-9]{0,14})(?:-(-?[0-9]{1,18}))?\Z"
)


@dataclass(frozen=True, slots=True)
class HistoryPeriod:
    """Period of a tileset's history, with all that the content of its tiles follows from.

    Half-open: local days from ``first`` to before ``end``, or ``None`` while more may come. ``last_end`` is
    the newest end, microseconds, of the events that began in the period and went on beyond, or ``None``.
    """

    first: date
    end: date | None
    edition: int
    revision: int
    last_end: Micros | None = None

    def __str__(self) -> str:
        last = "open" if self.end is None else _digits(self.end - DAY)
        last_end = "" if self.last_end is None else f"-{self.last_end}"
        return f"{_digits(self.first)}-{last}-{self.edition}-{self.revision}{last_end}"


def parse_period(text: str) -> HistoryPeriod:
    """Parse the name of a period; `UnknownPeriod` for anything else."""
    match = _TEXT.match(text)
    if match is not None:
        first, last = _day(match[1]), None if match[2] == "open" else _day(match[2])
        if first and (last or match[2] == "open"):
            last_end = None if match[5] is None else Micros(int(match[5]))
            end = last + DAY if last else None
            period = HistoryPeriod(first, end, int(match[3]), int(match[4]), last_end)
            if str(period) == text:
                return period
    raise UnknownPeriod(f"{text[:60]!r} names no period of history; the tileset's document lists them")


class Public(NamedTuple):
    """Limits of a public part, inclusive, in microseconds: of states ``at``, of ends of events ``ended``."""

    at: Micros
    ended: Micros


def public_part(tileset: Tileset, horizon: Horizon) -> Public:
    """Return the newest change of a state and the newest end of an event up to *horizon*."""
    at = ended = _NOTHING
    for served in tileset.layers:
        own = served.periods.edges if served.is_state else served.periods.ends
        upto = horizon.state if served.is_state else horizon.ended
        newest = Micros(int(own[own <= upto].max(initial=_NOTHING)))
        at, ended = (max(at, newest), ended) if served.is_state else (at, max(ended, newest))
    return Public(at, ended)


class PublicHistory:
    """Public history of a tileset: the weights of its tiles, the revisions behind all tiles, and its periods.

    *layers* are the weights of each layer, in the order of *tileset*.
    """

    def __init__(self, tileset: Tileset, layers: Sequence[LayerWeights], public: Public) -> None:
        self.tileset, self.public = tileset, public
        self._layers = [(past, served.is_state) for past, served in zip(layers, tileset.layers, strict=True)]
        tiles, starts, ends, weights = [], [], [], []
        for past, is_state in self._layers:
            own = past.starts <= public.at if is_state else past.ends <= public.ended
            tiles.append(past.tiles[own])
            weights.append(past.weights[own])
            starts.append(_days(past.starts[own], tileset.zone))
            ends.append(_end_days(past.ends[own], tileset.zone, public.at if is_state else None))
        self._tiles = np.unique(np.concatenate(tiles), return_inverse=True)[1]
        self._starts, self._ends = np.concatenate(starts), np.concatenate(ends)
        self._weights = np.concatenate(weights)
        self.periods = tuple(self._periods())

    def weigh(self, first: date, end: date) -> float:
        """Return the estimated bytes, compressed, of the heaviest tile of the days ``[first, end)``."""
        inside = (self._starts < day_number(end)) & (self._ends > day_number(first))
        inside &= self._ends > self._starts
        return float(np.bincount(self._tiles[inside], self._weights[inside]).max(initial=0))

    def has(self, period: HistoryPeriod, horizon: Horizon) -> bool:
        """Whether *period* is one of this history, now or before, and public.

        Periods that are listed no longer, because of a correction or because they were put together, stay
        answerable: somebody's page was loaded before that.
        """
        if not self.periods or period.edition != self.tileset.edition + ENCODING:
            return False
        if period.end is None:
            newest = self.periods[-1].first
            exists = newest - _GRACE <= period.first <= newest and period.last_end is None
        else:
            known = period.last_end is None or period.last_end in self._straddling(period, horizon.ended)
            exists = horizon.covers(self._start(period.end)) and is_span(period.first, period.end) and known
        return exists and period.revision in (self._revisions(period) or {0})

    def as_known(self, period: HistoryPeriod, revision: int) -> HistoryPeriod | None:
        """Return *period* as known in *revision*; ``None`` if no revision by then changed the period."""
        known = [each for each in self._revisions(period) if each <= revision]
        return replace(period, revision=max(known)) if known else None

    def limits(self, period: HistoryPeriod) -> Public:
        """Return the limits of the public part of *period*."""
        if period.end is None:
            return self.public
        end = self._start(period.end)
        return Public(Micros(end - 1), end if period.last_end is None else period.last_end)

    def span(self, period: HistoryPeriod) -> DaySpan:
        """Return the days of *period*, as a query of the database."""
        at, ended = self.limits(period)
        end = period.end or local_day(from_micros(max(at, Micros(ended - 1))), self.tileset.zone) + DAY
        days = range((end - period.first).days + 1)
        starts = tuple(from_micros(self._start(period.first + number * DAY)) for number in days)
        return DaySpan(
            day_number(period.first), starts, Revision(period.revision), from_micros(at), from_micros(ended)
        )

    def _periods(self) -> list[HistoryPeriod]:
        at, ended = self.public
        begun = OPEN
        for served in self.tileset.layers:
            own = served.periods
            public = own.starts[own.starts <= at if served.is_state else own.ends <= ended]
            begun = min(begun, Micros(int(public.min(initial=OPEN))))
        if begun == OPEN:
            return []
        oldest, newest = (
            local_day(from_micros(each), self.tileset.zone) for each in (begun, max(at, Micros(ended - 1)))
        )
        spans = plan(self.weigh, oldest, newest)
        edition = self.tileset.edition + ENCODING
        found = []
        for first, end in spans:
            period = HistoryPeriod(first, None if (first, end) == spans[-1] else end, edition, 0)
            period = replace(period, last_end=max(self._straddling(period, ended), default=None))
            found.append(replace(period, revision=max(self._revisions(period), default=0)))
        return found

    def _straddling(self, period: HistoryPeriod, horizon: Micros) -> set[Micros]:
        """Return the public ends of events that began in *period* and went on beyond."""
        if period.end is None:
            return set()
        end = self._start(period.end)
        found: set[Micros] = set()
        for served in self.tileset.layers:
            if not served.is_state:
                own = served.periods
                found.update(own.ends[(own.starts < end) & (own.ends > end) & (own.ends <= horizon)].tolist())
        return found

    def _revisions(self, period: HistoryPeriod) -> set[int]:
        """Return the revisions that changed the public part of *period*."""
        start = self._start(period.first)
        end = OPEN if period.end is None else self._start(period.end)
        ended = self.limits(period).ended
        found: set[int] = set()
        for past, is_state in self._layers:
            changed = (past.changed_starts < end) & (past.changed_ends > start)
            changed &= past.changed_starts <= self.public.at if is_state else past.changed_ends <= ended
            found.update(past.revisions[changed].tolist())
        return found

    def _start(self, day: date) -> Micros:
        start = day_period(day, self.tileset.zone).start
        assert start is not None
        return to_micros(start)


def _digits(day: date) -> str:
    return day.isoformat().replace("-", "")


def _day(digits: str) -> date | None:
    try:
        return date.fromisoformat(digits)
    except ValueError:
        return None


def _days(micros: MicrosArray, zone: ZoneInfo) -> Integers:
    """Return the local day of each instant."""
    instants, where = np.unique(micros, return_inverse=True)
    days = [day_number(local_day(from_micros(each), zone)) for each in instants.tolist()]
    return np.array(days, dtype=np.int64)[where]


def _end_days(micros: MicrosArray, zone: ZoneInfo, at: int | None) -> Integers:
    """Return the day after the last day: of states, open after *at*, or of events (``None``).

    A state is not shown on the day within which it ends; what happened on a day is.
    """
    if at is None:
        return _days(micros - 1, zone) + 1
    days = np.full(len(micros), OPEN_DAY, dtype=np.int64)
    ended = micros <= at
    days[ended] = _days(micros[ended], zone)
    return days

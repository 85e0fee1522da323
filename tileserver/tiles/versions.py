"""Which version a question about time means, without asking the database.

A version names the content of one tile by when it became so, in the world and in our knowledge. All
instants of an epoch, and all windows that select the same features, have the same version; it is the cache
key, and written into a URL it names bytes that never change. ``SCHEME`` is raised when the encoder changes
what the same rows look like; another generaliser makes another edition.

Everything is in whole microseconds since 1970, UTC.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from tileserver.errors import UnknownVersion
from tileserver.store.catalogue import Periods
from tileserver.tiles.events import Asked
from tileserver.tiles.horizon import Horizon
from tileserver.tiles.index import Spot, TileView
from tileserver.tiles.selection import EVERYTHING, WRITTEN, Selection, is_selectable, read_selection
from tileserver.tiles.tileset import Tileset
from tileserver.tiles.windows import Window
from tileserver.times import (
    OPEN,
    Micros,
    MicrosArray,
    Period,
    day_period,
    format_instant,
    from_micros,
    local_day,
    to_micros,
)

SCHEME = 4

_FIELD = r"(_|~?[0-9a-z]{1,13})"
_TEXT = re.compile(r"([0-9]{1,4})" + 6 * f"-{_FIELD}" + rf"-(_|[0-9a-z]{{1,8}})-(_|{WRITTEN})\Z")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Version:
    """The name of one tile's content.

    ``state`` and ``points`` name, by 64 bits, what the state layers show and what is selected of the window
    layers; 0 is nothing. ``seen``, ``first``, ``last`` and ``until`` say how to select the points again: as
    known in ``seen``, those that start by ``last`` and end from ``first`` to ``until``, of ``selection``; a
    state is found by its name alone. ``zooms`` are, of each window layer that is cells here, the zoom from
    which it is points, and 0 of the others; none where there are no cells.
    """

    state: int = 0
    points: int = 0
    seen: int = 0
    first: Micros | None = None
    last: Micros | None = None
    until: Micros | None = None
    zooms: tuple[int, ...] = ()
    selection: Selection = EVERYTHING

    def __str__(self) -> str:
        fields = (self.state, self.points, self.seen, self.first, self.last, self.until)
        zooms = "".join(map(_base36, self.zooms)) or "_"
        return "-".join([str(SCHEME), *map(_base36, fields), zooms, str(self.selection) or "_"])


@dataclass(frozen=True, slots=True)
class Reading:
    """How a content is read: the states at ``at`` as known in ``revision``, the points as `Version` says.

    ``at`` and ``first`` are ``None`` where there is nothing to read.
    """

    revision: int
    seen: int
    at: Micros | None = None
    first: Micros | None = None
    last: Micros | None = None
    until: Micros | None = None
    zooms: tuple[int, ...] = ()
    selection: Selection = EVERYTHING

    @property
    def window(self) -> Asked | None:
        """What is selected of the window layers."""
        if self.first is None or self.last is None or self.until is None:
            return None
        return Asked(self.first, self.last, self.until, self.seen, self.selection)


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a question means for all of the map, and when that is true as far as the public may know."""

    reading: Reading
    validity: Period

    @property
    def validity_text(self) -> str:
        """The validity as ``OGCAPI-datetime`` has it: ``start/end`` with ``..`` for an open end."""
        start, end = self.validity.start, self.validity.end
        return f"{format_instant(start)}/{format_instant(end)}"


@dataclass(frozen=True, slots=True)
class Located(Resolved):
    """What a question means for one tile, with the name of that content."""

    version: Version


def parse_version(text: str) -> Version:
    """Parse the text of a version of this scheme; `UnknownVersion` for anything else."""
    match = _TEXT.match(text)
    if match is not None and int(match[1]) == SCHEME:
        state, points, seen = (_from_base36(field) for field in match.groups()[1:4])
        first, last, until = (_instant_from_base36(field) for field in match.groups()[4:7])
        zooms, selection = (field.removeprefix("_") for field in match.groups()[7:])
        if state is not None and points is not None and seen is not None:
            how = (tuple(int(each, 36) for each in zooms), read_selection(selection))
            version = Version(state, points, seen, first, last, until, *how)
            if str(version) == text:
                return version
    raise UnknownVersion(f"{text[:60]!r} names no version; ask with ?datetime= and read Content-Location")


def resolve(
    tileset: Tileset, periods: Sequence[Periods], revision: int, asked: Period | None, horizon: Horizon
) -> Resolved:
    """Return what *asked* means for all of the map.

    Parameters
    ----------
    tileset : Tileset
        Its layers, in the order of *periods*.
    periods : sequence of Periods
        The periods of each layer at *revision*.
    revision : int
        A revision that touched the tileset, or 0.
    asked : Period or None
        As `times.parse_datetime` returns it; ``None`` for the latest state and the latest day on which
        anything happened.
    horizon : Horizon
        Nothing later takes part in the answer, not even as the end of a validity.

    Notes
    -----
    A question about the time after the horizon is answered with the state at the horizon, and the
    validity says so. A gap holds what came before it. Searches the changes of each state layer and goes
    through the periods of the window layers, a day each.
    """
    changes = _public_changes(tileset, periods, horizon.state)
    starts, ends = _public_windows(tileset, periods, horizon.ended)
    if asked is None:
        asked = latest(tileset, periods, horizon)
    first = None if asked.start is None else to_micros(asked.start)
    after = [(own, int(own.searchsorted(_last(asked, horizon.state), side="right"))) for own in changes]
    newest = max((Micros(int(own[n - 1])) for own, n in after if n), default=None)
    reading = Reading(revision, revision, at=newest)
    reading = _with_window(reading, starts, ends, first, _last(asked, horizon.ended))
    if len(starts):  # a window was asked about: it is what the answer is true for
        return Resolved(reading, _up_to(asked, horizon.ended))
    following = min((Micros(int(own[n])) for own, n in after if n < len(own)), default=None)
    return Resolved(reading, Period(instant(newest), instant(following)))


def latest(tileset: Tileset, periods: Sequence[Periods], horizon: Horizon) -> Period:
    """Return the newest public day on which anything happened, and all that comes after it."""
    starts, _ = _public_windows(tileset, periods, horizon.ended)
    newest = Micros(int(starts.max())) if len(starts) else horizon.ended
    day = day_period(local_day(from_micros(newest), tileset.zone), tileset.zone)
    return Period(day.start, None)


def locate(
    tileset: Tileset,
    view: TileView,
    revision: int,
    asked: Period,
    horizon: Horizon,
    selection: Selection = EVERYTHING,
) -> Located:
    """Return the content of one tile that *asked* means there, as known in *revision*.

    As `resolve`, but for the tile that *view* is of: version and validity say when something changed in
    it, and nothing of the rest of the map. From memory, some microseconds.
    """
    last = _last(asked, horizon.state)
    first = Micros(-OPEN if asked.start is None else to_micros(asked.start) + 1)
    selected = Asked(first, _last(asked, horizon.ended), horizon.ended, revision, selection)
    window = view.windows.window(selected)
    zooms = view.windows.zooms(selected) if window else ()
    version, reading = _named(view.state(last, revision), window, zooms, view.windows.legend)
    if not all(served.is_state for served in tileset.layers):
        return Located(reading, _up_to(asked, horizon.ended), version)
    start, end = view.validity(last, revision)
    validity = Period(instant(start), None if end is None or end > horizon.state else instant(end))
    return Located(reading, validity, version)


def find(version: Version, tileset: Tileset, view: TileView, horizon: Horizon) -> Reading:
    """Return how to read the content *version* of the tile that *view* is of.

    Raises `UnknownVersion` unless it is the one name of a content that is public by now. So the set of
    versions stays finite, and none can be made up to look past the horizon.
    """
    spot = view.find(version.state, horizon.state) if version.state else None
    window = None
    if version.first is not None and version.last is not None and version.until is not None:
        asked = Asked(version.first, version.last, version.until, version.seen, version.selection)
        exists = is_selectable(version.selection, tileset.declared) and view.windows.has_zooms(version.zooms)
        if exists and max(version.last, version.until) <= horizon.ended:
            window = view.windows.window(asked)
    found, reading = _named(spot, window, version.zooms if window else (), view.windows.legend)
    if found != version:
        raise UnknownVersion(f"version {version} does not exist in {tileset.name}, or is not public")
    return reading


def _named(
    spot: Spot | None, window: Window | None, zooms: tuple[int, ...], legend: int
) -> tuple[Version, Reading]:
    state, revision, at = (spot.name, spot.revision, spot.at) if spot else (0, 0, None)
    if window is None:
        return Version(state), Reading(revision, 0, at)
    chosen = window.asked
    how = (chosen.first, chosen.last, chosen.until, zooms, chosen.selection)
    seen = chosen.revision
    points = (window.name + legend) % (1 << 64) if zooms else window.name
    return Version(state, points, seen, *how), Reading(revision, seen, at, *how)


def _public_changes(tileset: Tileset, periods: Sequence[Periods], horizon: int) -> list[MicrosArray]:
    """Return what is public of each state layer's changes, ascending; views, nothing is copied."""
    return [
        own.edges[: own.edges.searchsorted(horizon, side="right")]
        for served, own in zip(tileset.layers, periods, strict=True)
        if served.is_state
    ]


def _public_windows(tileset: Tileset, periods: Sequence[Periods], horizon: int) -> tuple[MicrosArray, ...]:
    own = [p for served, p in zip(tileset.layers, periods, strict=True) if not served.is_state]
    starts = np.concatenate([p.starts for p in own]) if own else np.empty(0, np.int64)
    ends = np.concatenate([p.ends for p in own]) if own else np.empty(0, np.int64)
    # Fail closed: what is only known to the day is public once that whole day is old enough.
    public = ends <= horizon
    return starts[public], ends[public]


def _last(asked: Period, upto: Micros) -> Micros:
    """Return the last instant of *asked* up to *upto*."""
    return upto if asked.end is None else min(Micros(to_micros(asked.end) - 1), upto)


def _up_to(asked: Period, horizon: Micros) -> Period:
    """Return the part of *asked* that is public; open where more of it may become so."""
    start, end = asked.start, asked.end
    if start is not None and to_micros(start) > horizon:
        start = from_micros(horizon)
    return Period(start, None if end is None or to_micros(end) > horizon else end)


def _with_window(
    reading: Reading,
    starts: MicrosArray,
    ends: MicrosArray,
    first: int | None,
    last: int,
) -> Reading:
    if not len(starts):
        return reading
    chosen = starts <= last
    if first is not None:
        chosen &= ends > first
    if not chosen.any():
        return reading
    return replace(
        reading,
        first=Micros(int(ends[chosen].min())),
        last=Micros(int(starts[chosen].max())),
        until=Micros(int(ends[chosen].max())),
    )


def instant(micros: Micros | None) -> datetime | None:
    """Return *micros* since 1970 as an instant, ``None`` for none and for `OPEN`."""
    return None if micros is None or micros == OPEN else from_micros(micros)


def _base36(value: int | None) -> str:
    if value is None:
        return "_"
    digits, rest = "", abs(value)
    while rest or not digits:
        rest, digit = divmod(rest, 36)
        digits = _DIGITS[digit] + digits
    return f"~{digits}" if value < 0 else digits


def _from_base36(text: str) -> int | None:
    if text == "_":
        return None
    return -int(text[1:], 36) if text.startswith("~") else int(text, 36)


def _instant_from_base36(text: str) -> Micros | None:
    value = _from_base36(text)
    return None if value is None else Micros(value)

"""Which version a question about time means, without asking the database.

A version names the content of a tileset at one revision and one canonical time. All instants of an epoch,
and all windows that select the same features, have the same version; it is the cache key, and written
into a URL it names bytes that never change. ``SCHEME`` is raised when the encoder or the generaliser
changes what the same rows look like.

Everything is in whole microseconds since 1970, UTC.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from tileserver.errors import UnknownTileset
from tileserver.store.tiles import Cut
from tileserver.tiles.catalogue import OPEN, Periods, Tileset
from tileserver.times import Period, day_period, format_instant, from_micros, local_day, to_micros

SCHEME = 2

Micros: TypeAlias = npt.NDArray[np.int64]

_FIELD = r"(_|~?[0-9a-z]{1,13})"
_TEXT = re.compile(rf"([0-9]{{1,4}})-([0-9]{{1,9}})-([0-9]{{1,15}})-{_FIELD}-{_FIELD}-{_FIELD}-{_FIELD}\Z")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Version:
    """The name of a content.

    ``edition`` says how often what past revisions held was rewritten, so that a name from before, in
    whatever cache, is never taken for the content after. ``at`` is the newest change of the state layers,
    ``None`` before the first or without such layers. ``first``, ``last`` and ``until`` select the window
    layers' features: those that start by ``last`` and end no earlier than ``first`` and no later than
    ``until``; ``None`` where nothing is selected.
    """

    edition: int
    revision: int
    at: int | None = None
    first: int | None = None
    last: int | None = None
    until: int | None = None

    def __str__(self) -> str:
        fields = (self.at, self.first, self.last, self.until)
        return "-".join([str(SCHEME), str(self.edition), str(self.revision), *map(_base36, fields)])

    @property
    def is_empty(self) -> bool:
        """Whether no tile of this version can hold anything."""
        return self.at is None and self.first is None


@dataclass(frozen=True, slots=True)
class Resolved:
    """A version, and the period in which the answer is true as far as the public may know."""

    version: Version
    validity: Period

    @property
    def validity_text(self) -> str:
        """The validity as ``OGCAPI-datetime`` has it: ``start/end`` with ``..`` for an open end."""
        start, end = self.validity.start, self.validity.end
        return f"{format_instant(start)}/{format_instant(end)}"


def parse_version(text: str) -> Version:
    """Parse the text of a version of this scheme; `UnknownTileset` for anything else."""
    match = _TEXT.match(text)
    if match is None or int(match[1]) != SCHEME:
        raise UnknownTileset(f"{text[:60]!r} names no version; ask with ?datetime= and read Content-Location")
    at, first, last, until = (_from_base36(field) for field in match.groups()[3:])
    version = Version(int(match[2]), int(match[3]), at, first, last, until)
    if str(version) != text:
        raise UnknownTileset(f"{text[:60]!r} names no version; ask with ?datetime= and read Content-Location")
    return version


def horizon_of(tileset: Tileset, now: datetime) -> int:
    """Return the newest instant that is public in every layer of *tileset*."""
    return to_micros(now - max(served.embargo for served in tileset.layers))


def resolve(
    tileset: Tileset, periods: Sequence[Periods], revision: int, asked: Period | None, horizon: int
) -> Resolved:
    """Return the version that *asked* means.

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
    horizon : int
        Microseconds; nothing later takes part in the answer, not even as the end of a validity.

    Notes
    -----
    A question about the time after the horizon is answered with the state at the horizon, and the
    validity says so. A gap holds what came before it. Searches the changes of each state layer and goes
    through the periods of the window layers, a day each.
    """
    changes = _public_changes(tileset, periods, horizon)
    starts, ends = _public_windows(tileset, periods, horizon)
    if asked is None:
        asked = _latest(tileset, starts, horizon)
    last = horizon if asked.end is None else min(to_micros(asked.end) - 1, horizon)
    first = None if asked.start is None else to_micros(asked.start)
    after = [(own, int(own.searchsorted(last, side="right"))) for own in changes]
    version = Version(
        tileset.edition, revision, at=max((int(own[n - 1]) for own, n in after if n), default=None)
    )
    version = _with_window(version, starts, ends, first, last)
    if len(starts):  # a window was asked about: it is what the answer is true for
        return Resolved(version, _up_to(asked, horizon))
    following = min((int(own[n]) for own, n in after if n < len(own)), default=None)
    return Resolved(version, Period(_instant(version.at), _instant(following)))


def verify(version: Version, tileset: Tileset, periods: Sequence[Periods], horizon: int) -> None:
    """Raise `UnknownTileset` unless *version* names, canonically, a state and a selection public by now.

    So the set of versions stays finite, each content keeps one name, and none can be made up to look past
    the horizon.
    """
    changes = _public_changes(tileset, periods, horizon)
    starts, ends = _public_windows(tileset, periods, horizon)
    at = version.at is None or any(version.at in own for own in changes)
    known = at and version.revision in {0, *tileset.revisions} and version.edition == tileset.edition
    window = (version.first, version.last, version.until)
    if version.first is None or version.last is None or version.until is None:
        canonical = window == (None, None, None)
    else:
        upto = ends <= version.until
        bare = replace(version, first=None, last=None, until=None)
        canonical = version == _with_window(bare, starts[upto], ends[upto], version.first - 1, version.last)
    if not (known and canonical):
        raise UnknownTileset(f"version {version} does not exist in {tileset.name}, or is not public")


def cuts(version: Version, tileset: Tileset) -> tuple[Cut, ...]:
    """Return what has to be cut from each layer for *version*; nothing where nothing can be."""
    found = []
    for served in tileset.layers:
        layer = served.stored.layer
        cut = Cut(served.stored.key, layer.name, version.revision)
        if served.is_state and version.at is not None:
            found.append(replace(cut, at=from_micros(version.at), faces=layer.has_faces))
        elif not served.is_state and version.first is not None:
            texts = tuple(name for name in layer.fields if name.startswith(("text", "url")))
            first, last, until = map(_instant, (version.first, version.last, version.until))
            found.append(replace(cut, first=first, last=last, until=until, texts=texts))
    return tuple(found)


def _public_changes(tileset: Tileset, periods: Sequence[Periods], horizon: int) -> list[Micros]:
    """Return what is public of each state layer's changes, ascending; views, nothing is copied."""
    return [
        own.edges[: own.edges.searchsorted(horizon, side="right")]
        for served, own in zip(tileset.layers, periods, strict=True)
        if served.is_state
    ]


def _public_windows(tileset: Tileset, periods: Sequence[Periods], horizon: int) -> tuple[Micros, ...]:
    own = [p for served, p in zip(tileset.layers, periods, strict=True) if not served.is_state]
    starts = np.concatenate([p.starts for p in own]) if own else np.empty(0, np.int64)
    ends = np.concatenate([p.ends for p in own]) if own else np.empty(0, np.int64)
    # Fail closed: what is only known to the day is public once that whole day is old enough.
    public = ends <= horizon
    return starts[public], ends[public]


def _latest(tileset: Tileset, starts: Micros, horizon: int) -> Period:
    newest = int(starts.max()) if len(starts) else horizon
    day = day_period(local_day(from_micros(newest), tileset.zone), tileset.zone)
    return Period(day.start, None)


def _up_to(asked: Period, horizon: int) -> Period:
    """Return the part of *asked* that is public; open where more of it may become so."""
    start, end = asked.start, asked.end
    if start is not None and to_micros(start) > horizon:
        start = from_micros(horizon)
    return Period(start, None if end is None or to_micros(end) - 1 > horizon else end)


def _with_window(
    version: Version,
    starts: Micros,
    ends: Micros,
    first: int | None,
    last: int,
) -> Version:
    if not len(starts):
        return version
    chosen = starts <= last
    if first is not None:
        chosen &= ends > first
    if not chosen.any():
        return version
    return replace(
        version,
        first=int(ends[chosen].min()),
        last=int(starts[chosen].max()),
        until=int(ends[chosen].max()),
    )


def _instant(micros: int | None) -> datetime | None:
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

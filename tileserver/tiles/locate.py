"""A question about time, answered from memory: which content a tile has then, and when that is true.

The one reading of ``datetime`` there is: a state layer answers a period with the state at the last instant, a
window layer with the events in it, and both as far as the horizon lets the public know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tileserver.errors import UnknownVersion
from tileserver.model import Digest, Moment, Revision
from tileserver.store.catalogue import Periods
from tileserver.store.event_window import EVERYTHING, EventWindow, Selection
from tileserver.tiles.horizon import Horizon
from tileserver.tiles.index import State, TileView
from tileserver.tiles.selection import is_selectable
from tileserver.tiles.tileset import Tileset
from tileserver.tiles.version import NO_DIGEST, Version
from tileserver.tiles.windows import SelectedEvents
from tileserver.times import OPEN, Micros, Period, day_period, from_micros, local_day, to_micros

_BEFORE_ALL = Micros(-OPEN)
_DIGESTS = 1 << 64
_ALWAYS = Period(None, None)


@dataclass(frozen=True, slots=True)
class Located:
    """The content of one tile that a question means.

    Parameters
    ----------
    version : Version
        The name of the content, with the window of its events.
    state : Moment or None
        A moment at which the state layers hold that content; ``None`` where they hold nothing.
    validity : Period
        Half-open; its text is that of ``OGCAPI-datetime``. Of state layers alone the epoch: every instant of
        it has the same content. With window layers the part of the question that is public. Open where the
        end is not public.
    """

    version: Version
    state: Moment | None
    validity: Period = _ALWAYS


def locate(
    view: TileView,
    revision: Revision,
    asked: Period,
    horizon: Horizon,
    selection: Selection = EVERYTHING,
) -> Located:
    """Find the content of one tile that *asked* means, without a query; some microseconds.

    Parameters
    ----------
    view : TileView
        The change index of one tile of a tileset.
    revision : Revision
        The content is that known in this revision; 0 is before the first.
    asked : Period
        Half-open, as `times.parse_datetime` returns it.
    horizon : Horizon
        Nothing later takes part in the answer, not even as the end of a validity. A question about the time
        after it is answered with the state at the horizon, and the validity says so.
    selection : Selection
        The kinds of events.
    """
    start = None if asked.start is None else to_micros(asked.start)
    end = OPEN if asked.end is None else to_micros(asked.end)
    last = Micros(min(end - 1, horizon.state))
    state = view.state(last, revision)
    moment = None if state is None else state.moment
    if not view.windows.has_layers:
        return Located(
            version_of(view, state), moment, period_of(*view.validity(last, revision), horizon.state)
        )
    events = view.windows.drawn(window_of(revision, asked, horizon, selection))
    version = version_of(view, state, *events) if events else version_of(view, state)
    return Located(version, moment, _public_part(asked, start, end, horizon.ended))


def window_of(
    revision: Revision, asked: Period, horizon: Horizon, selection: Selection = EVERYTHING
) -> EventWindow:
    """Return the limits of the public events that the half-open period *asked* means."""
    first = _BEFORE_ALL if asked.start is None else Micros(to_micros(asked.start) + 1)
    end = OPEN if asked.end is None else to_micros(asked.end)
    return EventWindow(first, Micros(min(end - 1, horizon.ended)), horizon.ended, revision, selection)


def find_version(version: Version, tileset: Tileset, view: TileView, horizon: Horizon) -> Located:
    """Find the content of the tile of *view* that *version* names.

    Raises
    ------
    UnknownVersion
        It is not the one name of a content that is public by now. So the set of versions stays finite, and
        none can be made up to look past the horizon.
    """
    state = view.find_state(version.state, horizon.state) if version.state else None
    window: SelectedEvents | None = None
    asked = version.events
    if asked is not None and max(asked.last, asked.end) <= horizon.ended:
        exists = is_selectable(asked.selection, tileset.declared)
        if exists and view.windows.may_have(version.point_zooms):
            settled = view.windows.settled(asked)
            window = None if settled is None else view.windows.content(settled)
    if version != version_of(view, state, window, version.point_zooms if window else ()):
        raise UnknownVersion(f"version {version} does not exist in {tileset.name}, or is not public")
    return Located(version, state and state.moment)


def latest(tileset: Tileset, periods: Sequence[Periods], horizon: Horizon) -> Period:
    """Return the period from the newest public day on which an event began, without an end.

    The day of the horizon where no window layer of *tileset* has a public event; *periods* are those of its
    layers, in its order. What is only known to the day is public once that whole day is old enough.
    """
    newest = max(
        (
            Micros(int(own.starts[public].max()))
            for served, own in zip(tileset.layers, periods, strict=True)
            if not served.is_state and (public := own.ends <= horizon.ended).any()
        ),
        default=horizon.ended,
    )
    day = day_period(local_day(from_micros(newest), tileset.zone), tileset.zone)
    return Period(day.start, None)


def last_instant(asked: Period | None, upto: Micros) -> Micros:
    """Return the last instant of the half-open period *asked*, or *upto* where that is earlier.

    *upto* also where the period has no end, or there is none. Microseconds since 1970, UTC.
    """
    if asked is None or asked.end is None:
        return upto
    return min(Micros(to_micros(asked.end) - 1), upto)


def period_of(start: Micros | None, end: Micros | None, horizon: Micros) -> Period:
    """Return the half-open period from *start* to *end*, ``None`` for open; open also after *horizon*."""
    return Period(
        None if start is None else from_micros(start),
        None if end is None or end > horizon else from_micros(end),
    )


def version_of(
    view: TileView,
    state: State | None,
    window: SelectedEvents | None = None,
    point_zooms: tuple[int, ...] = (),
) -> Version:
    """Return the name of a content of the tile of *view*: of a state, of selected events, of both or none."""
    digest = state.digest if state else NO_DIGEST
    if window is None:
        return Version(digest)
    points = window.digest
    if point_zooms:  # squares say beside their counts of which codes these are
        points = Digest((points + view.windows.legend_digest) % _DIGESTS)
    return Version(digest, points, window.window, point_zooms)


def _public_part(asked: Period, start: Micros | None, end: Micros, horizon: Micros) -> Period:
    """Return the public part of *asked*, from *start* to *end*; open where more may become public."""
    public_start = from_micros(horizon) if start is not None and start > horizon else asked.start
    return Period(public_start, None if end > horizon else asked.end)

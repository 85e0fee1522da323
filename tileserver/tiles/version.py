"""The name of one tile's content, as a value and as the text that URLs have; no database, no catalogue.

A version names a content by a digest of what the tile holds, and not by a date: all instants of an epoch, and
all windows that select the same events, have the same version. It is part of the cache key, stands in
``Content-Location``, and in a URL it names bytes that never change.

`SCHEME` is raised when the encoder changes what the same rows look like; another generaliser makes another
edition of the layer instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from tileserver.errors import UnknownVersion
from tileserver.model import Digest, Revision
from tileserver.store.event_window import EventWindow
from tileserver.tiles.selection import WRITTEN, read_selection
from tileserver.times import Micros

SCHEME = 5
NO_DIGEST = Digest(0)  # of what holds nothing

_FIELD = r"(_|~?[0-9a-z]{1,13})"
_TEXT = re.compile(r"([0-9]{1,4})" + 6 * f"-{_FIELD}" + rf"-(_|[0-9a-z]{{1,8}})-(_|{WRITTEN})\Z")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Version:
    """The name of one tile's content, written ``5-<state>-<points>-<revision>-<first>-<last>-<end>-...``.

    ::

        5-1imucikqrx8t3-2nmsaj3ptzdk4-1c-gqeyp90xs0-gqg0qm0ao0-gqh631on40-8-kind.battle
        | |             |             |  |          |          |          | |
        | |             |             |  |          |          |          | `- events.selection
        | |             |             |  |          |          |          `--- point_zooms
        | |             |             |  |          |          `-------------- events.end
        | |             |             |  |          `------------------------- events.last
        | |             |             |  `------------------------------------ events.first
        | |             |             `--------------------------------------- events.revision
        | |             `----------------------------------------------------- points
        | `------------------------------------------------------------------- state
        `--------------------------------------------------------------------- SCHEME, decimal

    Numbers are in base 36, with ``~`` for minus; ``_`` is nothing. One version has exactly one text.

    ===========  ================================  =================  =======
    field        unit                              example            nothing
    ===========  ================================  =================  =======
    state        `Digest` of the state layers      ``1imucikqrx8t3``  ``0``
    points       `Digest` of the events            ``2nmsaj3ptzdk4``  ``0``
    revision     `Revision` that knows the events  ``1c``             ``0``
    first        `Micros`: the earliest end        ``gqeyp90xs0``     ``_``
    last         `Micros`: the latest start        ``gqg0qm0ao0``     ``_``
    end          `Micros`: the latest end          ``gqh631on40``     ``_``
    point_zooms  a zoom for each window layer      ``8``              ``_``
    selection    codes by category                 ``kind.battle``    ``_``
    ===========  ================================  =================  =======

    A state is found again by its digest alone; events by their window, and the digest says whether they are
    the same events. ``point_zooms`` are, of each window layer that is drawn as squares here, the zoom from
    which on there are points, and 0 of the others.
    """

    state: Digest = NO_DIGEST
    points: Digest = NO_DIGEST
    events: EventWindow | None = None
    point_zooms: tuple[int, ...] = ()

    def __str__(self) -> str:
        window = self.events
        if window is None:
            how = "0-_-_-_-_-_"
        else:
            limits = map(_base36, (window.revision, window.first, window.last, window.end))
            zooms = "".join(map(_base36, self.point_zooms)) or "_"
            how = "-".join((*limits, zooms, str(window.selection) if window.selection.chosen else "_"))
        return f"{SCHEME}-{_base36(self.state)}-{_base36(self.points)}-{how}"

    @classmethod
    def from_url(cls, text: str) -> Version:
        """Parse the text of a version of this scheme.

        Raises
        ------
        UnknownVersion
            Any other text, also another spelling of a version. Whether a tile has such a content is another
            question: `locate.find_version`.
        """
        match = _TEXT.match(text)
        if match is not None and int(match[1]) == SCHEME:
            version = _version(*match.groups()[1:])
            if version is not None and str(version) == text:
                return version
        raise UnknownVersion(f"{text[:60]!r} names no version; ask with ?datetime= and read Content-Location")


def _version(*fields: str) -> Version | None:
    state, points, revision, first, last, end = map(_from_base36, fields[:6])
    zooms, selection = (field.removeprefix("_") for field in fields[6:])
    if state is None or points is None or revision is None:
        return None
    digests = Digest(state), Digest(points)
    if first is None or last is None or end is None:
        return Version(*digests)
    limits = Micros(first), Micros(last), Micros(end)
    window = EventWindow(*limits, Revision(revision), read_selection(selection))
    return Version(*digests, window, tuple(int(each, 36) for each in zooms))


@lru_cache(maxsize=8192)  # one version is written for each request
def _base36(value: int) -> str:
    digits, rest = "", abs(value)
    while rest or not digits:
        rest, digit = divmod(rest, 36)
        digits = _DIGITS[digit] + digits
    return f"~{digits}" if value < 0 else digits


def _from_base36(text: str) -> int | None:
    if text == "_":
        return None
    return -int(text[1:], 36) if text.startswith("~") else int(text, 36)

"""The list of changed tiles: for apps that hold tiles, and for caches that are to be emptied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from tileserver.errors import BadParameter
from tileserver.grid import BoundsLonLat, TileAddress
from tileserver.history.periods import Public
from tileserver.store.catalogue import Periods
from tileserver.tiles.changed import Changes, changed_tiles
from tileserver.tiles.horizon import Horizon
from tileserver.tiles.tileset import Tileset
from tileserver.times import Micros, MicrosArray, format_instant, from_micros, parse_instant, to_micros

USUAL = 1000  # tiles of a page, unless asked otherwise
_LOOKED_AT = 4_000  # tiles that are compared for a page, at most; some 100 microseconds each

_NOTHING = to_micros(datetime.min.replace(tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class ChangedPage:
    """Which part of a list is asked for; hashable, as parts of a cache key are."""

    zooms: tuple[int, ...]
    bounds: BoundsLonLat | None = None
    after: TileAddress | None = None
    limit: int = USUAL


def changed_document(
    changes: Changes, page: ChangedPage, public: Public, asked: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    """Return a page of the tiles that differ, by zoom, column and row, and the query of the next page.

    *public* is what is public now, for whoever asks again: with ``since`` and ``public`` of this page a later
    list has all that changed from here on, by a revision or by growing old enough. *asked* are the parameters
    that the next page repeats.
    """
    tiles: list[str] = []
    number, last, more = 0, None, False
    zooms = page.zooms if page.limit else ()
    for address, differs in changed_tiles(changes, zooms, page.bounds, page.after):
        if len(tiles) == page.limit or number == _LOOKED_AT:
            more = True
            break
        number, last = number + 1, address
        if differs:
            tiles.append(str(address))
    revision = changes.now.revision
    following = [*asked, ("revision", str(revision)), ("after", str(last))]
    return {
        "tileset": changes.tileset.name,
        "since": changes.before.revision,
        "revision": revision,
        "edition": changes.tileset.edition,
        "public": public_text(public),
        "tiles": tiles,
        "next": f"?{urlencode(following, safe='/:,')}" if more else None,
    }


def newest_public(tileset: Tileset, periods: Sequence[Periods], horizon: Horizon) -> Public:
    """Return the newest change of a state and the newest end of an event up to *horizon*, by *periods*."""
    at = ended = _NOTHING
    for served, own in zip(tileset.layers, periods, strict=True):
        if served.is_state:
            at = max(at, _newest(own.edges, horizon.state))
        else:
            ended = max(ended, _newest(own.ends, horizon.ended))
    return Public(at, ended)


def _newest(edges: MicrosArray, upto: Micros) -> Micros:
    return Micros(int(edges[edges <= upto].max(initial=_NOTHING)))


def public_text(public: Public) -> str:
    """Return how much is public as a text: the newest change of a state, and the newest end of an event."""
    return "/".join(format_instant(from_micros(each)) for each in public)


def public_of(text: str) -> Horizon:
    """Parse a text of `public_text` as the horizon of that time; `BadParameter` for any other text."""
    at, slash, ended = text.partition("/")
    if not slash:
        raise BadParameter(f"public {text[:60]!r} is not as a list of changed tiles says it")
    return Horizon(to_micros(parse_instant(ended)), to_micros(parse_instant(at)))

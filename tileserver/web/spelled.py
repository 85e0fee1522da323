"""Dated addresses of one content: a day has many spellings, and an answer known of one answers the others.

`web.hot` asks here for an address that is new. The route would find out the same, from the same memories, but
inside the framework: which content the address means. That may change when the horizon moves, and is found
out anew then; what is known of the content stays.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_plus

from tileserver.errors import TileserverError
from tileserver.tiles.locate import Located
from tileserver.tiles.question import Question
from tileserver.tiles.service import TileService
from tileserver.web.params import period_of, read_address

_KEYS = 20_000  # of contents, remembered by address, some 300 bytes each
_DATED = re.compile(
    r"(/tiles/([A-Za-z0-9.,_-]{1,200})/([0-9]{1,2})/([0-9]{1,9})/([0-9]{1,9})\.mvt)"
    r"\?datetime=([^&;#\s]{1,100})(?:&revision=([1-9][0-9]{0,14}))?"
)


class Spelled:
    """Cache keys of the contents that dated addresses mean, of the tiles of *service*."""

    def __init__(self, service: TileService) -> None:
        self._service = service
        self._past: dict[bytes, bytes] = {}  # of what is over: the horizon changes nothing of it
        self._keys: dict[bytes, bytes] = {}
        self._end = -float("inf")  # of the stride in which the latter were found

    def cache_key(self, target: bytes, now: float) -> bytes:
        """Return the key of the content that *target*, the bytes of a path and query, means at present.

        Empty where the address is no dated one of a whole tileset that is known, or is wrong. *now* is an
        instant of `time.monotonic`, in seconds. No address equals a key.
        """
        if now >= self._end:
            self._keys.clear()
            self._end = self._service.current.stride_end()
        key = self._past.get(target) or self._keys.get(target)
        if key is None:
            key, is_over = self._find(target.decode("latin-1"))
            keys = self._past if is_over else self._keys
            if key:
                if len(keys) >= _KEYS:
                    del keys[next(iter(keys))]
                keys[target] = key
        return key

    def clear(self) -> None:
        """Forget everything: another catalogue gives others."""
        self._past.clear()
        self._keys.clear()

    def _find(self, target: str) -> tuple[bytes, bool]:
        """Return the key, and whether the horizon cannot change the key any more, as the answer shows.

        Never with events: some of a past day may be over but not public, and to find only such keys anew
        would tell of them.
        """
        match = _DATED.fullmatch(target)
        tileset = None if match is None else self._service.current.tilesets.get(match[2])
        if match is None or tileset is None or tileset.missing:
            return b"", False
        try:
            period = period_of(unquote_plus(match[6]), tileset.zone)
            revision = None if match[7] is None else int(match[7])
            address = read_address(*match.group(3, 4, 5))
            located = self._service.locate_now(Question(tileset, address, period, revision))
        except TileserverError:
            return b"", False
        if located is None:
            return b"", False
        is_over = located.validity.end is not None and all(each.is_state for each in tileset.layers)
        return content_key(match[1].encode(), located), is_over


def content_key(path: bytes, located: Located) -> bytes:
    """Return the key, as bytes, of all that the answer under *path* says: its content and its validity."""
    return b"%s %s %s" % (path, str(located.version).encode(), str(located.validity).encode())

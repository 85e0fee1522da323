"""Tiles that need no waiting: answered by the protocol itself, without a task, a scope and a route.

A tile that `web.hot` does not know is often at hand all the same: its change index in memory, its layers in
memory or on a quick disk. What the routes do then waits for nothing, and is done here with the same parts:

    socket -> wire -> HotAnswers.answer --- known ---------> socket
                          | unknown
                          v
                   DirectTiles.answer --- all at hand -----> socket, and kept as `web.remembering` does
                          | anything else, also an error
                          v
              Remembering -> Envelope -> routes

A disk that hangs holds up one read, and then for some seconds nothing here asks it (`tiles.shelf`).
"""

from __future__ import annotations

import re
import time
from contextvars import copy_context
from typing import NamedTuple

import structlog

from tileserver.errors import TileserverError
from tileserver.origin import Tier, wanted
from tileserver.tiles.cache import Answer
from tileserver.tiles.composed import TileKey
from tileserver.tiles.locate import Located
from tileserver.tiles.question import Question
from tileserver.web.dictionaries import at_hand
from tileserver.web.follower import OBEYED_S, Pulse
from tileserver.web.hot import HotAnswers, Lookup
from tileserver.web.keys_text import without_keys
from tileserver.web.middleware import open_headers
from tileserver.web.params import dated_question, known_tileset, query_of, read_address
from tileserver.web.represent import RawHeaders, RawResponse, Wish, represent_now
from tileserver.web.tiles import VERSIONED, TileRoutes

log = structlog.get_logger()

# Of both routes, in the plainest spelling; whatever else they allow is theirs to read.
_TILE = re.compile(
    rb"(/tiles/([A-Za-z0-9.,_-]{1,200})/(?:([A-Za-z0-9.,_~-]{1,512})/)?([0-9]{1,2})/([0-9]{1,9})/([0-9]{1,9})\.mvt)"
    rb"(?:\?([!\"$-~]*))?"
)
_STATUS = {
    200: b"HTTP/1.1 200 OK\r\n",
    204: b"HTTP/1.1 204 No Content\r\n",
    304: b"HTTP/1.1 304 Not Modified\r\n",
}


class Direct(NamedTuple):
    """An answer, whole, and its parts in the access log; text is bytes."""

    written: bytes
    status: int
    request_id: bytes
    size: int  # bytes of the body
    tier: Tier


class _Tile(NamedTuple):
    """The tile of a request, before the answer has its form; ``located`` of a dated tile alone."""

    path: str
    question: Question
    answer: Answer[TileKey]
    headers: RawHeaders
    located: Located | None = None


class DirectTiles:
    """The tile routes, as far as nothing has to be waited for.

    Parameters
    ----------
    tiles
        The routes.
    hot
        Keeps the answers.
    pulse
        While the database is silent, an answer has to say so, and the slow way says it.
    prefix
        Path under which a proxy shows the server, without the slash at its end.
    is_private
        Whether answers are for holders of keys alone.
    """

    def __init__(
        self,
        tiles: TileRoutes,
        hot: HotAnswers,
        pulse: Pulse,
        prefix: bytes = b"",
        *,
        is_private: bool = False,
    ) -> None:
        self._is_private = is_private
        self._tiles = tiles
        self._hot = hot
        self._pulse = pulse
        self._prefix = prefix
        self.answered = 0

    def answer(self, lookup: Lookup, wish: Wish, date: bytes, end: bytes = b"\r\n\r\n") -> Direct | None:
        """Return the whole answer; ``None`` where that has to wait, or is none of ours.

        *wish* is read from the same headers as *lookup*; *date* and *end* are as for `HotAnswers.answer`.
        """
        if time.monotonic() - self._pulse.beat_at > OBEYED_S:
            return None
        try:
            return copy_context().run(self._answer, lookup, wish, date, end)
        except TileserverError:
            return None  # the route says which
        except Exception as error:  # and what nobody foresaw is answered there, too
            log.error(
                "unforeseen error", exc_info=error, path=without_keys(lookup.target.decode("latin-1"))[:200]
            )
            return None

    def _answer(self, lookup: Lookup, wish: Wish, date: bytes, end: bytes) -> Direct | None:
        origin, basis = wanted(), self._hot.basis()
        tile = self._tile(lookup)
        response = None if tile is None else self._represent(tile, wish)
        if tile is None or response is None:
            return None
        number, status = self._hot.number(), response.status_code
        headers = open_headers(response.raw_headers, number, self._prefix, is_private=self._is_private)
        body = bytes(response.body)
        if not lookup.is_head:
            start = {"type": "http.response.start", "status": status, "headers": headers}
            said = {} if tile.located is None else {"located": tile.located}
            self._hot.keep(lookup, basis, start, body, said)
        self.answered += 1
        body = b"" if lookup.is_head else body
        lines = b"".join([b"%s: %s\r\n" % pair for pair in headers])
        written = b"%s%sdate: %s%s%s" % (_STATUS[status], lines, date, end, body)
        return Direct(written, status, number, len(body), origin.tier)

    def _tile(self, lookup: Lookup) -> _Tile | None:
        """Find the tile as `TileRoutes.dated` and `TileRoutes.versioned` do; ``None`` without waiting."""
        match, service = _TILE.fullmatch(lookup.target), self._tiles.service
        tileset = None if match is None else known_tileset(match[2].decode(), service.current)
        if match is None or tileset is None or tileset.missing:
            return None
        path, raw = match[1].decode(), match[7] or b""
        address = read_address(*(each.decode() for each in match.group(4, 5, 6)))
        located: Located | None
        if match[3] is None:
            question = dated_question(tileset, address, raw)
            located = service.locate_now(question)
        else:
            query_of(raw, allowed=())
            question = Question(tileset, address)
            located = service.from_url(tileset, address, match[3].decode())
        answer = None if located is None else service.answer_now(question, located)
        if located is None or answer is None:
            return None
        if match[3] is not None:
            return _Tile(path, question, answer, VERSIONED)
        return _Tile(path, question, answer, self._tiles.dated_headers(question, located), located)

    def _represent(self, tile: _Tile, wish: Wish) -> RawResponse | None:
        """Give the answer its form, as `TileRoutes` does; ``None`` where the form is still to be made."""
        routes, delta = self._tiles, None
        mine = None if routes.dictionaries is None else at_hand(wish)
        if routes.dictionaries is not None and mine is not None:
            delta = routes.dictionaries.made(tile.question, tile.answer, mine)
            if delta is None:
                return None
        headers = tile.headers + routes.offer(tile.path, tile.question, tile.answer)
        return represent_now(wish, tile.answer, headers, vary=routes.vary, delta=delta)

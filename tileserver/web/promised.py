"""``/promise``: a name for all promises of layers, by which a cache in front lets go of withdrawn answers.

An immutable address is true for good, but not every address may be answered for good: a withdrawal ends the
old ones at the server, and a cache in front would tell them for a year. So there is a name that is another
one after each withdrawal and each change of a definition; a cache that has it in its keys finds nothing of
before. The name is told only when every process obeys: a process that does not yet would else fill the cache
anew with what it still shows.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tileserver.errors import Unavailable
from tileserver.store.marker import Marker
from tileserver.tiles.current import Current
from tileserver.web.follower import OBEYED_S
from tileserver.web.params import read_query
from tileserver.web.represent import JSON

HEADER = "Tileserver-Promise"
_TOLD_AFTER_S = OBEYED_S + 1


@dataclass(slots=True)
class PromiseRoute:
    """Endpoint over *current*, of all audiences; promises are noticed with each reading of the catalogue."""

    current: Current
    _newest: str = ""
    _noticed_at: float = 0.0
    _told: str = ""

    def __post_init__(self) -> None:
        self.current.told.append(lambda _: self._notice(self.current.promised))

    async def promise(self, request: Request) -> Response:
        """``/promise``: the name, also as a header; none while promises are unknown.

        Raises
        ------
        Unavailable
            The process has not known the promises for long enough: whoever asks keeps the name of before.
        """
        read_query(request, allowed=())
        headers, name = {"Cache-Control": "no-store"}, self._name()
        if name is not None:
            headers[HEADER] = name
        return Response(msgspec.json.encode({"promise": name}), 200, headers, media_type=JSON)

    def _name(self) -> str | None:
        if self.current.promised is None:
            return None
        self._notice(self.current.promised)
        if time.monotonic() - self._noticed_at >= _TOLD_AFTER_S:
            self._told = self._newest
        if not self._told:
            raise Unavailable("the promises have not been known for long enough; try again in a moment")
        return self._told

    def _notice(self, marker: Marker | None) -> None:
        """Note when the promises of *marker* were first seen."""
        if marker is not None and (newest := _name_of(marker)) != self._newest:
            self._newest, self._noticed_at = newest, time.monotonic()


def _name_of(marker: Marker) -> str:
    """Return 16 hexadecimal digits."""
    said = sorted(str((str(ref), mark.promise)) for ref, mark in marker.items())
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:16]

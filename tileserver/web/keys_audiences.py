"""The servers within the server: one server for each audience but the public, made when first asked.

Nothing of one is known to another: each has its state of knowledge (`tiles.audience`), its services and its
memory of answers. They share connections, lanes, and the tiers that hold tiles by content.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import ASGIApp

from tileserver.tiles.audience import HOLDERS, Audience
from tileserver.web.direct import DirectTiles
from tileserver.web.hot import HotAnswers


@dataclass(frozen=True, slots=True)
class Server:
    """The answering parts for an audience: from memory, without waiting, and in full."""

    hot: HotAnswers
    direct: DirectTiles | None
    app: ASGIApp
    close: Callable[[], None]


class Audiences:
    """The server of each audience, made by *make* from the name of the audience."""

    def __init__(self, make: Callable[[str], Server]) -> None:
        self._make = make
        self._servers: dict[str, Server] = {}

    def server(self, audience: Audience) -> Server:
        """Return the server of *audience*, which is not the public."""
        name = audience or HOLDERS
        if name not in self._servers:
            self._servers[name] = self._make(name)
        return self._servers[name]

    def close(self) -> None:
        """Close whatever the servers have open of their own."""
        for each in self._servers.values():
            each.close()

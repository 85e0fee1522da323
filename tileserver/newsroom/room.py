"""Settings, database and errands, which all pages of the desk share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request

from tileserver.config import Settings
from tileserver.newsroom.errands import Errands
from tileserver.newsroom.identity import Visitor
from tileserver.newsroom.layout import PageMaps
from tileserver.store.connect import Connection, connect, translated
from tileserver.store.sayable import sayable
from tileserver.times import format_instant
from tileserver.web.basemap import OwnBasemap


@dataclass(frozen=True, slots=True)
class Newsroom:
    """The desk's server without its routes."""

    settings: Settings
    errands: Errands
    basemap: OwnBasemap

    async def maps(self, style: str) -> PageMaps | None:
        """Return maps of a page that are painted by the CSS *style*; ``None`` where that is empty."""
        return PageMaps(style, await self.basemap.said(), self.basemap.foreign) if style else None

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Connection]:
        """Lend a connection of its own: a page of the desk is asked for by few, and some write."""
        connection = await connect(self.settings.database_url)
        try:
            with translated(), sayable():
                yield connection
        finally:
            await connection.close(timeout=10)


def visitor_of(request: Request) -> Visitor:
    """Return who asks; `Guard` has let nobody else through."""
    visitor: Visitor | None = request.state.visitor
    assert visitor is not None
    return visitor


def second(at: datetime | None) -> str:
    """Return the instant *at* (UTC) in words, to the second; '' for none."""
    return (
        "" if at is None else format_instant(at.replace(microsecond=0)).replace("T", " ").replace("Z", " UTC")
    )

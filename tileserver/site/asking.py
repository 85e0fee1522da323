"""The application asked as by a reader without a key, within this process and at one moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.types import Message, Scope

from tileserver.config import Settings
from tileserver.errors import Unavailable
from tileserver.export.excerpt import TileSource
from tileserver.history.service import HistoryService
from tileserver.tiles.catalogue import Catalogue
from tileserver.tiles.current import Current
from tileserver.web.app import create_app

NOWHERE = "site.invalid"  # the host that is asked; no document of a site may name it

_MEMORY = 32 * 1024 * 1024  # bytes of history tiles that several addresses share
_BUSY_S, _PATIENCE = 1.0, 600  # what takes longer than a reader waits is asked for again, so often
_QUERY_S = 600  # that a query may take, as nobody waits at a screen


@dataclass(frozen=True, slots=True)
class Asking:
    """The public's server at a ``moment``: documents by `ask`, tiles by ``source``."""

    app: Starlette
    source: TileSource
    moment: datetime

    @property
    def current(self) -> Current:
        """The state of knowledge of the public."""
        return self.source.tiles.current

    async def ask(self, target: str) -> bytes | None:
        """Return the plain bytes that *target*, a path with its query, is answered with; ``None`` for 404.

        `Unavailable` for any other refusal, and for a server that stays busy.
        """
        for _ in range(_PATIENCE):
            status, body = await self._once(target)
            if status != 503:
                break
            await asyncio.sleep(_BUSY_S)
        if status in (200, 204):
            return body
        if status == 404:
            return None
        raise Unavailable(f"{target[:200]} is answered with {status}: {body[:300].decode(errors='replace')}")

    async def needed(self, target: str) -> bytes:
        """Return the same bytes; `Unavailable` for 404 as well."""
        body = await self.ask(target)
        if body is None:
            raise Unavailable(f"{target[:200]} is not there")
        return body

    async def _once(self, target: str) -> tuple[int, bytes]:
        path, _, query = target.partition("?")
        status, parts = 0, []

        async def receive() -> Message:
            await asyncio.Event().wait()  # whoever asks stays
            raise AssertionError

        async def send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body":
                parts.append(message.get("body", b""))

        await self.app(_scope(path, query), receive, send)
        return status, b"".join(parts)


@asynccontextmanager
async def asking(settings: Settings, moment: datetime) -> AsyncIterator[Asking]:
    """Lend the public's server over the database of *settings* at *moment*.

    It reads the catalogue once. `Unavailable` at the end where something was imported or withdrawn meanwhile,
    for then what was asked may be of both.
    """
    own = replace(
        settings, public_url="", database_read_url="", shelf=None, ahead=None, statement_timeout=_QUERY_S
    )
    app = create_app(replace(own, shared_cache="", metrics=None, traces=""), lambda: moment)
    tiles = app.state.service
    try:
        before = _state(await tiles.current.catalogue())
        yield Asking(app, TileSource(tiles, HistoryService(tiles.current, _MEMORY)), moment)
        await tiles.current.refresh()
        if _state(await tiles.current.catalogue()) != before:
            raise Unavailable("something was imported or withdrawn meanwhile, so nothing was made; try again")
    finally:
        await app.state.close()


def _state(catalogue: Catalogue) -> object:
    """Return all by which contents are named."""
    layers = {ref: (each.stored.edition, each.stored.revisions) for ref, each in catalogue.layers.items()}
    return catalogue.newest, sorted(catalogue.theatres), layers


def _scope(path: str, query: str) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", NOWHERE.encode()), (b"accept-encoding", b"identity")],
        "client": ("127.0.0.1", 0),
        "server": (NOWHERE, 80),
        "state": {},
    }

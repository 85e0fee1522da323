"""``/readyz``: whether the process should get requests, and the trouble there is."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response

from tileserver import __version__
from tileserver.clock import GuardedClock
from tileserver.errors import StoreUnavailable, Unavailable
from tileserver.history.service import HistoryService
from tileserver.tiles.ahead_task import Ahead
from tileserver.tiles.catalogue import Catalogue
from tileserver.tiles.current import Current
from tileserver.tiles.service import TileService
from tileserver.times import format_instant
from tileserver.web.basemap import OwnBasemap
from tileserver.web.desk_news import DeskNews
from tileserver.web.follower import OBEYED_S, Follower
from tileserver.web.supervisor import Supervisor

log = structlog.get_logger()

_PATIENCE_S = 1.5
_VITAL = ("revisions", "catalogue")


@dataclass(slots=True)
class ReadyRoute:
    """Endpoint over the follower and its tasks; *leaving* is set when the process is told to end."""

    current: Current
    tiles: TileService
    history: HistoryService
    follower: Follower
    supervisor: Supervisor
    desk: DeskNews
    basemap: OwnBasemap
    ahead: Ahead | None = None
    leaving: bool = False

    def leave(self) -> None:
        """Be ready no more: the process was told to end."""
        self.leaving = True

    async def readyz(self, request: Request) -> Response:
        """``/readyz``: the database answers, fits the code and is followed; all that documents need was read.

        A layer or a clock that is wrong is named, and is no reason to ask somebody else: 200. Work that waits
        for the desk is no trouble of the server at all: a warning.
        """
        if self.leaving:
            raise Unavailable("the server is shutting down")
        await self._followed()
        catalogue = await self._read()
        trouble = self._trouble(catalogue)
        newest = {
            theatre: None if (time := catalogue.newest_import(theatre)) is None else format_instant(time)
            for theatre in catalogue.theatres
        }
        status = "degraded" if trouble else "ok"
        body = {
            "status": status,
            "version": __version__,
            "database": "ok",
            "newest_import": newest,
            "ahead": self._ahead(),
            **trouble,
        }
        if warnings := self.desk.document:
            body["warnings"] = warnings
        return Response(
            msgspec.json.encode(body), 200, {"Cache-Control": "no-store"}, media_type="application/json"
        )

    def _ahead(self) -> dict[str, object]:
        return {"state": "off"} if self.ahead is None else self.ahead.document

    async def _followed(self) -> None:
        if self.follower.pulse.silent_s > OBEYED_S:  # it may have come back this very moment
            await self._ask()
            await self._heard()
        states = self.supervisor.states
        failing = [f"{name}: {states[name]}" for name in _VITAL if states[name] != "ok"]
        if failing:
            await self._ask()
        if failing and states["revisions"] == "ok":
            raise Unavailable("; ".join(failing))

    async def _heard(self) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while self.follower.pulse.silent_s > OBEYED_S:
            if time.monotonic() > deadline:
                state = self.supervisor.states["revisions"]
                raise Unavailable(f"the database answers, but its revisions are not followed: {state}")
            await asyncio.sleep(0.05)

    async def _ask(self) -> None:
        """Ask the database; `Unavailable` says the trouble, with the cause for the log."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self.current.check()
        except TimeoutError as error:
            raise Unavailable("the database does not answer") from error
        except Unavailable as error:
            raise Unavailable(str(error)) from error.__cause__
        except Exception as error:  # what fails here is what this document is about
            log.error("database not asked", exc_info=error)
            raise Unavailable(f"the database cannot be asked ({type(error).__name__})") from error

    async def _read(self) -> Catalogue:
        try:
            async with asyncio.timeout(_PATIENCE_S * 2):
                await self.history.warm()
        except TimeoutError as error:
            raise StoreUnavailable("what history is planned from is still being read") from error
        except Unavailable:
            raise
        except Exception as error:  # the task that plans it fails as well, and is named
            log.error("history not read", exc_info=error)
        catalogue = await self.current.catalogue()
        if catalogue.missing and not catalogue.layers:
            raise Unavailable(next(iter(catalogue.missing.values())).reason)
        return catalogue

    def _trouble(self, catalogue: Catalogue) -> dict[str, Any]:
        clock = self.current.clock
        missing = {str(ref): each.reason for ref, each in catalogue.missing.items()} | catalogue.unreadable
        found: dict[str, Any] = {
            "unavailable": missing,
            "behind": {str(ref): reason for ref, reason in catalogue.behind.items()},
            "clock": clock.trouble if isinstance(clock, GuardedClock) else "",
            "shelf": self.tiles.trouble,
            "shared cache": self.tiles.shared.trouble if self.tiles.shared else "",
            "basemap": self.basemap.trouble,
            "tasks": {name: state for name, state in self.supervisor.states.items() if state != "ok"},
        }
        return {name: what for name, what in found.items() if what}

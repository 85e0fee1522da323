"""The desk's application: routes, guard, refusals; and its server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount, Route

from tileserver.config import Settings
from tileserver.errors import BadParameter, TileserverError
from tileserver.newsroom.api import DeskApi
from tileserver.newsroom.audit_page import AuditRoutes
from tileserver.newsroom.errands import Errands
from tileserver.newsroom.event_pages import EventForms
from tileserver.newsroom.guard import Guard
from tileserver.newsroom.held_pages import HeldRoutes
from tileserver.newsroom.identity import Door
from tileserver.newsroom.import_pages import ImportRoutes
from tileserver.newsroom.login import LoginRoutes
from tileserver.newsroom.people import load_people
from tileserver.newsroom.refusal import http_refusal, known_refusal, unknown_refusal
from tileserver.newsroom.revision_pages import RevisionRoutes
from tileserver.newsroom.room import Newsroom
from tileserver.newsroom.start_page import StartRoute
from tileserver.newsroom.withdraw_pages import WithdrawRoutes
from tileserver.web.basemap import PATH, OwnBasemap
from tileserver.web.built import BuiltFiles

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def check_identity(settings: Settings) -> None:
    """Refuse settings by which nobody could be told from anybody; `BadParameter` says which are missing."""
    if settings.desk_people is None and not settings.desk_user_header:
        raise BadParameter(
            "the desk opens to nobody: name a file of persons with TILESERVER_DESK_PEOPLE, written by"
            " tileserver desk person add, or the header of a proxy with TILESERVER_DESK_USER_HEADER"
        )
    if settings.desk_user_header and not settings.desk_proxies:
        raise BadParameter(
            "TILESERVER_DESK_USER_HEADER goes with TILESERVER_DESK_PROXIES: who may say who it is"
        )
    if settings.desk_people is not None and not load_people(settings.desk_people):
        raise BadParameter(f"nobody is in {settings.desk_people}; add one with: tileserver desk person add")
    if settings.desk_host not in _LOOPBACK and not settings.desk_url.startswith("https://"):
        raise BadParameter(
            f"TILESERVER_DESK_HOST is {settings.desk_host}, which others can reach: TILESERVER_DESK_URL has"
            " to be the https:// URL of the proxy in front, for tokens are sent there"
        )


def create_desk(settings: Settings) -> Starlette:
    """Return the desk's application over the database of *settings*, which `check_identity` has passed."""
    door, errands = Door(settings), Errands(settings.database_url)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await errands.close()

    app = Starlette(
        routes=_desk_routes(Newsroom(settings, errands, OwnBasemap(settings, f"/desk/{PATH}")), door),
        middleware=[Middleware(Guard, settings=settings, door=door)],
        exception_handlers={
            TileserverError: known_refusal,
            HTTPException: http_refusal,
            Exception: unknown_refusal,
        },
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


def _desk_routes(room: Newsroom, door: Door) -> list[BaseRoute]:
    start, imports = StartRoute(room), ImportRoutes(room)
    parts = (
        LoginRoutes(door),
        imports,
        DeskApi(room, imports),
        HeldRoutes(room),
        EventForms(room),
        RevisionRoutes(room),
        WithdrawRoutes(room),
        AuditRoutes(room),
    )
    first = [Route(path, start.page, methods=["GET"]) for path in ("/desk", "/desk/")]
    built = Mount("/desk/static", BuiltFiles())
    basemap = Route(f"/desk/{PATH}", room.basemap.bytes_of, methods=["GET"])
    return [*first, built, basemap, *(route for each in parts for route in each.routes)]

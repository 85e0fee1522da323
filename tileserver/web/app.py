"""The application: routes, middleware and error map as lists, wired in one place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Mount, Route

from tileserver.config import Settings, read_settings
from tileserver.errors import TileserverError, Unavailable
from tileserver.store.connect import Pool
from tileserver.store.listen import follow_revisions
from tileserver.tiles.changes import ChangeService
from tileserver.tiles.history_service import HistoryService
from tileserver.tiles.service import TileService
from tileserver.tiles.shelf import open_shelf
from tileserver.times import Clock, system_clock
from tileserver.web.changes import ChangeRoutes
from tileserver.web.documents import DocumentRoutes
from tileserver.web.history import HistoryRoutes
from tileserver.web.logs import configure_logs
from tileserver.web.middleware import Envelope
from tileserver.web.pages import BuiltFiles, embed, reader_map
from tileserver.web.problems import http_problem, known_problem
from tileserver.web.tiles import TileRoutes

log = structlog.get_logger()


def create_app(settings: Settings, clock: Clock = system_clock) -> Starlette:
    """Return the application over the database that *settings* names.

    It starts, and stays up, without its database: what is in memory is served, the rest is 503.
    """
    pool = Pool(settings.database_url, settings.pool, settings.pool_wait, settings.statement_timeout)
    shelf = open_shelf(settings)
    service = TileService(pool, settings.cache_mb * 1024 * 1024, clock, shelf)
    past = HistoryService(service, settings.cache_mb * 1024 * 1024 // 4)
    gains = ChangeService(service, settings.cache_mb * 1024 * 1024 // 4)
    documents = DocumentRoutes(service, past, settings.public_url, settings.max_age)
    tiles = TileRoutes(service, settings.max_age)
    history = HistoryRoutes(past, settings.max_age)
    changes = ChangeRoutes(gains, settings.max_age)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        following = asyncio.create_task(follow_revisions(settings.database_url, _logged(service, past)))
        yield
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        gains.close()
        await pool.close()
        if shelf is not None:
            shelf.close()

    app = Starlette(
        routes=[
            Route("/", reader_map),
            Route("/embed", embed),
            Route("/tilesets", documents.catalogue),
            Route("/tilesets/{tileset}", documents.tilejson),
            Route("/tilesets/{tileset}/timeline", documents.timeline),
            Route("/tilesets/{tileset}/km2.json", documents.km2_json),
            Route("/tilesets/{tileset}/km2.csv", documents.km2_csv),
            Route("/tiles/{tileset}/{z}/{x}/{y}.mvt", tiles.dated),
            Route("/tiles/{tileset}/{version}/{z}/{x}/{y}.mvt", tiles.versioned),
            Route("/history/{tileset}/{period}/{z}/{x}/{y}.mvt", history.tile),
            Route("/history/{tileset}/{period}/faces/{band}.json", history.faces),
            Route("/changes/{tileset}/{from}/{to}/{z}/{x}/{y}.mvt", changes.tile),
            Route("/changes/{tileset}/{from}/{to}.json", changes.document),
            Route("/styles/{style}.json", documents.style),
            Route("/healthz", documents.healthz),
            Route("/readyz", documents.readyz),
            Mount("/static", BuiltFiles()),
        ],
        middleware=[Middleware(Envelope)],
        exception_handlers={
            TileserverError: known_problem,
            HTTPException: http_problem,
        },
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # one path, one spelling; a redirect would repeat the Host header
    app.state.service = service
    return app


def app_from_environment() -> Starlette:
    """Return the application as the environment describes it; what every server process calls."""
    settings = read_settings()
    configure_logs(settings.log)
    return create_app(settings)


def _logged(service: TileService, past: HistoryService) -> Callable[[], Awaitable[None]]:
    async def refresh() -> None:
        try:
            await service.refresh()
            await past.warm()
        except Unavailable as error:
            log.warning("catalogue not read", error=str(error))
            raise  # the follower tries again

    return refresh

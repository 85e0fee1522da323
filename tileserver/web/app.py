"""The application: routes, middleware and error map as lists, wired in one place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Mount, Route

from tileserver.clock import GuardedClock
from tileserver.compare.service import ComparisonService
from tileserver.config import Settings, read_settings
from tileserver.errors import TileserverError
from tileserver.history.service import HistoryService
from tileserver.store.connect import Pool
from tileserver.tiles.current import Current
from tileserver.tiles.service import TileService
from tileserver.tiles.shelf import open_shelf
from tileserver.times import Clock
from tileserver.web.comparisons import ComparisonRoutes
from tileserver.web.documents import DocumentRoutes
from tileserver.web.follower import Follower
from tileserver.web.history import HistoryRoutes
from tileserver.web.leaving import saying_so
from tileserver.web.logs import configure_logs
from tileserver.web.middleware import Envelope
from tileserver.web.pages import BuiltFiles, PageRoutes
from tileserver.web.problems import http_problem, known_problem
from tileserver.web.ready import ReadyRoute
from tileserver.web.refusals import Refusals
from tileserver.web.supervisor import Supervisor
from tileserver.web.tiles import TileRoutes


def create_app(settings: Settings, clock: Clock | None = None) -> Starlette:
    """Return the application over the database that *settings* names.

    It starts, and stays up, without its database: what is in memory is served, the rest is 503. A *clock* of
    the caller's is believed; without one the machine's is, as far as its witnesses agree.
    """
    clock = clock or GuardedClock()
    pool = Pool(settings.database_url, settings.pool, settings.pool_wait, settings.statement_timeout)
    background = Pool(settings.database_url, 2, settings.pool_wait, settings.statement_timeout)
    shelf = open_shelf(settings)
    current = Current(pool, clock, background)
    service = TileService(current, settings.cache_mb * 1024 * 1024, shelf)
    past = HistoryService(current, settings.cache_mb * 1024 * 1024 // 4)
    comparison_service = ComparisonService(current, settings.cache_mb * 1024 * 1024 // 4)
    documents = DocumentRoutes(current, past, settings.public_url, settings.max_age, settings.theatre)
    pages = PageRoutes(current, settings.theatre)
    tiles = TileRoutes(service, settings.max_age)
    history = HistoryRoutes(past, settings.max_age)
    comparisons = ComparisonRoutes(comparison_service, settings.max_age)
    follower = Follower(settings.database_url, current, past, clock)
    supervisor = Supervisor()
    ready = ReadyRoute(current, past, follower, supervisor)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        supervisor.start("revisions", follower.listen, silence_s=1.6)
        supervisor.start("catalogue", follower.refresh, silence_s=90)
        supervisor.start("history", follower.plan)
        with saying_so(ready.leave, settings.drain):
            yield
        ready.leave()
        await supervisor.stop()
        comparison_service.close()
        await background.close()
        await pool.close()
        if shelf is not None:
            shelf.close()

    app = Starlette(
        routes=[
            Route("/", pages.reader_map),
            Route("/embed", pages.embed),
            Route("/tilesets", documents.catalogue),
            Route("/tilesets/{tileset}", documents.tilejson),
            Route("/tilesets/{tileset}/timeline", documents.timeline),
            Route("/tilesets/{tileset}/km2.json", documents.km2_json),
            Route("/tilesets/{tileset}/km2.csv", documents.km2_csv),
            Route("/tiles/{tileset}/{z}/{x}/{y}.mvt", tiles.dated),
            Route("/tiles/{tileset}/{version}/{z}/{x}/{y}.mvt", tiles.versioned),
            Route("/history/{tileset}/{period}/{z}/{x}/{y}.mvt", history.tile),
            Route("/history/{tileset}/{period}/faces/{band}.json", history.faces),
            Route("/changes/{tileset}/{from}/{to}/{z}/{x}/{y}.mvt", comparisons.tile),
            Route("/changes/{tileset}/{from}/{to}.json", comparisons.document),
            Route("/styles/{style}.json", documents.style),
            Route("/healthz", documents.healthz),
            Route("/readyz", ready.readyz),
            Mount("/static", BuiltFiles()),
        ],
        middleware=[Middleware(Envelope, detail=lambda: follower.detail), Middleware(Refusals)],
        exception_handlers={
            TileserverError: known_problem,
            HTTPException: http_problem,
        },
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # one path, one spelling; a redirect would repeat the Host header
    app.state.current = current
    app.state.service = service
    app.state.follower = follower
    app.state.supervisor = supervisor
    return app


def app_from_environment() -> Starlette:
    """Return the application as the environment describes it; what every server process calls."""
    settings = read_settings()
    configure_logs(settings.log)
    return create_app(settings)

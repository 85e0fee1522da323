"""The application: parts, routes and middleware, wired together; nothing is done here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from tileserver.clock import GuardedClock  # the instant that decides what is public
from tileserver.compare.service import ComparisonService  # gained and lost between two states
from tileserver.config import Settings, read_settings
from tileserver.errors import TileserverError
from tileserver.history.service import HistoryService  # tiles of whole periods
from tileserver.publish.developers import ServiceLimits  # what partners are told of limits
from tileserver.publish.gains_ahead import GainsAhead  # gains before anybody asks
from tileserver.publish.gains_service import GainsService  # who gained and lost what, by day
from tileserver.publish.turns_kept import TurnFile  # and over a start
from tileserver.store.connect import Pool  # connections to PostgreSQL, bounded
from tileserver.tiles.ahead_task import AheadTask, ahead_task  # renders ahead, behind all readers
from tileserver.tiles.cache import BodyCache  # bodies, and their compressed forms
from tileserver.tiles.current import Current  # catalogue, clock, connections: the ground of all three
from tileserver.tiles.dictionaries import Dictionaries  # a tile as the difference from another
from tileserver.tiles.service import TileService  # tiles at an instant
from tileserver.tiles.shared import open_shared  # layer tiles that machines share
from tileserver.tiles.tiers import open_tiers  # layer tiles outside of the process
from tileserver.times import Clock
from tileserver.web.abandoned import Abandoned  # ends what nobody waits for
from tileserver.web.access import AccessLog  # log lines, many at a time
from tileserver.web.aliased import AliasedTileRoutes  # tiles under addresses of other conventions
from tileserver.web.aliases import Aliases  # addresses of tiles in other conventions
from tileserver.web.api import ApiRoute  # /api
from tileserver.web.basemap import OwnBasemap  # a newsroom's own archive under the map
from tileserver.web.changed import ChangedRoute  # which tiles changed since a revision
from tileserver.web.comparisons import ComparisonRoutes  # /changes
from tileserver.web.corrections import CorrectionRoutes, KeptCorrections  # /corrections
from tileserver.web.desk_news import DeskNews  # what waits for the desk
from tileserver.web.developers import DeveloperRoute  # /developers
from tileserver.web.direct import DirectTiles  # tiles that need no waiting
from tileserver.web.documents import DocumentRoutes, KeptDocuments  # /tilesets, /styles, /healthz
from tileserver.web.doors import Doors  # who may come in, and for how long
from tileserver.web.events import EventRoutes  # events as a list
from tileserver.web.follower import Follower  # hears of revisions and withdrawals
from tileserver.web.forwarded import Proxies  # who may say whom they ask for
from tileserver.web.gains import GainsRoutes  # who gained and lost what
from tileserver.web.gate import Gate  # all that comes before the framework
from tileserver.web.history import HistoryRoutes  # /history
from tileserver.web.hot import HotAnswers  # answers that are known already
from tileserver.web.leaving import saying_so  # SIGTERM
from tileserver.web.limits import Allowances  # how much work one address may ask for
from tileserver.web.logs import configure_logs
from tileserver.web.middleware import Envelope  # request id, log line, CORS and security headers
from tileserver.web.observing import Watched, observing  # metrics and traces
from tileserver.web.oembed import OembedRoute  # /oembed
from tileserver.web.ogc import OgcRoutes  # OGC API - Tiles
from tileserver.web.pages import PageName, PageRoutes  # /, /embed, /embed.js
from tileserver.web.pictures import PictureRoutes  # /pictures
from tileserver.web.places import PlaceRoutes  # villages that the basemap lacks
from tileserver.web.problems import http_problem, known_problem  # errors as problem+json
from tileserver.web.ready import ReadyRoute  # /readyz
from tileserver.web.remembering import Remembering  # keeps what comes back for the hot path
from tileserver.web.routes import Endpoints, routes_of  # every path, and who answers
from tileserver.web.spelled import Spelled  # dated addresses of one content
from tileserver.web.supervisor import Supervisor  # keeps background tasks running
from tileserver.web.text_pages import MethodRoutes  # /method
from tileserver.web.tiles import TileRoutes  # /tiles
from tileserver.web.turns import Turns  # requests begin one by one

_MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Parts:
    """Everything that lives as long as the application."""

    pools: tuple[Pool, ...]
    current: Current
    tiles: TileService
    routes: TileRoutes
    history: HistoryService
    comparisons: ComparisonService
    gains: GainsService
    follower: Follower
    supervisor: Supervisor
    ready: ReadyRoute
    basemap: OwnBasemap
    gate: Gate
    ahead: AheadTask | None
    pictures: PictureRoutes

    @classmethod
    def of(cls, settings: Settings, clock: Clock, doors: Doors | None) -> _Parts:
        """Make the parts; nothing is connected and nothing runs yet."""
        limits = settings.pool_wait, settings.statement_timeout
        read_url = settings.database_read_url or settings.database_url
        readers, background = Pool(read_url, settings.pool, *limits), Pool(read_url, 2, *limits)
        current = Current(readers, clock, background)
        tiers, shared = open_tiers(settings), open_shared(settings)
        tiles = TileService(current, settings.cache_mb * _MB, tiers, shared)
        history = HistoryService(current, settings.cache_mb * _MB // 4)
        comparisons = ComparisonService(current, settings.cache_mb * _MB // 4)
        gains = GainsService(current, settings.cache_mb * _MB // 32)
        follower, supervisor = Follower(read_url, current, history, clock), Supervisor()
        behind = Pool(read_url, 1, settings.pool_wait, 4 * settings.statement_timeout)
        ahead = ahead_task(tiles, behind, settings.ahead)
        ahead_now = None if ahead is None else ahead.ahead
        desk, basemap = DeskNews(background, clock), OwnBasemap(settings)
        ready = ReadyRoute(current, tiles, history, follower, supervisor, desk, basemap, ahead_now)
        hot = HotAnswers(settings.cache_mb * _MB // 4, current, follower.pulse, Spelled(tiles))
        proxies = Proxies(settings.trusted_proxies, settings.forwarded)
        doors = doors or Doors(settings.connections, settings.connections_per_address, proxies.are_uncounted)
        routes = _tile_routes(tiles, settings)
        direct = _direct(routes, hot, follower, settings)
        aliases, log = Aliases(current, settings.theatre), AccessLog(settings.log)
        gate = Gate(hot, aliases, direct, doors, log, proxies, Allowances(settings.rate), ready)
        served = current, tiles, routes, history, comparisons, gains, follower, supervisor, ready, basemap
        pictures = PictureRoutes(tiles, gains, settings.cache_mb * _MB // 16, settings.max_age)
        return cls((readers, background, behind), *served, gate, ahead, pictures)

    def begin(self, settings: Settings) -> None:
        """Begin the tasks."""
        self.supervisor.start("revisions", self.follower.listen, silence_s=1.6)
        if settings.database_read_url:
            ahead = partial(self.follower.listen_ahead, settings.database_url)
            self.supervisor.start("primary", ahead, silence_s=1.6)
        self.supervisor.start("catalogue", self.follower.refresh, silence_s=90)
        self.supervisor.start("doors", self.gate.doors.watch)
        self.supervisor.start("history", self.follower.plan)
        self.supervisor.start("desk", self.ready.desk.follow)
        if self.ahead is not None:
            self.supervisor.start("ahead", self.ahead.run)
        file = None if settings.shelf is None else TurnFile(settings.shelf)
        self.supervisor.start("gains", GainsAhead(self.current, self.gains, file).run)

    async def close(self) -> None:
        """End the tasks, and close whatever is open."""
        self.ready.leave()
        await self.supervisor.stop()
        self.gate.access.flush()
        self.comparisons.close()
        self.gains.close()
        await self.pictures.close()
        for pool in reversed(self.pools):
            await pool.close()
        await self.tiles.close()


def create_app(settings: Settings, clock: Clock | None = None, doors: Doors | None = None) -> Starlette:
    """Return the application over the database that *settings* names.

    It starts, and stays up, without its database: what is in memory is served, the rest is 503. A *clock* of
    the caller's is believed; without one the machine's is, as far as its witnesses agree.
    """
    parts = _Parts.of(settings, clock or GuardedClock(), doors)
    seen = observing(settings, _watched(parts))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, object]]:
        parts.begin(settings)
        seen.start(parts.supervisor)
        with saying_so(parts.ready.leave, settings.drain):
            await parts.basemap.look()
            yield {"gate": parts.gate}  # for `web.wire`
        await parts.close()
        seen.close()

    app = Starlette(
        routes=_routes(parts, settings),
        middleware=[*seen.middleware, *_middleware(parts, settings.public_url)],
        exception_handlers={TileserverError: known_problem, HTTPException: http_problem},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # one path, one spelling; a redirect would repeat the Host header
    app.state.current, app.state.service = parts.current, parts.tiles
    app.state.follower, app.state.observing = parts.follower, seen
    app.state.gate, app.state.hot, app.state.direct = parts.gate, parts.gate.hot, parts.gate.direct
    return app


def _middleware(parts: _Parts, public_url: str) -> list[Middleware]:
    """Return the middleware, the outermost first."""
    prefix = urlsplit(public_url).path.encode()
    return [
        Middleware(Abandoned),
        Middleware(Turns),
        Middleware(Remembering, hot=parts.gate.hot),
        Middleware(Envelope, pulse=parts.follower.pulse, prefix=prefix, asked=parts.basemap.foreign),
    ]


def _watched(parts: _Parts) -> Watched:
    readers, background, _ = parts.pools
    caches = {
        "tiles": parts.tiles.cache,
        "history": parts.history.cache,
        "comparisons": parts.comparisons.documents,
        "hot": parts.gate.hot,
    }
    return Watched(
        {"readers": readers, "background": background},
        parts.current,
        parts.follower,
        parts.supervisor,
        {name: partial(getattr, cache, "weight") for name, cache in caches.items()},
        parts.gate.doors,
        parts.tiles,
        parts.gate.access,
        parts.ahead.ahead if parts.ahead else None,
        parts.ready.desk,
    )


def _tile_routes(tiles: TileService, settings: Settings) -> TileRoutes:
    deltas = Dictionaries(tiles, settings.cache_mb * _MB // 16) if settings.dictionaries else None
    return TileRoutes(tiles, settings.max_age, deltas, urlsplit(settings.public_url).path)


def _pages(parts: _Parts, settings: Settings) -> PageRoutes:
    bodies, days = BodyCache[PageName](settings.cache_mb * _MB // 64), parts.current.memory(64)
    return PageRoutes(
        parts.current, parts.basemap, parts.gains, bodies, days, settings.public_url, settings.theatre
    )


def _direct(tiles: TileRoutes, hot: HotAnswers, follower: Follower, settings: Settings) -> DirectTiles | None:
    """Return the direct way; ``None`` where each request is watched, as the slow way alone is."""
    if settings.traces or settings.server_timing:
        return None
    return DirectTiles(tiles, hot, follower.pulse, tiles.prefix.encode())


def _routes(parts: _Parts, settings: Settings) -> list[BaseRoute]:
    kept, tiles, pages = settings.max_age, parts.routes, _pages(parts, settings)
    share, public = settings.cache_mb * _MB // 64, settings.public_url
    held, told = KeptDocuments(4 * share), KeptCorrections(2 * share)
    documents = DocumentRoutes(parts.current, parts.history, held, public, kept, settings.theatre)
    return routes_of(
        Endpoints(
            ogc=OgcRoutes(documents, tiles, pages),
            api=ApiRoute(documents),
            developers=DeveloperRoute(documents, ServiceLimits(kept, settings.rate)),
            pages=pages,
            oembed=OembedRoute(pages, kept),
            documents=documents,
            places=PlaceRoutes(parts.current, BodyCache(share), kept),
            events=EventRoutes(parts.current, BodyCache(2 * share), kept),
            changed=ChangedRoute(parts.current, BodyCache(share), kept),
            gains=GainsRoutes(parts.current, parts.gains, BodyCache(2 * share), kept),
            tiles=tiles,
            aliased=AliasedTileRoutes(tiles),
            history=HistoryRoutes(parts.history, kept),
            comparisons=ComparisonRoutes(parts.comparisons, kept),
            corrections=CorrectionRoutes(parts.current, told, kept, public),
            method=MethodRoutes(parts.current, BodyCache(share), kept),
            pictures=parts.pictures,
            ready=parts.ready,
            basemap=parts.basemap,
        )
    )


def app_from_environment() -> Starlette:
    """Return the application that the environment describes; every server process calls here."""
    settings = read_settings()
    configure_logs(settings.log)
    return create_app(settings)

"""The application: parts, routes and middleware, wired together; nothing is done here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from tileserver.clock import GuardedClock  # the instant that decides what is public
from tileserver.config import Settings, read_settings
from tileserver.errors import TileserverError
from tileserver.publish.developers import ServiceLimits  # what partners are told of limits
from tileserver.tiles.cache import BodyCache  # bodies, and their compressed forms
from tileserver.times import Clock
from tileserver.web.abandoned import Abandoned  # ends what nobody waits for
from tileserver.web.aliased import AliasedTileRoutes  # tiles under addresses of other conventions
from tileserver.web.api import ApiRoute  # /api
from tileserver.web.changed import ChangedRoute  # which tiles changed since a revision
from tileserver.web.comparisons import ComparisonRoutes  # /changes
from tileserver.web.corrections import CorrectionRoutes, KeptCorrections  # /corrections
from tileserver.web.developers import DeveloperRoute  # /developers
from tileserver.web.documents import DocumentRoutes, KeptDocuments  # /tilesets, /styles, /healthz
from tileserver.web.doors import Doors  # who may come in, and for how long
from tileserver.web.events import EventRoutes  # events as a list
from tileserver.web.foreign import ForeignRoutes  # documents of ArcGIS, QGIS, GDAL
from tileserver.web.gains import GainsRoutes  # who gained and lost what
from tileserver.web.glyphs import GlyphRoutes  # letters and signs for MapLibre
from tileserver.web.history import HistoryRoutes  # /history
from tileserver.web.hot import HotAnswers  # answers that are known already
from tileserver.web.keys_audiences import Server  # servers for those who show one
from tileserver.web.keys_middleware import Keyed  # leads a key to its server
from tileserver.web.keys_visit import OPENED
from tileserver.web.leaving import saying_so  # SIGTERM
from tileserver.web.logs import configure_logs
from tileserver.web.middleware import Envelope  # request id, log line, CORS and security headers
from tileserver.web.observing import Observing, Watched, observing  # metrics and traces
from tileserver.web.oembed import OembedRoute  # /oembed
from tileserver.web.ogc import OgcRoutes  # OGC API - Tiles
from tileserver.web.pages import PageName, PageRoutes  # /, /embed, /embed.js
from tileserver.web.parts import Parts, direct_way  # all of these, put together
from tileserver.web.places import PlaceRoutes  # villages that the basemap lacks
from tileserver.web.problems import http_problem, known_problem  # errors as problem+json
from tileserver.web.promised import PromiseRoute  # what caches in front hear of withdrawals by
from tileserver.web.remembering import Remembering  # keeps what comes back for the hot path
from tileserver.web.routes import Endpoints, routes_of  # every path, and who answers
from tileserver.web.spelled import Spelled  # dated addresses of one content
from tileserver.web.text_pages import MethodRoutes  # /method
from tileserver.web.turns import Turns  # requests begin one by one

_MB = 1024 * 1024


def create_app(settings: Settings, clock: Clock | None = None, doors: Doors | None = None) -> Starlette:
    """Return the application over the database that *settings* names.

    It starts, and stays up, without its database: what is in memory is served, the rest is 503. A *clock* of
    the caller's is believed; without one the machine's is, as far as its witnesses agree.
    """
    parts = Parts.of(settings, clock or GuardedClock(), doors, partial(_server, settings))
    observed = observing(settings, _watched(parts))

    app = Starlette(
        routes=_routes(parts, settings),
        middleware=[*observed.middleware, *_middleware(parts, settings.public_url)],
        exception_handlers={TileserverError: known_problem, HTTPException: http_problem},
        lifespan=lambda app: _living(parts, observed, settings),
    )
    app.router.redirect_slashes = False  # one path, one spelling; a redirect would repeat the Host header
    app.state.current, app.state.service = parts.whole, parts.tiles
    app.state.follower, app.state.observing = parts.follower, observed
    app.state.gate, app.state.hot, app.state.direct = parts.gate, parts.gate.hot, parts.gate.direct
    app.state.close = parts.close  # for whoever asks it without beginning its tasks
    return app


@asynccontextmanager
async def _living(parts: Parts, observed: Observing, settings: Settings) -> AsyncIterator[dict[str, object]]:
    """Run the tasks of *parts* from the first request to the last."""
    parts.begin(settings)
    observed.start(parts.supervisor)
    try:
        with saying_so(parts.ready.leave, settings.drain):
            await parts.basemap.look()
            yield {"gate": parts.gate}  # for `web.wire`
    finally:  # also when its user fails: connections that nobody closes warn in somebody else's time
        await parts.close()
        observed.close()


def _middleware(parts: Parts, public_url: str) -> list[Middleware]:
    """Return the middleware, the outermost first."""
    prefix = urlsplit(public_url).path.encode()
    return [
        Middleware(Abandoned),
        Middleware(Turns),
        Middleware(Keyed, gate=parts.gate),
        Middleware(Remembering, hot=parts.gate.hot),
        Middleware(Envelope, pulse=parts.follower.pulse, prefix=prefix, asked=parts.basemap.foreign),
    ]


def _watched(parts: Parts) -> Watched:
    readers, background, _ = parts.pools
    caches = {
        "tiles": parts.tiles.cache,
        "history": parts.history.cache,
        "comparisons": parts.comparisons.documents,
        "hot": parts.gate.hot,
    }
    return Watched(
        {"readers": readers, "background": background},
        parts.whole,
        parts.follower,
        parts.supervisor,
        {name: partial(getattr, cache, "weight") for name, cache in caches.items()},
        parts.gate.doors,
        parts.tiles,
        parts.gate.access,
        parts.ahead.ahead if parts.ahead else None,
        parts.ready.desk,
        parts.gate.keys,
    )


def _pages(parts: Parts, settings: Settings) -> PageRoutes:
    bodies, days = BodyCache[PageName](settings.cache_mb * _MB // 64), parts.current.memory(64)
    return PageRoutes(
        parts.current,
        parts.basemap,
        parts.gains,
        bodies,
        days,
        settings.public_url,
        settings.theatre,
        settings.max_age,
    )


def _server(settings: Settings, parts: Parts, audience: str) -> Server:
    """Return a server for *audience*: its own services and memory, and the routes that a key opens."""
    own, pulse = parts.for_audience(audience, settings), parts.follower.pulse
    hot = HotAnswers(settings.cache_mb * _MB // 16, own.current, pulse, Spelled(own.tiles), b"private")
    prefix = urlsplit(settings.public_url).path.encode()
    app = Starlette(
        routes=[each for each in _routes(own, settings) if getattr(each, "path", "").startswith(OPENED)],
        middleware=[
            Middleware(Remembering, hot=hot),
            Middleware(Envelope, pulse=pulse, prefix=prefix, is_private=True),
        ],
        exception_handlers={TileserverError: known_problem, HTTPException: http_problem},
    )
    app.router.redirect_slashes = False
    direct = direct_way(own.routes, hot, parts.follower, settings, is_private=True)
    return Server(hot, direct, app, own.close_services)


def _routes(parts: Parts, settings: Settings) -> list[BaseRoute]:
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
            foreign=ForeignRoutes(documents),
            history=HistoryRoutes(parts.history, kept),
            glyphs=GlyphRoutes(BodyCache(share)),
            comparisons=ComparisonRoutes(parts.comparisons, kept),
            corrections=CorrectionRoutes(parts.current, told, kept, public),
            method=MethodRoutes(parts.current, BodyCache(share), kept),
            pictures=parts.pictures,
            ready=parts.ready,
            promise=PromiseRoute(parts.whole),
            basemap=parts.basemap,
        )
    )


def app_from_environment() -> Starlette:
    """Return the application that the environment describes; every server process calls here."""
    settings = read_settings()
    configure_logs(settings.log)
    return create_app(settings)

"""Everything that lives as long as the application, made and put together; nothing is done here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import urlsplit

from tileserver.compare.service import ComparisonService  # gained and lost between two states
from tileserver.config import Settings
from tileserver.history.service import HistoryService  # tiles of whole periods
from tileserver.publish.gains_ahead import GainsAhead  # gains before anybody asks
from tileserver.publish.gains_service import GainsService  # who gained and lost what, by day
from tileserver.publish.pictures import Sources  # of pictures
from tileserver.publish.turns_kept import TurnFile  # and over a start
from tileserver.store.connect import Pool  # connections to PostgreSQL, bounded
from tileserver.tiles.ahead_task import AheadTask, ahead_task  # renders ahead, behind all readers
from tileserver.tiles.audience import PUBLIC, AudienceCurrent  # who is shown how much
from tileserver.tiles.current import Current  # catalogue, clock, connections: the ground of all three
from tileserver.tiles.dictionaries import Dictionaries  # a tile as the difference from another
from tileserver.tiles.service import TileService  # tiles at an instant
from tileserver.tiles.shared import open_shared  # layer tiles that machines share
from tileserver.tiles.shared_link import SharedLink  # where machines count together
from tileserver.tiles.tiers import open_tiers  # layer tiles outside of the process
from tileserver.times import Clock
from tileserver.web.access import AccessLog  # log lines, many at a time
from tileserver.web.aliases import Aliases  # addresses of tiles in other conventions
from tileserver.web.basemap import OwnBasemap  # a newsroom's own archive under the map
from tileserver.web.desk_news import DeskNews  # what waits for the desk
from tileserver.web.direct import DirectTiles  # tiles that need no waiting
from tileserver.web.doors import Doors  # who may come in, and for how long
from tileserver.web.follower import Follower  # hears of revisions and withdrawals
from tileserver.web.forwarded import Proxies  # who may say whom they ask for
from tileserver.web.gate import Gate  # all that comes before the framework
from tileserver.web.hot import HotAnswers  # answers that are known already
from tileserver.web.keys import Keys  # who shows a key, and what it opens
from tileserver.web.keys_audiences import Audiences, Server  # servers for those who show one
from tileserver.web.keys_quota import Quotas  # how much a key may ask for
from tileserver.web.keys_usage import KeyUsage  # how much it asked for
from tileserver.web.limits import Allowances  # how much work one address may ask for
from tileserver.web.pictures import PictureRoutes  # /pictures
from tileserver.web.ready import ReadyRoute  # /readyz
from tileserver.web.spelled import Spelled  # dated addresses of one content
from tileserver.web.supervisor import Supervisor  # keeps background tasks running
from tileserver.web.tiles import TileRoutes  # /tiles

_MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that lives as long as the application."""

    pools: tuple[Pool, ...]
    whole: Current  # of all audiences
    current: Current  # of the public
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
    def of(
        cls, settings: Settings, clock: Clock, doors: Doors | None, serve: Callable[[Parts, str], Server]
    ) -> Parts:
        """Make the parts; nothing is connected and nothing runs yet. *serve* makes an audience's server."""
        limits = settings.pool_wait, settings.statement_timeout
        read_url = settings.database_read_url or settings.database_url
        readers, background = Pool(read_url, settings.pool, *limits), Pool(read_url, 2, *limits)
        current = AudienceCurrent(whole := Current(readers, clock, background), PUBLIC)
        keys = _keys(whole, settings)
        tiers, shared = open_tiers(settings), open_shared(settings)
        tiles = TileService(current, settings.cache_mb * _MB, tiers, shared)
        history = HistoryService(current, settings.cache_mb * _MB // 4)
        comparisons = ComparisonService(current, settings.cache_mb * _MB // 4)
        gains = GainsService(current, settings.cache_mb * _MB // 32)
        follower, supervisor = Follower(read_url, whole, history, clock, keys.hear), Supervisor()
        behind = Pool(read_url, 1, settings.pool_wait, 4 * settings.statement_timeout)
        ahead, basemap = ahead_task(tiles, behind, settings.ahead), OwnBasemap(settings)
        ahead_now, desk = None if ahead is None else ahead.ahead, DeskNews(background, clock)
        ready = ReadyRoute(current, tiles, history, follower, supervisor, desk, basemap, ahead_now)
        hot = HotAnswers(settings.cache_mb * _MB // 4, current, follower.pulse, Spelled(tiles))
        routes = tile_routes(tiles, settings)
        direct = direct_way(routes, hot, follower, settings)
        aliases, audiences = Aliases(current, settings.theatre), Audiences(lambda name: serve(parts, name))
        gate = _gate(settings, doors, hot, aliases, direct, ready, keys, audiences)
        known = whole, current, tiles, routes, history, comparisons, gains
        pictures = _pictures(settings, Sources.of(tiles, gains, comparisons))
        served = follower, supervisor, ready, basemap, gate, ahead, pictures
        return (parts := cls((readers, background, behind), *known, *served))

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
        self.supervisor.start("keys", self.gate.keys.follow)
        self.supervisor.start("usage of keys", self.gate.keys.usage.run)
        if self.ahead is not None:
            self.supervisor.start("ahead", self.ahead.run)
        file = None if settings.shelf is None else TurnFile(settings.shelf)
        self.supervisor.start("gains", GainsAhead(self.current, self.gains, file).run)

    async def close(self) -> None:
        """End the tasks, and close whatever is open."""
        self.ready.leave()
        await self.supervisor.stop()
        self.gate.access.flush()
        await self.gate.keys.close()
        self.gate.audiences.close()
        self.close_services()
        await self.pictures.close()
        for pool in reversed(self.pools):
            await pool.close()
        await self.tiles.close()

    def for_audience(self, audience: str, settings: Settings) -> Parts:
        """Return parts with a state of knowledge and services for *audience*, a quarter as large."""
        current, size = AudienceCurrent(self.whole, audience), settings.cache_mb * _MB // 4
        tiles = TileService(current, size, self.tiles.tiers, self.tiles.shared)
        return replace(
            self,
            current=current,
            tiles=tiles,
            routes=tile_routes(tiles, settings),
            history=HistoryService(current, size // 4),
            comparisons=ComparisonService(current, size // 4),
            gains=GainsService(current, size // 32),
        )

    def close_services(self) -> None:
        """Close whatever services have open of their own."""
        self.comparisons.close()
        self.gains.close()


def _pictures(settings: Settings, sources: Sources) -> PictureRoutes:
    return PictureRoutes(sources, settings.cache_mb * _MB // 16, settings.max_age)


def tile_routes(tiles: TileService, settings: Settings) -> TileRoutes:
    """Return the tile routes over *tiles*."""
    deltas = Dictionaries(tiles, settings.cache_mb * _MB // 16) if settings.dictionaries else None
    return TileRoutes(tiles, settings.max_age, deltas, urlsplit(settings.public_url).path)


def direct_way(
    tiles: TileRoutes, hot: HotAnswers, follower: Follower, settings: Settings, *, is_private: bool = False
) -> DirectTiles | None:
    """Return the direct way; ``None`` where each request is watched, as the slow way alone is."""
    if settings.traces or settings.server_timing:
        return None
    return DirectTiles(tiles, hot, follower.pulse, tiles.prefix.encode(), is_private=is_private)


def _gate(
    settings: Settings,
    doors: Doors | None,
    hot: HotAnswers,
    aliases: Aliases,
    direct: DirectTiles | None,
    ready: ReadyRoute,
    keys: Keys,
    audiences: Audiences,
) -> Gate:
    proxies = Proxies(settings.trusted_proxies, settings.forwarded)
    doors = doors or Doors(settings.connections, settings.connections_per_address, proxies.are_uncounted)
    log, allowances = AccessLog(settings.log), Allowances(settings.rate)
    return Gate(hot, aliases, direct, doors, log, proxies, allowances, ready, keys, audiences)


def _keys(whole: Current, settings: Settings) -> Keys:
    link = SharedLink(settings.shared_cache) if settings.shared_cache else None
    usage = KeyUsage(settings.database_url)
    return Keys(settings.database_url, whole, Quotas(link, usage.used), usage, settings.signing_secret)

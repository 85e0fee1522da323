"""All that watches a server process, put together as the settings ask: figures, states, traces, timing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry
from starlette.middleware import Middleware

from tileserver.config import Settings
from tileserver.errors import BadParameter
from tileserver.store.connect import Pool
from tileserver.tiles.ahead_task import Ahead
from tileserver.tiles.current import Current
from tileserver.tiles.service import TileService
from tileserver.web.access import AccessLog
from tileserver.web.desk_news import DeskNews
from tileserver.web.doors import Doors
from tileserver.web.follower import Follower
from tileserver.web.keys import Keys
from tileserver.web.measured import Measured, Measuring
from tileserver.web.metrics import Metrics
from tileserver.web.sampling import (
    Sampler,
    Source,
    of_ahead,
    of_caches,
    of_desk,
    of_disks,
    of_doors,
    of_keys,
    of_knowledge,
    of_pools,
    of_process,
    of_tasks,
    of_tiers,
)
from tileserver.web.supervisor import Supervisor

if TYPE_CHECKING:
    from tileserver.web.traces import Traces


@dataclass(frozen=True, slots=True)
class Watched:
    """Parts of the application that have states to tell."""

    pools: Mapping[str, Pool]
    current: Current
    follower: Follower
    supervisor: Supervisor
    caches: Mapping[str, Callable[[], int]]
    doors: Doors
    tiles: TileService
    access: AccessLog
    ahead: Ahead | None
    desk: DeskNews
    keys: Keys


@dataclass(frozen=True, slots=True)
class Observing:
    """Measures taken of each request, and the task that reads states; neither unless asked for."""

    measuring: Measuring
    sampler: Sampler | None
    registry: CollectorRegistry

    @property
    def middleware(self) -> list[Middleware]:
        """The middleware that goes around all others; none where nothing is asked for."""
        return [Middleware(Measured, measuring=self.measuring)] if self.measuring else []

    def start(self, supervisor: Supervisor) -> None:
        """Begin to read states, where figures are asked for."""
        if self.sampler is not None:
            supervisor.start("metrics", self.sampler.run)

    def close(self) -> None:
        """Let the last traces go."""
        if self.measuring.traces is not None:
            self.measuring.traces.close()


def observing(settings: Settings, watched: Watched) -> Observing:
    """Return the figures and traces that *settings* ask for, over the parts *watched*."""
    registry = CollectorRegistry()
    metrics = Metrics(_names_of(watched.current), registry) if settings.metrics else None
    if metrics is not None:
        watched.access.tell = metrics.answered_early
        watched.keys.usage.tell = metrics.asked_with_keys
    traces = _traces_to(settings.traces)
    if traces is not None:
        for pool in watched.pools.values():
            pool.on_query = traces.ran
    sampler = None if metrics is None else Sampler(metrics, watched.current, _sources(settings, watched))
    return Observing(Measuring(metrics, traces, settings.server_timing), sampler, registry)


def _traces_to(where: str) -> Traces | None:
    if not where:
        return None
    try:
        from tileserver.web.traces import EXPORTERS, Traces  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise BadParameter(
            f"TILESERVER_TRACES is {where}, and OpenTelemetry is not there: pip install 'tileserver[otel]'"
        ) from error
    return Traces(EXPORTERS[where]())


def _sources(settings: Settings, watched: Watched) -> Iterable[Source]:
    return (
        of_pools(watched.pools),
        of_knowledge(watched.current, watched.follower),
        of_tasks(watched.supervisor),
        of_caches(watched.caches),
        of_doors(watched.doors),
        of_keys(watched.keys),
        of_tiers(watched.tiles),
        of_disks({"data": settings.data_dir, "tiles": settings.shelf}),
        of_ahead(watched.ahead),
        of_desk(watched.desk),
        of_process,
    )


def _names_of(current: Current) -> Callable[[], frozenset[str]]:
    """Return a function that names every theatre and layer of the catalogue read last."""
    known: tuple[object, frozenset[str]] = (None, frozenset())

    def names() -> frozenset[str]:
        nonlocal known
        catalogue = current.read
        if catalogue is not known[0]:
            refs = () if catalogue is None else (*catalogue.theatres, *catalogue.layers, *catalogue.missing)
            known = catalogue, frozenset(map(str, refs))
        return known[1]

    return names

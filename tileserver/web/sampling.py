"""States of a process as figures: read every few seconds, beside the requests."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from math import nan
from pathlib import Path
from typing import NamedTuple

from tileserver import __version__
from tileserver.clock import GuardedClock
from tileserver.disk import free_bytes
from tileserver.publish.documents import time_block
from tileserver.store.connect import Pool
from tileserver.tiles.ahead import Progress
from tileserver.tiles.ahead_task import Ahead
from tileserver.tiles.catalogue import Catalogue
from tileserver.tiles.current import Current
from tileserver.tiles.service import TileService
from tileserver.times import day_period, parse_day
from tileserver.web.desk_news import DeskNews
from tileserver.web.doors import Doors
from tileserver.web.follower import Follower
from tileserver.web.keys import Keys
from tileserver.web.metrics import Metrics
from tileserver.web.supervisor import Supervisor

_TICK_S = 0.1  # between looks at the loop
_READ = 20  # ticks between readings
_READ_AGES = 300  # ticks between readings of how old the data is
_PAGE = resource.getpagesize()


class Figure(NamedTuple):
    """The value of a gauge of `web.metrics`."""

    name: str
    value: float
    labels: tuple[str, ...] = ()


Figures = Iterable[Figure]
Source = Callable[[], Figures]


class Sampler:
    """Reads the *sources*, and how late the event loop is, into *metrics*."""

    def __init__(self, metrics: Metrics, current: Current, sources: Iterable[Source]) -> None:
        self._metrics = metrics
        self._current = current
        self._sources = tuple(sources)
        self._aged: set[str] = set()
        self._aged_by: object = None  # the catalogue

    async def run(self, report: Callable[[], None]) -> None:
        """Read for ever; *report* is told that all is well."""
        ticks = 0
        while True:
            if ticks % _READ == 0:
                self.read()
                if ticks % _READ_AGES == 0 or self._aged_by is not self._current.read:
                    self._read_ages()
                report()
            due = time.monotonic() + _TICK_S
            await asyncio.sleep(_TICK_S)
            self._metrics.lag.observe(max(0.0, time.monotonic() - due))
            ticks += 1

    def read(self) -> None:
        """Set every gauge but the ages of the data."""
        for source in self._sources:
            for name, value, labels in source():
                self._metrics.set(name, value, *labels)

    def _read_ages(self) -> None:
        self._aged_by, ages = self._current.read, data_ages(self._current)
        for gone in self._aged - {*ages}:
            self._metrics.set("data_age_seconds", nan, gone)
        self._aged |= {*ages}
        for tileset, age in ages.items():
            self._metrics.set("data_age_seconds", age, tileset)


def data_ages(current: Current) -> Mapping[str, float]:
    """Return by layer the seconds since the end of the newest local day of which anything is public."""
    now, catalogue = current.clock(), current.read
    ages: dict[str, float] = {}
    if catalogue is None:
        return {}
    for ref in catalogue.layers:
        tileset = catalogue.tileset(str(ref))
        day = time_block(tileset, now)["newest"][ref.layer]
        if day is not None:
            end = day_period(parse_day(day), tileset.zone).end
            ages[str(ref)] = max(0.0, (now - end).total_seconds()) if end else 0.0
    return ages


def of_pools(pools: Mapping[str, Pool]) -> Source:
    """Return the source of the states of *pools*, by name."""

    def read() -> Figures:
        for name, pool in pools.items():
            yield Figure("pool_size", pool.size, (name,))
            yield Figure("pool_in_use", pool.lent, (name,))
            yield Figure("pool_waiting", pool.waiting, (name,))

    return read


def of_knowledge(current: Current, follower: Follower) -> Source:
    """Return the source of the states of catalogue, index and clock."""

    def read() -> Figures:
        now = time.monotonic()
        yield Figure("database_silent_seconds", min(follower.pulse.silent_s, now))
        yield Figure("index_age_seconds", now - current.read_at if current.read else now)
        yield Figure("index_behind_seconds", follower.behind_s)
        clock, catalogue = current.clock, current.read or Catalogue({}, {})
        yield Figure("layers_missing", len(catalogue.missing))
        yield Figure("layers_behind", len(catalogue.behind))
        yield Figure("clock_wrong", bool(isinstance(clock, GuardedClock) and clock.trouble))

    return read


def of_tasks(supervisor: Supervisor) -> Source:
    """Return the source of the states of background tasks."""

    def read() -> Figures:
        for name, state in supervisor.states.items():
            yield Figure("task_failing", state != "ok", (name,))

    return read


def of_caches(weights: Mapping[str, Callable[[], int]]) -> Source:
    """Return the source of the bytes in caches: *weights* has by name who says how many."""

    def read() -> Figures:
        for name, weight in weights.items():
            yield Figure("cache_bytes", weight(), (name,))

    return read


def of_doors(doors: Doors) -> Source:
    """Return the source of the number of connections."""

    def read() -> Figures:
        yield Figure("connections", doors.inside)
        yield Figure("connections_most", doors.connections)

    return read


def of_keys(keys: Keys) -> Source:
    """Return the source of the number of keys, and of blindness for revocations."""

    def read() -> Figures:
        yield Figure("keys", len(keys))
        yield Figure("keys_blind", keys.is_blind)

    return read


def of_tiers(tiles: TileService) -> Source:
    """Return the source of the states of the tiles on disk and of the shared tier."""

    def read() -> Figures:
        yield Figure("shelf_wrong", bool(tiles.trouble))
        yield Figure("shared_wrong", bool(tiles.shared and tiles.shared.trouble))

    return read


def of_disks(folders: Mapping[str, Path | None]) -> Source:
    """Return the source of the bytes that are free on the disks of *folders* that are there, by name."""

    def read() -> Figures:
        for name, folder in folders.items():
            with suppress(OSError):  # of a disk that is away: others tell of that
                if folder is not None and folder.exists():
                    yield Figure("disk_free_bytes", free_bytes(folder), (name,))

    return read


def of_ahead(ahead: Ahead | None) -> Source:
    """Return the source of the progress of rendering ahead; zeros where another process renders, or none."""

    def read() -> Figures:
        at_work = Progress() if ahead is None or ahead.state == "elsewhere" else ahead.progress
        yield Figure("ahead_backlog", at_work.backlog)
        yield Figure("ahead_done", at_work.done)
        yield Figure("ahead_failed", at_work.failed)

    return read


def of_desk(desk: DeskNews) -> Source:
    """Return the source of the numbers of work that waits for the desk, and of seconds since all was well."""

    def read() -> Figures:
        yield Figure("imports_held", desk.read.held if desk.read else 0)
        yield Figure("watch_failing", desk.read.failing if desk.read else 0)
        yield Figure("watch_well_age_seconds", desk.well_s)

    return read


def of_process() -> Figures:
    """Read memory in bytes, processor time in seconds and descriptors of this process (Linux)."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    yield Figure("build_info", 1, (__version__,))
    yield Figure("process_cpu_seconds", used.ru_utime + used.ru_stime)
    home = Path("/proc/self")
    if home.exists():
        yield Figure("process_resident_bytes", int((home / "statm").read_text().split()[1]) * _PAGE)
        yield Figure("process_open_files", sum(1 for _ in (home / "fd").iterdir()))

"""A wrong publication withdrawn: seconds until no door shows it, by route; and what copies in files do."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from tests.bench.loading import run_cli
from tests.conftest import Databases, free_port
from tests.embargo.exits import ROUTES
from tests.endurance.client import Pipe
from tests.endurance.stage import ISLAND, Server
from tests.operate.exits import CORRECTIONS, DAY, PLACE, UNTOLD, asked, dated
from tests.operate.nginx import Cache, cache_before
from tileserver.desk.corrections import withdraw_period
from tileserver.desk.layers import layers_of
from tileserver.export import pmtiles
from tileserver.store.connect import Connection

pytestmark = pytest.mark.db

MARK = "the wrong bridge at Pell"
START, END = datetime(2024, 5, 14, tzinfo=UTC), datetime(2024, 5, 16, tzinfo=UTC)
LAYERS = ("zones", "battles", "texts")
PLAIN = "Accept-Encoding: identity\r\n"
_MOST_S = 8.0  # obeyed, told, heard, as in test_cache.py
_QUIET_S = 6.0  # in which nothing comes back
_COPIES = ("map.pmtiles", "pack.zip", "site")


@dataclass(frozen=True)
class Place:
    """Two servers over a database with wrong things in it, the cache before them, and copies in files."""

    dsn: str
    servers: list[Server]
    cache: Cache
    copies: Path
    innocent: Server  # over the same database without the wrong things

    @property
    def doors(self) -> dict[str, int]:
        """The ports that answer readers, by name."""
        return {"server a": self.servers[0].port, "server b": self.servers[1].port, "nginx": self.cache.port}


@pytest.fixture(scope="module")
def place(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    dsn, folder = databases.new(), tmp_path_factory.mktemp("withdrawal")
    run_cli(dsn, "theatre", "add", str(ISLAND / "merrow.toml"))
    for layer in ("zones", "battles"):
        run_cli(dsn, "import", f"merrow.{layer}", str(ISLAND / f"{layer}.geojson"))
    apart = databases.copy(dsn)
    _publish_wrongly(dsn, folder)
    copies = folder / "copies"
    copies.mkdir()
    _copy(dsn, copies)
    settings = {
        "DATABASE_URL": dsn,
        "TILESERVER_TRUSTED_PROXIES": "127.0.0.1",
        "TILESERVER_MAX_AGE": "60",
    }
    with ExitStack() as running:
        servers = [Server(free_port(), folder / f"{name}.log", settings) for name in "ab"]
        for server in servers:
            running.enter_context(server.running())
        innocent = Server(free_port(), folder / "apart.log", settings | {"DATABASE_URL": apart})
        running.enter_context(innocent.running())
        cache = running.enter_context(cache_before([server.port for server in servers], folder))
        yield Place(dsn, servers, cache, copies, innocent)


def _publish_wrongly(dsn: str, folder: Path) -> None:
    """Publish an area, an event and a note of past days that should never have been."""
    point = {"type": "Point", "coordinates": PLACE}
    ring = [[-30.9, 44.1], [-28.2, 44.1], [-28.2, 45.6], [-30.9, 45.6], [-30.9, 44.1]]
    said: dict[str, tuple[dict[str, str], Any, tuple[str, ...]]] = {
        "zones": ({"status": "north"}, {"type": "Polygon", "coordinates": [ring]}, ("--end-column", "to")),
        "battles": ({"kind": "battle", "text": MARK, "date": DAY}, point, ()),
        "texts": ({"direction": "Pell", "text": MARK}, point, ("--end-column", "to")),
    }
    for layer, (properties, geometry, more) in said.items():
        spans = {"from": DAY, "to": DAY} if more else {}
        feature = {"type": "Feature", "properties": {**properties, **spans}, "geometry": geometry}
        file = folder / f"{layer}.geojson"
        file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
        date = ("--date-column", "from" if more else "date", *more)
        run_cli(dsn, "import", f"merrow.{layer}", str(file), *date, "--accept", "wrong", "--remark", MARK)


def _copy(dsn: str, folder: Path) -> None:
    """Make all that docs/ says can be taken away in files, or make it anew."""
    for name in _COPIES[:2]:
        run_cli(dsn, "export", "merrow", str(folder / name), "--zooms", "5-7", "--datetime", DAY)
    run_cli(dsn, "site", "make", str(folder / "site"), "--zooms", "5-7")


def _tells(path: Path) -> bool:
    """Whether a file, or any file of a folder, has the words of what was wrong."""
    if path.is_dir():
        return any(_tells(each) for each in path.rglob("*") if each.is_file())
    mark = MARK.encode()
    if path.suffix == ".pmtiles":
        if "basemap" in path.parts:
            return False
        with pmtiles.reading(path) as archive:
            return any(mark in _plain(data) for _, data in archive.tiles())
    if path.suffix == ".zip":
        with ZipFile(path) as pack:
            pack.extractall(path.with_suffix(".open"))
        return _tells(path.with_suffix(".open"))
    return mark in _plain(path.read_bytes())


def _plain(data: bytes) -> bytes:
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


async def _withdraw(connection: Connection) -> None:
    for name in LAYERS:
        layers = await layers_of(connection, "merrow", name)
        said = (START, END, "a wrong bridge", lambda _: True, "Nia")
        assert await withdraw_period(connection, layers, name, *said) is not None


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer at a door while the wrong things were public."""

    route: str
    door: str
    path: str
    status: int
    body: bytes
    etag: str

    async def still(self, pipe: Pipe) -> bool:
        """Whether that door gives the same answer, or says that it has not changed."""
        reply = await pipe.get(self.path, PLAIN)
        if (reply.status, reply.body) == (self.status, self.body) or MARK.encode() in reply.body:
            return True
        if not self.etag:
            return False
        return (await pipe.get(self.path, f"{PLAIN}If-None-Match: {self.etag}\r\n")).status == 304


class Watch:
    """Asks every door for everything until nothing of it is shown, and then for a while longer."""

    def __init__(self, place: Place) -> None:
        self._pipes = {door: Pipe(port) for door, port in place.doors.items()}
        self._innocent = place.innocent.port
        self.shown: list[Shown] = []
        self.last: dict[tuple[str, str], float] = defaultdict(float)

    async def learn(self) -> None:
        """Ask for everything, at the cache twice so that it is kept; remember what tells of wrong things."""
        first, innocent = self._pipes["server a"], Pipe(self._innocent)
        located = defaultdict(list)
        for path in dated():
            where = (await first.get(path, PLAIN)).header(b"content-location")
            located[f"/{where.split('/')[1]}/"].append(where)
        document = json.loads((await first.get("/tilesets/merrow", PLAIN)).body)
        for route, paths in asked(document, located).items():
            for path in paths:
                without = await innocent.get(path, PLAIN)
                await self._pipes["nginx"].get(path, PLAIN)
                for door, pipe in self._pipes.items():
                    reply = await pipe.get(path, PLAIN)
                    if (reply.status, reply.body) != (without.status, without.body):
                        etag = reply.header(b"etag")
                        self.shown.append(Shown(route, door, path, reply.status, reply.body, etag))
        innocent.close()

    async def until_gone(self, begun: float) -> None:
        """Note for each route and door how many seconds after *begun* it was last shown there."""
        left = self.shown
        while left:
            assert time.monotonic() - begun < 60, {each.path for each in left}
            left = [each for each in left if await self._is_shown(each, begun)]
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < _QUIET_S:
            for each in self.shown:
                await self._is_shown(each, begun)
        for pipe in self._pipes.values():
            pipe.close()

    def table(self) -> str:
        """Return the seconds until each route was last shown at each door, and the worst of each."""
        lines = [f"  {'seconds until last shown at':75}" + "".join(f"{door:>10}" for door in self._pipes)]
        routes = sorted({each.route for each in self.shown})
        for name, own in [*((each, [each]) for each in routes), ("worst", routes)]:
            most = (max(self.last[route, door] for route in own) for door in self._pipes)
            lines.append(f"  {name:75}" + "".join(f"{seconds:10.1f}" for seconds in most))
        return "\n".join(lines)

    async def _is_shown(self, each: Shown, begun: float) -> bool:
        if not await each.still(self._pipes[each.door]):
            return False
        self.last[each.route, each.door] = time.monotonic() - begun
        return True


def test_no_door_shows_what_was_withdrawn_within_seconds_and_copies_do_not_once_made_anew(
    place: Place, databases: Databases, capsys: pytest.CaptureFixture[str]
) -> None:
    told = {route for route, each in ROUTES.items() if not each.mute} - UNTOLD | {*CORRECTIONS}

    async def run() -> tuple[Watch, float]:
        watch = Watch(place)
        await watch.learn()
        assert sorted(told - {each.route for each in watch.shown}) == []
        withdrawing = asyncio.create_task(asyncio.to_thread(databases.run, place.dsn, _withdraw))
        begun = time.monotonic()
        await withdrawing
        took = time.monotonic() - begun
        await watch.until_gone(time.monotonic())
        return watch, took

    watch, took = asyncio.run(run())
    assert all(_tells(place.copies / name) for name in _COPIES)  # by nature, until they are made anew
    begun = time.monotonic()
    _copy(place.dsn, place.copies)
    anew = time.monotonic() - begun
    assert not any(_tells(place.copies / name) for name in _COPIES)
    with capsys.disabled():
        print(f"\n  three layers withdrawn in {took:.1f} s, archive, pack and site made anew in {anew:.0f} s")
        print(watch.table())
    assert max(watch.last.values()) < _MOST_S

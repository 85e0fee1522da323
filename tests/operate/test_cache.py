"""The cache of docker/nginx, before two real servers: what it keeps, for how long, and what it lets go of."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.built import built
from tests.conftest import ROOT, Databases, free_port
from tests.endurance.client import Pipe, Reply
from tests.endurance.stage import Server
from tests.operate.nginx import PROGRAM, Cache, cache_before, configuration
from tests.shapes import Feature, fill, in_tile, layer, square, theatre
from tests.web.test_keeping_up import WITHDRAWN
from tileserver.grid import TileAddress
from tileserver.store.connect import Connection
from tileserver.web.built import STATIC

pytestmark = pytest.mark.db

PLACE = TileAddress(2, 2, 1)
DATED = f"/tiles/toy/{PLACE}.mvt?datetime=2024-01-02"
LATEST = f"/tiles/toy/{PLACE}.mvt"
_GONE_S = 8.0  # withdrawn, obeyed, told, heard
_EXPIRED_S = 3.2  # a max-age of 2, and nginx counts whole seconds


@dataclass(frozen=True)
class Place:
    """Two servers over one database, and the cache before them."""

    dsn: str
    servers: list[Server]
    cache: Cache

    def get(self, path: str, coding: str = "identity", more: str = "") -> Reply:
        """Ask the cache for *path*."""
        return ask(self.cache.port, path, f"Accept-Encoding: {coding}\r\n{more}")


def ask(port: int, path: str, more: str = "") -> Reply:
    """Ask *port* for *path* over a connection of its own."""

    async def run() -> Reply:
        pipe = Pipe(port)
        try:
            return await pipe.get(path, more)
        finally:
            pipe.close()

    return asyncio.run(run())


def said(reply: Reply) -> list[str]:
    """What the caches on the way say of themselves, the server first."""
    return re.findall(r"\r\ncache-status: ([^\r]*)", reply.head.decode("latin-1"))


@pytest.fixture(scope="module")
def place(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    dsn, folder = databases.new(), tmp_path_factory.mktemp("cache")

    async def write(connection: Connection) -> None:
        at = datetime(2024, 1, 1, tzinfo=UTC)
        shown = [Feature("control", in_tile(PLACE, square(9 * n, 9 * n, 5)), at) for n in range(90)]
        await fill(connection, theatre(layer("control"), id="toy"), shown)

    databases.run(dsn, write)
    settings = {
        "DATABASE_URL": dsn,
        "TILESERVER_TRUSTED_PROXIES": "127.0.0.1",
        "TILESERVER_MAX_AGE": "2",
        "TILESERVER_PUBLIC_URL": "http://maps.example.org/",
    }
    with ExitStack() as running:
        servers = [Server(free_port(), folder / f"{name}.log", settings) for name in "ab"]
        for server in servers:
            running.enter_context(server.running())
        cache = running.enter_context(cache_before([server.port for server in servers], folder))
        _until(lambda: said(ask(cache.port, DATED))[-1:] == ["nginx; hit"], 60)
        yield Place(dsn, servers, cache)


def _until(holds: object, seconds: float = 15) -> float:
    begun = time.monotonic()
    while not holds():  # type: ignore[operator]
        assert time.monotonic() - begun < seconds
        time.sleep(0.05)
    return time.monotonic() - begun


def test_nginx_finds_nothing_to_say_about_the_file(tmp_path: Path) -> None:
    for prefix in (False, True):
        (tmp_path / "cache").mkdir(exist_ok=True)
        file = tmp_path / "nginx.conf"
        file.write_text(configuration(tmp_path, 8080, (8001, 8002), prefix=prefix))
        argv = [PROGRAM, "-t", "-c", str(file), "-p", str(tmp_path)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "warn" not in done.stderr


def test_an_immutable_address_is_kept_in_each_coding_and_said_unchanged(place: Place) -> None:
    path = place.get(DATED).header(b"content-location")
    own = {}
    for coding in ("identity", "gzip", "br", "zstd"):
        alone = ask(place.servers[0].port, path, f"Accept-Encoding: {coding}\r\n")
        first, second = place.get(path, coding), place.get(path, f"x, {coding}")
        assert said(first)[-1] == "nginx; fwd=miss"
        assert said(second)[-1] == "nginx; hit"
        for reply in (first, second):
            assert reply.body == alone.body
            for name in (b"etag", b"cache-control", b"vary", b"content-encoding", b"content-type"):
                assert reply.header(name) == alone.header(name)
        own[coding] = second.header(b"etag")
    assert len(set(own.values())) == 4
    assert "immutable" in alone.header(b"cache-control")
    unchanged = place.get(path, "br", f"If-None-Match: {own['br']}\r\n")
    assert (unchanged.status, unchanged.body) == (304, b"")


def test_a_coding_that_is_refused_is_not_sent(place: Place) -> None:
    for accepted, sent in (("br;q=0, gzip", "gzip"), ("gzip;q=0", ""), ("deflate, gzip, br, zstd", "br")):
        assert place.get(DATED, accepted).header(b"content-encoding") == sent


def test_a_dated_address_is_kept_for_its_time_and_then_asked_about(place: Place) -> None:
    place.get(DATED)
    assert said(place.get(DATED))[-1] == "nginx; hit"
    time.sleep(_EXPIRED_S)
    stale = place.get(DATED)  # at once, and the server is asked meanwhile
    assert said(stale)[-1] in ("nginx; hit; detail=updating", "nginx; hit; detail=stale")
    _until(lambda: said(place.get(DATED))[-1] == "nginx; hit")


def test_the_latest_is_never_told_stale(place: Place) -> None:
    place.get(LATEST)
    time.sleep(_EXPIRED_S)
    assert said(place.get(LATEST))[-1] == "nginx; fwd=miss"


@pytest.mark.parametrize(
    ("query", "header"),
    [
        ("&key=tsk_x", ""),
        ("&signed=x", ""),
        ("", "Authorization: Bearer tsk_x\r\n"),
        ("", "X-Api-Key: tsk_x\r\n"),
    ],
)
def test_who_shows_a_key_is_answered_by_a_server_and_leaves_nothing(
    place: Place, query: str, header: str
) -> None:
    for _ in range(2):
        assert said(place.get(DATED + query, more=header))[-1:] in ([], ["nginx; fwd=miss"])
    assert "tsk_x" not in "\n".join(place.cache.log())
    found = subprocess.run(
        ["grep", "-rl", "tsk_x", place.cache.folder / "cache"], capture_output=True, check=False
    )
    assert found.stdout == b""


def test_what_is_not_to_be_kept_is_not(place: Place) -> None:
    for path in ("/tiles/nowhere/1/1/1.mvt", "/embed?theatre=nowhere", "/readyz", "/healthz"):
        place.get(path)
        assert "hit" not in "".join(said(place.get(path))[-1:]), path


@built
def test_a_page_is_kept_in_each_language_however_that_is_spelled(place: Place) -> None:
    first = place.get("/embed", "br", "Accept-Language: uk-UA,uk;q=0.9,en;q=0.7\r\n")
    assert said(first)[-1] == "nginx; fwd=miss"
    assert first.header(b"cache-control") == "no-cache"  # to all others
    assert not first.header(b"x-accel-expires")
    again = place.get("/embed", "gzip, br", "Accept-Language: fi, uk;q=0.3\r\n")
    assert (said(again)[-1], again.body) == ("nginx; hit", first.body)
    for tongue, coding in (("de-AT", "br"), ("uk", "gzip")):
        other = place.get("/embed", coding, f"Accept-Language: {tongue}\r\n")
        assert (said(other)[-1], other.body == first.body) == ("nginx; fwd=miss", False)
    assert b'lang="uk"' in place.get("/embed", more="Accept-Language: uk\r\n").body
    assert b'lang="en"' in place.get("/embed", more="Accept-Language: fi, *\r\n").body


def test_the_first_address_is_a_page_to_browsers_and_a_document_to_programs(place: Place) -> None:
    for _ in range(2):
        program = place.get("/", more="Accept: application/json\r\n")
        assert program.header(b"content-type") == "application/json"
        assert (
            place.get("/", more="Accept: text/html,*/*;q=0.8\r\n").header(b"content-type")
            != "application/json"
        )


@built
def test_ranges_of_an_archive_are_cut_from_slices_that_are_kept(place: Place) -> None:
    path, data = "/static/basemap/world.pmtiles", (STATIC / "basemap/world.pmtiles").read_bytes()
    asked = ((0, 16_383, False), (100, 299, True), (131_000, 139_999, True), (140_000, 149_999, True))
    for first, last, is_known in (*asked, (900_000, 900_009, False)):
        reply = place.get(path, more=f"Range: bytes={first}-{last}\r\n")
        assert (reply.status, reply.body) == (206, data[first : last + 1])
        assert (said(reply)[-1] == "nginx; hit") is is_known
    for more in ("", f"Range: bytes=0-9\r\nIf-Range: {reply.header(b'etag')}\r\n", "Range: bytes=-10\r\n"):
        alone = ask(place.servers[0].port, path, more)
        reply = place.get(path, more=more)
        assert (reply.status, reply.body) == (alone.status, alone.body)


def test_who_asks_at_once_for_what_is_cold_waits_for_one_answer(place: Place) -> None:
    path = f"/tiles/toy.control/{PLACE}.mvt?datetime=2024-01-03"

    async def ask_all() -> list[Reply]:
        pipes = [Pipe(place.cache.port) for _ in range(20)]
        replies = await asyncio.gather(*(pipe.get(path) for pipe in pipes))
        for pipe in pipes:
            pipe.close()
        return replies

    place.get(DATED)  # the name of what is promised is at hand
    replies = asyncio.run(ask_all())
    assert len({reply.body for reply in replies}) == 1
    asked = [line.rsplit(None, 1)[1] for line in place.cache.log()[-20:]]
    assert asked.count("HIT") > 10, asked


def test_a_browser_that_holds_a_tile_gets_the_difference_and_nobody_else_does(place: Place) -> None:
    held = place.get(DATED)
    offered = held.header(b"use-as-dictionary")
    assert offered
    name = re.search(r'id="([^"]*)"', offered)
    assert name is not None
    digest = base64.b64encode(hashlib.sha256(held.body).digest()).decode()
    own = f'Available-Dictionary: :{digest}:\r\nDictionary-ID: "{name[1]}"\r\n'
    for _ in range(2):
        assert place.get(DATED, "br, dcz", own).header(b"content-encoding") == "dcz"
        assert place.get(DATED, "br", own).header(b"content-encoding") == "br"


def test_under_a_path_documents_and_tiles_are_where_they_say(place: Place, tmp_path: Path) -> None:
    with cache_before([server.port for server in place.servers], tmp_path, prefix=True) as cache:
        bare = place.get(DATED)
        _until(lambda: said(ask(cache.port, f"/maps{DATED}"))[-1:] == ["nginx; hit"], 60)
        assert ask(cache.port, f"/maps{DATED}").body == bare.body
        assert ask(cache.port, "/maps/tilesets").status == 200


def test_the_desk_is_not_reached_through_the_door_of_readers(place: Place) -> None:
    for path in ("/desk", "/desk/", "/desk/x"):
        assert place.get(path).status == 404
    assert place.get("/promised").status == 404
    assert place.get("/cache-healthz").body == b"ok\n"


def test_while_a_server_or_both_are_away_what_is_kept_is_told_and_the_latest_is_not(place: Place) -> None:
    first, second = place.servers
    bodies = {path: place.get(path).body for path in (DATED, LATEST)}
    first.kill()
    for _ in range(10):
        assert place.get(f"{DATED}T00:00:00Z").status == 200
    second.kill()
    time.sleep(_EXPIRED_S)
    assert place.get(DATED).body == bodies[DATED]
    assert place.get(LATEST).status == 502
    for server in place.servers:
        server.start()
    assert place.get(LATEST).body == bodies[LATEST]


def _purging(place: Place) -> subprocess.Popen[bytes]:
    """The script for a CDN, which ends after its first purge or after half a minute."""
    script, server = str(ROOT / "docs/examples/purge.sh"), f"http://127.0.0.1:{place.servers[0].port}"
    purge = f"touch {place.cache.folder / 'purged'} && kill $PPID"
    started = subprocess.Popen(["timeout", "60", script, server, "sh", "-c", purge])
    time.sleep(3)
    return started


def test_what_was_withdrawn_is_gone_from_the_cache_within_seconds(
    place: Place, databases: Databases, capsys: pytest.CaptureFixture[str]
) -> None:
    _until(lambda: said(place.get(DATED))[-1] == "nginx; hit")
    path = place.get(DATED).header(b"content-location")
    _until(lambda: said(place.get(path))[-1] == "nginx; hit")

    async def withdraw(connection: Connection) -> None:
        await connection.execute(WITHDRAWN)

    _until(lambda: ask(place.servers[0].port, "/promise").status == 200)
    purged, watching = place.cache.folder / "purged", _purging(place)
    begun = time.monotonic()
    databases.run(place.dsn, withdraw)
    seconds = 0.0
    while time.monotonic() - begun < _GONE_S + 4:
        if place.get(path).status == 200 or place.get(DATED).status == 200:
            seconds = time.monotonic() - begun
        time.sleep(0.05)
    with capsys.disabled():
        print(f"\n  withdrawn, and gone from nginx after {seconds:.1f} s")
    assert seconds < _GONE_S
    watching.wait(20)
    assert purged.exists()  # as a CDN would be

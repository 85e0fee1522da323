"""A tile at hand is answered without the framework, as the framework answers, and anything else is not."""

from __future__ import annotations

import base64
import hashlib
import random
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
from starlette.applications import Starlette

from tests.conftest import NOW, settings_for
from tests.web.test_hot import ACCEPTED, AT, OTHERS, addresses, said
from tests.web.wires import Line, Reply, listening
from tileserver.tiles.shelf import Shelf
from tileserver.tiles.shelf_file import FILE
from tileserver.times import to_micros
from tileserver.web import direct
from tileserver.web.app import create_app
from tileserver.web.hot import Lookup
from tileserver.web.represent import Wish

pytestmark = pytest.mark.db

MANY = 150
DAYS = [f"2023-{month:02}-0{day}" for month, day in product(range(1, 11), (2, 8))]
PATHS = [f"/tiles/ukraine-sample.control,ukraine-sample.frontline{AT}?datetime={day}" for day in DAYS]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """What ends the servers and connections of a test."""
    with ExitStack() as opened:
        yield opened


def begin(stack: ExitStack, dsn: str, http: str = "", **changes: str) -> tuple[Starlette, Line]:
    """Begin a server with nothing in memory, and a connection to it."""
    app = create_app(settings_for(dsn, TILESERVER_AHEAD="off", **changes), lambda: NOW)
    line = stack.enter_context(Line(stack.enter_context(listening(app, http) if http else listening(app))))
    assert line.ask("/tilesets").status == 200  # the catalogue is read
    return app, line


def anew(app: Starlette, line: Line, path: str, headers: dict[str, str], method: str = "GET") -> Reply:
    """Ask a server that no longer knows what it answered before."""
    app.state.hot.clear()
    return line.ask(path, headers, method)


@pytest.mark.parametrize("prefix", ["", "https://paper.example/map"])
def test_what_is_at_hand_is_answered_as_by_the_framework(
    sample_database: str, stack: ExitStack, prefix: str
) -> None:
    settings = {"TILESERVER_PUBLIC_URL": prefix} if prefix else {}
    app, line = begin(stack, sample_database, **settings)
    _, slow = begin(stack, sample_database, "httptools", **settings)
    shown = len(prefix.removeprefix("https://paper.example"))
    tiles = [path[shown if path.startswith("/map") else 0 :] for path in addresses(slow) if "/tiles/" in path]
    tiles += [
        path + more for path in tiles[:4] for more in ("&revision=1", "&revision=99", "&kind=battle", "&x")
    ]
    tags = {path: slow.ask(path).header("etag") for path in tiles}
    for path in tiles:
        line.ask(path)
    questions = list(product(tiles, ACCEPTED, ("GET", "HEAD"), ("", "*", '"nothing"', "its own")))
    for path, accepted, method, asked in random.Random(5).sample(questions, MANY):
        headers = {"Accept-Encoding": accepted} if accepted else {}
        condition = tags[path] if asked == "its own" else asked
        headers |= {"If-None-Match": condition} if condition else {}
        headers |= random.Random(path + accepted).choice(OTHERS)
        direct, other = anew(app, line, path, headers, method), slow.ask(path, headers, method)
        assert said(direct) == said(other), (path, headers, method)
        if method == "GET" and other.status in (200, 204):
            assert said(line.ask(path, headers)) == said(other), "and so it is remembered"
    assert app.state.direct.answered > MANY / 3, "hardly any was answered without the framework"
    assert app.state.hot.answered > MANY / 6


def test_a_tile_on_the_shelf_needs_neither_framework_nor_database(
    sample_database: str, stack: ExitStack, tmp_path: Path
) -> None:
    expected = fill(stack, sample_database, tmp_path)
    app, line = begin(
        stack, sample_database, TILESERVER_SHELF=str(tmp_path), TILESERVER_METRICS="127.0.0.1:1"
    )
    assert [said(line.ask(path)) for path in PATHS] == expected
    assert app.state.direct.answered == len(PATHS) - app.state.hot.answered > 4
    app.state.hot.clear()
    assert [said(line.ask(path)) for path in PATHS] == expected
    line.ask("/healthz")  # the last line is noted once the answer is out
    assert sum(counted(app, tier) for tier in ("shelf", "memory", "hot")) == 2 * len(PATHS)
    assert 0 < counted(app, "shelf") < len(PATHS), "layers that tiles share are read once"
    assert counted(app, "memory")
    assert counted(app, "postgis") == 0


def counted(app: Starlette, tier: str) -> float:
    """How many tiles are said to have come from *tier*."""
    app.state.gate.access.flush()
    names = {"kind": "tile", "tileset": "several", "zoom": "6", "tier": tier, "status": "200"}
    return app.state.observing.registry.get_sample_value("tileserver_answers_total", names) or 0


def fill(stack: ExitStack, dsn: str, folder: Path) -> list[object]:
    """Have a server fill the shelf in *folder*, and return what it said."""
    app, line = begin(stack, dsn, TILESERVER_SHELF=str(folder))
    expected: list[object] = [said(line.ask(path)) for path in PATHS]
    app.state.service.tiers[0].shelf.flush()
    return expected


@pytest.mark.parametrize("trouble", ["damaged", "locked", "slow"])
def test_a_shelf_in_trouble_costs_no_reader_a_wrong_tile(
    sample_database: str, stack: ExitStack, tmp_path: Path, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = fill(stack, sample_database, tmp_path)
    with sqlite3.connect(tmp_path / FILE, isolation_level=None) as other:
        if trouble == "damaged":
            other.execute("UPDATE tile SET data = randomblob(length(data)) WHERE length(data) > 0")
        app, line = begin(stack, sample_database, TILESERVER_SHELF=str(tmp_path))
        if trouble == "locked":
            other.execute("BEGIN EXCLUSIVE")
        elif trouble == "slow":
            monkeypatch.setattr(Shelf, "_is_slow", True)
        first = said(line.ask(PATHS[0]))
        assert app.state.direct.answered == 0
        assert [first, *(said(line.ask(path)) for path in PATHS[1:])] == expected
    assert app.state.service.tiers[0].shelf._file is not None


def test_nothing_is_out_before_the_horizon_has_moved_that_far(sample_database: str, stack: ExitStack) -> None:
    now = [NOW]

    def clock() -> datetime:
        return now[0]

    apps = [create_app(settings_for(sample_database), clock) for _ in range(2)]
    line = stack.enter_context(Line(stack.enter_context(listening(apps[0]))))
    slow = stack.enter_context(Line(stack.enter_context(listening(apps[1], "httptools"))))
    latest = f"/tiles/ukraine-sample.control{AT}"
    line.ask(latest)
    tileset = apps[0].state.current.read.tileset("ukraine-sample.control")
    edges = [edge for edge in tileset.edges if edge < to_micros(NOW)][-4:]
    seen = set()
    for edge, step in product(edges, (-61, -1, 0, 1, 59, 61)):
        now[0] = (
            NOW + timedelta(microseconds=edge - to_micros(NOW)) + tileset.embargo + timedelta(seconds=step)
        )
        for path in (latest, f"{latest}?datetime=2100-01-01", f"{latest}?datetime=../.."):
            apps[0].state.hot.clear()
            reply, other = line.ask(path), slow.ask(path)
            assert said(reply) == said(other), (edge, step, path)
            seen.add(reply.header("content-location"))
            early = slow.ask(reply.header("content-location"))
            assert early.status in (200, 204)
            apps[0].state.hot.clear()
            assert said(line.ask(reply.header("content-location"))) == said(early)
    now[0] -= timedelta(days=900)
    for path in seen:
        apps[0].state.hot.clear()
        assert said(line.ask(path)) == said(slow.ask(path)), "a version that is not public does not exist"
    assert apps[0].state.direct.answered > 60


def test_a_difference_is_at_hand_once_somebody_asked_for_it(sample_database: str, stack: ExitStack) -> None:
    app, line = begin(stack, sample_database)
    _, slow = begin(stack, sample_database, "httptools")
    before = line.ask(PATHS[0])
    digest = base64.b64encode(hashlib.sha256(before.body).digest()).decode()
    held = {
        "Accept-Encoding": "gzip, deflate, br, zstd, dcb, dcz",
        "Available-Dictionary": f":{digest}:",
        "Dictionary-ID": f'"{before.header("content-location").split("/")[3]}"',
    }
    line.ask(PATHS[-1])
    for turn in range(3):
        so_far = app.state.direct.answered
        reply = anew(app, line, PATHS[-1], held)
        assert said(reply) == said(slow.ask(PATHS[-1], held))
        assert reply.header("content-encoding") == "dcz"
        assert app.state.direct.answered == so_far + (turn > 0)


def test_what_is_watched_one_by_one_takes_the_slow_way(sample_database: str, stack: ExitStack) -> None:
    app, line = begin(stack, sample_database, TILESERVER_SERVER_TIMING="on")
    assert app.state.direct is None
    for _ in range(2):
        app.state.hot.clear()
        assert line.ask(PATHS[0]).header("server-timing")


def test_an_error_that_nobody_foresaw_is_left_to_the_framework(
    sample_database: str, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, line = begin(stack, sample_database)
    expected = said(line.ask(PATHS[0]))
    monkeypatch.setattr(direct, "represent_now", lambda *_, **__: 1 / 0)
    assert said(anew(app, line, PATHS[0], {})) == expected
    assert app.state.direct.answered == 0


def test_an_answer_that_is_at_hand_hardly_costs(sample_database: str, stack: ExitStack) -> None:
    """A bucket of 240 ms is enough for 150 of them, and for 40 tiles that have to be made."""
    app, line = begin(stack, sample_database, TILESERVER_RATE="4", TILESERVER_TRUSTED_PROXIES="127.0.0.1")
    client = {"X-Forwarded-For": "203.0.113.9"}
    line.ask(PATHS[0], client)
    assert {anew(app, line, PATHS[0], client).status for _ in range(150)} == {200}
    assert {anew(app, line, PATHS[0], client).status for _ in range(150)} == {200, 429}


def test_other_addresses_are_none_of_its(sample_database: str, stack: ExitStack) -> None:
    app, line = begin(stack, sample_database)
    path = f"/tiles/ukraine-sample.control{AT}"
    while not app.state.direct.answered:
        anew(app, line, path, {})
    lookup = Lookup(path.encode())
    assert app.state.direct.answer(lookup, Wish(), b"") is not None
    others = (
        path.replace("ukraine", "%75kraine"),
        path.replace("/6/", "/06/"),
        path + "?datetime=2022-03-10#x",
        path + "?datetime=2022-03-10&datetime=2022-03-10",
        path + "?datetime=" + "1" * 600,
        path + "/",
        f"http://test{path}",
        path.replace("ukraine-sample", "nowhere"),
        "/tilesets",
    )
    for other in others:
        assert app.state.direct.answer(Lookup(other.encode()), Wish(), b"") is None, other

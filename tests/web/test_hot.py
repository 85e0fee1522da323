"""What is answered before the framework is what the framework answers, and dies when it has to."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import product

import pytest
from starlette.applications import Starlette

from tests.conftest import NOW, settings_for
from tests.web.wires import Line, Reply, listening
from tileserver.grid import TileAddress
from tileserver.web.app import create_app

pytestmark = pytest.mark.db

START = datetime(2024, 1, 1, tzinfo=UTC)
PLACE = TileAddress(2, 2, 1)
AT = "/6/38/22.mvt"
ACCEPTED = (
    "",
    "br",
    "gzip",
    "zstd, gzip",
    "gzip, deflate, br, zstd",
    "identity;q=0.1, gzip;q=0",
    "*",
    "x;q=",
)
OTHERS: tuple[dict[str, str], ...] = (
    {},
    {},
    {"Origin": "https://paper.example", "Referer": "https://paper.example/war"},
    {"Range": "bytes=0-9"},
    {"Cache-Control": "no-cache", "Pragma": "no-cache"},
    {"If-Modified-Since": "Thu, 01 Jan 2026 00:00:00 GMT"},
    {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example", "X-Forwarded-For": "203.0.113.9"},
    {"Available-Dictionary": ":pZGm1Av0IEBKARczz7exkNYsZb8LzaMrV7J32a2fFG4=:"},
    {"Content-Length": "0"},
    {"Expect": "100-continue", "Accept": "text/html"},
)
OWN = {"date", "x-request-id", "cache-status"}


@pytest.fixture(scope="module")
def pair(sample_database: str) -> Iterator[tuple[Starlette, int, int]]:
    """One application behind the hot path, the same behind uvicorn's own protocol, and their ports."""
    apps = [create_app(settings_for(sample_database), lambda: NOW) for _ in range(2)]
    with listening(apps[0]) as hot, listening(apps[1], "httptools") as slow:
        yield apps[0], hot, slow


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """What closes the connections of a test at its end."""
    with ExitStack() as opened:
        yield opened


def addresses(slow: Line) -> list[str]:
    """Return addresses of every kind that is kept, and some that are refused."""
    days = [
        "2022-02-24",
        "2022-03-10",
        "2023-11-09",
        "2023-11-09T12:00:00Z",
        "2023-11-09T23:59:59%2B02:00",
        "2023-11-09T21:59:59Z",
        "2023-11-09T21:59:59.0+00:00",
        "2022-01-01/2023-06-01",
        "../..",
    ]
    sets = ["ukraine-sample", "ukraine-sample.control", "ukraine-sample.events,ukraine-sample.control"]
    dated = [f"/tiles/{name}{AT}?datetime={day}" for name, day in product(sets, days)]
    dated += [f"/tiles/{name}{at}" for name in sets for at in ("/4/9/5.mvt", "/6/0/0.mvt", "/0/0/0.mvt")]
    fixed = [slow.ask(path).header("content-location") for path in dated]
    document = slow.ask("/tilesets/ukraine-sample").body.decode()
    period = document.partition("/history/ukraine-sample/")[2].partition("/")[0]
    history = [f"/history/ukraine-sample/{period}{at}" for at in (AT, "/4/9/5.mvt")] if period else []
    changes = [
        f"/changes/ukraine-sample.control/2022-03-10/2023-11-09{AT}",
        "/changes/ukraine-sample.control/2022-03-10/2023-11-09.json",
    ]
    documents = [
        "/tilesets",
        "/tilesets/ukraine-sample",
        "/tilesets/ukraine-sample.control?datetime=2023-11-09",
        "/tilesets/ukraine-sample/timeline",
        "/tilesets/ukraine-sample/km2.json?datetime=2023-11-01/2023-11-09",
        "/tilesets/ukraine-sample/km2.csv",
        "/styles/ukraine-sample.json?datetime=2023-11-09",
    ]
    changes += [slow.ask(path).header("content-location") for path in changes]
    refused = [
        f"/tiles/nowhere{AT}",
        f"/tiles/ukraine-sample/4-bad{AT}",
        f"/tiles/ukraine-sample{AT}?datetime=yesterday",
        "/tiles/ukraine-sample/6/99/22.mvt",
    ]
    spelled = [path.replace("ukraine", "%75kraine") for path in dated[:2]] + [dated[0] + "&", dated[0] + "#x"]
    return [path for path in (*dated, *fixed, *history, *changes, *documents, *refused, *spelled) if path]


def said(reply: Reply) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return what has to be equal of two answers to the same request."""
    body = b"" if reply.status >= 400 else reply.body  # a problem has the id of its request
    shown = [pair for pair in reply.headers if pair[0] not in OWN and (body or pair[0] != "content-length")]
    return reply.status, sorted(shown), body


def test_both_ways_answer_thousands_of_requests_alike(
    pair: tuple[Starlette, int, int], stack: ExitStack
) -> None:
    app, hot_port, slow_port = pair
    slow = stack.enter_context(Line(slow_port))
    paths = addresses(slow)
    tags = [reply.header("etag") for reply in map(slow.ask, paths)]
    hot = stack.enter_context(Line(hot_port))  # now, because a connection that asks nothing is closed
    conditions = ["", "*", '"nothing"', *random.Random(7).sample([tag for tag in tags if tag], 8)]
    questions = [
        (path, accepted, condition, method)
        for (path, tag), accepted, method in product(zip(paths, tags, strict=True), ACCEPTED, ("GET", "HEAD"))
        for condition in ("", random.Random(path + accepted).choice(conditions), tag)
    ]
    for path, accepted, condition, method in random.Random(11).sample(questions, 700):
        headers = {"Accept-Encoding": accepted} if accepted else {}
        headers |= {"If-None-Match": condition} if condition else {}
        headers |= random.Random(path + accepted + condition).choice(OTHERS)
        first, again = hot.ask(path, headers, method), hot.ask(path, headers, method)
        other = slow.ask(path, headers, method)
        assert said(first) == said(again) == said(other), (path, headers, method)
        if again.status < 400:
            assert len(again.header("x-request-id")) == 16
            assert again.header("date")
        if again.status < 400 and other.header("cache-status"):
            assert again.header("cache-status").startswith("tileserver; ")
    assert app.state.hot.answered > 300, "hardly any was answered before the framework"


def test_a_connection_that_the_client_ends_is_ended_as_the_slow_way_does(
    pair: tuple[Starlette, int, int],
) -> None:
    path = f"/tiles/ukraine-sample.control{AT}?datetime=2022-03-10"
    asked = (
        f"GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n",
        f"GET {path} HTTP/1.0\r\nHost: test\r\n\r\n",
        f"GET {path} HTTP/1.0\r\n\r\n",
    )
    app, *ports = pair
    for text in asked:
        answers = []
        for port in (ports[0], *ports):
            with Line(port) as line:
                line.send(text.encode())
                answers.append(said(line.read()))
                with pytest.raises(ConnectionError):
                    line.read()
        assert answers[0] == answers[1] == answers[2]
        assert ("connection", "close") in answers[0][1]
    assert app.state.hot.answered >= 2


def test_pipelined_requests_are_answered_in_their_order(
    pair: tuple[Starlette, int, int], stack: ExitStack
) -> None:
    _, port, _ = pair
    line = stack.enter_context(Line(port))
    known = f"/tiles/ukraine-sample.control{AT}?datetime=2022-03-10"
    line.ask(known)
    unknown = [f"/tiles/ukraine-sample.control{AT}?datetime=2022-04-{day:02}" for day in range(1, 9)]
    asked = [path for each in unknown for path in (known, each, known)]
    line.send(b"".join(f"GET {path} HTTP/1.1\r\nHost: test\r\n\r\n".encode() for path in asked))
    replies = [line.read() for _ in asked]
    locations = [line.ask(path).header("content-location") for path in asked]
    assert [reply.header("content-location") for reply in replies] == locations


def test_ids_of_requests_are_never_the_same(pair: tuple[Starlette, int, int], stack: ExitStack) -> None:
    line = stack.enter_context(Line(pair[1]))
    path = f"/tiles/ukraine-sample.control{AT}?datetime=2022-03-10"
    assert len({line.ask(path).header("x-request-id") for _ in range(200)}) == 200


@pytest.mark.parametrize(
    ("tileset", "first", "spellings"),
    [
        (
            "ukraine-sample.frontline",
            "2023-10-19",
            ("2023-10-19T20:59:59Z", "2023-10-19T23:59:59%2B03:00", "2023-10-19&revision=newest"),
        ),
        ("ukraine-sample.control", "2098-01-01", ("2099-01-01", "2097-01-01T00:00:00Z", "..%2F2099-12-31")),
        (
            "ukraine-sample",
            "2023-10-19",
            ("2023-10-18T21:00:00Z/2023-10-19T20:59:59.999999Z", "2023-10-19/2023-10-19"),
        ),
    ],
    ids=["past", "open", "with events"],
)
def test_an_answer_known_of_a_day_answers_its_other_spellings(
    pair: tuple[Starlette, int, int], stack: ExitStack, tileset: str, first: str, spellings: tuple[str, ...]
) -> None:
    app, hot_port, slow_port = pair
    hot, slow = stack.enter_context(Line(hot_port)), stack.enter_context(Line(slow_port))
    path = f"/tiles/{tileset}/6/38/22.mvt?datetime="
    hot.ask("/tilesets")  # reads the catalogue, without which nothing is kept
    hot.ask(path + first)
    before = app.state.hot.answered
    newest = json.loads(slow.ask("/tilesets/ukraine-sample").body)["time"]["revision"]
    for spelled in (each.replace("newest", str(newest)) for each in spellings):
        assert said(hot.ask(path + spelled)) == said(slow.ask(path + spelled)), spelled
    assert app.state.hot.answered == before + len(spellings)
    for wrong in (
        f"{first}&x=1",
        "2023-10-39",
        f"{first}&revision=1",
        f"{first}&revision=0",
        f"{first}&revision=999",
        "latest",
    ):
        assert said(hot.ask(path + wrong)) == said(slow.ask(path + wrong)), wrong

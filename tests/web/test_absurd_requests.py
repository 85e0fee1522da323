"""No request, however absurd, gets a 500 or is told what is inside; a refusal is fast and brief."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from urllib.parse import quote, unquote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient
from starlette.types import Message

pytestmark = pytest.mark.db

COORDINATES = [
    "-1", "+1", "%2B1", "01", "00", "%201", "1%20", "1_0", "1e3", "1.0", "0x1", "%D9%A3", "%EF%BC%91", "²",
    "1%00", "%00", "1%0A", "1%0D%0AX-Evil:1", "NaN", "Infinity", "null", "undefined", "{z}", "%7Bz%7D", "*",
    "9" * 30, "9" * 10_000, "1;2", "1,2", "1'--", "%25", "%ff", "%F0%9F%98%80", "true", "@", "~",
    "2147483648", "18446744073709551616",
]  # fmt: skip
OUTSIDE = [
    "0/0/1", "0/1/0", "6/64/0", "6/0/64", "31/0/0", "32/0/0", "255/0/0", "9999/0/0", "24/16777216/0",
    "15/0/0", "8/256/256", "1/2/1",
]  # fmt: skip
TIMES = [
    "", "%20", "now", "true", "null", "2024", "2024-01", "20231109", "2023-11-9", "2023-13-01", "2023-02-29",
    "0000-01-01", "0001-01-01", "9999-12-31", "9999-12-31T23:59:59Z",
    "10000-01-01", "-0044-03-15", "%2B2023-11-09", "1e9", "NaN",
    "1699531200", "2023-11-09T24:00:00Z", "2016-12-31T23:59:60Z", "2023-11-09T12:00:00",
    "2023-11-09T12:00:00+02:00", "2023-11-09T12:00:00%2B24:00", "9999-12-31T23:59:59.999999Z",
    "0001-01-01T00:00:00%2B00:01", "%D9%A2%D9%A0%D9%A2%D9%A3-11-09", "2023-11-09%00", "%00", "%ff",
    "a" * 10_000, "2023-11-09/2023-11-01", "2023-11-09/P1D", "a/b/c", "..", "...",
    "2023-11-09'; DROP TABLE layer;--", "2023-11-09%0d%0aSet-Cookie:a=b",
    "%3Cscript%3Ealert(1)%3C/script%3E", "{datetime}", "$1", "2023-W45-4",
]  # fmt: skip
# Odd, and yet they say something.
SENSIBLE_TIMES = [
    "0002-01-01", "9998-12-31", "1918-11-11", "2199-01-01", "../..", "/", "../", "/..", "9998-12-31/..",
    "0002-01-01T00:00:00Z/9998-01-01T00:00:00Z", "2023-11-09t00:00:00z",
    "2023-11-09T00:00:00.123456789-11:30",
]  # fmt: skip
QUERIES = [
    "datetime[]=2023-11-09", "date=2023-11-09", "datetime=2023-11-09&datetime=2023-11-10",
    "datetime=2023-11-09&datetime=2023-11-09", "datetime=2023-11-09&fresh_tiles=1", "b=2&a=1", "=", "&&&x",
    "datetime=2023-11-09;revision=1", "revision=", "revision=-1", "revision=1e3",
    "revision=99999999999999999999", "revision=%D9%A3", "revision=1&revision=2", "%00=1", "%ff=%ff",
    "x="+"y" * 100_000, "&".join("a=1" for _ in range(500)), "DATETIME=2023-11-09", "datetime%20=2023-11-09",
    "callback=alert", "bbox=0,0,1,1", "properties=id",
]  # fmt: skip
PATHS = [
    "/static/../app.py", "/static/..%2fapp.py", "/static/%2e%2e/app.py", "/static/%2e%2e%2fapp.py",
    "/static/%252e%252e/app.py", "/static/..%252fapp.py", "/static/..%5capp.py", "/static/..\\app.py",
    "/static//etc/passwd", "/static/%2fetc%2fpasswd", "/static/assets/../../app.py", "/static/a%00b",
    "/static/%00", "/static/"+"a" * 300, "/static/"+"a/" * 2000, "/static/", "/static", "/static/assets",
    "/static/.built", "/tiles/../app.py", "/tiles/..%2f..%2fapp.py", "/tiles/%2e%2e/0/0/0.mvt",
    "/tiles/..%5c/0/0/0.mvt", "/tiles/ukraine-sample/../ukraine-sample/6/38/22.mvt",
    "/tiles/ukraine-sample/6/38/22.mvt/", "/tiles/ukraine-sample/6/38/22.mvt%00",
    "/tiles/ukraine-sample/6/38/22.mvt%2f..", "/tiles/ukraine-sample//38/22.mvt", "/tiles/%00/6/38/22.mvt",
    "/tiles/%ff/6/38/22.mvt", "/tiles//6/38/22.mvt", "/tiles/ukraine-sample'--/6/38/22.mvt",
    "/tiles/"+"x" * 10_000+"/6/38/22.mvt", "/tiles/,/6/38/22.mvt",
    "/tiles/ukraine-sample.control%00/6/38/22.mvt", "/tiles/$1/6/38/22.mvt",
    "/tiles/UKRAINE-SAMPLE/6/38/22.mvt", "/tiles/ukraine-sample/1-1-~0-_-_-_/6/38/22.mvt",
    "/tiles/ukraine-sample/1-1-zzzzzzzzzzzzz-_-_-_/6/38/22.mvt",
    "/tiles/ukraine-sample/1-999999999999999-_-_-_-_/6/38/22.mvt", "/tilesets/", "/tilesets/%00",
    "/tilesets/..", "/tilesets/ukraine-sample/timeline/", "/tilesets/ukraine-sample?x=1", "/tilesets?x=1",
    "/styles/..json", "/styles/%2e%2e%2fapp.json", "/styles/%00.json", "/styles/"+"s" * 9000+".json",
    "/styles/ukraine-sample.json?datetime=x", "/tilesets/ukraine-sample/timeline?revision=0", "/.git/config",
    "/metrics%00", "/%2e%2e/%2e%2e/etc/passwd", "/server-status", "/wp-login.php", "/%", "/%zz",
]  # fmt: skip

# What only the inside knows: statements, tracebacks, places on the disk, addresses of the database.
_INSIDE = re.compile(
    rb"SELECT |INSERT |ST_AsMVT|feature_version|Traceback|asyncpg|site-packages|File \"|/work/|/tmp/|/home/"
    rb"|postgresql://|0x[0-9a-f]{8}"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and how long it took."""

    status: int
    headers: dict[str, str]
    content: bytes
    seconds: float


def _send(client: TestClient, url: str) -> Answer:
    """Ask as a server passes it on: percent signs undone once, nothing normalised."""
    path, _, query = url.partition("?")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(b"host", b"testserver")],
        "server": ("testserver", 80),
    }
    sent: list[Message] = []

    asked = False

    async def receive() -> Message:
        nonlocal asked
        if asked:  # a server has nothing more to tell until the client goes
            await asyncio.Event().wait()
        asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    assert client.portal is not None
    started = time.perf_counter()
    client.portal.call(client.app, scope, receive, send)
    headers = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    content = b"".join(message.get("body", b"") for message in sent[1:])
    return Answer(sent[0]["status"], headers, content, time.perf_counter() - started)


def _refused(client: TestClient, url: str, statuses: tuple[int, ...] = (400, 404)) -> None:
    answer = _send(client, url)
    assert answer.status in statuses
    assert answer.seconds < 5  # refused at once; the rest is the machine being busy
    assert len(answer.content) < 700
    assert not _INSIDE.search(answer.content)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/problem+json"
    assert "set-cookie" not in answer.headers
    assert "x-evil" not in answer.headers


@pytest.mark.parametrize("text", COORDINATES, ids=lambda text: repr(text[:20]))
@pytest.mark.parametrize("place", range(3))
def test_an_absurd_coordinate_is_refused(client: TestClient, text: str, place: int) -> None:
    parts = ["6", "38", "22"]
    parts[place] = text
    _refused(client, f"/tiles/ukraine-sample/{'/'.join(parts)}.mvt")


@pytest.mark.parametrize("address", OUTSIDE)
def test_what_is_outside_the_matrix_is_not_found(client: TestClient, address: str) -> None:
    _refused(client, f"/tiles/ukraine-sample/{address}.mvt", (404,))


@pytest.mark.parametrize("text", TIMES, ids=lambda text: repr(text[:20]))
@pytest.mark.parametrize(
    "path",
    [
        "/tiles/ukraine-sample/6/38/22.mvt",
        "/styles/ukraine-sample.json",
        "/tilesets/ukraine-sample",
        "/tilesets/ukraine-sample.control/km2.csv",
    ],
)
def test_an_absurd_time_is_refused(client: TestClient, path: str, text: str) -> None:
    _refused(client, f"{path}?datetime={text}", (400,))


ENDS = [
    "..", "latest", "0001-01-01", "9999-12-31", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "%00", "+",
    "2023-11-09T24:00:00Z", "2016-12-31T23:59:60Z", "2023-11-08%2F2023-11-09", "1-0-0-0-00000000",
]  # fmt: skip


@pytest.mark.parametrize("one", ENDS)
@pytest.mark.parametrize("suffix", ["/6/38/22.mvt", ".json"])
def test_an_absurd_end_of_a_change_is_answered_or_refused(client: TestClient, one: str, suffix: str) -> None:
    for other in (*ENDS, "2023-11-09"):
        answer = _send(client, f"/changes/ukraine-sample/{one}/{other}{suffix}")
        assert answer.status in (200, 204, 400, 404)
        assert not _INSIDE.search(answer.content)


@pytest.mark.parametrize("text", SENSIBLE_TIMES)
@pytest.mark.parametrize("layer", ["control", "events"])
def test_an_odd_time_is_answered(client: TestClient, layer: str, text: str) -> None:
    answer = _send(client, f"/tiles/ukraine-sample.{layer}/6/38/22.mvt?datetime={text}")
    assert answer.status in (200, 204)


@pytest.mark.parametrize("query", QUERIES, ids=lambda text: repr(text[:30]))
def test_a_junk_query_is_refused(client: TestClient, query: str) -> None:
    _refused(client, f"/tiles/ukraine-sample/6/38/22.mvt?{query}", (400,))


@pytest.mark.parametrize("path", PATHS, ids=lambda text: repr(text[:60]))
def test_a_path_that_leads_nowhere_is_refused(client: TestClient, path: str) -> None:
    _refused(client, path)


def test_junk_leaves_nothing_in_memory(client: TestClient) -> None:
    cache = client.app.state.service.cache  # type: ignore[attr-defined]
    _send(client, "/tiles/ukraine-sample/6/0/0.mvt")
    before = len(cache)
    for number in range(300):
        _send(client, f"/tiles/ukraine-sample/6/0/0.mvt?x={number}")
        _send(client, f"/tiles/ukraine-sample/6/0/0.mvt?datetime=2099-01-01T00:00:00.{number:06}Z")
    assert len(cache) <= before + 1


printable = st.text(st.characters(codec="utf-8"), max_size=60)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(printable, min_size=1, max_size=6), st.sampled_from(["tiles", "tilesets", "styles", "static"])
)
@example(["\0"], "static")
@example(["..", "..", "app.py"], "static")
def test_any_path_is_answered_or_refused(client: TestClient, parts: list[str], root: str) -> None:
    answer = _send(client, f"/{root}/" + "/".join(quote(part, safe="") for part in parts))
    assert answer.status in (200, 204, 400, 404)
    assert not _INSIDE.search(answer.content)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["datetime", "revision", "x"]) | printable, printable), max_size=4))
def test_any_query_is_answered_or_refused(client: TestClient, pairs: list[tuple[str, str]]) -> None:
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
    answer = _send(client, f"/tiles/ukraine-sample.control/6/38/22.mvt?{query}")
    assert answer.status in (200, 204, 400)
    assert not _INSIDE.search(answer.content)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from(["accept-encoding", "if-none-match", "host", "range", "origin", "accept"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=80),
        max_size=4,
    )
)
@example({"host": "[::::]"})
@example({"host": "["})
def test_any_header_is_answered(client: TestClient, headers: dict[str, str]) -> None:
    for path in (
        "/tilesets/ukraine-sample",
        "/tiles/ukraine-sample/6/38/22.mvt",
        "/tilesets/ukraine-sample/",
    ):
        assert client.get(path, headers=headers).status_code in (200, 304, 404)

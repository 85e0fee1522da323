"""Server processes that share a Valkey or Redis draw each tile once, and serve on whatever becomes of it."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import NamedTuple

import pytest
from starlette.testclient import TestClient

from tests.conftest import NOW, serving, settings_for
from tests.stores import Store
from tileserver.web.app import create_app

pytestmark = pytest.mark.db

TILES = [
    f"/tiles/ukraine-sample/{z}/{x}/{y}.mvt?datetime=2023-11-09"
    for z, x, y in ((5, 19, 11), (6, 38, 22), (6, 37, 21), (7, 76, 44), (4, 9, 5))
]


class Got(NamedTuple):
    """An answer, and the farthest tier asked for it, as told to whoever began the work."""

    status: int
    body: bytes
    tier: str


def _get(url: str) -> Got:
    request = urllib.request.Request(url, headers={"Accept-Encoding": "identity"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        tier = answer.headers.get("Server-Timing", "").partition(";")[0]
        return Got(answer.status, answer.read(), tier)


async def _all(urls: list[str]) -> list[Got]:
    return list(await asyncio.gather(*(asyncio.to_thread(_get, url) for url in urls)))


def _trouble(url: str) -> str:
    answer = _get(f"{url}/readyz")
    assert answer.status == 200
    said: str = json.loads(answer.body).get("shared cache", "")
    return said


def test_a_hundred_requests_for_a_cold_tile_over_two_processes_draw_it_once(
    sample_database: str, empty_store: Store
) -> None:
    setting = {
        "TILESERVER_SHARED_CACHE": empty_store.url,
        "TILESERVER_SHELF": "",
        "TILESERVER_SERVER_TIMING": "on",
    }
    with serving(sample_database, **setting) as one, serving(sample_database, **setting) as two:
        for tile in TILES:
            answers = asyncio.run(_all([f"{url}{tile}" for _ in range(50) for url in (one, two)]))
            assert len({(answer.status, answer.body) for answer in answers}) == 1
            assert answers[0].status == 200
            tiers = Counter(answer.tier for answer in answers)
            assert tiers["postgis"] == 1, tiers
    with serving(sample_database, **setting) as later:
        assert {_get(f"{later}{tile}").tier for tile in TILES} == {"shared"}


def test_a_shared_server_that_goes_and_comes_fails_no_reader_and_is_named_in_readyz(
    sample_database: str, empty_store: Store
) -> None:
    setting = {"TILESERVER_SHARED_CACHE": empty_store.url, "TILESERVER_SHELF": "", "TILESERVER_CACHE_MB": "1"}
    with serving(sample_database, **setting) as one, serving(sample_database, **setting) as two:
        expected = {tile: _get(f"{one}{tile}").body for tile in TILES}
        assert _trouble(one) == ""
        empty_store.stop()
        moved = [
            tile.replace("2023-11-09", f"2023-1{month}-0{day}")
            for tile in TILES
            for month in (0, 1, 2)
            for day in (1, 5, 8)
        ]
        answers = asyncio.run(_all([f"{url}{tile}" for tile in moved for url in (one, two)]))
        assert {answer.status for answer in answers} == {200}
        assert [each.body for each in answers[::2]] == [each.body for each in answers[1::2]]
        assert _trouble(one) == _trouble(two) == "it cannot be reached"
        empty_store.start()
        deadline = time.monotonic() + 15
        while (_trouble(one) or _trouble(two)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert _trouble(one) == _trouble(two) == ""
        assert {tile: _get(f"{two}{tile}").body for tile in TILES} == expected


def test_what_the_shared_server_holds_is_given_to_nobody_before_it_is_public(
    sample_database: str, empty_store: Store
) -> None:
    """A server with a clock of before the horizon shares with one of today."""
    early = datetime(2023, 11, 9, 12, tzinfo=UTC)
    path = "/tiles/ukraine-sample.control/6/38/22.mvt"
    names = set()
    with ExitStack() as stack:
        apps = []
        for clock in (lambda: NOW, lambda: early):
            settings = settings_for(
                sample_database, TILESERVER_SHARED_CACHE=empty_store.url, TILESERVER_SHELF=""
            )
            apps.append(stack.enter_context(TestClient(create_app(settings, clock))))
        late, before = apps
        for day in range(1, 29):
            for month in (10, 11, 12):
                answer = late.get(path, params={"datetime": f"2023-{month}-{day:02}"})
                names.add(answer.headers["Content-Location"])
        known = {
            before.get(path, params={"datetime": f"2023-{month}-{day:02}"}).headers["Content-Location"]
            for day in range(1, 29)
            for month in (10, 11, 12)
        }
        hidden = names - known
        assert hidden
        assert {before.get(each).status_code for each in hidden} == {404}
        assert {late.get(each).status_code for each in hidden} == {200}

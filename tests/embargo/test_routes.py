"""Law: until the horizon passes, no route answers otherwise than if there were no secret."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient, Response
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from tests.conftest import settings_for
from tests.embargo.conftest import Servers
from tests.embargo.exits import BESIDE_THE_TABLE, ROUTES, Ask, Learned, worth_learning
from tests.embargo.said import DECLARED, TIME_OF_IMPORT, said
from tests.embargo.world import DAY_END, EMBARGO, LONG
from tileserver.times import parse_instant
from tileserver.web.app import create_app

SECOND = timedelta(seconds=1)
SHORT = ("no-store", "public, max-age=60")

pytestmark = pytest.mark.db


def paths(routes: Sequence[Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every route with its whole path; of a mounted application each of its routes."""
    for route in routes:
        if inner := getattr(route, "routes", None):
            yield from paths(inner, prefix + route.path)
        else:
            yield prefix + route.path, route


def uncovered(routes: Sequence[Any]) -> list[str]:
    return [path for path, _ in paths(routes) if path not in ROUTES]


def _answers(server: TestClient, asks: Sequence[Ask]) -> list[Response]:
    """Ask all that on the server's own loop, which saves a change of threads for each."""

    async def ask_all() -> list[Response]:
        inside = ASGITransport(server.app, raise_app_exceptions=False)
        async with AsyncClient(transport=inside, base_url="http://testserver") as client:
            return [await client.request(ask.method, ask.path, headers=ask.headers) for ask in asks]

    assert server.portal is not None
    answers = server.portal.call(ask_all)
    failed = [str(ask) for ask, answer in zip(asks, answers, strict=True) if answer.status_code == 500]
    assert not failed, "failed:\n" + "\n".join(failed)
    return answers


@pytest.fixture(scope="module")
def learned(servers: Servers) -> list[Learned]:
    """What is known to somebody who has seen it all; from here on the servers have it in memory."""
    servers.clock.now = DAY_END + LONG + SECOND
    wanted = list(worth_learning())
    return [
        Learned(ask, answer.headers["content-location"], answer.headers["etag"])
        for ask, answer in zip(wanted, _answers(servers.secret, wanted), strict=True)
        if answer.status_code != 404
    ]


@pytest.fixture(scope="module")
def asks(learned: list[Learned]) -> list[Ask]:
    return [*(ask for each in ROUTES.values() for ask in each.asks(learned)), *BESIDE_THE_TABLE]


def test_every_route_has_its_answer(world: Any) -> None:
    routes = create_app(settings_for(world.innocent)).routes
    assert not uncovered(routes), "say in ROUTES how these are tried, or why they can carry no data"
    assert set(ROUTES) == {path for path, _ in paths(routes)}, "these are no longer there"
    methods = {method for _, route in paths(routes) for method in getattr(route, "methods", ())}
    assert methods == {"GET", "HEAD"}


def test_a_new_route_is_not_covered() -> None:
    async def new(_: Any) -> None: ...

    deep = Mount("/deep", routes=[Route("/x", new)])
    inside = Mount("/exports", routes=[Route("/{day}.geojson", new), deep])
    routes = [Route("/healthz", new), Route("/leak", new), inside]
    assert uncovered(routes) == ["/leak", "/exports/{day}.geojson", "/exports/deep/x"]


def test_a_route_shows_something_or_says_why_it_cannot(learned: list[Learned]) -> None:
    for path, each in ROUTES.items():
        assert any(ask.shows for ask in each.asks(learned)) != bool(each.mute), path


def _differing(
    one: TestClient, other: TestClient, asks: Sequence[Ask], but_for: set[str]
) -> Iterator[tuple[Ask, str]]:
    for ask, *answers in zip(asks, _answers(one, asks), _answers(other, asks), strict=True):
        first, second = (said(answer, ask, but_for=but_for) for answer in answers)
        if first != second:
            yield ask, f"{ask}\n  {str(first)[:500]}\n  {str(second)[:500]}"


@pytest.mark.parametrize("until", [EMBARGO, LONG], ids=["48h", "7d"])
def test_one_second_before_the_horizon_there_might_be_no_secret(
    servers: Servers, asks: list[Ask], until: timedelta
) -> None:
    servers.clock.now = DAY_END + until - SECOND
    early = [ask for ask in asks if ask.until >= until]
    found = [lines for _, lines in _differing(servers.secret, servers.innocent, early, DECLARED)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("until", [EMBARGO, LONG], ids=["48h", "7d"])
def test_one_second_before_the_horizon_it_might_be_another_secret(
    servers: Servers, asks: list[Ask], until: timedelta
) -> None:
    servers.clock.now = DAY_END + until - SECOND
    early = [ask for ask in asks if ask.until >= until]
    found = [lines for _, lines in _differing(servers.secret, servers.other, early, TIME_OF_IMPORT)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("until", [EMBARGO, LONG], ids=["48h", "7d"])
def test_one_second_after_it_the_secret_is_there_and_nowhere_else(
    servers: Servers, asks: list[Ask], until: timedelta
) -> None:
    servers.clock.now = DAY_END + until + SECOND
    public = [ask for ask in asks if ask.until == until]
    shown = {ask for ask, _ in _differing(servers.secret, servers.innocent, public, DECLARED)}
    missing = [str(ask) for ask in public if ask.shows and ask not in shown]
    assert not missing, "no secret in:\n" + "\n".join(missing)
    elsewhere = [str(ask) for ask in shown if not ask.shows]
    assert not elsewhere, "the secret in:\n" + "\n".join(elsewhere)


@pytest.mark.parametrize("until", [EMBARGO, LONG], ids=["48h", "7d"])
def test_nothing_said_before_the_horizon_may_be_kept_beyond_it(
    servers: Servers, asks: list[Ask], until: timedelta
) -> None:
    own = [ask for ask in asks if ask.until == until]
    servers.clock.now = DAY_END + until - SECOND
    early = _answers(servers.secret, own)
    servers.clock.now = DAY_END + until + SECOND
    for ask, before, after in zip(own, early, _answers(servers.secret, own), strict=True):
        assert "expires" not in before.headers, str(ask)
        if (before.status_code, before.content) != (after.status_code, after.content):
            assert before.headers["cache-control"] in SHORT, str(ask)
        for end in before.headers.get("ogcapi-datetime", "..").split("/"):
            assert end == ".." or parse_instant(end) < DAY_END, str(ask)

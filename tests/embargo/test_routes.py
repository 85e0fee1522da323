"""Law: until the horizon passes, no route answers otherwise than if there were no secret."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import Response
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from tests.conftest import settings_for
from tests.embargo.conftest import Servers
from tests.embargo.exits import BESIDE_THE_TABLE, ROUTES, Ask, Learned, worth_learning
from tests.embargo.said import DECLARED, TIME_OF_IMPORT, said
from tests.embargo.world import DAY_END, EMBARGO, LONG
from tileserver.web.app import create_app

SECOND = timedelta(seconds=1)

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


def _send(client: TestClient, ask: Ask) -> Response:
    headers = {"Accept-Encoding": ask.coding, **({"If-None-Match": ask.etag} if ask.etag else {})}
    answer = client.request(ask.method, ask.path, headers=headers)
    assert answer.status_code != 500, str(ask)
    return answer


@pytest.fixture(scope="module")
def learned(servers: Servers) -> list[Learned]:
    """What is known to somebody who has seen it all; from here on the servers have it in memory."""
    servers.clock.now = DAY_END + LONG + SECOND
    answers = [(ask, _send(servers.secret, ask)) for ask in worth_learning()]
    return [
        Learned(ask, answer.headers["content-location"], answer.headers["etag"])
        for ask, answer in answers
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


def _differing(ask: Ask, one: TestClient, other: TestClient, but_for: set[str]) -> list[str]:
    first, second = (said(_send(client, ask), ask, but_for=but_for) for client in (one, other))
    return [] if first == second else [f"{ask}\n  {str(first)[:400]}\n  {str(second)[:400]}"]


@pytest.mark.parametrize("until", [EMBARGO, LONG], ids=["48h", "7d"])
def test_one_second_before_the_horizon_there_might_be_no_secret(
    servers: Servers, asks: list[Ask], until: timedelta
) -> None:
    servers.clock.now = DAY_END + until - SECOND
    early = [ask for ask in asks if ask.until >= until]
    found = [line for ask in early for line in _differing(ask, servers.secret, servers.innocent, DECLARED)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("until", [EMBARGO, LONG], ids=["48h", "7d"])
def test_one_second_before_the_horizon_it_might_be_another_secret(
    servers: Servers, asks: list[Ask], until: timedelta
) -> None:
    servers.clock.now = DAY_END + until - SECOND
    early = [ask for ask in asks if ask.until >= until]
    found = [line for ask in early for line in _differing(ask, servers.secret, servers.other, TIME_OF_IMPORT)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("until", [EMBARGO, LONG], ids=["48h", "7d"])
def test_one_second_after_it_the_secret_is_there_and_nowhere_else(
    servers: Servers, asks: list[Ask], until: timedelta
) -> None:
    servers.clock.now = DAY_END + until + SECOND
    public = [ask for ask in asks if ask.until == until]
    found = {ask: bool(_differing(ask, servers.secret, servers.innocent, DECLARED)) for ask in public}
    missing = [str(ask) for ask, shown in found.items() if ask.shows and not shown]
    assert not missing, "no secret in:\n" + "\n".join(missing)
    elsewhere = [str(ask) for ask, shown in found.items() if shown and not ask.shows]
    assert not elsewhere, "the secret in:\n" + "\n".join(elsewhere)

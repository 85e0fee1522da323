"""Law: until the horizon passes, no route answers otherwise than if there were no secret."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient, Response
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from tests.conftest import settings_for
from tests.embargo.conftest import Servers
from tests.embargo.exits import BESIDE_THE_TABLE, NEWEST, NEWEST_WITHOUT, ROUTES, Ask, Learned, worth_learning
from tests.embargo.said import DECLARED, TIME_OF_IMPORT, said
from tests.embargo.world import DAY_END, EMBARGO, LONG
from tileserver.times import parse_instant
from tileserver.web.app import create_app

SECOND = timedelta(seconds=1)
STALE = "public, max-age=60, stale-while-revalidate=60, stale-if-error=600"  # of a date that is named
SHORT = ("no-store", "no-cache", "public, max-age=60", STALE)  # no-cache: asked about before each use

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


def answers_of(
    server: TestClient, asks: Sequence[Ask], more: Mapping[str, str] | None = None
) -> list[Response]:
    """Ask all that on the server's own loop, which saves a change of threads for each; *more* are headers."""

    async def ask_all() -> list[Response]:
        inside = ASGITransport(server.app, raise_app_exceptions=False)
        async with AsyncClient(transport=inside, base_url="http://testserver") as client:
            client.headers.update(more or {})
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
        for ask, answer in zip(wanted, answers_of(servers.secret, wanted), strict=True)
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


GAINS = [Ask("/tilesets/toy/gains.json"), Ask("/tilesets/toy.control/gains.json")]


def asked_of(server: str, ask: Ask) -> Ask:
    """Return *ask* as *server* understands it: without a secret the newest revision has a lower number.

    Another one is refused, which says that something was imported: declared, see `tests.embargo.said`.
    """
    if server != "innocent":
        return ask
    return replace(ask, path=ask.path.replace(f"revision={NEWEST}", f"revision={NEWEST_WITHOUT}"))


Hear = Callable[[str, timedelta, timedelta], dict[Ask, Response]]


@pytest.fixture(scope="module")
def hear(servers: Servers, asks: list[Ask]) -> Hear:
    """A function that returns what a server answers so much later than the horizon of an embargo passes.

    To all that is under that embargo or a longer one; each is asked once.
    """
    heard: dict[tuple[str, timedelta, timedelta], dict[Ask, Response]] = {}

    def hear(server: str, until: timedelta, later: timedelta) -> dict[Ask, Response]:
        if (server, until, later) not in heard:
            servers.clock.now = DAY_END + until + later
            own = [ask for ask in asks if ask.until >= until]
            answers_of(getattr(servers, server), GAINS)  # whose sentence pages have once they are in memory
            answers = answers_of(getattr(servers, server), [asked_of(server, ask) for ask in own])
            heard[server, until, later] = dict(zip(own, answers, strict=True))
        return heard[server, until, later]

    return hear


def differing(
    some: dict[Ask, Response], others: dict[Ask, Response], but_for: set[str]
) -> Iterator[tuple[Ask, str]]:
    for ask, answer in some.items():
        first, second = (said(each, ask, but_for=but_for) for each in (answer, others[ask]))
        if first != second:
            yield ask, f"{ask}\n  {str(first)[:500]}\n  {str(second)[:500]}"


@pytest.mark.parametrize("until", [EMBARGO, LONG], ids=["48h", "7d"])
def test_one_second_before_the_horizon_there_might_be_no_secret(hear: Hear, until: timedelta) -> None:
    secret, innocent = hear("secret", until, -SECOND), hear("innocent", until, -SECOND)
    found = [lines for _, lines in differing(secret, innocent, DECLARED)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("until", [EMBARGO, LONG], ids=["48h", "7d"])
def test_one_second_before_the_horizon_it_might_be_another_secret(hear: Hear, until: timedelta) -> None:
    secret, other = hear("secret", until, -SECOND), hear("other", until, -SECOND)
    found = [lines for _, lines in differing(secret, other, TIME_OF_IMPORT)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("until", [EMBARGO, LONG], ids=["48h", "7d"])
def test_one_second_after_it_the_secret_is_there_and_nowhere_else(hear: Hear, until: timedelta) -> None:
    secret, innocent = hear("secret", until, SECOND), hear("innocent", until, SECOND)
    shown = {ask for ask, _ in differing(secret, innocent, DECLARED) if ask.until == until}
    missing = [str(ask) for ask in secret if ask.until == until and ask.shows and ask not in shown]
    assert not missing, "no secret in:\n" + "\n".join(missing)
    elsewhere = [str(ask) for ask in shown if not ask.shows]
    assert not elsewhere, "the secret in:\n" + "\n".join(elsewhere)


@pytest.mark.parametrize("until", [EMBARGO, LONG], ids=["48h", "7d"])
def test_nothing_said_before_the_horizon_may_be_kept_beyond_it(hear: Hear, until: timedelta) -> None:
    later = hear("secret", until, SECOND)
    for ask, before in hear("secret", until, -SECOND).items():
        assert "expires" not in before.headers, str(ask)
        if (before.status_code, before.content) != (later[ask].status_code, later[ask].content):
            assert before.headers["cache-control"] in SHORT, str(ask)
        for end in before.headers.get("ogcapi-datetime", "..").split("/"):
            assert end == ".." or parse_instant(end) < DAY_END, str(ask)


def test_equal_bodies_have_equal_tags_and_no_others_do(hear: Hear) -> None:
    early, late = hear("secret", EMBARGO, -SECOND), hear("secret", EMBARGO, SECOND)
    for others in (hear("innocent", EMBARGO, -SECOND), late):
        for ask, answer in early.items():
            one, other = (each.headers.get("etag") for each in (answer, others[ask]))
            if one and other and answer.status_code == others[ask].status_code == 200 and ask.method == "GET":
                assert (answer.content == others[ask].content) == (one == other), str(ask)

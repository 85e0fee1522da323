"""Law: what an embargo class may see earlier is seen by its keys, and by nothing and nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from httpx2 import Response

from tests.conftest import settings_for
from tests.embargo.conftest import Clock, Servers
from tests.embargo.exits import AT_SECRET, BESIDE_THE_TABLE, BOTH_PLACES, ROUTES, Ask, Learned, worth_learning
from tests.embargo.said import DECLARED, TIME_OF_IMPORT
from tests.embargo.test_routes import SECOND, answers_of, asked_of, differing
from tests.embargo.world import DAY_END, EMBARGO, LONG, World
from tests.web.keys import bearer_of, let_in, stored
from tests.web.wires import Line, listening
from tileserver.web.app import create_app
from tileserver.web.keys_text import make_key
from tileserver.web.keys_visit import OPENED

CLASS = timedelta(hours=24)

pytestmark = pytest.mark.db

PARTNER, HOLDER, REVOKED = make_key(), make_key(), make_key()
KEYS = (
    stored(PARTNER, embargo_class="partners"),
    stored(HOLDER),
    stored(REVOKED, embargo_class="partners", revoked=DAY_END),
)


def is_earlier(ask: Ask) -> bool:
    """Whether the class is shown the secret at *ask*: not of another theatre, and no layer's own embargo."""
    return ask.shows and ask.until == EMBARGO and ask.path.startswith(OPENED) and "toy" in ask.path


@pytest.fixture(scope="module")
def asks(servers: Servers) -> list[Ask]:
    """All that can be asked, by somebody who once saw it all; the keys are known to all servers."""
    for server in (servers.secret, servers.other, servers.innocent):
        let_in(server.app, *KEYS)
    servers.clock.now = DAY_END + LONG + SECOND
    seen = answers_of(servers.secret, list(worth_learning()))
    learned = [
        Learned(ask, answer.headers["content-location"], answer.headers["etag"])
        for ask, answer in zip(worth_learning(), seen, strict=True)
        if answer.status_code != 404
    ]
    return [*(ask for each in ROUTES.values() for ask in each.asks(learned)), *BESIDE_THE_TABLE]


def heard(servers: Servers, server: str, asks: list[Ask], key: str = "") -> dict[Ask, Response]:
    asked = [asked_of(server, ask) for ask in asks]
    answers = answers_of(getattr(servers, server), asked, bearer_of(key) if key else None)
    return dict(zip(asks, answers, strict=True))


def test_the_class_has_an_embargo_of_its_own_and_obeys_it(servers: Servers, asks: list[Ask]) -> None:
    servers.clock.now = DAY_END + CLASS - SECOND
    secret, other = (heard(servers, each, asks, PARTNER.text) for each in ("secret", "other"))
    found = [lines for _, lines in differing(secret, other, TIME_OF_IMPORT)]
    assert not found, "\n".join(found)


def test_the_class_sees_the_secret_then_and_nobody_else_anything(servers: Servers, asks: list[Ask]) -> None:
    servers.clock.now = DAY_END + CLASS + SECOND
    early = {each: heard(servers, each, asks, PARTNER.text) for each in ("secret", "other", "innocent")}
    elsewhere = {ask for ask, _ in differing(early["secret"], early["other"], TIME_OF_IMPORT)}
    assert not [str(ask) for ask in elsewhere if not is_earlier(ask)], "the secret elsewhere"
    shown = {ask for ask, _ in differing(early["secret"], early["innocent"], DECLARED)}
    assert not [str(ask) for ask in asks if is_earlier(ask) and ask not in shown], "no secret"
    for ask, answer in early["secret"].items():
        if ask.path.startswith(OPENED) and "/toy" in ask.path and ask.method in ("GET", "HEAD"):
            assert "public" not in answer.headers["cache-control"], str(ask)
            assert "Authorization, X-Api-Key" in answer.headers.get("vary", "") or answer.status_code >= 400
    # And now that the server has all of it in memory: everybody, in every other way to ask.
    for key in ("", HOLDER.text):
        public, unknowing = (heard(servers, each, asks, key) for each in ("secret", "other"))
        found = [lines for _, lines in differing(public, unknowing, TIME_OF_IMPORT)]
        assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "shown", [REVOKED.text, f"tsk_{PARTNER.id}_{HOLDER.text[-43:]}"], ids=["revoked", "unknown"]
)
def test_a_key_that_is_not_good_opens_nothing(servers: Servers, asks: list[Ask], shown: str) -> None:
    servers.clock.now = DAY_END + CLASS + SECOND
    few = [ask for ask in asks if is_earlier(ask)][::5]
    for ask, answer in heard(servers, "secret", few, shown).items():
        assert (answer.status_code, len(answer.content) < 250) == (401, True), str(ask)


def test_over_the_wire_nothing_of_the_class_is_left_for_the_next_who_asks(world: World) -> None:
    clock = Clock(DAY_END + CLASS + SECOND)
    apps = [create_app(settings_for(dsn), clock) for dsn in (world.secret, world.innocent)]
    same = {"Accept-Encoding": "identity"}
    with listening(apps[0]) as port, listening(apps[1]) as other, Line(port) as line, Line(other) as innocent:
        for each in (line, innocent):
            each.ask("/tilesets")
        let_in(apps[0], *KEYS)
        for where in (f"{BOTH_PLACES}.mvt", f"{AT_SECRET}.mvt?datetime=2024-01-09"):
            path = f"/tiles/toy.control/{where}"
            plain = innocent.ask(path, same)
            assert line.ask(path, same).body == plain.body
            mark = "&" if "?" in path else "?"
            early = [line.ask(f"{path}{mark}key={PARTNER.text}", same) for _ in range(3)]
            assert len({reply.body for reply in early}) == 1
            assert early[0].body != plain.body
            assert all(reply.header("cache-control").startswith("private") for reply in early)
            tag, location = early[0].header("etag"), early[0].header("content-location")
            for asked in (same, {**same, "If-None-Match": tag}):
                again = line.ask(path, asked)
                assert (again.status, again.body, again.header("etag")) == (
                    plain.status,
                    plain.body,
                    plain.header("etag"),
                )
            assert line.ask(location, same).status == innocent.ask(location, same).status == 404
            named = line.ask(location, same | bearer_of(PARTNER.text))
            assert (named.status, named.body) == (200, early[0].body)
            assert line.ask(location, same).status == 404
            refused = line.ask(path, same | bearer_of(REVOKED.text))
            assert (refused.status, tag in str(refused.headers)) == (401, False)
        assert apps[0].state.gate.audiences.server("partners").hot.answered > 0, "none of it came from memory"

"""Keys at the door: what they open, what stays the same with them, and how soon they end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
from structlog.testing import capture_logs

from tests.conftest import NOW, settings_for
from tests.shapes import Feature, fill, in_tile, layer, square, theatre
from tests.web.keys import bearer_of, stored
from tests.web.wires import Line, Reply, listening
from tileserver.declared import EmbargoClass
from tileserver.grid import TileAddress
from tileserver.store.keys import StoredKey, add_key, find_usage, revoke_key
from tileserver.web import keys
from tileserver.web.app import create_app
from tileserver.web.keys_signed import Grant, secret_of, sign
from tileserver.web.keys_text import make_key

if TYPE_CHECKING:
    from tests.conftest import Databases

pytestmark = pytest.mark.db

PLACE = TileAddress(6, 38, 22)
OPEN, CLOSED = f"/tiles/toy.control/{PLACE}.mvt", f"/tiles/closed.control/{PLACE}.mvt"
BEFORE = datetime(2024, 1, 1, tzinfo=UTC)
SECRET = "thirty-two characters that nobody knows"
ANY, CLASS, POST, MINUTE, OLD, SITE, GONE = (make_key() for _ in range(7))
OF_ONE = ("x-request-id", "cache-status", "date", "ratelimit", "ratelimit-policy", "referrer-policy")


@pytest.fixture(scope="module")
def two(databases: Databases) -> str:
    """A public theatre with a class, one for holders of keys alone, and some keys."""
    dsn = databases.new()

    async def write(connection: asyncpg.Connection) -> None:
        shown = Feature("control", in_tile(PLACE, square(100, 100, 500)), BEFORE)
        classes = (EmbargoClass("partners", "0s"),)
        await fill(connection, theatre(layer("control"), embargo_classes=classes), [shown])
        await fill(connection, theatre(layer("control"), id="closed", access="keys"), [shown])
        for each in (
            stored(ANY),
            stored(CLASS, embargo_class="partners"),
            stored(POST, tilesets=("toy",)),
            stored(MINUTE, per_minute=3, per_month=1000),
            stored(OLD, expires=NOW),
            stored(SITE, origins=("https://post.example",)),
            stored(GONE, revoked=BEFORE),
        ):
            await add_key(connection, each)

    databases.run(dsn, write)
    return dsn


@dataclass
class Desk:
    """Servers over one database, a line to each, and what may be done to the database."""

    databases: Databases
    dsn: str
    apps: list[Any] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    def add(self, new: StoredKey) -> None:
        self.databases.run(self.dsn, lambda connection: add_key(connection, new))

    def revoke(self, key_id: str) -> None:
        self.databases.run(self.dsn, lambda connection: revoke_key(connection, key_id))


@pytest.fixture(scope="module")
def desk(databases: Databases, two: str) -> Iterator[Desk]:
    """Two servers."""
    desk = Desk(databases, two)
    with ExitStack() as stack:
        for _ in range(2):
            app = create_app(settings_for(two, TILESERVER_SIGNING_SECRET=SECRET), lambda: NOW)
            desk.apps.append(app)
            desk.lines.append(stack.enter_context(Line(stack.enter_context(listening(app)))))
            assert seconds_until(lambda: desk.lines[-1].ask(CLOSED, bearer_of(ANY.text)).status == 200) < 10
        yield desk


@pytest.fixture
def line(desk: Desk) -> Line:
    """A line to one of them."""
    return desk.lines[0]


def seconds_until(holds: Callable[[], bool]) -> float:
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < 20
        time.sleep(0.01)
    return time.monotonic() - begun


def seconds_to(status: int, line: Line, path: str, show: dict[str, str]) -> float:
    return seconds_until(lambda: line.ask(path, show).status == status)


def said(reply: Reply) -> object:
    return reply.status, [each for each in reply.headers if each[0] not in OF_ONE], reply.body


def test_what_is_public_is_the_same_with_and_without_a_key_and_kept_once(desk: Desk, line: Line) -> None:
    plain, hot = line.ask(OPEN), desk.apps[0].state.hot
    entries, weight = hot.answered, hot.weight
    for show in ({}, bearer_of(ANY.text), {"X-Api-Key": POST.text}):
        for path in (OPEN, f"{OPEN}?key={ANY.text}") if not show else (OPEN,):
            reply = line.ask(path, show)
            assert said(reply) == said(plain)
            assert reply.header("referrer-policy") == ("no-referrer" if show or "?" in path else "")
    assert (hot.answered - entries, hot.weight) == (4, weight)
    tag = plain.header("etag")
    assert line.ask(OPEN, bearer_of(ANY.text) | {"If-None-Match": tag}).status == 304
    assert line.ask(OPEN, bearer_of(ANY.text), "HEAD").status == 200


def test_the_last_headers_again_open_nothing_by_themselves(line: Line) -> None:
    for _ in range(3):
        assert line.ask(CLOSED, bearer_of(ANY.text)).status == 200
        assert line.ask(CLOSED).status == 404
        assert line.ask(f"{CLOSED}?key={ANY.text}").status == 200
        assert line.ask(CLOSED).status == 404


def test_a_theatre_for_holders_of_keys_does_not_exist_for_others(line: Line) -> None:
    for path in ("/tilesets/closed", "/styles/closed.json", "/corrections/closed", "/method/closed"):
        assert line.ask(path).status == 404
        assert b"closed" not in line.ask("/tilesets").body
    for path in ("/styles/closed.json", "/method/closed"):  # nor outside of the data for them
        assert line.ask(path, bearer_of(ANY.text)).status == 404
    assert b"closed" not in line.ask("/readyz").body
    reply = line.ask("/tilesets/closed", bearer_of(ANY.text))
    assert (reply.status, json.loads(reply.body)["name"] != "") == (200, True)
    assert "public" not in reply.header("cache-control")
    tile = line.ask(CLOSED, bearer_of(ANY.text))
    assert tile.header("cache-control") == "private, max-age=60"
    assert tile.header("vary").endswith(", Authorization, X-Api-Key")


@pytest.mark.parametrize(
    ("show", "status"),
    [
        (bearer_of(POST.text), 403),
        (bearer_of(OLD.text), 401),
        (bearer_of(GONE.text), 401),
        (bearer_of(f"tsk_{ANY.id}_{POST.text[-43:]}"), 401),
        ({"X-Api-Key": "guessed"}, 401),
        ({"X-Api-Key": ""}, 401),
        (bearer_of(ANY.text) | {"X-Api-Key": ANY.text}, 400),
        (bearer_of(SITE.text), 403),
        (bearer_of(SITE.text) | {"Origin": "https://post.example.evil.example"}, 403),
        (bearer_of(SITE.text) | {"Origin": "https://post.example"}, 200),
        (bearer_of(SITE.text) | {"Referer": "https://post.example/article?x"}, 200),
    ],
    ids=[  # not the keys: they are others in each process, which are to collect the same tests
        "others-tilesets",
        "expired",
        "revoked",
        "wrong-secret",
        "guessed",
        "empty",
        "two",
        "no-origin",
        "evil-origin",
        "origin",
        "referer",
    ],
)
def test_a_key_opens_what_it_is_for_and_a_refusal_is_a_problem(
    line: Line, show: dict[str, str], status: int
) -> None:
    reply = line.ask(CLOSED, show)
    assert reply.status == status
    if status != 200:
        assert json.loads(reply.body)["status"] == status
        assert (reply.header("cache-control"), reply.header("content-type")) == (
            "no-store",
            "application/problem+json",
        )
        assert (status == 401) == (reply.header("www-authenticate") != "")


def test_a_quota_is_told_and_then_refused(line: Line) -> None:
    replies = [line.ask(OPEN, bearer_of(MINUTE.text)) for _ in range(5)]
    assert [reply.status for reply in replies] == [200, 200, 200, 429, 429]
    assert replies[0].header("ratelimit-policy") == '"minute";q=3;w=60, "month";q=1000;w=2592000'
    assert replies[1].header("ratelimit").startswith('"minute";r=1;t=')
    assert 1 <= int(replies[3].header("retry-after")) <= 60
    assert json.loads(replies[3].body)["title"] == "Too Many Requests"
    kept = [reply.header("cache-control").partition(",")[0] for reply in replies]
    assert kept == ["private"] * 3 + ["no-store"] * 2  # on every way: a shared cache would tell it to others
    assert line.ask(OPEN).header("cache-control").startswith("public")
    assert line.ask(OPEN).status == 200


def test_an_address_in_absolute_form_is_looked_at_as_any_other(line: Line) -> None:
    for address, show, status in (
        (CLOSED, bearer_of(ANY.text), 200),
        (OPEN, bearer_of(GONE.text), 401),
        ("/tiles/WebMercatorQuad", bearer_of(POST.text), 200),
    ):
        replies = [line.ask(each, show) for each in (address, f"http://map.example{address}")]
        assert {reply.status for reply in replies} == {status}, address


def test_a_signed_address_opens_what_was_signed_until_it_ends(line: Line) -> None:
    secret, later = secret_of(SECRET, ANY.id), int((NOW + timedelta(hours=1)).timestamp())
    below = sign(secret, Grant(ANY.id, later, "/tiles/closed.control/"))
    assert line.ask(f"{CLOSED}?datetime=2024-02-01&signed={below}").status == 200
    assert line.ask(f"/tilesets/closed?signed={below}").status == 401
    assert (
        line.ask(f"{CLOSED}?signed={sign(secret, Grant(ANY.id, int(NOW.timestamp()), CLOSED))}").status == 401
    )
    gone = sign(secret_of(SECRET, GONE.id), Grant(GONE.id, later, CLOSED))
    assert line.ask(f"{CLOSED}?signed={gone}").status == 401


def test_a_revoked_key_opens_nothing_anywhere_within_a_second_nor_what_is_in_memory(desk: Desk) -> None:
    made, signer = make_key(), make_key()
    for each in (made, signer):
        desk.add(stored(each))
    later = int((NOW + timedelta(hours=1)).timestamp())
    signed = f"?signed={sign(secret_of(SECRET, signer.id), Grant(signer.id, later, CLOSED))}"
    ways = [(CLOSED, bearer_of(made.text)), (OPEN, bearer_of(made.text)), (CLOSED + signed, {})]
    for line in desk.lines:
        for path, show in ways:
            assert seconds_to(200, line, path, show) < 1
    for each in (made, signer):
        desk.revoke(each.id)
    begun = time.monotonic()
    for line in desk.lines:
        for path, show in ways:
            seconds_to(401, line, path, show)
    assert time.monotonic() - begun < 1


def test_without_news_of_revocations_a_key_opens_only_what_is_public(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = desk.apps[0].state.gate.keys
    monkeypatch.setattr(keys, "BLIND_S", -1.0)  # as after five seconds without a beat
    for _ in range(2):  # not from memory either
        assert desk.lines[0].ask(CLOSED, bearer_of(ANY.text)).status == 503
        assert desk.lines[0].ask(OPEN, bearer_of(CLASS.text)).status == 503
        assert desk.lines[0].ask(OPEN, bearer_of(ANY.text)).status == 200
    for other in (make_key().text, POST.text):  # which are told no more than that nothing is there
        assert desk.lines[0].ask(CLOSED, bearer_of(other)).status == 404
    assert ring.is_blind
    monkeypatch.undo()
    assert not ring.is_blind
    monkeypatch.setattr(keys, "BEHIND_S", -1.0)  # as after a second in which what is new could not be read
    ring.hear(-1)
    assert ring.is_blind
    assert desk.lines[0].ask(CLOSED, bearer_of(ANY.text)).status in (200, 503), "until the next beat"
    monkeypatch.undo()
    assert seconds_until(lambda: desk.lines[0].ask(CLOSED, bearer_of(ANY.text)).status == 200) < 3


def test_no_log_and_no_answer_repeats_a_key(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    later = int((NOW + timedelta(hours=1)).timestamp())
    signed = sign(secret_of(SECRET, ANY.id), Grant(ANY.id, later, "/tiles/closed.control/"))
    wrong, line, access = f"{ANY.text[:-1]}!", desk.lines[1], desk.apps[1].state.gate.access
    written: list[str] = []
    monkeypatch.setattr(access, "_write", written.append)
    heard = b""
    with capture_logs() as logged:
        for path in (OPEN, CLOSED, "/", "/tilesets", "/tilesets/closed", "/nothing", f"{CLOSED}?datetime=x"):
            for query in (f"key={ANY.text}", f"signed={signed}", f"key={wrong}", f"key={wrong}&key={wrong}"):
                reply = line.ask(f"{path}{'&' if '?' in path else '?'}{query}")
                heard += reply.body + str(reply.headers).encode()
            line.ask(path, bearer_of(ANY.text), "OPTIONS")
        time.sleep(0.4)  # lines are written a few times a second
    told = heard.decode("latin-1") + "".join(written) + repr(logged)
    for secret in (ANY.text[15:-1], signed.rpartition(".")[2]):
        assert secret not in told
    assert "/tiles/closed.control" in "".join(written)
    assert "/nothing" in repr(logged)


def test_no_log_has_the_secret_of_a_key_that_somebody_put_into_the_path(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    line, access = desk.lines[1], desk.apps[1].state.gate.access
    written: list[str] = []
    monkeypatch.setattr(access, "_write", written.append)
    spelled = ANY.text.replace("tsk_", "%74sk_")
    with capture_logs() as logged:
        for path in (f"/tiles/{ANY.text}/{PLACE}.mvt", f"/tilesets/{spelled}", f"/{'x' * 160}/{ANY.text}"):
            assert line.ask(path).status == 404
            assert line.ask(path, {"X-Api-Key": "guessed"}).status in (401, 404)
        time.sleep(0.4)  # lines are written a few times a second
    told = "".join(written) + repr(logged)
    assert told.count(f"tsk_{ANY.id}_...") >= 5
    assert ANY.text[15:25] not in told


def test_a_bearer_of_somebody_else_is_passed_over_and_a_key_of_ours_in_no_known_spelling_is_refused(
    line: Line,
) -> None:
    def status(path: str, value: str) -> int:
        return line.ask(path, {"Authorization": value}).status

    for theirs in ("Bearer eyJhbGciOiJIUzI1NiJ9.e30.x", "Basic dXNlcjpwYXNz", "Bearer", "DPoP abc"):
        assert (status(OPEN, theirs), status(CLOSED, theirs)) == (200, 404)
    for spelled in (f"Bearer   {ANY.text}", f"bEARER {ANY.text} "):
        assert (status(OPEN, spelled), status(CLOSED, spelled)) == (200, 200)
    for odd in (ANY.text, f"Token {ANY.text}", f'Bearer "{ANY.text}"', f"Bearer key={ANY.text}"):
        assert (status(OPEN, odd), status(CLOSED, odd)) == (400, 400)
    for wrong in ("Bearer tsk_", "Bearer tsk_short", f"Bearer {ANY.text}x", f"Bearer {ANY.text}, {ANY.text}"):
        assert status(OPEN, wrong) in (400, 401)


def test_usage_is_counted_by_key_and_day(desk: Desk) -> None:
    made = make_key()
    desk.add(stored(made, tilesets=("toy",)))
    seconds_until(lambda: desk.lines[0].ask(OPEN, bearer_of(made.text)).status == 200)
    seconds_until(lambda: desk.lines[1].ask(OPEN, bearer_of(made.text)).status == 200)
    assert desk.lines[0].ask(CLOSED, bearer_of(made.text)).status == 403

    def counted() -> bool:
        used = desk.databases.run(desk.dsn, lambda connection: find_usage(connection, NOW.date(), made.id))
        return [(each.day, each.requests, each.refused) for each in used] == [(NOW.date(), 2, 1)]

    assert seconds_until(counted) < 12

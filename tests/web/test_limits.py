"""One address may ask for so much work and no more; whoever asks for what is known hardly pays."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest
from starlette.applications import Starlette

from tests.conftest import NOW, Databases, settings_for
from tests.web.wires import Line, Reply, listening, request
from tileserver.errors import TooManyAtOnce
from tileserver.web import limits
from tileserver.web.app import create_app
from tileserver.web.doors import Doors
from tileserver.web.limits import Allowances, Bill, Shares, cost_of

TILE = "/tiles/ukraine-sample.control/6/38/22.mvt?datetime="
COMPARISON = "/changes/ukraine-sample.control/2022-03-10/2023-11-09.json?known="


def test_a_bucket_gives_what_it_holds_and_then_what_comes_in(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    allowances = Allowances(10)
    assert sum(not allowances.take("a", 6) for _ in range(150)) == 100
    assert allowances.take("a", 6) == pytest.approx(0.6)
    assert allowances.take("b", 6) == 0
    now[0] += 3
    assert sum(not allowances.take("a", 6) for _ in range(150)) == 5
    allowances.give_back("a", 60)
    assert sum(not allowances.take("a", 6) for _ in range(150)) == 10
    now[0] += 1e6
    assert allowances.take("a", 1e9) == 0, "the dearest has its turn when the bucket is full"
    assert allowances.take("a", 1) > 60


def test_so_many_addresses_are_remembered_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_ADDRESSES", 100)
    allowances = Allowances(10)
    for number in range(1000):
        allowances.take(str(number), 1)
        allowances.take("busy", 600)
    assert len(allowances) == 100
    assert allowances.take("busy", 1) > 0, "who asks on is not forgotten"


def test_without_a_limit_and_for_the_uncounted_nothing_is_remembered() -> None:
    for allowances, address in ((Allowances(0), "a"), (Allowances(1), "")):
        assert sum(allowances.take(address, 1e6) for _ in range(10)) == 0
        assert len(allowances) == 0


def test_the_dearer_costs_more() -> None:
    targets = (
        b"/healthz",
        b"/tilesets/ukraine",
        b"/tiles/ukraine/6/1/1.mvt",
        b"/tiles/ukraine/6/1/1.mvt?datetime=2023-01-01%2F2023-02-01",
        b"/changes/ukraine/2023-01-01/2023-02-01/6/1/1.mvt",
        b"/tilesets/ukraine/timeline",
        b"/changes/ukraine/2023-01-01/2023-02-01.json",
        b"/pictures/ukraine.png?datetime=2023-01-01",
        b"/pictures/ukraine.png?datetime=2023-01-01&width=2400&height=2400",
        b"/pictures/ukraine.gif?datetime=2023-01-01/2023-02-01",
        b"/pictures/ukraine.gif?datetime=2023-01-01/2023-02-01&scale=2",
    )
    assert sorted(targets, key=cost_of) == list(targets)


def test_a_picture_costs_by_its_pixels_however_absurd() -> None:
    path = b"/pictures/ukraine.png"
    assert cost_of(path + b"?width=1200&height=630&scale=3") == 9 * cost_of(path)
    assert cost_of(path + b"?width=9999&height=9999&scale=9999") == 12 * cost_of(path)
    assert cost_of(path + b"?lang=uk&%77idth=2400") == 2 * cost_of(path)
    assert cost_of(path + b"?width=1") == cost_of(path + b"?scale=0") == cost_of(path) / 2


def test_one_address_has_so_much_under_way_and_the_next_one_its_own() -> None:
    shares = Shares(2, 3)
    with ExitStack() as under_way:
        for payer, most in (("a", 2), ("b", 2), ("", 3)):
            for _ in range(most):
                under_way.enter_context(shares.of(payer))
            with pytest.raises(TooManyAtOnce), shares.of(payer):
                pass
    with shares.of("a"):
        pass


def test_who_is_refused_pays_for_the_refusal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 1000.0)
    allowances = Allowances(10)
    allowances.take("a", 600)
    Bill(allowances, "a", 600).settle(50)
    assert allowances.take("a", 550) == 0
    assert allowances.take("a", 1) > 0


@pytest.fixture
def strict(sample_database: str) -> Iterator[tuple[Starlette, int]]:
    """A server that lets an address ask for 240 ms of work at once; behind a trusted proxy, 127.0.0.1."""
    settings = settings_for(sample_database, TILESERVER_RATE="4", TILESERVER_TRUSTED_PROXIES="127.0.0.1")
    app = create_app(settings, lambda: NOW)
    with listening(app) as port:
        yield app, port


def ask(line: Line, path: str, client: str) -> Reply:
    """Ask as a proxy does for *client*, who may have written part of the header."""
    return line.ask(path, {"X-Forwarded-For": client, "Origin": "https://paper.example"})


@pytest.mark.db
def test_who_asks_for_too_much_is_told_when_to_come_back(strict: tuple[Starlette, int]) -> None:
    with Line(strict[1]) as line:
        known = ask(line, f"{TILE}2022-03-10", "203.0.113.9")
        path = "/changes/ukraine-sample.control/2022-03-10/2023-11-09.json"
        replies = [ask(line, f"{path}?known={number}", "203.0.113.9") for number in range(1, 4)]
        refused = replies[-1]
        assert refused.status == 429
        assert 1 <= int(refused.header("retry-after")) <= 60
        assert refused.header("cache-control") == "no-store"
        assert refused.header("access-control-allow-origin") == "*"
        assert len(refused.header("x-request-id")) == 16
        assert ask(line, path, "203.0.113.10").status == 200, "nobody else pays"
        again = ask(line, f"{TILE}2022-03-10", "203.0.113.9")
        assert (again.status, again.body) == (200, known.body), "what is known is given all the same"


@pytest.mark.db
def test_made_up_addresses_open_no_new_bucket(strict: tuple[Starlette, int]) -> None:
    with Line(strict[1]) as line:
        path = "/changes/ukraine-sample.control/2022-03-10/2023-11-09.json?known="
        statuses = [
            ask(line, f"{path}{number}", f"198.51.100.{number}, 203.0.113.9").status
            for number in range(1, 30)
        ]
        assert 429 in statuses[2:]
        assert set(statuses[5:]) == {429}


@pytest.mark.db
def test_a_header_that_the_proxy_passes_on_opens_no_new_bucket(strict: tuple[Starlette, int]) -> None:
    with Line(strict[1]) as line:
        statuses = [
            line.ask(
                f"{COMPARISON}{number}",
                {"X-Forwarded-For": "203.0.113.9", "Forwarded": f"for=198.51.100.{number};host=evil.example"},
            ).status
            for number in range(1, 9)
        ]
        assert statuses[-1] == 429


@pytest.mark.db
def test_a_client_that_says_it_is_this_machine_pays(strict: tuple[Starlette, int]) -> None:
    with Line(strict[1]) as line:
        assert [ask(line, f"{COMPARISON}{number}", "127.0.0.1").status for number in range(1, 9)][-1] == 429


@pytest.mark.db
def test_a_client_that_pads_a_header_pays(strict: tuple[Starlette, int]) -> None:
    padded = "9" * 3000 + ", 203.0.113.9"
    with Line(strict[1]) as line:
        assert [ask(line, f"{COMPARISON}{number}", padded).status for number in range(1, 9)][-1] == 429


@pytest.mark.db
def test_requests_ahead_of_an_answer_cost_what_they_cost(strict: tuple[Starlette, int]) -> None:
    headers = {"X-Forwarded-For": "203.0.113.9"}
    with Line(strict[1]) as line:
        line.send(b"".join(request(f"{COMPARISON}{number}", headers) for number in range(1, 21)))
        statuses = []
        with suppress(ConnectionError):
            while True:
                statuses.append(line.read().status)
        assert statuses == [200], "the work of one was in the bucket"
        with Line(strict[1]) as other:
            assert ask(other, f"{COMPARISON}3", "203.0.113.10").status == 200


@pytest.mark.db
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_this_machine_is_not_limited(databases: Databases, host: str) -> None:
    settings = settings_for(databases.new(), TILESERVER_RATE="1", TILESERVER_CONNECTIONS_PER_ADDRESS="3")
    with listening(create_app(settings, lambda: NOW), host=host) as port, ExitStack() as lines:
        line, *others = (lines.enter_context(Line(port, host)) for _ in range(6))
        assert {line.ask("/healthz").status for _ in range(150)} == {200}
        assert {each.ask("/healthz").status for each in others} == {200}


@pytest.mark.db
def test_an_office_of_readers_behind_one_address_is_not_refused(sample_database: str) -> None:
    settings = settings_for(sample_database)
    app = create_app(settings, lambda: NOW, doors=Doors(1000, 1000))  # counts this machine as any other
    with listening(app) as port, Line(port) as line:
        for _ in range(30):
            statuses = {
                line.ask(path).status for path in ("/", "/tilesets", "/tilesets/ukraine-sample/timeline")
            }
            statuses |= {line.ask(f"{TILE}2023-11-{day:02}").status for day in range(1, 30)}
            assert statuses <= {200, 204, 503}

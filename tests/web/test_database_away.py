"""Without its database the server serves on what it holds, says so of the rest, and recovers by itself."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit, urlunsplit

import pytest
from starlette.testclient import TestClient

from tests.conftest import NOW, settings_for
from tests.shapes import Feature, fill, in_tile, layer, square, theatre
from tileserver.embedded.cluster import Cluster
from tileserver.grid import TileAddress
from tileserver.store.connect import connect
from tileserver.store.migrations import migrate
from tileserver.web.app import create_app

T0 = datetime(2024, 1, 1, tzinfo=UTC)
PLACE = TileAddress(2, 2, 1)
WARM = f"/tiles/toy/{PLACE}.mvt?datetime=2024-06-01"
COLD = "/tiles/toy/1/1/0.mvt?datetime=2024-06-01"
EMPTY = "/tiles/toy/2/0/0.mvt?datetime=2024-06-01"

pytestmark = pytest.mark.db


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster for these tests alone, with one square in it."""
    own = Cluster.at(tmp_path_factory.mktemp("away"), durable=False)
    own.start()
    asyncio.run(_prepared(own.dsn))
    yield own
    own.remove()


@pytest.fixture
def cluster(own: Cluster) -> Cluster:
    """The same, running."""
    own.start()
    return own


async def _prepared(dsn: str) -> None:
    connection = await connect(dsn)
    await migrate(connection)
    drawn = Feature("control", in_tile(PLACE, square(100, 100, 500)), T0)
    await fill(connection, theatre(layer("control")), [drawn])
    await connection.close()


def _within(seconds: float, holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.1)
    return holds()


def _is_away(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 503
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["request_id"]
    assert "socket" not in answer.text
    assert "/" not in body["detail"]


def test_what_is_held_is_served_on_and_the_rest_comes_back_without_a_restart(cluster: Cluster) -> None:
    app = create_app(settings_for(cluster.dsn, TILESERVER_POOL_WAIT="1"), lambda: NOW)
    with TestClient(app, raise_server_exceptions=False) as client:
        before = client.get(WARM)
        assert before.status_code == 200
        assert client.get("/readyz").status_code == 200  # all that documents need is in memory from then on
        assert cluster.stop()

        held = client.get(WARM)
        assert (held.status_code, held.content) == (200, before.content)
        assert "hit" in held.headers["cache-status"]
        assert client.get(before.headers["content-location"]).content == before.content
        assert client.get(WARM, headers={"If-None-Match": before.headers["etag"]}).status_code == 304
        assert client.get("/tilesets/toy").status_code == 200
        assert client.get(EMPTY).status_code == 204  # known without asking
        for path in (COLD, "/tilesets/toy/timeline"):
            _is_away(client, path)
            assert int(client.get(path).headers["retry-after"]) > 0
        _is_away(client, "/readyz")
        assert client.get("/healthz").status_code == 200
        assert client.get(WARM).content == before.content  # no error took its place

        cluster.start()
        assert _within(10, lambda: client.get(COLD).status_code == 200)
        assert client.get("/readyz").status_code == 200


def test_a_revision_made_while_the_line_was_down_is_heard_of(cluster: Cluster) -> None:
    app = create_app(settings_for(cluster.dsn, TILESERVER_POOL_WAIT="1"), lambda: NOW)
    with TestClient(app, raise_server_exceptions=False) as client:
        before = client.get(WARM).content
        cluster.stop()
        cluster.start()
        asyncio.run(_corrected(cluster.dsn))
        assert _within(10, lambda: client.get(WARM).content not in (before, b""))
        assert client.get(f"{WARM}&revision=1").content == before


async def _corrected(dsn: str) -> None:
    connection = await connect(dsn)
    more = Feature("control", in_tile(PLACE, square(1000, 1000, 500)), T0, id=2)
    await fill(connection, theatre(layer("control")), [more])
    await connection.close()


def test_a_server_starts_without_its_database_and_finds_it_later(cluster: Cluster) -> None:
    cluster.stop()
    app = create_app(settings_for(cluster.dsn, TILESERVER_POOL_WAIT="1"), lambda: NOW)
    with TestClient(app, raise_server_exceptions=False) as client:
        for path in (WARM, "/tilesets", "/readyz"):
            _is_away(client, path)
        assert client.get("/healthz").status_code == 200
        assert client.get("/nothing-here").status_code == 404
        cluster.start()
        assert _within(10, lambda: client.get(WARM).status_code == 200)


def _refused(cluster: Cluster) -> str:
    """The address of the database for a role that has to say a password, and says a wrong one."""
    rules, pid = cluster.log.parent / "pg_hba.conf", cluster.status().pid
    assert pid is not None
    rules.write_text("local all guarded scram-sha-256\n" + rules.read_text("utf-8"), "utf-8")
    os.kill(pid, signal.SIGHUP)
    return cluster.dsn.replace("//tileserver@", "//guarded:hunter2@")


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (lambda _: "postgresql://me:hunter2@nowhere.invalid/x", "Name or service not known"),
        (lambda _: "postgresql://me:hunter2@127.0.0.1:1/x", "ConnectionRefusedError(111,"),
        (lambda own: urlunsplit(urlsplit(own.dsn)._replace(path="/none")), 'database "none" does not exist'),
        (_refused, 'password authentication failed for user "guarded"'),
    ],
    ids=["host", "port", "database", "password"],
)
def test_the_log_says_why_an_address_leads_to_no_database_and_readers_are_not_told(
    cluster: Cluster, capsys: pytest.CaptureFixture[str], wrong: Callable[[Cluster], str], why: str
) -> None:
    app = create_app(settings_for(wrong(cluster), TILESERVER_POOL_WAIT="1"), lambda: NOW)
    with TestClient(app, raise_server_exceptions=False) as client:
        for path in ("/readyz", "/tilesets"):
            capsys.readouterr()
            _is_away(client, path)
            (line,) = (line for line in capsys.readouterr().err.splitlines() if " unavailable " in line)
            assert why in line
            assert "hunter2" not in line

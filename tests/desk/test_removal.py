"""A theatre that is hidden or removed is gone for readers, at once, whole; numbers of revisions go on."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import asyncpg
import pytest
from starlette.testclient import TestClient

from tests.conftest import NOW, Databases, settings_for
from tests.desk.test_declare import everything
from tests.twins import USUAL, tell
from tileserver.store.revision_log import list_revisions
from tileserver.store.theatres import remove_theatre, set_hidden
from tileserver.theatres import SAMPLES
from tileserver.web.app import create_app

pytestmark = pytest.mark.db

ADDRESSES = [
    "/tilesets/twin",
    "/tilesets/twin/timeline",
    "/tiles/twin/6/37/21.mvt?datetime=2024-03-02",
    "/tiles/twin.control/6/37/21.mvt",
    "/styles/twin.json",
    "/changes/twin/2024-03-01/2024-03-02.json",
    "/?theatre=twin",
    "/embed?theatre=twin",
]


@pytest.fixture
def dsn(databases: Databases, database: str) -> str:
    databases.run(database, partial(tell, names=USUAL))
    return database


def answers(dsn: str) -> dict[str, int]:
    with TestClient(create_app(settings_for(dsn), lambda: NOW)) as client:
        return {path: client.get(path).status_code for path in ADDRESSES}


def test_a_hidden_theatre_is_nowhere_until_it_is_shown_again(databases: Databases, dsn: str) -> None:
    assert set(answers(dsn).values()) == {200}
    assert databases.run(dsn, partial(set_hidden, theatre="twin", hidden=True))
    assert not databases.run(dsn, partial(set_hidden, theatre="twin", hidden=True))
    assert set(answers(dsn).values()) == {404}
    with TestClient(create_app(settings_for(dsn), lambda: NOW)) as client:
        catalogue = client.get("/tilesets").json()
        assert (catalogue["default"], catalogue["theatres"], catalogue["tilesets"]) == (None, [], [])
    assert databases.run(dsn, partial(set_hidden, theatre="twin", hidden=False))
    assert set(answers(dsn).values()) == {200}


def test_a_removed_theatre_leaves_its_revisions_and_what_was_done(databases: Databases, dsn: str) -> None:
    newest = databases.run(dsn, _newest)
    assert databases.run(dsn, partial(remove_theatre, theatre="twin", reason="a trial")) == newest + 1
    assert set(answers(dsn).values()) == {404}
    left = {name for name, rows in databases.run(dsn, everything).items() if rows}
    assert left == {"migration", "revision", "audit_entry", "api_key_state"}  # the last: changes of keys
    [told] = databases.run(
        dsn, lambda connection: connection.fetch("SELECT * FROM revision WHERE id > $1", newest)
    )
    assert told["summary"] == "theatre twin removed"
    listed = databases.run(dsn, lambda connection: list_revisions(connection, [], removed=True))
    assert [each.revision for each in listed] == list(range(newest + 1, 0, -1))
    databases.run(dsn, partial(tell, names=USUAL))
    assert databases.run(dsn, _newest) > newest + 1
    assert set(answers(dsn).values()) == {200}


def test_samples_give_way_to_the_first_real_theatre(databases: Databases, sample_database: str) -> None:
    database = databases.copy(sample_database)
    assert _default(database) in SAMPLES
    databases.run(database, partial(tell, names=USUAL))
    assert _default(database) == "twin"


def _default(dsn: str) -> Any:
    with TestClient(create_app(settings_for(dsn), lambda: NOW)) as client:
        return client.get("/tilesets").json()["default"]


async def _newest(connection: asyncpg.Connection) -> int:
    return int(await connection.fetchval("SELECT max(id) FROM revision"))


@pytest.mark.parametrize("gone", ["hidden", "removed"])
def test_a_server_that_runs_stops_serving_it_within_two_seconds(
    databases: Databases, dsn: str, gone: str
) -> None:
    take = (
        partial(set_hidden, theatre="twin", hidden=True)
        if gone == "hidden"
        else partial(remove_theatre, theatre="twin", reason="a trial")
    )
    paths = [path for path in ADDRESSES if path.startswith("/t") or path.startswith("/?")]
    with TestClient(create_app(settings_for(dsn), lambda: NOW)) as client:
        immutable = client.get(paths[2]).headers["content-location"]
        assert {client.get(path).status_code for path in (*paths, immutable)} == {200}
        databases.run(dsn, take)
        deadline = time.monotonic() + 2
        while (said := {client.get(path).status_code for path in (*paths, immutable)}) != {404}:
            assert time.monotonic() < deadline, said
            time.sleep(0.05)

"""The list of changed tiles is the one that is found by looking at every tile, and tells nothing early."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import combinations
from random import Random
from typing import Any, TypeVar

import pytest
from starlette.testclient import TestClient

from tests.conftest import settings_for
from tests.export.conftest import SEEN
from tileserver.grid import TileAddress, address_at
from tileserver.model import Revision
from tileserver.store.connect import Pool
from tileserver.tiles.changed import Standing
from tileserver.tiles.current import Current
from tileserver.tiles.horizon import horizon_of
from tileserver.tiles.locate import locate
from tileserver.tiles.tileset import Tileset
from tileserver.times import Micros, Period, from_micros, parse_datetime
from tileserver.web.app import create_app

Result = TypeVar("Result")
WEST, SOUTH, EAST, NORTH = 35.5, 47.5, 38.0, 49.0
AREA = f"bbox={WEST},{SOUTH},{EAST},{NORTH}&zooms=0-9"
STATES = "ukraine.control,ukraine.frontline,ukraine.sketches,ukraine.roads"
EARLIER = timedelta(days=20)

pytestmark = pytest.mark.db


@pytest.fixture(scope="module")
def client(changing: str) -> Iterator[TestClient]:
    """A client of a server over the changing world."""
    with TestClient(create_app(settings_for(changing), lambda: SEEN)) as client:
        yield client


def listed(client: TestClient, tileset: str, query: str) -> list[str]:
    """Return the whole list, page by page."""
    tiles: list[str] = []
    following: str | None = f"?{AREA}&limit=7&{query}"
    while following:
        page = client.get(f"/tilesets/{tileset}/changed{following}").json()
        assert len(page["tiles"]) <= 7
        tiles += page["tiles"]
        following = page["next"]
    return tiles


def every_address() -> Iterator[TileAddress]:
    """Every tile of the area."""
    for z in range(10):
        first, last = address_at(WEST, NORTH, z), address_at(EAST, SOUTH, z)
        for x in range(first.x, last.x + 1):
            yield from (TileAddress(z, x, y) for y in range(first.y, last.y + 1))


def on(dsn: str, name: str, work: Callable[[Tileset], Result]) -> Result:
    """Run *work* on the tileset *name* as it is read of the database."""

    async def run() -> Result:
        pool = Pool(dsn, 1, 1, 15)
        try:
            return work((await Current(pool, lambda: SEEN).catalogue()).tileset(name))
        finally:
            await pool.close()

    return asyncio.run(run())


def shown(tileset: Tileset, address: TileAddress, standing: Standing, periods: list[Period]) -> list[str]:
    """Return which content the tile has in each period."""
    view = tileset.view(address)
    return [str(locate(view, standing.revision, each, standing.horizon).version) for each in periods]


def instants(tileset: Tileset) -> list[Period]:
    """Return periods that end with each instant at which a state changes in any revision, and after all."""
    at = {int(edge) for index in tileset.indexes for rows in index.bands.values() for edge in rows["start"]}
    at |= {int(edge) for index in tileset.indexes for rows in index.bands.values() for edge in rows["end"]}
    ends = [from_micros(Micros(each + 1)) for each in sorted(at) if each < 1 << 62]
    return [*(Period(None, each) for each in ends), Period(None, None)]


def changed(tileset: Tileset, was: Standing, now: Standing, periods: list[Period]) -> list[str]:
    """Return the tiles with another content *now* in any period, found by looking at every tile."""
    return [
        str(address)
        for address in every_address()
        if shown(tileset, address, was, periods) != shown(tileset, address, now, periods)
    ]


def changed_between(tileset: Tileset, periods: list[Period]) -> dict[tuple[int, int], list[str]]:
    """Return the same for pairs of revisions, all that is public now."""
    horizon = horizon_of(tileset, SEEN)
    return {
        (since, revision): changed(
            tileset, Standing(Revision(since), horizon), Standing(Revision(revision), horizon), periods
        )
        for since, revision in pairs(tileset)
    }


def pairs(tileset: Tileset) -> list[tuple[int, int]]:
    """Return ten pairs of revisions."""
    there = [*combinations([0, *tileset.revisions], 2)]
    return [there[0], there[-1], *Random(1).sample(there, 8)]


def test_the_list_of_all_time_is_what_looking_at_every_tile_at_every_change_finds(
    client: TestClient, changing: str
) -> None:
    found = on(changing, STATES, lambda tileset: changed_between(tileset, instants(tileset)))
    for (since, revision), tiles in found.items():
        assert listed(client, STATES, f"since={since}&revision={revision}") == tiles, (since, revision)
        assert tiles or since


@pytest.mark.parametrize("when", ["2024-03-10", "2024-02-20/2024-03-05"])
def test_the_list_of_a_date_is_what_looking_at_every_tile_of_that_date_finds(
    client: TestClient, changing: str, when: str
) -> None:
    def of_date(tileset: Tileset) -> dict[tuple[int, int], list[str]]:
        return changed_between(tileset, [parse_datetime(when, tileset.zone)])

    found = on(changing, "ukraine", of_date)
    assert any(found.values())
    for (since, revision), tiles in found.items():
        assert listed(client, "ukraine", f"since={since}&revision={revision}&datetime={when}") == tiles
        at_any_time = set(listed(client, "ukraine", f"since={since}&revision={revision}"))
        assert at_any_time >= set(tiles)


def test_an_app_that_asks_again_hears_of_what_has_become_public_since(changing: str) -> None:
    def ask(now: datetime, query: str) -> Any:
        with TestClient(create_app(settings_for(changing), lambda: now)) as client:
            return client.get(f"/tilesets/{STATES}/changed?{AREA}&limit=2000&{query}").json()

    def since_then(tileset: Tileset) -> list[str]:
        was, now = (Standing(tileset.newest, horizon_of(tileset, at)) for at in (SEEN - EARLIER, SEEN))
        return changed(tileset, was, now, instants(tileset))

    earlier = ask(SEEN - EARLIER, "since=1")
    later = ask(SEEN, f"since={earlier['revision']}&public={earlier['public']}")
    assert later["revision"] == earlier["revision"]
    assert later["tiles"] == on(changing, STATES, since_then)
    assert later["tiles"]
    assert not ask(SEEN, f"since={later['revision']}&public={later['public']}")["tiles"]


def test_a_page_is_kept_and_tagged_and_absurd_questions_are_refused(client: TestClient) -> None:
    url = f"/tilesets/{STATES}/changed?since=1"
    first = client.get(url)
    assert first.headers["Cache-Control"].startswith("public")
    assert client.get(url, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    newest = first.json()["revision"]
    assert client.get(f"/tilesets/{STATES}/changed?since={newest}").json()["tiles"] == []
    assert client.get(f"{url}&zooms=5-9&bbox=-170,-80,-160,-70").json()["tiles"] == []
    assert client.get(f"{url}&zooms=22").json()["tiles"] == []
    none = client.get(f"{url}&limit=0").json()
    assert (none["tiles"], none["next"], none["revision"]) == ([], None, newest)
    every = f"/tilesets/{STATES}/changed"
    assert client.get(every).json()["tiles"] == client.get(f"{every}?since=0").json()["tiles"] != []
    absurd = (
        "?since=", "?since=-1", "?since=x", f"?since={newest + 99}", "?since=1&limit=x",
        "?since=1&limit=99999", "?since=1&zooms=a", "?since=1&zooms=1-", "?since=1&bbox=1",
        "?since=1&after=1", "?since=1&after=99/0/0",
        "?since=1&public=now", "?since=1&public=a/b", "?since=1&since=2", "?since=1&revision=0",
    )  # fmt: skip
    for query in absurd:
        answer = client.get(f"/tilesets/{STATES}/changed{query}")
        assert answer.status_code in (400, 404), query
        assert answer.headers["Content-Type"] == "application/problem+json"

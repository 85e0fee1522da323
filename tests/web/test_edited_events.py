"""Law: an edited event keeps its id alone: every way out says what is known now, under names of its own."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from httpx2 import Client, Response

from tests.conftest import serving
from tests.desk.conftest import Desk
from tileserver.event_keys import event_id
from tileserver.grid import address_at
from tileserver.ingest import ReadOptions
from tileserver.tiles.text import decode_tile

if TYPE_CHECKING:
    from tests.conftest import Databases
    from tests.stores import Store

pytestmark = pytest.mark.db

KEYED = ReadOptions(reader="geojson", date_column="date", key_columns=("id",))
OLD, NEW = b"fire at a depot", b"fire at a school"
AT = (37.5, 48.5)
TILES = [
    f"/tiles/{tileset}/{address_at(*AT, zoom)}.mvt?{when}"
    for tileset in ("ukraine.events", "ukraine", "ukraine.events,ukraine.notes")
    for zoom in (6, 12)
    for when in ("datetime=2023-11-02", "datetime=2023-11-01/2023-11-05", "datetime=2023-11-02&side=ru")
]
HISTORY = address_at(*AT, 8)


@pytest.fixture
def desk(databases: Databases) -> Desk:
    """A desk over a new database."""
    return Desk(databases)


@pytest.fixture
def told(desk: Desk, tmp_path: Path) -> Callable[..., None]:
    """A function that imports the one event, with a text and a longitude."""

    def run(text: bytes, lon: float = AT[0]) -> None:
        place = {"type": "Point", "coordinates": [lon, AT[1]]}
        said = {"side": "ru", "text": text.decode(), "date": "2023-11-02"}
        path = tmp_path / "events.geojson"
        path.write_text(json.dumps({"type": "Feature", "id": "A1", "properties": said, "geometry": place}))
        assert desk.import_file("events", path, KEYED, accept="").revision is not None

    return run


@contextmanager
def reader(dsn: str, tmp_path: Path, store: Store) -> Iterator[Client]:
    """A reader of a server process with every tier there is, all of which outlive the process."""
    tiers = {"TILESERVER_SHELF": str(tmp_path / "shelf"), "TILESERVER_SHARED_CACHE": store.url}
    with (
        serving(dsn, **tiers) as url,
        Client(base_url=url, headers={"Accept-Encoding": "identity"}) as client,
    ):
        yield client


def everything(client: Client) -> dict[str, Response]:
    """Every answer that has the event, asked three times: drawn, from a tier, and as a whole answer."""
    for _ in range(3):
        found = {path: client.get(path) for path in TILES}
        assert [each.status_code for each in found.values()] == [200] * len(TILES)
    return found


def until_known(client: Client, revision: int) -> None:
    deadline = time.monotonic() + 10
    while client.get("/tilesets/ukraine.events").json()["time"]["revision"] != revision:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def history(client: Client) -> dict[str, Any]:
    """The names of the periods, each with what its tile shows of the event."""
    block = client.get("/tilesets/ukraine.events").json()["time"]["history"]
    found = {}
    for period in block["periods"]:
        path = f"/history/ukraine.events/{period['id']}/{HISTORY}.mvt"
        found[path] = decode_tile(client.get(path).content).get("events", [])
    return found


def test_an_edited_text_is_on_every_way_out_and_its_old_names_say_what_they_said(
    desk: Desk, told: Callable[..., None], tmp_path: Path, empty_store: Store
) -> None:
    told(OLD)
    with reader(desk.dsn, tmp_path, empty_store) as client:
        before, past = everything(client), history(client)
        assert all(OLD in each.content for each in before.values())
        told(NEW)
        until_known(client, 2)
        for _ in range(2):  # of what is kept as well
            after = everything(client)
            for path, then in before.items():
                now = after[path]
                assert NEW in now.content
                assert OLD not in now.content
                assert now.headers["etag"] != then.headers["etag"]
                assert now.headers["content-location"] != then.headers["content-location"]
                assert client.get(path, headers={"If-None-Match": then.headers["etag"]}).status_code == 200
                assert client.get(then.headers["content-location"]).content == then.content
                assert client.get(now.headers["content-location"]).content == now.content
                assert client.get(f"{path}&revision=1").content == then.content
                ids = [each["id"] for each in decode_tile(now.content)["events"]]
                assert ids == [each["id"] for each in decode_tile(then.content)["events"]]
                assert ids == [event_id("events", "A1")]
        assert set(history(client)).isdisjoint(past)
        assert client.get("/changes/ukraine.events/2023-11-01/2023-11-03/6/38/22.mvt").status_code == 404
    with reader(desk.dsn, tmp_path, empty_store) as client:  # nothing in memory, all on the disk and shared
        again = everything(client)
        assert {path: each.content for path, each in again.items()} == {
            path: each.content for path, each in after.items()
        }


def test_a_moved_event_is_in_a_history_tile_once_and_the_old_period_goes_on_saying_what_it_said(
    desk: Desk, told: Callable[..., None], tmp_path: Path, empty_store: Store
) -> None:
    told(OLD)
    with reader(desk.dsn, tmp_path, empty_store) as client:
        past = history(client)
        told(OLD, lon=37.6)
        until_known(client, 2)
        present = history(client)
        assert set(present).isdisjoint(past)
        (now,), (then,) = *present.values(), *past.values()
        assert now["id"] == then["id"] == event_id("events", "A1")
        assert now["geometry"] != then["geometry"]
        for path, shown in past.items():
            assert decode_tile(client.get(path).content)["events"] == shown

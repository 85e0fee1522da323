"""Law: a theatre may have several layers of events, and overlays; none is taken for another."""

from __future__ import annotations

from collections.abc import Iterator

import mapbox_vector_tile
import msgspec
import pytest
from starlette.testclient import TestClient

from tests.conftest import NOW, Databases, settings_for
from tests.several import LOOK, tell_several
from tests.twins import USUAL, tell
from tests.web.test_documents import TileJson
from tileserver.web.app import create_app

pytestmark = pytest.mark.db

TILE = "/tiles/twin.{layer}/6/37/21.mvt?datetime=2024-03-02"


@pytest.fixture(scope="module")
def client(databases: Databases) -> Iterator[TestClient]:
    dsn = databases.new()
    databases.run(dsn, tell_several)
    with TestClient(create_app(settings_for(dsn), lambda: NOW)) as opened:
        yield opened


def test_each_layer_says_its_role_its_words_and_its_colours(client: TestClient) -> None:
    tiles = client.get("/tilesets/twin").json()
    msgspec.convert(tiles, TileJson)
    assert [(each["id"], each["role"], each["title"]["en"]) for each in tiles["vector_layers"]][2:] == [
        ("events", "events", "Combat"),
        ("notes", "notes", "Notes"),
        ("damage", "events", "Damage"),
        ("claimed", "overlay", "Claimed"),
        ("rumoured", "overlay", "Rumoured"),
        ("draft", "none", "Draft"),
    ]
    assert tiles["looks"] == dict.fromkeys(("claimed", "rumoured"), msgspec.to_builtins(LOOK))
    assert tiles["categories"].keys() == {"control", "events", "damage"}


def test_a_layer_of_which_nothing_is_public_is_not_credited(client: TestClient) -> None:
    tiles = client.get("/tilesets/twin").json()
    assert (tiles["time"]["newest"]["claimed"], tiles["time"]["newest"]["rumoured"]) == ("2024-03-03", None)
    assert tiles["attribution"] == "drawn by hand; claimed by nobody"
    assert client.get("/tilesets/twin.rumoured").json()["attribution"] == "rumoured by nobody"


def test_events_of_all_their_layers_are_counted_together_and_each_by_its_own_name(client: TestClient) -> None:
    days = {each["day"]: each for each in client.get("/tilesets/twin/timeline").json()["days"]}
    day = days["2024-03-03"]
    assert day["events"] == 2
    assert day["happened"] == {"events": 1, "damage": 1}
    assert day["changes"]["claimed"] == 2  # one ends, one begins: no change of control
    assert day["areas"] == day["changes"]["control"]


def test_a_plain_style_draws_both_layers_of_events_and_no_overlay(client: TestClient) -> None:
    drawn = {each.get("source-layer") for each in client.get("/styles/twin.json").json()["layers"]}
    assert drawn == {None, "control", "frontline", "events", "damage", "notes"}


def test_what_is_beside_a_layer_changes_none_of_its_bytes(client: TestClient, databases: Databases) -> None:
    dsn = databases.new()
    databases.run(dsn, lambda connection: tell(connection, USUAL))
    with TestClient(create_app(settings_for(dsn), lambda: NOW)) as alone:
        for layer in USUAL:
            ours, theirs = (each.get(TILE.format(layer=layer)) for each in (client, alone))
            assert ours.status_code == theirs.status_code == 200
            assert ours.content == theirs.content
    whole = mapbox_vector_tile.decode(client.get("/tiles/twin/6/37/21.mvt?datetime=2024-03-02").content)
    assert whole.keys() == {"control", "frontline", "events", "notes", "damage", "claimed"}

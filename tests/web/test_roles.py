"""Law: what a layer is called changes nothing but its name: documents and tiles follow its role."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.conftest import NOW, Databases, settings_for
from tests.twins import OTHER, stores
from tileserver.tiles.text import decode_tile
from tileserver.web.app import create_app

pytestmark = pytest.mark.db

DOCUMENTS = [
    "/tilesets",
    "/tilesets/twin",
    "/tilesets/twin/timeline",
    "/tilesets/twin/km2.json",
    "/styles/twin.json?datetime=2024-03-02",
    "/changes/twin/2024-03-01/2024-03-03.json",
]
TILES = ["/tiles/twin/6/37/21.mvt?datetime=2024-03-02", "/changes/twin/2024-03-01/2024-03-03/6/37/21.mvt"]
NAMES = re.compile(rf"\b({'|'.join(OTHER.values())})\b")


@pytest.fixture(scope="module")
def twins(databases: Databases) -> Iterator[tuple[TestClient, TestClient]]:
    """Clients of two servers: one world with the usual names, one with others."""
    one, other = (create_app(settings_for(dsn), lambda: NOW) for dsn in stores(databases))
    with TestClient(one) as usual, TestClient(other) as renamed:
        yield usual, renamed


def renamed_back(text: str) -> Any:
    usual = {other: name for name, other in OTHER.items()}
    return json.loads(NAMES.sub(lambda found: usual[found[0]], text))


@pytest.mark.parametrize("path", DOCUMENTS)
def test_documents_say_the_same_of_a_theatre_whose_layers_have_other_names(
    twins: tuple[TestClient, TestClient], path: str
) -> None:
    usual, other = (client.get(path) for client in twins)
    assert usual.status_code == other.status_code == 200
    assert usual.text != other.text or "km2" in path
    assert _still(renamed_back(other.text)) == _still(usual.json())


@pytest.mark.parametrize("path", TILES)
def test_tiles_draw_the_same(twins: tuple[TestClient, TestClient], path: str) -> None:
    usual, other = (decode_tile(client.get(path).content) for client in twins)
    assert usual
    assert {OTHER[name]: drawn for name, drawn in usual.items()} == other


def test_a_timeline_counts_by_role(twins: tuple[TestClient, TestClient]) -> None:
    days = {day["day"]: day for day in twins[1].get("/tilesets/twin/timeline").json()["days"]}
    day = days["2024-03-02"]
    assert (day["events"], day["notes"]) == (1, 1)
    assert day["happened"] == {"battles": 1, "texts": 1}
    assert day["areas"] == day["changes"]["zones"] > 0
    assert day["front"] == day["changes"]["trace"] > 0


def test_a_tilejson_says_the_role_of_each_layer(twins: tuple[TestClient, TestClient]) -> None:
    layers = twins[1].get("/tilesets/twin").json()["vector_layers"]
    assert {each["id"]: each["role"] for each in layers} == {
        "zones": "areas",
        "trace": "front",
        "battles": "events",
        "texts": "notes",
    }


def _still(document: Any) -> Any:
    """Leave out when the world was imported, and in which order the names of layers put what is listed."""
    if isinstance(document, dict):
        return {
            key: _still(value) for key, value in document.items() if key not in ("newest_import", "updated")
        }
    if isinstance(document, list):
        return sorted((_still(each) for each in document), key=str)
    return document

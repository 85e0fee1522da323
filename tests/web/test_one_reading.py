"""Law: what a request is told is of one catalogue, whatever is imported meanwhile."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from tests.conftest import NOW, settings_for
from tests.shapes import Feature, fill, in_tile, layer, square, theatre
from tileserver.grid import TileAddress
from tileserver.tiles.catalogue import Catalogue
from tileserver.tiles.current import Current
from tileserver.web.app import create_app
from tileserver.web.logs import request_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Databases

pytestmark = pytest.mark.db

START = datetime(2024, 1, 1, tzinfo=UTC)
PATHS = (
    "/collections",
    "/collections/toy",
    "/collections/toy/tiles/WebMercatorQuad",
    "/tiles",
    "/tilesets",
    "/styles/toy-history.json",
    "/tilesets/toy/qgis.xml",
    "/dated/toy/latest/metadata.json",
    "/arcgis/rest/services/toy/latest/VectorTileServer",
    "/corrections/toy.atom",
    "/corrections/toy.json",
)


@pytest.fixture(scope="module")
def asked() -> Counter[str]:
    return Counter()


@pytest.fixture(scope="module")
def client(databases: Databases, asked: Counter[str]) -> Iterator[TestClient]:
    """A client of a server that counts how often the catalogue is asked for."""
    dsn = databases.new()
    shown = Feature("control", in_tile(TileAddress(5, 18, 11), square(100, 100, 500)), START)
    databases.run(dsn, lambda connection: fill(connection, theatre(layer("control")), [shown]))
    known = Current.catalogue

    async def catalogue(current: Any) -> Catalogue:
        asked["catalogue"] += request_id.get("") != ""  # and not for work ahead
        return await known(current)

    app = create_app(settings_for(dsn), lambda: NOW)
    with TestClient(app) as client, pytest.MonkeyPatch.context() as patch:
        client.get("/tilesets/toy")  # history is planned
        patch.setattr(Current, "catalogue", catalogue)
        yield client


@pytest.mark.parametrize("path", PATHS)
def test_a_document_is_of_one_catalogue(client: TestClient, asked: Counter[str], path: str) -> None:
    asked.clear()
    assert client.get(path).status_code == 200
    assert asked["catalogue"] == 1

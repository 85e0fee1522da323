"""Documents of ArcGIS, QGIS and GDAL lead to the tiles of their date; GDAL reads a tile and a whole zoom."""

from __future__ import annotations

import json
from collections.abc import Iterator
from xml.etree import ElementTree

import pyogrio
import pytest
from starlette.testclient import TestClient

from tests.conftest import NOW, settings_for
from tests.web.wires import listening
from tileserver.grid import WORLD
from tileserver.web.app import create_app

SERVICE = "/arcgis/rest/services/ukraine-sample/2023-11-09/VectorTileServer"
DATED = "/tiles/ukraine-sample/6/38/22.mvt?datetime=2023-11-09"

pytestmark = pytest.mark.db


def test_a_service_of_arcgis_has_the_matrix_of_the_tiles_and_leads_to_them(client: TestClient) -> None:
    service = client.get(f"{SERVICE}?f=json").json()
    (template,) = service["tiles"]
    tile = client.get(f"{SERVICE}/{template.format(z=6, y=22, x=38)}")
    assert tile.content == client.get(DATED).content
    lods = service["tileInfo"]["lods"]
    assert [each["level"] for each in lods] == list(range(9))
    assert lods[6]["resolution"] == pytest.approx(2 * WORLD / 512 / 64)
    extent = service["fullExtent"]
    assert -WORLD <= extent["xmin"] < extent["xmax"] <= WORLD
    assert extent["xmin"] < 4_231_000 < extent["xmax"]  # Donetsk, in metres


def test_the_style_of_a_service_is_over_the_service(client: TestClient) -> None:
    style = client.get(f"{SERVICE}/resources/styles/root.json").json()
    (source,) = style["sources"].values()
    assert source == {"type": "vector", "url": "../../"}
    assert {each["source-layer"] for each in style["layers"] if "source-layer" in each} >= {"control"}


def test_a_connection_for_qgis_has_tiles_and_style_of_the_date(client: TestClient) -> None:
    answer = client.get("/tilesets/ukraine-sample/qgis.xml?datetime=2023-11-09&revision=1")
    assert answer.headers["content-type"] == "application/xml"
    (connection,) = ElementTree.fromstring(answer.text)
    assert connection.attrib["url"].endswith("/{z}/{x}/{y}.mvt?datetime=2023-11-09&revision=1")
    style = client.get(connection.attrib["styleUrl"].removeprefix("http://testserver"))
    assert all("source" in each for each in style.json()["layers"])  # QGIS paints a ground over tiles alone
    assert (connection.attrib["zmin"], connection.attrib["zmax"]) == ("0", "8")


def test_a_tilejson_may_be_asked_for_as_a_file(client: TestClient) -> None:
    assert client.get("/tilesets/ukraine-sample.json").json() == client.get("/tilesets/ukraine-sample").json()
    assert client.get("/tilesets/ukraine-sample.control.json").json()["name"] == "ukraine-sample.control"
    assert client.get("/tilesets/nowhere.json").status_code == 404


@pytest.mark.parametrize("when", ["yesterday", "2023-11-09@0", "2023-11-09@999999", "2023-13-01", "@1"])
def test_a_time_in_a_path_that_is_none_is_refused(client: TestClient, when: str) -> None:
    for path in (f"/dated/ukraine-sample/{when}/metadata.json", SERVICE.replace("2023-11-09", when)):
        assert client.get(path).status_code == 400


@pytest.fixture(scope="module")
def server(sample_database: str) -> Iterator[str]:
    """The address of a server that programs can ask."""
    with listening(create_app(settings_for(sample_database, TILESERVER_AHEAD="off"), lambda: NOW)) as port:
        yield f"http://127.0.0.1:{port}"


def test_the_metadata_for_gdal_is_of_mbtiles(client: TestClient) -> None:
    metadata = client.get("/dated/ukraine-sample/latest/metadata.json").json()
    assert all(isinstance(each, str) for each in metadata.values())
    layers = json.loads(metadata["json"])["vector_layers"]
    assert {"control", "frontline"} <= {each["id"] for each in layers}


@pytest.mark.parametrize("path", ["6", "6/38/22.pbf"])
def test_gdal_reads_a_zoom_and_a_tile_of_a_date(server: str, path: str) -> None:
    source = f"MVT:{server}/dated/ukraine-sample/2023-11-09/{path}"
    assert {"control", "frontline"} <= {name for name, _ in pyogrio.list_layers(source)}
    assert pyogrio.read_info(source, layer="control", force_feature_count=True)["features"] > 0


def test_a_tile_of_a_named_date_may_be_stale_for_a_while_and_the_latest_may_not(client: TestClient) -> None:
    stale = "public, max-age=60, stale-while-revalidate=60, stale-if-error=600"
    for path in (DATED, "/dated/ukraine-sample/2023-11-09/6/38/22.mvt"):
        assert client.get(path).headers["cache-control"] == stale
    for path in (DATED.partition("?")[0], "/dated/ukraine-sample/latest/6/38/22.mvt"):
        assert client.get(path).headers["cache-control"] == "public, max-age=60"

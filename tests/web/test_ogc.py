"""OGC API - Tiles 1.0, requirement by requirement of its abstract test suite (OGC 20-057, Annex A)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from itertools import islice, product
from urllib.parse import quote

import mapbox_vector_tile
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from tests.conftest import NOW, settings_for
from tests.web.test_hot import said
from tests.web.wires import Line, listening
from tileserver.publish.ogc import CONFORMS_TO
from tileserver.times import format_instant, parse_instant
from tileserver.web.app import create_app

TILES = "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf"
REL = "http://www.opengis.net/def/rel/ogc/1.0"
AS_JSON = {"Accept": "application/json"}
LISTS = ("/tiles", "/collections/ukraine-sample/tiles", "/collections/ukraine-sample.control/tiles")
TILE = "/collections/ukraine-sample.control/tiles/WebMercatorQuad/6/22/38"
PLAIN = "/tiles/ukraine-sample.control/6/38/22.mvt"
DAY = "datetime=2023-11-09"

pytestmark = pytest.mark.db


def local(url: str) -> str:
    """The path of an absolute URL of the server."""
    assert url.startswith("http://testserver/")
    return url.removeprefix("http://testserver")


def links(document: dict[str, list[dict[str, str]]], rel: str) -> list[str]:
    return [each["href"] for each in document["links"] if each["rel"] == rel]


def test_core_conformance_success_and_every_link_of_the_landing_page_answers(client: TestClient) -> None:
    landing = client.get("/", headers=AS_JSON).json()
    (conformance,) = links(landing, f"{REL}/conformance")
    classes = client.get(local(conformance)).json()["conformsTo"]
    assert classes == list(CONFORMS_TO)
    ours = {each.removeprefix(f"{TILES}/") for each in classes if each.startswith(TILES)}
    assert ours == {
        "core",
        "tileset",
        "tilesets-list",
        "dataset-tilesets",
        "geodata-tilesets",
        "datetime",
        "mvt",
        "oas30",
    }
    for link in landing["links"]:
        answer = client.get(local(link["href"]))
        assert answer.status_code == 200
        assert answer.headers["content-type"].partition(";")[0] == link["type"].partition(";")[0]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json", "application/json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("*/*", "text/html"),
        ("", "text/html"),
        ("text/html;level=1;q=0.4, application/json;q=0.5", "application/json"),
        ("application/json, text/html", "text/html"),
        ("application/json;q=0", "text/html"),
    ],
)
def test_the_root_is_a_page_or_a_document_as_wanted_and_says_by_what(
    client: TestClient, accept: str, kind: str
) -> None:
    answer = client.get("/", headers={"Accept": accept})
    assert answer.headers["content-type"].startswith(kind)
    varied = ", ".join(answer.headers.get_list("vary"))
    assert "Accept," in f"{varied},"
    assert ("access-control-allow-origin" in answer.headers) == (kind == "application/json")


def test_the_form_of_the_root_can_stand_in_its_address(client: TestClient) -> None:
    assert client.get("/?f=json").headers["content-type"] == "application/json"
    assert client.get("/?f=html", headers=AS_JSON).headers["content-type"].startswith("text/html")
    assert client.get("/?f=xml").status_code == 400
    assert client.get("/?f=json&theatre=x").status_code == 400


@pytest.mark.parametrize("path", LISTS)
def test_tilesets_list_and_tileset_description(client: TestClient, path: str) -> None:
    (entry,) = client.get(path).json()["tilesets"]
    assert (entry["dataType"], entry["crs"]) == ("vector", "http://www.opengis.net/def/crs/EPSG/0/3857")
    assert entry["tileMatrixSetURI"].endswith("/def/tilematrixset/OGC/1.0/WebMercatorQuad")
    (own,) = links(entry, "self")
    assert local(own) == f"{path}/WebMercatorQuad"  # A.9, 6: the resource, /tiles, the tile matrix set
    metadata = client.get(local(own)).json()
    assert metadata == entry
    (scheme,) = links(metadata, f"{REL}/tiling-scheme")
    definition = client.get(local(scheme)).json()
    assert definition["uri"] == entry["tileMatrixSetURI"]
    (item,) = [each for each in metadata["links"] if each["rel"] == "item"]
    assert item["templated"] is True
    assert item["type"] == "application/vnd.mapbox-vector-tile"
    assert item["href"].endswith("/tiles/WebMercatorQuad/{tileMatrix}/{tileRow}/{tileCol}")


def test_geodata_and_dataset_tilesets_are_linked(client: TestClient) -> None:
    landing = client.get("/", headers=AS_JSON).json()
    assert [local(each) for each in links(landing, f"{REL}/tilesets-vector")] == ["/tiles"]
    listed = client.get("/collections").json()
    assert listed["numberMatched"] == len(listed["collections"]) == 10
    for each in listed["collections"]:
        assert client.get(f"/collections/{each['id']}").json() == each
        (tiles,) = links(each, f"{REL}/tilesets-vector")
        assert local(tiles) == f"/collections/{each['id']}/tiles"


def test_the_matrices_are_those_of_the_registered_set(client: TestClient) -> None:
    matrices = client.get("/tileMatrixSets/WebMercatorQuad").json()["tileMatrices"]
    assert [each["id"] for each in matrices] == [str(zoom) for zoom in range(25)]
    # The figures of 17-083r4, Table D.1.
    assert matrices[0]["scaleDenominator"] == pytest.approx(559082264.0287178, abs=1e-4)
    assert matrices[10]["cellSize"] == pytest.approx(152.8740565703525, abs=1e-9)
    assert matrices[18]["matrixWidth"] == 262144


def test_core_tc_success_and_tc_error_within_limits_and_outside(client: TestClient) -> None:
    (entry,) = client.get("/collections/ukraine-sample/tiles").json()["tilesets"]
    (item,) = [each["href"] for each in entry["links"] if each["rel"] == "item"]
    assert [each["tileMatrix"] for each in entry["tileMatrixSetLimits"]] == [str(zoom) for zoom in range(9)]

    def status(zoom: object, row: int, column: int) -> int:
        url = item.replace("{tileMatrix}", str(zoom)).replace("{tileRow}", str(row))
        return client.get(local(url.replace("{tileCol}", str(column)))).status_code

    for each in entry["tileMatrixSetLimits"][:7]:
        rows, columns = ((each[f"minTile{axis}"], each[f"maxTile{axis}"]) for axis in ("Row", "Col"))
        for row, column in product(rows, columns):
            assert status(each["tileMatrix"], row, column) in (200, 204)
        assert status(each["tileMatrix"], rows[1] + 1, columns[0]) == 404
        assert status(each["tileMatrix"], rows[0], columns[1] + 1) == 404
    assert status(9, 180, 300) == 404  # a zoom that the tileset has not
    assert status("x", 0, 0) == 400
    assert client.get(PLAIN.replace("6/38/22", "6/0/0")).status_code == 204


def test_mvt_content_is_the_tile_that_has_the_row_after_the_column(client: TestClient) -> None:
    answer, plain = client.get(f"{TILE}?{DAY}&f=mvt"), client.get(f"{PLAIN}?{DAY}")
    assert answer.content == plain.content
    features = mapbox_vector_tile.decode(answer.content)["control"]["features"]
    assert features
    assert all(each["geometry"]["coordinates"] and each["geometry"]["type"] for each in features)
    kept = ("etag", "content-location", "ogcapi-datetime", "cache-control", "use-as-dictionary", "vary")
    assert [answer.headers.get(each) for each in kept] == [plain.headers.get(each) for each in kept]


@pytest.mark.parametrize(
    ("subset", "plain"),
    [
        ('datetime("2023-11-09T12:00:00Z")', "2023-11-09T12:00:00Z"),
        ('datetime("2023-11-09")', "2023-11-09"),
        ('datetime("2022-03-01":"2023-11-09")', "2022-03-01/2023-11-09"),
        ('datetime(*:"2023-11-09")', "../2023-11-09"),
        ('datetime("2023-11-09":*)', "2023-11-09/.."),
    ],
)
def test_datetime_axis_subsets_as_datetime_does(client: TestClient, subset: str, plain: str) -> None:
    every = "/collections/ukraine-sample/tiles/WebMercatorQuad/6/22/38"
    one = client.get(f"{every}?subset={quote(subset)}")
    other = client.get(f"{every}?datetime={plain}")
    assert one.status_code == other.status_code == 200
    assert (one.content, one.headers["ogcapi-datetime"]) == (other.content, other.headers["ogcapi-datetime"])
    assert client.get(f"{every}?subset={quote(subset)}&datetime={plain}").status_code == 400


@pytest.mark.parametrize(
    "query",
    ['subset=time("2023-11-09")', "subset=datetime(2023)", 'subset=datetime("x")', "subset=", "f=png", "x=1",
     'subset=datetime("2023-11-09")&subset=datetime("2023-11-09")', "f=mvt&f=mvt"],
)  # fmt: skip
def test_what_is_no_subset_or_form_is_refused(client: TestClient, query: str) -> None:
    assert client.get(f"{TILE}?{quote(query, safe='=&')}").status_code == 400


def test_the_extent_in_time_is_where_a_tile_has_something(client: TestClient) -> None:
    temporal = client.get("/collections/ukraine-sample.control").json()["extent"]["temporal"]
    ((first, last),) = temporal["interval"]
    time = client.get("/tilesets/ukraine-sample.control").json()["time"]
    assert [first, last] == time["extent"]
    assert temporal["grid"]["resolution"] == "P1D"
    days = parse_instant(f"{time['last_day']}T00:00:00Z") - parse_instant(f"{time['first_day']}T00:00:00Z")
    assert temporal["grid"]["cellsCount"] == days.days + 1
    before = format_instant(parse_instant(first) - timedelta(seconds=1))
    assert client.get(f"{TILE}?datetime={before}").status_code == 204
    assert client.get(f"{TILE}?datetime={first}").status_code == 200


def test_metadata_of_a_date_and_revision_leads_to_tiles_of_them(client: TestClient) -> None:
    metadata = client.get(f"/tiles/WebMercatorQuad?{DAY}&revision=1").json()
    (item,) = links(metadata, "item")
    assert item.endswith(f"{{tileCol}}?{DAY}&revision=1")
    assert client.get("/tiles/WebMercatorQuad?datetime=yesterday").status_code == 400
    assert client.get("/collections/nowhere/tiles").status_code == 404
    assert client.get("/tiles/Unknown").status_code == 404


@pytest.fixture(scope="module")
def pair(sample_database: str) -> Iterator[tuple[Starlette, int, int]]:
    """One application behind the hot path, the same behind uvicorn's own protocol, and their ports."""
    changes = {"TILESERVER_AHEAD": "off"}
    apps = [create_app(settings_for(sample_database, **changes), lambda: NOW) for _ in range(2)]
    with listening(apps[0]) as hot, listening(apps[1], "httptools") as slow:
        yield apps[0], hot, slow


def spellings() -> Iterator[str]:
    """Addresses of one tile in one epoch, in all conventions."""
    for second in range(60):
        for zone in ("Z", "%2B00:00", "-00:00", ".0Z", ".000Z"):
            at = f"2023-11-09T12:00:{second:02}{zone}"
            yield f"{TILE}?datetime={at}"
            yield f"{PLAIN}?datetime={at}"
            yield f"{TILE}?subset=datetime(%22{at}%22)"
            yield f"{TILE}?datetime={at}&f=mvt"
            yield f"/tiles/ukraine-sample.control/6/38/22.pbf?datetime={at}"
            if "%" not in at:
                yield f"/dated/ukraine-sample.control/{at}/6/38/22.mvt"


def test_a_thousand_spellings_of_an_epoch_are_one_entry_in_the_cache(
    pair: tuple[Starlette, int, int],
) -> None:
    app, port, _ = pair
    with Line(port) as line:
        for _ in range(2):  # drawn, and then known
            assert line.ask(f"{PLAIN}?datetime=2023-11-09T12:00:00Z").status == 200
        tiles, hot = app.state.service.cache, app.state.hot
        kept, weight = len(tiles), hot.weight
        tags = {line.ask(path).header("etag") for path in islice(spellings(), 1000)}
        assert len(tags) == 1
        assert (len(tiles), hot.weight) == (kept, weight)


def test_an_address_of_another_convention_is_answered_alike_before_the_framework_and_by_it(
    pair: tuple[Starlette, int, int],
) -> None:
    _, hot_port, slow_port = pair
    dataset = "/tiles/WebMercatorQuad/6/22/38"
    queries = (DAY, f"{DAY}&revision=1", "f=mvt", "x=1")
    paths = [
        *(f"{path}?{query}" for path in (TILE, dataset) for query in queries),
        f"{dataset}?subset=datetime(%222022-03-01%22:*)", TILE, TILE.replace("6/22/38", "6/0/0"),
        TILE.replace("6/22/38", "6/22/x"), TILE.replace("ukraine", "nowhere"), dataset + "?kind=battle",
        f"/tiles/ukraine-sample/6/38/22.pbf?{DAY}", "/dated/ukraine-sample/2023-11-09/6/38/22.mvt",
        "/dated/ukraine-sample/2023-11-09@1/6/38/22.pbf", "/dated/ukraine-sample/latest/6/38/22.mvt",
        "/dated/ukraine-sample/2022-03-01--2023-11-09/6/38/22.mvt?kind=battle",
        "/dated/ukraine-sample/2023-11-09@0/6/38/22.mvt", "/dated/ukraine-sample/x/6/38/22.mvt",
        f"/dated/ukraine-sample/2023-11-09/6/38/22.mvt?{DAY}", "/dated/ukraine-sample/latest/6/99/22.mvt",
    ]  # fmt: skip
    with ExitStack() as stack:
        hot, slow = (stack.enter_context(Line(port)) for port in (hot_port, slow_port))
        for path, accepted in product(paths, ("identity", "gzip")):
            answers = [line.ask(path, {"Accept-Encoding": accepted}) for line in (slow, hot, hot)]
            assert said(answers[0]) == said(answers[1]) == said(answers[2]), path
            method = [line.ask(path, {"Accept-Encoding": accepted}, "HEAD") for line in (slow, hot)]
            assert said(method[0]) == said(method[1]), path

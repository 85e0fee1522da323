"""The OpenAPI document has every route and every parameter, and drawn requests find it kept to."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any
from urllib.parse import quote, urlencode

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from starlette.routing import Route
from starlette.testclient import TestClient

from tests.endurance.described import there, with_values
from tileserver.web.keys_visit import OPENED
from tileserver.web.operations import OPERATIONS

METHODS = {"get"}
PLACE = {
    **{"tileMatrix": "6", "tileRow": "22", "tileCol": "38", "z": "6", "x": "38", "y": "22", "band": "5"},
    **{"theatre": "ukraine-sample", "style": "ukraine-sample", "form": "svg"},
    **{"tileset": "ukraine-sample", "collectionId": "ukraine-sample"},
    **{"fontstack": "Fira Sans Regular", "range": "0-255", "file": "signs.json"},
    **{"when": "2023-11-09", "from": "2022-03-10", "to": "2023-11-09"},
}

pytestmark = pytest.mark.db


@pytest.fixture(scope="module")
def document(client: TestClient) -> dict[str, Any]:
    """The document, version 3.1."""
    found: dict[str, Any] = client.get("/api").json()
    return found


def names(operation: dict[str, Any], place: str) -> set[str]:
    return {each["name"] for each in operation["parameters"] if each["in"] == place}


def test_every_route_is_described_once_and_nothing_else(client: TestClient, document: dict[str, Any]) -> None:
    routes = {route.path for route in client.app.routes if isinstance(route, Route)}  # type: ignore[attr-defined]
    assert set(document["paths"]) == routes == set(OPERATIONS)
    ids = [each["get"]["operationId"] for each in document["paths"].values()]
    assert len(ids) == len(set(ids))
    for path, each in document["paths"].items():
        assert set(each) == METHODS
        assert names(each["get"], "path") == set(re.findall(r"{(\w+)}", path))


STRICT = [path for path, each in OPERATIONS.items() if each.is_strict]


@pytest.mark.parametrize("path", STRICT)
def test_a_route_allows_the_parameters_that_are_described_and_says_so(
    client: TestClient, document: dict[str, Any], path: str
) -> None:
    named = dict(PLACE)
    if "{version}" in path:
        located = client.get("/tiles/ukraine-sample/6/38/22.mvt").headers["content-location"]
        named["version"] = located.split("/")[3]
    if "{period}" in path:
        named["period"] = client.get("/tilesets/ukraine-sample").json()["time"]["history"]["periods"][0]["id"]
    answer = client.get(re.sub(r"{(\w+)}", lambda found: named[found[1]], path) + "?no_such_parameter=1")
    assert answer.status_code == 400
    known = answer.json()["detail"].partition("known are: ")[2]
    allowed = set() if known == "none" else set(known.split(", "))
    assert allowed == names(document["paths"][path]["get"], "query")


def test_both_versions_are_offered_and_differ_in_their_number_alone(client: TestClient) -> None:
    new, old = (
        client.get("/api"),
        client.get("/api", headers={"Accept": "application/vnd.oai.openapi+json;version=3.0"}),
    )
    assert new.headers["content-type"].endswith("version=3.1")
    assert old.headers["content-type"].endswith("version=3.0")
    assert new.json() | {"openapi": "3.0.3"} == old.json() == client.get("/api?f=openapi30").json()
    assert client.get("/api?f=raml").status_code == 400


def test_the_links_of_the_landing_page_are_to_paths_that_are_described(
    client: TestClient, document: dict[str, Any]
) -> None:
    landing = client.get("/?f=json").json()
    for link in landing["links"]:
        assert link["href"].removeprefix("http://testserver").partition("?")[0] in document["paths"]


def test_the_suffixes_of_ids_say_what_a_tile_resource_is(document: dict[str, Any]) -> None:
    """OGC 20-057, /req/oas30/operation-id."""
    ids = {path: each["get"]["operationId"] for path, each in document["paths"].items()}
    for above, kind in (("/collections/{collectionId}/tiles", "collection"), ("/tiles", "dataset")):
        assert ids[above].endswith(f".{kind}.vector.getTileSetsList")
        assert ids[f"{above}/WebMercatorQuad"].endswith(f".{kind}.vector.getTileSet")
        tile = f"{above}/WebMercatorQuad/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"
        assert ids[tile].endswith(f".{kind}.vector.getTile")
        assert {"datetime", "subset"} <= names(document["paths"][tile]["get"], "query")


def test_what_a_key_opens_says_so_with_its_refusals_and_nothing_else_does(document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]
    named = {
        (each["type"], each.get("in", each.get("scheme")), each.get("name")) for each in schemes.values()
    }
    assert named == {
        ("http", "bearer", None),
        ("apiKey", "header", "X-Api-Key"),
        ("apiKey", "query", "key"),
        ("apiKey", "query", "signed"),
    }
    for path, each in document["paths"].items():
        named_tileset = path.startswith(OPENED) and not path.startswith("/tiles/WebMercatorQuad")
        security = each["get"].get("security", [])
        assert bool(security) == named_tileset, path
        assert {"401", "403"} <= set(each["get"]["responses"]) or not named_tileset
        assert "401" not in each["get"]["responses"] or named_tileset
        assert not security or {} in security, "what is public takes no key"
        assert {name for one in security for name in one} <= set(schemes)
    assert "RateLimit" in document["components"]["responses"]["Problem429"]["headers"]


def test_every_example_fits_its_schema(document: dict[str, Any]) -> None:
    for each in document["paths"].values():
        for parameter in each["get"]["parameters"]:
            if "example" in parameter:
                jsonschema.validate(parameter["example"], parameter["schema"])


def values(parameter: dict[str, Any]) -> SearchStrategy[str]:
    """Draw what fits the schema, mostly the example, and what is likely to be near it."""
    schema, example = parameter["schema"], parameter.get("example")
    drawn = st.text(st.characters(codec="utf-8", exclude_characters="/"), min_size=1, max_size=8)
    if "enum" in schema:
        drawn = st.sampled_from(schema["enum"])
    elif schema["type"] == "integer":
        drawn = st.integers(schema.get("minimum", 0), schema.get("maximum", 1 << 40)).map(str)
    days = st.sampled_from(
        ["2023-11-09", "2022-03-10/2023-11-09", "../..", "latest", "2023-11-09T12:00:00+02:00"]
    )
    near = days if parameter["name"] in ("datetime", "when", "from", "to") else drawn
    usual = drawn if example is None else st.just(str(example))
    return st.one_of(usual, usual, near, drawn)


@st.composite
def requests(draw: st.DrawFn, path: str, operation: dict[str, Any]) -> str:
    """Draw an address of *operation*: the parts of its path, and some of its parameters."""
    parts, query = {}, {}
    for each in operation["parameters"]:
        if each["in"] == "path":
            parts[each["name"]] = quote(draw(values(each)), safe="")
        elif draw(st.booleans()):
            query[each["name"]] = draw(values(each))
    filled = re.sub(r"{(\w+)}", lambda found: parts[found[1]], path)
    return f"{filled}?{urlencode(query)}" if query else filled


DEAR = ("/pictures", "/tilesets/{tileset}/gains")  # seconds of drawing and of measuring
DRAWN = [path for path in OPERATIONS if not path.startswith(DEAR)]


@pytest.mark.parametrize("path", DRAWN)
def test_requests_drawn_from_the_document_are_answered_as_described(
    client: TestClient, document: dict[str, Any], path: str
) -> None:
    operation = document["paths"][path]["get"]

    @settings(max_examples=8, derandomize=True, database=None)
    @given(requests(path, operation))
    def answers(target: str) -> None:
        answer = client.get(target, follow_redirects=False)
        described = operation["responses"].get(str(answer.status_code))
        assert described is not None, target
        # The promises are not told by an application that has just begun.
        is_young = answer.status_code == 503 and path == "/promise"
        assert answer.status_code < 500 or answer.status_code == 501 or is_young, target
        if "$ref" in described:
            described = document["components"]["responses"][described["$ref"].rpartition("/")[2]]
        kind = answer.headers.get("content-type", "")
        assert not kind or kind in described.get("content", {}) or answer.status_code in (204, 304), target

    answers()


def test_values_that_the_server_has_lead_every_operation_to_something(
    client: TestClient, document: dict[str, Any]
) -> None:
    """As the long fuzz draws them: without them it would get no further than the first 404."""

    def get(path: str) -> Any:
        answer = client.get(path)
        is_document = "json" in answer.headers["content-type"]
        return answer.json() if is_document else answer.headers["content-location"]

    known = there(get) | {"url": ["http://testserver/"]}
    for path, each in with_values(deepcopy(document), known)["paths"].items():
        if path.startswith(DEAR):
            continue
        own = {one["name"]: one["schema"] for one in each["get"]["parameters"] if one["in"] == "path"}
        query = {"url": known["url"][0]} if path == "/oembed" else {}
        first = {name: str(schema["anyOf"][0]["enum"][0]) for name, schema in own.items()}
        filled = path.format(**first)
        answer = client.get(filled, params=query, follow_redirects=False)
        assert answer.status_code < 400 or path in ("/basemap/own.pmtiles", "/promise"), (filled, answer.text)

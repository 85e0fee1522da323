"""What pages of the repository show can be asked for as it stands there; paths and columns are so."""

from __future__ import annotations

import re

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from tests.conftest import ROOT
from tileserver.ingest.uacontrolmap import COLUMNS

DOCS = ROOT / "docs"
SHOWN = "".join(page.read_text("utf-8") for page in (ROOT / "README.md", *sorted(DOCS.glob("*.md"))))
SERVER = "http://127.0.0.1:8000"
_FOUND = re.findall(rf"(MVT:)?{SERVER}(/[^\s\"'`)<;]+)", SHOWN)
# An address of GDAL's names a zoom, and is none itself: what is asked first is the metadata beside it.
URLS = sorted({path.rpartition("/")[0] + "/metadata.json" if of_gdal else path for of_gdal, path in _FOUND})
TABLES = (DOCS / "urls.md").read_text("utf-8")
PATHS = re.findall(r"^\| `(/[^`?]*)` \|", TABLES, re.MULTILINE)
PLACE = {"{z}": "6", "{x}": "32", "{y}": "22"}

pytestmark = pytest.mark.db


@pytest.mark.parametrize("url", URLS)
def test_every_url_that_a_page_shows_answers(client: TestClient, url: str) -> None:
    asked = re.sub(r"\{[zxy]\}", lambda each: PLACE[each[0]], url.partition("#")[0])
    answer = client.get(asked)
    assert answer.status_code == 200
    assert answer.content


def test_every_path_of_its_table_is_a_route_and_every_route_is_in_it(client: TestClient) -> None:
    assert isinstance(client.app, Starlette)
    routes = {route.path for route in client.app.routes if isinstance(route, Route)}
    named = {path.replace("/styles/{theatre}.json", "/styles/{style}.json") for path in PATHS}
    assert named == routes


def test_the_keys_of_its_tilejson_table_are_those_that_the_schema_does_not_know(client: TestClient) -> None:
    table = TABLES.partition("| key | what it says |")[2].partition("\n\n")[0]
    said = set(re.findall(r"`([a-z_]+)`", " ".join(re.findall(r"^\| ([^|]*) \|", table, re.MULTILINE))))
    of_the_schema = {"tilejson", "name", "scheme", "tiles", "vector_layers", "bounds", "center", "minzoom",
                     "maxzoom", "attribution"}  # fmt: skip
    assert said - {"missing"} == set(client.get("/tilesets/western-front").json()) - of_the_schema


def test_the_columns_that_it_names_are_those_that_are_read() -> None:
    named = re.search(r"events\.csv\.gz +# columns ([a-z_, ]+) \(", SHOWN)
    assert named is not None
    assert tuple(named[1].split(", ")) == COLUMNS

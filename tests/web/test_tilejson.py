"""Every TileJSON keeps to the specification, and hands on the date and the revision it was asked with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import jsonschema
import pytest
from starlette.testclient import TestClient

from tests.conftest import NOW, Databases, settings_for
from tileserver.store.catalogue import add_theatre
from tileserver.theatres import load_theatre, shipped
from tileserver.web.app import create_app

pytestmark = pytest.mark.db

_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}
_ZOOM = {"type": "integer", "minimum": 0, "maximum": 30}
_VERSION = {"type": "string", "pattern": r"^\d+\.\d+\.\d+"}
# What mapbox/tilejson-spec 3.0.0, schema.json and section 3, ask of each key; all others are free.
SCHEMA = {
    "type": "object",
    "required": ["tilejson", "tiles", "vector_layers"],
    "properties": {
        "tilejson": {"const": "3.0.0"},
        "tiles": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "string", "pattern": r"^https?://[^/]+/.*\{z\}/\{x\}/\{y\}"},
        },
        "vector_layers": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "fields"],
                "properties": {
                    "id": {"type": "string"},
                    "fields": {"type": "object", "additionalProperties": {"type": "string"}},
                    "description": {"type": "string"},
                    "minzoom": _ZOOM,
                    "maxzoom": _ZOOM,
                },
            },
        },
        "bounds": {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4},
        "center": {"type": "array", "items": {"type": "number"}, "minItems": 3, "maxItems": 3},
        "scheme": {"enum": ["xyz", "tms"]},
        "version": _VERSION,
        **dict.fromkeys(("data", "grids"), _TEXTS),
        **dict.fromkeys(("fillzoom", "minzoom", "maxzoom"), _ZOOM),
        **dict.fromkeys(("attribution", "description", "legend", "name", "template"), _TEXT),
    },
}


def _check(document: dict[str, Any]) -> None:
    jsonschema.validate(document, SCHEMA)
    west, south, east, north = document["bounds"]
    longitude, latitude, zoom = document["center"]
    assert -180 <= west <= longitude <= east <= 180
    assert -90 <= south <= latitude <= north <= 90
    assert zoom == int(zoom)
    assert document["minzoom"] <= zoom <= document["maxzoom"]
    for layer in document["vector_layers"]:
        assert document["minzoom"] <= layer["minzoom"] <= layer["maxzoom"] <= document["maxzoom"]


async def _declare(connection: asyncpg.Connection) -> None:
    for name in shipped():
        await add_theatre(connection, load_theatre(name))


@pytest.fixture
def fresh(databases: Databases, database: str) -> Iterator[TestClient]:
    """A server to which nothing was imported yet, with every theatre that is shipped."""
    databases.run(database, _declare)
    with TestClient(create_app(settings_for(database), lambda: NOW)) as client:
        yield client


def _names(client: TestClient) -> list[str]:
    single = [entry["id"] for entry in client.get("/tilesets").json()["tilesets"]]
    assert single
    layers = [name for name in single if "." in name]
    return single + [f"{one},{other}" for one in layers for other in layers if _mixes(one, other)]


def _mixes(one: str, other: str) -> bool:
    return one < other and one.partition(".")[0] == other.partition(".")[0]


QUERIES = ["", "?datetime=2023-11-09", "?revision=1", "?datetime=../2023-11-09&revision=2"]


@pytest.mark.parametrize("query", QUERIES)
def test_every_tilejson_keeps_to_the_schema(client: TestClient, query: str) -> None:
    for name in _names(client):
        _check(client.get(f"/tilesets/{name}{query}").json())


def test_it_does_so_before_anything_is_imported(fresh: TestClient) -> None:
    for name in _names(fresh):
        _check(fresh.get(f"/tilesets/{name}").json())


SPELLINGS = [
    ("2023-11-09", "2023-11-09"),
    ("2023-11-09t12:00:00z", "2023-11-09T12:00:00Z"),
    ("2023-11-09T12:00:00%2B02:00", "2023-11-09T10:00:00Z"),
    ("2023-11-09T12:00:00.000Z", "2023-11-09T12:00:00Z"),
    ("2023-11-01/2023-11-09", "2023-11-01/2023-11-09"),
    ("2023-11-01/", "2023-11-01/.."),
    ("/2023-11-09", "../2023-11-09"),
    ("2099-01-01", "2099-01-01"),
]
PLACE = {"{z}": "6", "{x}": "38", "{y}": "22"}


def _urls(document: dict[str, Any]) -> list[str]:
    source = document.get("sources", {}).get("tileserver", document)
    return list(source["tiles"])


@pytest.mark.parametrize(("asked", "spelt"), SPELLINGS)
@pytest.mark.parametrize("path", ["/tilesets/ukraine-sample", "/styles/ukraine-sample.json"])
def test_its_tiles_are_of_the_date_and_the_revision_that_it_was_asked_with(
    client: TestClient, path: str, asked: str, spelt: str
) -> None:
    newest = client.get("/tilesets/ukraine-sample").json()["time"]["revision"]
    document = client.get(f"{path}?datetime={asked}&revision={newest}").json()
    (url,) = _urls(document)
    assert parse_qs(urlsplit(url).query) == {"datetime": [spelt], "revision": [str(newest)]}
    tile = client.get(re.sub(r"\{[zxy]\}", lambda each: PLACE[each[0]], url))
    same = client.get(f"/tiles/ukraine-sample/6/38/22.mvt?datetime={asked}&revision={newest}")
    assert (tile.status_code, tile.content) == (200, same.content)


@pytest.mark.parametrize("path", ["/tilesets/ukraine-sample", "/styles/ukraine-sample.json"])
def test_the_latest_is_asked_for_by_no_parameter(client: TestClient, path: str) -> None:
    plain = client.get(path)
    assert [urlsplit(url).query for url in _urls(plain.json())] == [""]
    assert client.get(f"{path}?datetime=latest").content == plain.content


def test_what_was_not_known_then_is_in_no_document_of_that_revision(client: TestClient) -> None:
    newest = client.get("/tilesets/ukraine-sample").json()["time"]["revision"]
    nothing = client.get("/tilesets/ukraine-sample?revision=1").json()["time"]
    assert (nothing["revision"], nothing["extent"], nothing["last_day"]) == (0, None, None)
    then = client.get(f"/tilesets/ukraine-sample?revision={newest}").json()["time"]
    assert then["history"] is None  # which is as known now
    assert then["days"].endswith(f"/timeline?revision={newest}")
    url = then["changes"]["document"].replace("{from}", "2023-11-08").replace("{to}", "2023-11-09")
    assert url.endswith(f".json?revision={newest}")
    assert client.get(url).status_code == 200
    assert client.get(then["days"]).json()["revision"] == newest


@pytest.mark.parametrize("query", ["", "?datetime=2023-11-09", "?datetime=2023-11-09&revision=1"])
@pytest.mark.parametrize("path", ["/tilesets/ukraine-sample", "/styles/ukraine-sample.json"])
def test_a_dated_document_is_kept_and_compared_as_a_tile_is(
    sample_database: str, path: str, query: str
) -> None:
    settings = settings_for(sample_database, TILESERVER_PUBLIC_URL="https://maps.example")
    with TestClient(create_app(settings, lambda: NOW)) as client:
        first = client.get(f"{path}{query}")
        assert first.headers["cache-control"] == "public, max-age=60"
        head = client.head(f"{path}{query}")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["etag"] == first.headers["etag"]
        again = client.get(f"{path}{query}", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_no_document_says_more_of_an_embargoed_date_than_that_it_was_asked_for(
    sample_database: str,
) -> None:
    soon = NOW + timedelta(hours=1)
    with TestClient(create_app(settings_for(sample_database), lambda: NOW)) as client:
        plain = client.get("/tilesets/ukraine-sample").json()
        asked = client.get(f"/tilesets/ukraine-sample?datetime={soon:%Y-%m-%d}").json()
    assert asked["time"].pop("datetime") == f"{soon:%Y-%m-%d}"
    assert plain["time"].pop("datetime") is None
    assert [urlsplit(url).query for url in asked.pop("tiles")] == [f"datetime={soon:%Y-%m-%d}"]
    del plain["tiles"]
    assert asked == plain

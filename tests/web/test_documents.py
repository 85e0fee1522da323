"""Documents keep to their specifications, agree with the tiles, and repeat nothing of a request to others."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Annotated, Any, Literal

import mapbox_vector_tile
import msgspec
import pytest
from msgspec import Meta
from starlette.testclient import TestClient

from tests.codings import OPENED
from tests.conftest import NOW, settings_for
from tileserver.tiles.compress import CODINGS, Coding
from tileserver.times import format_instant, parse_day, parse_instant
from tileserver.web.app import create_app

TILESETS = [
    f"{theatre}{layer}"
    for theatre in ("ukraine-sample", "western-front")
    for layer in ("", ".control", ".frontline", ".events", ".notes")
]
TILE = "/tiles/ukraine-sample.control/6/38/22.mvt"

DOCUMENTS = ("", "/timeline", "/km2.json", "/km2.csv", "/gains.json", "/gains.csv")

ROLES = {"areas": "control", "front": "frontline", "events": "events", "notes": "notes"}

pytestmark = pytest.mark.db

Longitude = Annotated[float, Meta(ge=-180, le=180)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Zoom = Annotated[int, Meta(ge=0, le=30)]
Day = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\d$")]
Instant = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")]


class DerivedBlock(msgspec.Struct, forbid_unknown_fields=True):
    """Ours: the areas that a front follows, and the side on whose edge it runs."""

    layer: str
    side: str


class VectorLayer(msgspec.Struct, forbid_unknown_fields=True):
    """TileJSON 3.0.0, 3.3."""

    id: str
    role: Literal["areas", "front", "overlay", "events", "notes", "none"]
    title: dict[str, str]
    fields: dict[str, str]
    description: str
    minzoom: Zoom
    maxzoom: Zoom
    derived: DerivedBlock | msgspec.UnsetType = msgspec.UNSET


class HistoryPeriod(msgspec.Struct, forbid_unknown_fields=True):
    """One period: days since 1970, the end exclusive."""

    id: Annotated[str, Meta(pattern=r"^\d{8}-(\d{8}|open)-\d+-\d+(--?\d+)?$")]
    first_day: Day
    last_day: Day
    first: int
    end: int
    open: bool


class HistoryBlock(msgspec.Struct, forbid_unknown_fields=True):
    """Ours: where the history is, and in which periods."""

    tiles: Annotated[str, Meta(pattern=r"^https?://.+/history/.+/\{period\}/\{z\}/\{x\}/\{y\}\.mvt$")]
    faces: Annotated[str, Meta(pattern=r"^https?://.+/history/.+/\{period\}/faces/\{band\}\.json$")]
    bands: Annotated[list[Zoom], Meta(min_length=1)]
    without: dict[str, list[str]]
    periods: Annotated[list[HistoryPeriod], Meta(min_length=1)]


class Sieve(msgspec.Struct, forbid_unknown_fields=True):
    """What a sliver is from a zoom on: smaller than ``min_ha`` and nowhere as wide as ``width_m``."""

    minzoom: Zoom
    min_ha: Annotated[float, Meta(gt=0)]
    width_m: Annotated[float, Meta(gt=0)]


class ChangesBlock(msgspec.Struct, forbid_unknown_fields=True):
    """Ours: where what changed between two days is asked for."""

    tiles: Annotated[str, Meta(pattern=r"^https?://.+/changes/.+/\{from\}/\{to\}/\{z\}/\{x\}/\{y\}\.mvt$")]
    document: Annotated[str, Meta(pattern=r"^https?://.+/changes/.+/\{from\}/\{to\}\.json$")]
    sides: Annotated[str, Meta(pattern=r"^https?://.+/changes/.+/\{from\}/\{to\}/sides\.json$")]
    sieves: Annotated[list[Sieve], Meta(min_length=1)]


class TimeBlock(msgspec.Struct, forbid_unknown_fields=True):
    """Ours: what a slider needs; the catalogue has it without the last three."""

    extent: tuple[Instant, Instant]
    first_day: Day
    last_day: Day
    newest: dict[str, Day | None]
    default: Day
    day_zone: str
    resolution: Annotated[str, Meta(pattern="^P1D$")]
    embargo: Annotated[str, Meta(pattern=r"^PT\d+[HS]$")]
    correction_window: Annotated[str, Meta(pattern=r"^P")] | None
    horizon: Instant
    settled: Instant | None
    updated: Instant
    revision: Annotated[int, Meta(ge=1)]
    days: Annotated[str, Meta(pattern=r"^https?://.+/timeline$")]
    datetime: str | None
    history: HistoryBlock | None
    changes: ChangesBlock | None
    gains: Annotated[str, Meta(pattern=r"^https?://.+/gains\.json$")] | None


class WindowBlock(msgspec.Struct, forbid_unknown_fields=True):
    """Ours: how a layer of events is drawn, and by what one can choose from it."""

    points: Annotated[int, Meta(gt=0)]
    cells: Annotated[int, Meta(gt=0)]
    cells_below: Zoom
    choose: dict[str, list[str]]


class TileJson(msgspec.Struct, forbid_unknown_fields=True):
    """TileJSON 3.0.0, 3.1 and what we add to it."""

    tilejson: Annotated[str, Meta(pattern=r"^3\.0\.0$")]
    name: str
    title: dict[str, str]
    scheme: Annotated[str, Meta(pattern="^xyz$")]
    tiles: Annotated[
        list[Annotated[str, Meta(pattern=r"^https?://.+/\{z\}/\{x\}/\{y\}\.mvt$")]], Meta(min_length=1)
    ]
    vector_layers: Annotated[list[VectorLayer], Meta(min_length=1)]
    bounds: tuple[Longitude, Latitude, Longitude, Latitude]
    center: tuple[Longitude, Latitude, Zoom]
    minzoom: Zoom
    maxzoom: Zoom
    attribution: Annotated[str, Meta(min_length=1)]
    time: TimeBlock
    categories: dict[str, list[dict[str, Any]]]
    category: dict[str, str]
    vocabularies: dict[str, dict[str, list[dict[str, Any]]]]
    evidence: dict[str, dict[str, Any]]
    looks: dict[str, dict[str, str]]
    windows: dict[str, WindowBlock]
    notice: dict[str, str]
    directions: list[dict[str, Any]]
    sources: dict[str, dict[str, str]]


@pytest.mark.parametrize("name", TILESETS)
def test_a_tilejson_keeps_to_the_specification(client: TestClient, name: str) -> None:
    document = msgspec.convert(client.get(f"/tilesets/{name}").json(), TileJson)
    west, south, east, north = document.bounds
    longitude, latitude, zoom = document.center
    assert west <= longitude <= east
    assert south <= latitude <= north
    assert document.minzoom <= zoom <= document.maxzoom
    assert document.name == name
    ids = [layer.id for layer in document.vector_layers]
    assert len(ids) == len(set(ids))
    assert set(document.categories) == set(document.category) <= set(ids) == set(document.sources)
    assert document.time.first_day <= document.time.last_day
    assert document.time.extent[1] <= document.time.horizon


@pytest.mark.parametrize("name", TILESETS)
def test_the_tile_url_of_a_tilejson_can_be_asked(client: TestClient, name: str) -> None:
    document = client.get(f"/tilesets/{name}").json()
    url = document["tiles"][0].replace("{z}", "0").replace("{x}", "0").replace("{y}", "0")
    answer = client.get(f"{url}?datetime={document['time']['last_day']}")
    assert answer.status_code == 200
    declared = {layer["id"]: layer["fields"] for layer in document["vector_layers"]}
    for layer, drawn in mapbox_vector_tile.decode(answer.content).items():
        for feature in drawn["features"]:
            assert set(feature["properties"]) <= {*declared[layer], "left_out"}


def test_every_status_that_is_drawn_is_in_the_legend(client: TestClient) -> None:
    document = client.get("/tilesets/ukraine-sample").json()
    codes = {category["code"] for category in document["categories"]["control"]}
    decoded = mapbox_vector_tile.decode(client.get(f"{TILE}?datetime=2023-11-09").content)
    assert {each["properties"]["status"] for each in decoded["control"]["features"]} <= codes


def test_the_catalogue_lists_every_theatre_and_tileset(client: TestClient) -> None:
    catalogue = client.get("/tilesets").json()
    assert sorted(each["id"] for each in catalogue["tilesets"]) == sorted(TILESETS)
    assert {each["id"] for each in catalogue["theatres"]} == {"ukraine-sample", "western-front"}
    assert catalogue["default"] in {each["id"] for each in catalogue["theatres"]}
    for entry in catalogue["tilesets"]:
        tilejson = client.get(entry["tilejson"]).json()
        assert {**tilejson["time"], **entry["time"]} == tilejson["time"]
        assert tilejson["bounds"] == entry["bounds"]
        assert client.get(entry["timeline"]).status_code == 200


@pytest.mark.parametrize("name", ["ukraine-sample", "western-front"])
def test_a_timeline_is_ascending_and_adds_up(client: TestClient, name: str) -> None:
    document = client.get(f"/tilesets/{name}/timeline").json()
    days, changes = document["days"], document["changes"]
    assert [day["day"] for day in days] == sorted({day["day"] for day in days})
    keys = [(change["at"], change["layer"]) for change in changes]
    assert keys == sorted(set(keys))
    for layer in ("control", "frontline"):
        of_days = sum(day["changes"].get(layer, 0) for day in days)
        assert of_days == sum(change["features"] for change in changes if change["layer"] == layer) > 0
    assert all(day["begins"] or day["changes"] or day["happened"] for day in days)
    for day in days:
        of_roles = {name: day[role] for role, name in ROLES.items() if day[role]}
        assert of_roles == Counter(day["changes"]) + Counter(day["happened"])
    time = client.get(f"/tilesets/{name}").json()["time"]
    assert (days[0]["day"], days[-1]["day"]) == (time["first_day"], time["last_day"])


@pytest.mark.parametrize("name", ["ukraine-sample", "western-front"])
def test_the_first_state_of_a_layer_is_said_and_counts_as_no_change(client: TestClient, name: str) -> None:
    document = client.get(f"/tilesets/{name}/timeline").json()
    begins, days = document["begins"], document["days"]
    assert set(begins) == {"control", "frontline"}
    for layer, at in begins.items():
        assert at < min(change["at"] for change in document["changes"] if change["layer"] == layer)
        assert [layer in day["begins"] for day in days].count(True) == 1
    first = next(day for day in days if "control" in day["begins"])
    assert (first["changes"], first["km2"]) == ({}, {})


def test_tiles_change_where_the_timeline_says_and_nowhere_else(client: TestClient) -> None:
    changes = client.get("/tilesets/ukraine-sample.control/timeline").json()["changes"]
    instants = [parse_instant(change["at"]) for change in changes]

    def versions(at: datetime) -> list[str]:
        """The names of all tiles that the sample lies in, at the finest zoom: a change may be in any."""
        tiles = [f"7/{x}/{y}" for x in range(71, 79) for y in range(41, 48)]
        urls = [f"/tiles/ukraine-sample.control/{tile}.mvt?datetime={format_instant(at)}" for tile in tiles]
        return [client.get(url).headers["content-location"] for url in urls]

    second = timedelta(seconds=1)
    for at, following in list(pairwise(instants))[::8]:
        here = versions(at)
        assert versions(at - second) != here
        assert versions(following - second) == here


def test_a_timeline_of_an_older_revision_knows_less(client: TestClient) -> None:
    whole = client.get("/tilesets/ukraine-sample/timeline").json()
    first = min(change["revision"] for change in whole["changes"])
    older = client.get(f"/tilesets/ukraine-sample/timeline?revision={first}").json()
    assert older["revision"] == first
    assert {day["events"] + day["notes"] for day in older["days"]} == {0}
    before = client.get("/tilesets/ukraine-sample/timeline?revision=1").json()
    assert (before["days"], before["changes"]) == ([], [])


@pytest.mark.parametrize("host", ["evil.example", "evil.example:81", "[2001:db8::1]:80"])
@pytest.mark.parametrize("path", ["/tilesets/ukraine-sample", "/styles/ukraine-sample.json"])
def test_a_document_that_repeats_the_host_is_kept_by_nobody(client: TestClient, path: str, host: str) -> None:
    answer = client.get(path, headers={"Host": host})
    assert host in answer.text
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "host", ["evil.example/x", "a b", 'x"y', "a,b", "user@evil.example", "évil", "x" * 300, ""]
)
def test_what_is_no_host_is_not_repeated(client: TestClient, host: str) -> None:
    answer = client.get("/tilesets/ukraine-sample", headers=[(b"host", host.encode())])
    assert answer.status_code == 200
    assert answer.json()["tiles"] == ["/tiles/ukraine-sample/{z}/{x}/{y}.mvt"]


FORWARDED = {
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "gopher",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-For": "203.0.113.9",
    "Forwarded": "host=evil.example;proto=gopher",
    "X-Original-URL": "/evil",
    "X-Rewrite-URL": "/evil",
}


def test_what_a_proxy_might_say_is_not_believed(client: TestClient) -> None:
    for path in ("/tilesets", "/tilesets/ukraine-sample", "/styles/ukraine-sample.json", TILE):
        plain, forwarded = client.get(path), client.get(path, headers=FORWARDED)
        assert forwarded.content == plain.content
        assert "evil" not in repr(forwarded.headers)


def test_with_a_public_url_no_document_depends_on_the_request(sample_database: str) -> None:
    settings = settings_for(sample_database, TILESERVER_PUBLIC_URL="https://maps.example/war/")
    with TestClient(create_app(settings, lambda: NOW)) as client:
        for path in ("/tilesets/ukraine-sample", "/styles/ukraine-sample.json"):
            answer = client.get(path, headers={"Host": "evil.example", **FORWARDED})
            assert answer.headers["cache-control"] == "public, max-age=60"
            assert "https://maps.example/war/tiles/ukraine-sample/{z}/{x}/{y}.mvt" in answer.text
            assert "evil" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/tilesets",
        "/tilesets/ukraine-sample",
        "/tilesets/ukraine-sample/timeline",
        "/styles/ukraine-sample.json",
    ],
)
def test_a_document_is_not_sent_twice_to_whoever_holds_it(client: TestClient, path: str) -> None:
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["cache-control"] == first.headers["cache-control"]


@pytest.mark.parametrize("datetime", ["", "?datetime=2023-11-09", "?datetime=2023-11-01/.."])
def test_a_style_draws_layers_that_are_there(client: TestClient, datetime: str) -> None:
    style = client.get(f"/styles/ukraine-sample.json{datetime}").json()
    tilejson = client.get("/tilesets/ukraine-sample").json()
    drawn = {layer["source-layer"] for layer in style["layers"] if "source-layer" in layer}
    assert drawn == {layer["id"] for layer in tilejson["vector_layers"]}
    assert style["version"] == 8
    url = style["sources"]["tileserver"]["tiles"][0]
    filled = url.replace("{z}", "6").replace("{x}", "38").replace("{y}", "22")
    assert client.get(filled).status_code == 200


def test_health_is_asked_for_anew_each_time(client: TestClient) -> None:
    for path in ("/healthz", "/readyz"):
        answer = client.get(path)
        assert answer.json()["status"] == "ok"
        assert answer.headers["cache-control"] == "no-store"


def test_each_layer_says_its_newest_day(client: TestClient) -> None:
    for name in ("ukraine-sample", "western-front"):
        time = client.get(f"/tilesets/{name}").json()["time"]
        for layer, newest in time["newest"].items():
            assert newest == client.get(f"/tilesets/{name}.{layer}").json()["time"]["last_day"]
        assert max(time["newest"].values()) == time["last_day"]


def test_the_default_day_is_one_that_can_be_shown(client: TestClient) -> None:
    for name in ("ukraine-sample", "western-front"):
        time = client.get(f"/tilesets/{name}").json()["time"]
        assert parse_day(time["first_day"]) <= parse_day(time["default"]) <= parse_day(time["last_day"])


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("path", ["/tilesets", *(f"/tilesets/ukraine-sample{rest}" for rest in DOCUMENTS)])
def test_a_document_goes_out_in_each_coding_under_a_tag_of_its_own(
    sample_client: TestClient, path: str, coding: Coding
) -> None:
    plain = sample_client.get(path, headers={"Accept-Encoding": "identity"})
    asked = {"Accept-Encoding": coding}
    with sample_client.stream("GET", path, headers=asked) as coded:
        raw = b"".join(coded.iter_raw())
    assert coded.headers.get("content-encoding", "identity") == coding
    assert OPENED[coding](raw) == plain.content
    assert int(coded.headers["content-length"]) == len(raw) <= len(plain.content)
    assert coded.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert coded.headers["etag"] == plain.headers["etag"].replace("identity", coding)
    tagged = sample_client.get(path, headers={**asked, "If-None-Match": coded.headers["etag"]})
    assert (tagged.status_code, tagged.content) == (304, b"")

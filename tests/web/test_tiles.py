"""A dated tile, its immutable twin and every refusal carry the status and headers that are promised."""

from __future__ import annotations

import re
from itertools import permutations

import mapbox_vector_tile
import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from tests.codings import OPENED
from tileserver.tiles.compress import CODINGS, Coding

FULL = "/tiles/ukraine-sample/6/38/22.mvt?datetime=2023-11-09"
CONTROL = "/tiles/ukraine-sample.control/6/38/22.mvt?datetime=2023-11-09"
EMPTY = "/tiles/ukraine-sample.control/6/0/0.mvt?datetime=2023-11-09"
ALWAYS = {"x-request-id", "x-content-type-options", "access-control-allow-origin", "cache-control"}
OF_A_TILE = ALWAYS | {"etag", "vary", "ogcapi-datetime", "content-location", "cache-status"}

pytestmark = pytest.mark.db


def _headers(response: Response, wanted: set[str]) -> None:
    assert wanted <= set(response.headers)


@pytest.mark.parametrize(
    ("url", "status"),
    [
        (FULL, 200),
        ("/tiles/ukraine-sample/6/38/22.mvt", 200),
        ("/tiles/ukraine-sample/6/38/22.mvt?datetime=latest", 200),
        ("/tiles/ukraine-sample/6/38/22.mvt?datetime=2099-01-01", 200),
        ("/tiles/ukraine-sample.events/6/38/22.mvt?datetime=../..", 200),
        (EMPTY, 204),
        ("/tiles/ukraine-sample.control/6/38/22.mvt?datetime=1900-01-01", 204),
        ("/tiles/ukraine-sample.events/6/38/22.mvt?datetime=1900-01-01", 204),
        ("/tiles/ukraine-sample/6/38/22.mvt?datetime=yesterday", 400),
        ("/tiles/ukraine-sample/6/38/22.mvt?date=2023-11-09", 400),
        ("/tiles/ukraine-sample/6/38/x.mvt", 400),
        ("/tiles/ukraine-sample,western-front/6/38/22.mvt", 400),
        ("/tiles/atlantis/6/38/22.mvt", 404),
        ("/tiles/ukraine-sample.atlantis/6/38/22.mvt", 404),
        ("/tiles/ukraine-sample/6/64/22.mvt", 404),
        ("/tiles/ukraine-sample.control/11/1216/704.mvt", 404),
        ("/tiles/ukraine-sample/6/38/22.png", 404),
        ("/tiles/ukraine-sample/1-1-x-y-z-_/6/38/22.mvt", 404),
        ("/tiles/ukraine-sample/1-1-_-_-_-_/6/38/22.mvt?datetime=2023-11-09", 400),
    ],
)
def test_a_tile_has_its_status(client: TestClient, url: str, status: int) -> None:
    response = client.get(url)
    assert response.status_code == status
    _headers(response, OF_A_TILE if status < 400 else ALWAYS)
    assert response.headers["x-content-type-options"] == "nosniff"
    assert bool(response.content) == (status != 204)
    if status >= 400:
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["content-type"] == "application/problem+json"
        assert "etag" not in response.headers
        body = response.json()
        assert set(body) == {"type", "title", "status", "detail", "request_id"}
        assert (body["status"], body["request_id"]) == (status, response.headers["x-request-id"])
        assert body["detail"]


def test_a_tile_is_what_it_says(client: TestClient) -> None:
    response = client.get(FULL)
    assert response.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert response.headers["cache-control"].startswith("public, max-age=60, stale-while-revalidate=60")
    assert response.headers["ogcapi-datetime"] == "2023-11-08T22:00:00Z/2023-11-09T22:00:00Z"
    layers = mapbox_vector_tile.decode(response.content)
    assert {"control", "frontline", "notes"} <= set(layers)
    assert {each["properties"]["status"] for each in layers["control"]["features"]} <= {
        "occupied", "occupied_before_2022", "liberated", "unknown",
    }  # fmt: skip


def test_the_validity_of_a_state_is_its_epoch(client: TestClient) -> None:
    start, end = client.get(CONTROL).headers["ogcapi-datetime"].split("/")
    assert start <= "2023-11-09T21:59:59Z" < end
    on_start = client.get(f"/tiles/ukraine-sample.control/6/38/22.mvt?datetime={start}")
    on_end = client.get(f"/tiles/ukraine-sample.control/6/38/22.mvt?datetime={end}")
    here = client.get(CONTROL).headers["content-location"]
    assert on_start.headers["content-location"] == here
    assert on_end.headers["content-location"] != here


@pytest.mark.parametrize("coding", CODINGS)
def test_each_coding_decodes_as_declared_and_has_a_tag_of_its_own(client: TestClient, coding: Coding) -> None:
    plain = client.get(FULL)
    with client.stream("GET", FULL, headers={"Accept-Encoding": coding}) as coded:
        raw = b"".join(coded.iter_raw())
    assert coded.headers.get("content-encoding", "identity") == coding
    assert OPENED[coding](raw) == plain.content
    assert int(coded.headers["content-length"]) == len(raw) <= len(plain.content)
    assert coded.headers["vary"] == "Accept-Encoding, Available-Dictionary"
    assert coded.headers["etag"] == plain.headers["etag"].replace("identity", coding)


@pytest.mark.parametrize("url", [FULL, EMPTY])
@pytest.mark.parametrize("coding", CODINGS)
def test_what_is_held_already_is_not_sent_again(client: TestClient, url: str, coding: Coding) -> None:
    first = client.get(url, headers={"Accept-Encoding": coding})
    etag = first.headers["etag"]
    for condition in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = client.get(url, headers={"Accept-Encoding": coding, "If-None-Match": condition})
        assert again.status_code == 304
        assert again.content == b""
        for name in ("etag", "vary", "cache-control", "content-location", "ogcapi-datetime"):
            assert again.headers[name] == first.headers[name]


def test_a_tag_of_one_coding_is_none_of_another(client: TestClient) -> None:
    etag = client.get(FULL, headers={"Accept-Encoding": "br"}).headers["etag"]
    again = client.get(FULL, headers={"Accept-Encoding": "gzip", "If-None-Match": etag})
    assert again.status_code == 200


def test_equal_bytes_have_equal_tags_whatever_the_date(client: TestClient) -> None:
    one = client.get("/tiles/ukraine-sample.control/6/0/0.mvt?datetime=2022-05-01").headers
    other = client.get("/tiles/ukraine-sample.control/6/0/0.mvt?datetime=2024-05-01").headers
    assert one["etag"] == other["etag"]
    assert one["content-location"] == other["content-location"]  # nothing is nothing on every day


@pytest.mark.parametrize(
    "url", [FULL, CONTROL, EMPTY, "/tiles/ukraine-sample.events/6/38/22.mvt?datetime=../2023-11-09"]
)
def test_the_content_location_answers_the_same_bytes_for_ever(client: TestClient, url: str) -> None:
    dated = client.get(url)
    fixed = client.get(dated.headers["content-location"])
    assert (fixed.status_code, fixed.content) == (dated.status_code, dated.content)
    assert fixed.headers["etag"] == dated.headers["etag"]
    assert fixed.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_two_dates_are_two_tiles(client: TestClient) -> None:
    before = client.get("/tiles/ukraine-sample.control/6/38/22.mvt?datetime=2022-03-15")
    after = client.get("/tiles/ukraine-sample.control/6/38/22.mvt?datetime=2022-12-15")
    assert before.content != after.content
    assert before.headers["etag"] != after.headers["etag"]


def test_every_spelling_of_a_moment_is_one_entry(client: TestClient) -> None:
    spellings = [
        "2023-11-09", "2023-11-09T12:00:00Z", "2023-11-09T14:00:00%2B02:00", "2023-11-09t12:00:00.000z",
        "../2023-11-09", "2023-11-08/2023-11-09",
    ]  # fmt: skip
    url = "/tiles/ukraine-sample.control/6/38/22.mvt?datetime="
    answers = [client.get(url + spelling) for spelling in spellings]
    assert len({answer.headers["content-location"] for answer in answers}) == 1
    assert all("hit" in answer.headers["cache-status"] for answer in answers[1:])


@pytest.mark.parametrize("url", [FULL, EMPTY])
def test_head_is_get_without_a_body(client: TestClient, url: str) -> None:
    get, head = client.get(url), client.head(url)
    assert head.status_code == get.status_code
    assert head.content == b""
    changing = {"x-request-id", "cache-status"}
    assert {k: v for k, v in head.headers.items() if k not in changing} == {
        k: v for k, v in get.headers.items() if k not in changing
    }


@pytest.mark.parametrize("url", [FULL, EMPTY, "/tiles/atlantis/0/0/0.mvt", "/tilesets"])
def test_anybody_may_read_and_nobody_with_credentials(client: TestClient, url: str) -> None:
    for method in ("GET", "OPTIONS"):
        origin = {"Origin": "https://partner.example", "Cookie": "a=b"}
        headers = client.request(method, url, headers=origin).headers
        assert headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in headers
        assert "set-cookie" not in headers
    exposed = client.get(url).headers["access-control-expose-headers"]
    assert {"ETag", "Retry-After"} <= set(re.split(", *", exposed))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW"])
def test_a_tile_is_only_read(client: TestClient, method: str) -> None:
    answer = client.request(method, FULL)
    assert answer.status_code == 405
    assert answer.headers["cache-control"] == "no-store"
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


def test_layers_in_any_order_and_repeated_are_the_same_bytes(client: TestClient) -> None:
    names = ["ukraine-sample.control", "ukraine-sample.notes", "ukraine-sample.frontline"]
    spellings = [",".join(each) for each in permutations(names)] + [",".join(names * 2)]
    answers = [client.get(f"/tiles/{each}/6/38/22.mvt?datetime=2023-11-09") for each in spellings]
    assert {answer.content for answer in answers} == {answers[0].content}
    assert len({answer.headers["content-location"] for answer in answers}) == 1
    layers = mapbox_vector_tile.decode(answers[0].content)
    assert set(layers) == {"control", "notes", "frontline"}


def test_a_composed_tile_is_its_layers_one_after_the_other(client: TestClient) -> None:
    whole = client.get(FULL).content
    parts = [
        client.get(f"/tiles/ukraine-sample.{name}/6/38/22.mvt?datetime=2023-11-09").content
        for name in ("control", "frontline", "events", "notes")
    ]
    assert whole == b"".join(parts)


def test_no_more_than_eight_layers_come_in_one_tile(client: TestClient) -> None:
    for number, status in ((8, 200), (9, 400), (500, 400)):
        names = ",".join(["ukraine-sample.control"] * number)
        answer = client.get(f"/tiles/{names}/6/38/22.mvt?datetime=2023-11-09")
        assert answer.status_code == status


def test_a_client_cannot_force_a_tile_to_be_made_again(client: TestClient) -> None:
    client.get(FULL)
    again = client.get(FULL, headers={"Cache-Control": "no-cache", "Pragma": "no-cache"})
    assert "hit" in again.headers["cache-status"]


def test_before_the_first_revision_nothing_was_known(client: TestClient) -> None:
    newest = client.get("/tilesets/ukraine-sample.control").json()["time"]["revision"]
    url = "/tiles/ukraine-sample.control/6/38/22.mvt?datetime=2023-11-09&revision="
    assert client.get(f"{url}{newest}").content == client.get(CONTROL).content
    assert client.get(f"{url}1").status_code == 204  # the other sample's
    assert client.get(f"{url}0").status_code == 400

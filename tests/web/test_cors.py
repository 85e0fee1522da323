"""Any page may read what is served for maps: with whichever headers it sends, and never with credentials."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

TILE = "/tiles/ukraine-sample/6/38/22.mvt?datetime=2023-11-09"
EMPTY = "/tiles/ukraine-sample.control/6/0/0.mvt"
READ = [TILE, EMPTY, "/tilesets", "/tilesets/ukraine-sample", "/styles/ukraine-sample.json",
        "/tilesets/ukraine-sample/km2.csv", "/changes/ukraine-sample/2023-11-08/2023-11-09.json"]  # fmt: skip
REFUSED = ["/tiles/atlantis/0/0/0.mvt", "/tiles/ukraine-sample/6/38/22.mvt?x=1", "/tiles/a", "/tilesets/a/b"]
ORIGIN = {"Origin": "https://partner.example"}

pytestmark = pytest.mark.db


def _preflight(client: TestClient, path: str, headers: str, method: str = "GET") -> dict[str, str]:
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    answer = client.options(path, headers={**ORIGIN, **asked})
    assert (answer.status_code, answer.content) == (204, b"")
    return dict(answer.headers)


@pytest.mark.parametrize("path", [*READ, *REFUSED])
@pytest.mark.parametrize(
    "headers",
    ["if-none-match", "range", "traceparent,tracestate", "x-requested-with", "authorization", "a,b, c"],
)
def test_a_preflight_grants_the_headers_that_it_asks_for(client: TestClient, path: str, headers: str) -> None:
    granted = _preflight(client, path, headers)
    assert granted["access-control-allow-origin"] == "*"
    assert granted["access-control-allow-headers"] == headers
    assert granted["access-control-allow-methods"] == "GET, HEAD"
    assert int(granted["access-control-max-age"]) > 0
    assert "Access-Control-Request-Headers" in granted["vary"]
    assert "access-control-allow-credentials" not in granted


@pytest.mark.parametrize(
    "headers", ["", "a b", "a,,b", "a\tb", "<script>", "é", '"x"', ",", "a:b", "x" * 5000]
)
def test_what_is_no_list_of_names_is_not_repeated(client: TestClient, headers: str) -> None:
    asked = [
        (b"access-control-request-method", b"GET"),
        (b"access-control-request-headers", headers.encode()),
    ]
    answer = client.options(TILE, headers=asked)
    assert answer.headers["access-control-allow-headers"] == "Accept, If-None-Match, Range"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_no_preflight_leads_to_writing(client: TestClient, method: str) -> None:
    assert _preflight(client, TILE, "x-a", method)["access-control-allow-methods"] == "GET, HEAD"


@pytest.mark.parametrize("path", READ)
def test_options_alone_says_what_may_be_done(client: TestClient, path: str) -> None:
    answer = client.options(path)
    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize("path", [*READ, *REFUSED])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_every_answer_may_be_read_with_its_headers(client: TestClient, path: str, method: str) -> None:
    first = client.request(method, path, headers={**ORIGIN, "Cookie": "a=b"})
    answers = [first]
    if "etag" in first.headers:
        answers.append(client.request(method, path, headers={"If-None-Match": first.headers["etag"]}))
        assert answers[-1].status_code == 304 or path.startswith("/tilesets/ukraine-sample")  # a clock in it
    for answer in answers:
        assert answer.headers["access-control-allow-origin"] == "*"
        exposed = set(answer.headers["access-control-expose-headers"].split(", "))
        assert {"ETag", "OGCAPI-datetime", "Content-Location", "Retry-After", "X-Request-Id"} <= exposed
        assert "access-control-allow-credentials" not in answer.headers
        assert "set-cookie" not in answer.headers

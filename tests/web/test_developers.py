"""The page for developers says addresses that answer, and its code stands on lines."""

from __future__ import annotations

import json
import re
import time
from html import unescape

import pytest
from starlette.testclient import TestClient

from tileserver.publish.developers_code import CODE
from tileserver.web.follower import OBEYED_S
from tileserver.web.operations import OPERATIONS

pytestmark = pytest.mark.db


@pytest.fixture(scope="module")
def page(client: TestClient) -> str:
    answer = client.get("/developers")
    assert answer.status_code == 200
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    return answer.text


def test_every_link_of_the_page_and_every_address_in_its_code_answers(client: TestClient, page: str) -> None:
    links = {unescape(each) for each in re.findall(r'(?:href|src)="([^"]+)"', page)}
    pictures = {each for each in links if each.startswith("pictures/") and ".png" in each}
    assert len(pictures) == 6  # dear to draw: one of them stands for all
    links = {each for each in links - {"data:,"} - pictures if not each.startswith("static/")}
    code = {
        each
        for block in re.findall(r"<code>([^<]*\n[^<]*)</code>", page)
        for each in re.findall(r"http://testserver(/[^\s\"]*)", unescape(block))
    }
    assert len(code) >= 18
    for address in {f"/{link.removeprefix('./')}" for link in links} | code | {f"/{min(pictures)}"}:
        each = re.sub(r"(/dated/[^/]+/[^/]+)/\d+\Z", r"\1/metadata.json", address)  # a folder for GDAL
        asked = each.replace("{z}", "6").replace("{x}", "38").replace("{y}", "22")
        if asked == "/promise":
            _wait_until_told(client)
        assert client.get(asked).status_code in (200, 204), each


def _wait_until_told(client: TestClient) -> None:
    """Wait as a cache in front does: a server that has just begun says so for its first seconds."""
    until = time.monotonic() + 2 * OBEYED_S + 2
    while client.get("/promise").status_code == 503 and time.monotonic() < until:
        time.sleep(0.2)


def test_every_client_has_code_on_lines_and_every_route_is_listed(page: str) -> None:
    for client in CODE:
        assert f'aria-label="Code for {client}"' in page
    assert len(re.findall(r"<code>[^<]*\n[^<]*</code>", page)) == len(CODE) + 2  # and two on keys
    for path in OPERATIONS:
        assert f"<summary><code>{path}</code>" in page
    assert "</img>" not in page


def test_a_map_of_ones_own_has_the_codes_and_colours_of_the_legend(client: TestClient, page: str) -> None:
    legend = client.get("/tilesets/ukraine-sample").json()["categories"]["control"]
    [painted] = re.findall(r'"fill-color": \["match", \["get", "status"\], (.*)\]', unescape(page))
    pairs = [part for each in legend for part in (each["code"], each["colour"])]
    assert json.loads(f"[{painted}]")[:-1] == pairs


def test_the_map_says_in_a_header_where_its_tiles_are_explained(client: TestClient) -> None:
    link = client.get("/").headers["link"]
    doors = dict(reversed(each) for each in re.findall(r'<([^>]+)>; rel="([a-z-]+)"', link))
    assert client.get(doors["service-doc"]).headers["content-type"].startswith("text/html")
    assert client.get(doors["alternate"]).json()["links"]


def test_a_theme_of_the_address_is_the_theme_of_the_page(client: TestClient) -> None:
    assert 'data-theme="dark"' in client.get("/developers?theme=dark").text

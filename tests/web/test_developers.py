"""The page for developers says addresses that answer, and its code stands on lines."""

from __future__ import annotations

import re
from html import unescape

import pytest
from starlette.testclient import TestClient

from tileserver.publish.developers_code import CODE
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
        unescape(each)
        for each in re.findall(r"http://testserver(/[^\s&]+)&quot;|http://testserver(/\S+)\n", page)
        for each in each
        if each
    }
    assert len(code) >= 5
    for address in {f"/{link.removeprefix('./')}" for link in links} | code | {f"/{min(pictures)}"}:
        each = re.sub(r"(/dated/[^/]+/[^/]+)/\d+\Z", r"\1/metadata.json", address)  # a folder for GDAL
        asked = each.replace("{z}", "6").replace("{x}", "38").replace("{y}", "22")
        assert client.get(asked).status_code in (200, 204), each


def test_every_client_has_code_on_lines_and_every_route_is_listed(page: str) -> None:
    for client in CODE:
        assert f'aria-label="Code for {client}"' in page
    assert len(re.findall(r"<code>[^<]*\n[^<]*</code>", page)) == len(CODE) + 2  # and two on keys
    for path in OPERATIONS:
        assert f"<summary><code>{path}</code>" in page
    assert "</img>" not in page


def test_a_theme_of_the_address_is_the_theme_of_the_page(client: TestClient) -> None:
    assert 'data-theme="dark"' in client.get("/developers?theme=dark").text

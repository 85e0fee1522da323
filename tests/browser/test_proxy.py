"""Behind a real nginx, under a path of its proxy, everything is where the page and its documents say."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.conftest import NewReader
from tests.conftest import free_port, serving

pytestmark = [pytest.mark.db, pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

CONFIGURATION = """
daemon off; pid {folder}/pid; error_log stderr; worker_processes 1;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{
    listen 127.0.0.1:{port};
    location /tiles-proxy/ {{
      proxy_pass {server}/;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header Forwarded "";
    }}
  }}
}}
"""


@pytest.fixture(scope="module")
def proxied(sample_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the map behind nginx, without a slash at its end."""
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    url = f"http://127.0.0.1:{port}/tiles-proxy"
    settings = {"TILESERVER_PUBLIC_URL": f"{url}/", "TILESERVER_TRUSTED_PROXIES": "127.0.0.1"}
    with serving(sample_database, **settings) as server:
        file = folder / "nginx.conf"
        file.write_text(CONFIGURATION.format(folder=folder, port=port, server=server))
        nginx = subprocess.Popen(["/usr/sbin/nginx", "-c", str(file), "-p", str(folder)])
        try:
            yield url
        finally:
            nginx.terminate()
            nginx.wait(10)


def get(url: str) -> tuple[dict[str, str], bytes]:
    """Return the headers and the body of the answer at *url*."""
    with urllib.request.urlopen(url, timeout=20) as answer:
        return {name.lower(): value for name, value in answer.headers.items()}, answer.read()


def urls_in(value: Any) -> Iterator[str]:
    """All URLs in a document."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from urls_in(each)
    elif isinstance(value, str) and value.startswith("http://127.0.0.1"):
        yield value


async def test_the_map_is_read_under_a_path_of_a_proxy(proxied: str, new_reader: NewReader) -> None:
    for page in ("/", "/embed"):
        reader = await new_reader()
        await reader.open(f"{proxied}{page}?theatre=western-front&lang=en#map=6.5/49.1/0.5&at=1944-07-25")
        await reader.settled()
        assert reader.complaints == []
        strangers = [each for each in reader.requests if each.startswith("http") and proxied not in each]
        assert strangers == []
        assert any("/history/" in each or "/tiles/" in each for each in reader.requests)


async def test_the_link_out_of_an_embed_leads_to_the_map_of_the_same_proxy(
    proxied: str, new_reader: NewReader
) -> None:
    reader = await new_reader()
    await reader.open(f"{proxied}/embed?theatre=western-front&lang=en#map=6.5/49.1/0.5&at=1944-07-25")
    await reader.until("document.getElementById('open-full').href.includes('theatre=')")
    link: str = await reader.page.evaluate("document.getElementById('open-full').href")
    assert link.startswith(f"{proxied}/?")


async def test_documents_and_headers_say_addresses_that_are_there(proxied: str) -> None:
    for path in ("/tilesets", "/tilesets/ukraine-sample", "/styles/ukraine-sample.json"):
        for url in urls_in(json.loads(get(proxied + path)[1])):
            assert url.startswith(f"{proxied}/"), url
    tile = f"{proxied}/tiles/ukraine-sample.control/6/38/22.mvt?datetime=2023-11-09"
    root = proxied.removesuffix("/tiles-proxy")
    for url in (tile, tile, f"{proxied}/changes/ukraine-sample.control/2022-03-10/2023-11-09/6/38/22.mvt"):
        headers, body = get(url)
        assert headers["content-location"].startswith("/tiles-proxy/")
        assert get(root + headers["content-location"])[1] == body


async def test_a_theatre_that_is_not_there_is_said_with_links_that_lead_somewhere(
    proxied: str, new_reader: NewReader
) -> None:
    reader = await new_reader()
    await reader.page.goto(f"{proxied}/embed?theatre=nowhere")
    links: list[str] = await reader.page.evaluate("[...document.links].map(each => each.href)")
    assert links
    assert all(each.startswith(f"{proxied}/embed?theatre=") for each in links)
    rules: int = await reader.page.evaluate("document.styleSheets[0].cssRules.length")
    assert rules

"""Nothing is stored, nobody else is asked, and no text of the data becomes markup."""

from __future__ import annotations

from urllib.parse import urlsplit

import mapbox_vector_tile
import pytest
from playwright.async_api import Route

from tests.browser.conftest import NewReader, Reader

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_nothing_is_stored_and_nobody_else_is_asked(server_url: str, reader: Reader) -> None:
    await reader.page.click("#next-change")
    await reader.ready()
    here = urlsplit(server_url).netloc
    foreign = [url for url in reader.requests if urlsplit(url).netloc not in ("", here)]
    assert foreign == []
    assert await reader.page.context.cookies() == []
    assert await reader.page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert await reader.page.evaluate("indexedDB.databases().then(found => found.length)") == 0
    assert reader.complaints == []


async def test_the_policy_allows_this_server_alone(server_url: str, new_reader: NewReader) -> None:
    reader = await new_reader()
    for path in ("/", "/embed"):
        answer = await reader.page.request.get(server_url + path)
        directives = [words.split() for words in answer.headers["content-security-policy"].split(";")]
        policy = {name: sources for name, *sources in directives}
        assert policy["default-src"] == ["'none'"]
        for directive in ("script-src", "style-src", "connect-src"):
            assert policy[directive] == ["'self'"]
        assert policy["worker-src"] == (["'self'", "blob:"] if path == "/embed" else ["'self'"])  # sandboxed


async def test_a_popup_shows_markup_as_text(server_url: str, new_reader: NewReader) -> None:
    reader = await new_reader()
    text = "<img src=x onerror='window.hurt=1'><b>bold</b>"
    hostile = {
        "text": text,
        "kind": "battle",
        "date": "1944-07-25",
        "url": "javascript:window.hurt=1",
        "from": -9291,
        "to": -9290,
    }

    async def hostile_tile(route: Route) -> None:
        points = [{"geometry": "POINT(2048 2048)", "properties": hostile, "id": number} for number in (1, 2)]
        body = mapbox_vector_tile.encode({"name": "events", "features": points})
        await route.fulfill(body=body, content_type="application/vnd.mapbox-vector-tile")

    await reader.page.route("**/history/**", hostile_tile)
    await reader.open(server_url + "/?theatre=western-front&lang=en#map=6/49.61/2.8125&at=1944-07-25")
    middle = await reader.page.evaluate(
        "tileserverMap.querySourceFeatures(tileserverShownSource(), {sourceLayer: 'events'})"
        ".map(feature => tileserverMap.project(feature.geometry.coordinates)).map(({x, y}) => [x, y])"
        ".find(([x, y]) => x > 380 && x < innerWidth - 60 && y > 60 && y < innerHeight - 120)"
    )
    await reader.page.mouse.click(*middle)
    popup = reader.page.locator(".popup-body")
    await popup.wait_for()
    assert text in await popup.inner_text()
    assert await popup.locator("li").count() == 2
    assert await popup.locator("img, b, a:not(.event-link), script").count() == 0
    assert await reader.page.evaluate("window.hurt") is None

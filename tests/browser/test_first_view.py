"""The first view of the map is light: MapLibre, and little beside it; and nothing moves while it arrives."""

from __future__ import annotations

from collections import Counter

import pytest
from playwright.async_api import Request, Route

from tests.browser.conftest import NewReader, Reader

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# Bytes on the wire with headers, of which MapLibre takes 250 kB.
OF_THE_MAP = 600_000
OF_AN_EMBED = OF_THE_MAP + 80_000  # with the picture before its map, and what stands around that


async def test_a_first_view_of_the_map_takes_at_most_600_kb_and_moves_nothing(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader(1280, 800)
    assert await _taken(reader, server_url, "/?theatre=ukraine-sample") < OF_THE_MAP


async def test_a_first_view_of_an_embed_takes_at_most_680_kb_and_moves_nothing(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader(1280, 800)
    assert await _taken(reader, server_url, "/embed?theatre=western-front") < OF_AN_EMBED


async def _taken(reader: Reader, server_url: str, page: str) -> int:
    """The bytes that a first view of *page* takes; it arrives packed, and nothing moves."""
    finished: list[Request] = []
    reader.page.on("requestfinished", lambda request: finished.append(request))  # noqa: PLW0108, a method of C has no place for its marks
    await reader.open(server_url + page)
    # As DevTools count them (Network.loadingFinished), of the page and of its worker.
    asked = [request for request in finished if request.url.startswith(server_url)]
    sizes = [await request.sizes() for request in asked]
    taken = sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)
    # They do not count the worker's own script, which the page does.
    worker: int = await reader.page.evaluate(
        "performance.getEntriesByType('resource').find(one => one.name.includes('/worker-')).encodedBodySize"
    )
    assert 4_000 < worker < 10_000
    assert taken + worker > 300_000
    assert any("/history/" in request.url for request in asked)
    for request in asked:
        if request.url.endswith((".js", ".css")):
            answer = await request.response()
            assert answer is not None
            assert (await answer.all_headers())["content-encoding"] == "br"
    assert await reader.moved() == 0
    return taken + worker


async def test_the_tiles_of_the_day_are_asked_for_ahead_and_before_what_lies_under_them(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader(1280, 800)
    await reader.open(f"{server_url}/?theatre=ukraine-sample")
    await reader.settled()
    dated = [url.split("#")[0] for url in reader.requests if "/history/" in url]
    # By the page while its scripts come, and by the worker, which finds them in the browser's cache.
    assert set(Counter(dated).values()) == {2}
    first = {part: _index(reader.requests, part) for part in ("/history/", "/app-", ".pmtiles")}
    assert first["/app-"] < first["/history/"] < first[".pmtiles"]


async def test_what_lies_under_the_day_is_drawn_though_the_day_cannot_be_had(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader()

    async def away(route: Route) -> None:
        await route.fulfill(status=503)

    await reader.page.route("**/history/**", away)
    await reader.page.goto(f"{server_url}/?theatre=ukraine-sample")
    await reader.until("document.documentElement.dataset.state === 'error'")
    await reader.until("tileserverMap.querySourceFeatures('world', {sourceLayer: 'land'}).length > 0")


def _index(urls: list[str], part: str) -> int:
    return next(index for index, url in enumerate(urls) if part in url)

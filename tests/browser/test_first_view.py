"""The first view of the map is light: MapLibre, and little beside it; and nothing moves while it arrives."""

from __future__ import annotations

import pytest
from playwright.async_api import Request

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

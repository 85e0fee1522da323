"""The first view of the map is light: MapLibre, and little beside it; and nothing moves while it arrives."""

from __future__ import annotations

import pytest
from playwright.async_api import Request

from tests.browser.conftest import NewReader

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

FACADE = 80_000  # the picture before the map, and what stands around it
MOST = 600_000  # bytes on the wire with headers, of which MapLibre takes 250 kB


@pytest.mark.parametrize(("path", "theatre"), [("/", "ukraine-sample"), ("/embed", "western-front")])
async def test_a_first_view_takes_at_most_600_kb_on_the_wire_and_moves_nothing(
    server_url: str, new_reader: NewReader, path: str, theatre: str
) -> None:
    reader = await new_reader(1280, 800)
    finished: list[Request] = []
    reader.page.on("requestfinished", lambda request: finished.append(request))  # noqa: PLW0108, a method of C has no place for its marks
    await reader.open(f"{server_url}{path}?theatre={theatre}")
    # As DevTools count them (Network.loadingFinished), of the page and of its worker.
    asked = [request for request in finished if request.url.startswith(server_url)]
    sizes = [await request.sizes() for request in asked]
    taken = sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)
    # They do not count the worker's own script, which the page does.
    worker: int = await reader.page.evaluate(
        "performance.getEntriesByType('resource').find(one => one.name.includes('/worker-')).encodedBodySize"
    )
    assert 4_000 < worker < 10_000
    assert 300_000 < taken + worker < MOST + (FACADE if path == "/embed" else 0)
    assert any("/history/" in request.url for request in asked)
    for request in asked:
        if request.url.endswith((".js", ".css")):
            answer = await request.response()
            assert answer is not None
            assert (await answer.all_headers())["content-encoding"] == "br"
    assert await reader.moved() == 0

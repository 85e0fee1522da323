"""The reader's page before its map: a picture of the day, which lies where the map then draws the same."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Route

from tests.browser.conftest import NewReader
from tests.browser.test_embed_kit import drawn

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PAGE = "/?theatre=western-front&lang=en&at=1944-07-25"
# Where the middle and a corner of the picture are, px, and what the picture shows there.
LAID = """(() => {
  const image = document.querySelector("#still img"), box = image.getBoundingClientRect();
  return [new URL(image.currentSrc).searchParams.get("map"), image.naturalWidth,
    box.x + box.width / 2, box.y + box.height / 2, box.width];
})()"""


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (390, 844)])
async def test_a_picture_of_the_day_stands_where_the_map_then_draws_it(
    server_url: str, new_reader: NewReader, width: int, height: int
) -> None:
    reader = await new_reader(width, height)
    await drawn(reader, server_url + PAGE)
    let_on = asyncio.Event()

    async def wait(route: Route) -> None:
        await let_on.wait()
        await route.continue_()

    await reader.page.route("**/assets/app-*.js", wait)
    await reader.page.goto(server_url + PAGE, wait_until="commit")
    await reader.until("document.querySelector('#still img.laid') !== null")
    assert await reader.labelled() == "1944-07-25"
    assert await reader.page.inner_text("#date") == "25 July 1944"
    seen, natural, x, y, wide = await reader.page.evaluate(LAID)
    assert x - wide / 2 <= 0
    assert x + wide / 2 >= width
    let_on.set()
    await reader.ready("1944-07-25")
    zoom, latitude, longitude = map(float, seen.split("/"))
    on_map = await reader.page.evaluate(
        f"(({{x, y}}) => [x, y, tileserverMap.getZoom()])(tileserverMap.project([{longitude}, {latitude}]))"
    )
    assert on_map[:2] == pytest.approx([x, y], abs=1.5)
    assert natural * 2 ** (on_map[2] - zoom) == pytest.approx(wide, rel=0.005)
    await reader.until("document.getElementById('still') === null")
    assert await reader.label_is_the_picture()
    assert await reader.moved() == 0
    assert reader.complaints == []


async def test_a_link_to_a_day_or_a_place_has_no_picture_of_another(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader(640, 460)
    asked: list[str] = []
    reader.page.on("request", lambda request: asked.append(request.url))
    for fragment in ("#at=1944-08-15", "#map=6/49/1", "#compare=1944-06-20"):
        await reader.page.goto("about:blank")
        await reader.page.goto(server_url + PAGE + fragment)
        await reader.until("document.documentElement.dataset.shown !== undefined")
        assert await reader.page.evaluate("document.getElementById('still')") is None
    assert [each for each in asked if "/pictures/" in each] == []


async def test_without_its_picture_the_page_says_no_date_before_its_map(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader(640, 460)
    let_on = asyncio.Event()

    async def wait(route: Route) -> None:
        await let_on.wait()
        await route.continue_()

    await reader.page.route("**/assets/app-*.js", wait)
    await reader.page.route("**/pictures/**", lambda route: route.abort())
    await reader.page.goto(server_url + PAGE, wait_until="commit")
    await reader.until("document.getElementById('still') === null")
    assert await reader.page.inner_text("#date") == ""
    let_on.set()
    await reader.ready("1944-07-25")
    reader.complaints.clear()  # of the picture that could not be had

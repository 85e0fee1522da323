"""What a reader wishes of the time controls before there is a map is done once there is one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Route

from tests.browser.conftest import NORMANDY, WEST, NewReader, Reader

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PAGE = "/?theatre=western-front&lang=en&at=1944-07-25"
SLIDE = """day => { const slider = document.getElementById("slider");
    slider.value = String((Date.parse(day) - Date.parse(slider.dataset.first)) / 864e5);
    slider.dispatchEvent(new Event("input", {bubbles: true})); }"""
PLACE = """(() => { const {value, dataset} = document.getElementById("slider");
    return new Date(Date.parse(dataset.first) + value * 864e5).toISOString().slice(0, 10); })()"""


@asynccontextmanager
async def without(reader: Reader, pattern: str, url: str) -> AsyncIterator[None]:
    """Open *url* without what matches *pattern*, which comes at the end, and wait for the day's place."""
    let_on, asked = asyncio.Event(), asyncio.Event()

    async def wait(route: Route) -> None:
        asked.set()
        await let_on.wait()
        await route.continue_()

    await reader.page.route(pattern, wait)
    await reader.page.goto(url, wait_until="commit")
    await asked.wait()
    await reader.until("document.getElementById('slider')?.hasAttribute('aria-valuetext') ?? false")
    yield
    let_on.set()


# The map's own scripts, or, once they run, what the server says of its theatres.
@pytest.mark.parametrize("late", ["**/assets/app-*.js", "**/tilesets/*/timeline"])
async def test_a_day_wished_for_before_the_map_is_the_first_that_is_shown(
    server_url: str, new_reader: NewReader, late: str
) -> None:
    reader = await new_reader()
    async with without(reader, late, server_url + PAGE):
        assert await reader.page.evaluate(PLACE) == "1944-07-25"
        await reader.page.evaluate(SLIDE, "1944-08-15")
        await reader.page.focus("#slider")
        await reader.page.keyboard.press("ArrowRight")
        await reader.page.click("#next-day")
        assert await reader.page.evaluate(PLACE) == "1944-08-17"
        assert await reader.page.input_value("#date-field") == "1944-08-17"
        assert await reader.page.get_attribute("#slider", "aria-valuetext") == "17 August 1944"
        assert not await reader.shown()
    await reader.until("document.documentElement.dataset.shown !== undefined")
    assert await reader.shown() == "1944-08-17"  # and no other before it
    await reader.ready("1944-08-17")
    assert await reader.label_is_the_picture()
    assert await reader.page.evaluate("document.getElementById('still')") is None
    await reader.page.keyboard.press("ArrowRight")
    await reader.ready("1944-08-18")  # heard once, by the map
    assert reader.complaints == []


async def test_a_button_pressed_before_the_map_is_pressed_once_the_linked_day_is_there(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader()
    async with without(reader, "**/assets/app-*.js", server_url + WEST + NORMANDY):
        assert await reader.page.evaluate(PLACE) == "1944-07-25"  # of the part after `#`
        await reader.page.click("#play")
    await reader.until("document.documentElement.dataset.shown > '1944-07-25'")
    assert await reader.page.evaluate("document.getElementById('play').classList.contains('playing')")

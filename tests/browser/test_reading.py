"""What the page says of theatre and age, how it is read by keyboard, and that nobody is kept out (axe)."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Route

from tests.browser.axe import axe
from tests.browser.conftest import NORMANDY, SAMPLE, WEST, NewReader

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PAGES = {
    "map": "/?lang=en&theatre=western-front" + NORMANDY,
    "comparison": "/?lang=en&theatre=western-front" + NORMANDY + "&compare=1944-07-01",
    "embed": f"/embed?{SAMPLE}",
    "embed of a day": f"/embed?{SAMPLE}&at=2023-11-09",
}


async def test_the_map_opens_on_the_default_theatre(server_url: str, new_reader: NewReader) -> None:
    reader = await new_reader()
    await reader.open(server_url)
    catalogue = await reader.page.evaluate("fetch('/tilesets').then(answer => answer.json())")
    theatre = next(each for each in catalogue["theatres"] if each["id"] == catalogue["default"])
    assert await reader.page.input_value("#theatre") == theatre["id"]
    assert await reader.page.inner_text("#title") == theatre["title"]["en"]
    assert await reader.page.inner_text("#notice") == theatre["notice"]["en"]
    assert await reader.on_screen("control")
    assert reader.complaints == []


async def test_a_day_that_only_events_reach_says_how_old_control_is(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader()

    async def older(route: Route) -> None:
        answer = await route.fetch()
        document = await answer.json()
        document["time"]["newest"] = {**document["time"]["newest"], "control": "1945-04-06"}
        await route.fulfill(response=answer, json=document)

    await reader.page.route("**/tilesets/western-front", older)
    await reader.open(server_url + WEST + "#at=1945-05-08")
    ages = await reader.page.inner_text("#ages")
    assert "Control as of 6 Apr 1945, 32 days earlier." in ages
    assert "control" not in await reader.page.inner_text("#summary")
    await reader.page.fill("#date-field", "1945-04-06")
    await reader.ready("1945-04-06")
    assert (await reader.page.inner_text("#ages")).startswith("Newest public state of control")


async def test_the_first_day_is_a_beginning_and_the_newest_says_how_old_it_is(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader()
    await reader.open(server_url + WEST + "#at=1944-06-06")
    assert "first known state of control" in (await reader.page.inner_text("#summary")).lower()
    assert "km²" not in await reader.page.inner_text("#summary")
    assert await reader.page.inner_text("#as-of") == "As of"
    await reader.page.focus("#slider")
    await reader.page.keyboard.press("End")
    await reader.ready("1945-05-08")
    assert await reader.page.inner_text("#as-of") == "Latest:"
    assert "Newest public day" in await reader.page.inner_text("#ages")


async def test_what_is_in_the_middle_is_told_by_keyboard_and_closed_by_escape(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader()
    await reader.open(server_url + WEST + NORMANDY.replace("49.1/0.5", "48.8/2.3"))
    await reader.page.focus("#map canvas")
    await reader.page.keyboard.press("Enter")
    await reader.page.locator(".popup-body").wait_for()
    assert await reader.page.evaluate("document.activeElement.closest('.maplibregl-popup') !== null")
    await reader.page.keyboard.press("Escape")
    assert await reader.page.locator(".popup-body").count() == 0
    assert await reader.page.evaluate("document.activeElement === tileserverMap.getCanvas()")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing(server_url: str, new_reader: NewReader, scheme: str) -> None:
    found: dict[str, list[Any]] = {}
    for name, path in PAGES.items():
        reader = await new_reader(1100, 760, color_scheme=scheme, bypass_csp=True)
        await reader.open(server_url + path)
        if name == "comparison":
            await reader.page.locator("#changes .km2").first.wait_for()
        found[name] = await axe(reader)
        if name == "map":
            await reader.page.focus("#map canvas")
            await reader.page.keyboard.press("Enter")
            await reader.page.locator(".popup-body").wait_for()
            found["popup"] = await axe(reader)
        await reader.page.context.close()
    assert {name: own for name, own in found.items() if own} == {}

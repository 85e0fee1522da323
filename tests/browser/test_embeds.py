"""An embed says its day, and stays at it where it is one of a fixed day."""

from __future__ import annotations

import asyncio

import pytest

from tests.browser.conftest import SAMPLE, NewReader

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_an_embed_of_a_fixed_day_says_so_and_has_no_time_controls(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader(320, 480)
    await reader.open(server_url + "/embed?theatre=ukraine-sample&at=2023-11-09&lang=en")
    assert await reader.shown() == "2023-11-09"
    assert await reader.page.is_visible("#fixed")
    assert not await reader.page.is_visible("#timebar")
    assert "at=2023-11-09" in (await reader.page.get_attribute("#open-full", "href") or "")
    await reader.page.keyboard.press("ArrowRight")
    await asyncio.sleep(0.5)
    assert await reader.shown() == "2023-11-09"


async def test_the_latest_embed_shows_the_last_public_day(server_url: str, new_reader: NewReader) -> None:
    reader = await new_reader(320, 480, color_scheme="dark")
    await reader.open(server_url + "/embed?theatre=western-front&at=latest")
    tilejson = await reader.page.evaluate("fetch('/tilesets/western-front').then(answer => answer.json())")
    assert await reader.shown() == tilejson["time"]["last_day"]
    assert await reader.page.is_visible("#timebar")
    assert await reader.page.evaluate("document.documentElement.dataset.theme") == "dark"


async def test_an_embed_calls_the_day_it_opens_at_by_its_date_and_only_the_newest_latest(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader(640, 420)
    await reader.open(f"{server_url}/embed?{SAMPLE}")
    assert [await reader.shown(), await reader.page.inner_text("#as-of")] == ["2023-11-09", "As of"]
    await reader.open(f"{server_url}/embed?{SAMPLE}&at=latest")
    tilejson = await reader.page.evaluate("fetch('/tilesets/ukraine-sample').then(answer => answer.json())")
    newest = tilejson["time"]["last_day"]
    assert [await reader.shown(), await reader.page.inner_text("#as-of")] == [newest, "Latest:"]
    await reader.page.click("#previous-day")
    await reader.until(f"document.documentElement.dataset.shown !== {newest!r}")
    assert await reader.page.inner_text("#as-of") == "As of"

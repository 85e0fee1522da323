"""Label, address and every tile on the screen are of the same day, however the reader moves through time."""

from __future__ import annotations

import asyncio
import random

import pytest
from playwright.async_api import Route

from tests.browser.conftest import NORMANDY, WEST, NewReader, Reader, assert_all_of_one_day

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_each_key_of_the_slider_shows_a_day_whole(server_url: str, reader: Reader) -> None:
    seen = {frozenset(await reader.on_screen("control"))}
    await reader.page.focus("#slider")
    for key, day in (
        ("ArrowRight", "1944-07-26"),
        ("PageUp", "1944-08-26"),
        ("ArrowLeft", "1944-08-25"),
        ("End", "1945-05-08"),
        ("Home", "1944-06-06"),
    ):
        await reader.page.keyboard.press(key)
        await reader.ready(day)
        await assert_all_of_one_day(reader, server_url, day)
        seen.add(frozenset(await reader.on_screen("control")))
    assert len(seen) >= 4  # else the days would be too much alike to tell them apart


async def test_a_fast_scrub_over_a_slow_network_ends_on_the_last_day(server_url: str, reader: Reader) -> None:
    chance = random.Random(1944)

    async def late(route: Route) -> None:
        await asyncio.sleep(chance.uniform(0.02, 0.4))
        await route.continue_()

    await reader.page.route("**/history/**", late)
    await reader.page.focus("#slider")
    for _ in range(20):
        await reader.page.keyboard.press("ArrowRight")
        await asyncio.sleep(0.05)
        assert await reader.label_is_the_picture()
    await reader.ready("1944-08-14")
    await assert_all_of_one_day(reader, server_url, "1944-08-14")


async def test_no_day_is_said_in_a_frame_that_was_drawn_before_it(reader: Reader) -> None:
    await reader.page.evaluate(
        """() => {
          const root = document.documentElement;
          let drawn = false; // in a frame whose picture is made, and whose words can still be changed
          window.saidTooEarly = [];
          tileserverMap.on("render", () => { drawn = true; setTimeout(() => { drawn = false; }); });
          new MutationObserver(() => drawn && saidTooEarly.push(root.dataset.shown))
            .observe(root, { attributeFilter: ["data-shown"] });
        }"""
    )
    await reader.page.focus("#slider")
    for key, day in (("End", "1945-05-08"), ("Home", "1944-06-06")):  # in periods that are not loaded
        await reader.page.keyboard.press(key)
        await reader.ready(day)
    assert await reader.page.evaluate("saidTooEarly") == []


async def test_a_step_within_a_loaded_period_asks_for_nothing_and_draws_as_if_opened_there(
    server_url: str, reader: Reader, new_reader: NewReader
) -> None:
    await reader.page.focus("#slider")
    await reader.loaded_ahead()
    asked = len(reader.requests)
    for day in (*(f"1944-07-{number}" for number in range(26, 32)), "1944-08-01", "1944-08-02"):
        await reader.page.keyboard.press("ArrowRight")
        assert [await reader.shown(), await reader.labelled()] == [day] * 2
    await reader.page.keyboard.press("PageDown")
    assert await reader.shown() == "1944-07-02"
    await reader.page.keyboard.press("PageUp")
    await assert_all_of_one_day(reader, server_url, "1944-08-02")
    # What follows a day that has stood for a while is asked for then; no step waits for it.
    later = ("/changes/", "/km2.json", "/gains.json")
    own = [url for url in reader.requests[asked:] if "western-front" in url]
    assert [url for url in own if not any(each in url for each in later)] == []
    other = await new_reader()
    await other.open(server_url + WEST + NORMANDY.replace("1944-07-25", "1944-08-02"))
    # A face too many or too few would differ by dozens of steps, the edges of labels by a few.
    assert await reader.difference(await reader.picture(), await other.picture()) <= 12


async def test_the_next_period_follows_without_a_pause(server_url: str, new_reader: NewReader) -> None:
    reader = await new_reader()
    await reader.open(server_url + WEST + NORMANDY.replace("1944-07-25", "1944-09-30"))
    await reader.page.focus("#slider")
    await reader.loaded_ahead()
    asked = len(reader.requests)
    source = await reader.page.evaluate("tileserverShownSource()")
    await reader.page.keyboard.press("ArrowRight")
    assert [await reader.shown(), await reader.labelled()] == ["1944-10-01"] * 2
    assert await reader.page.evaluate("tileserverShownSource()") != source
    await assert_all_of_one_day(reader, server_url, "1944-10-01")
    await reader.page.keyboard.press("ArrowLeft")
    assert await reader.page.evaluate("tileserverShownSource()") == source
    await assert_all_of_one_day(reader, server_url, "1944-09-30")
    assert not any("19440701-19440930" in url for url in reader.requests[asked:])


async def test_tiles_that_come_into_view_are_of_the_shown_day(server_url: str, reader: Reader) -> None:
    await reader.page.fill("#date-field", "1944-08-25")
    await reader.ready("1944-08-25")
    await reader.page.evaluate("tileserverMap.jumpTo({center: [3, 48.5], zoom: 7.5})")
    await reader.settled()
    await assert_all_of_one_day(reader, server_url, "1944-08-25")


async def test_playing_goes_on_day_by_day_until_it_is_paused(server_url: str, reader: Reader) -> None:
    await reader.page.click("#play")
    await reader.until("document.documentElement.dataset.shown >= '1944-07-27'")
    await reader.page.keyboard.press("Escape")
    await reader.page.click("#play")
    await reader.ready()
    day = await reader.shown()
    await asyncio.sleep(1.5)
    assert await reader.shown() == day
    await assert_all_of_one_day(reader, server_url, day)

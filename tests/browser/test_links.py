"""A link says theatre, day, comparison and place, and the address always names what is shown."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from tests.browser.compared import WATCHED
from tests.browser.conftest import NewReader, Reader, assert_all_of_one_day

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_link_is_obeyed_before_the_first_tile_is_asked_for(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader()
    await reader.open(server_url + "/?theatre=western-front#map=7.5/50.1/5.7&at=1944-12-24")
    assert await reader.shown() == "1944-12-24"
    camera = await reader.camera()
    assert camera["zoom"] == pytest.approx(7.5, abs=0.01)
    tiles = [urlsplit(url).path.split("/") for url in reader.requests if "/history/" in url]
    assert tiles
    for _, _, tileset, period, *_ in tiles:
        assert tileset == "western-front"
        assert period[:8] <= "19441224" <= period[9:17]


async def test_back_and_an_edited_address_lead_to_their_day(reader: Reader) -> None:
    await reader.page.fill("#date-field", "1944-09-01")
    await reader.ready("1944-09-01")
    await reader.page.go_back()
    await reader.ready("1944-07-25")
    await reader.page.evaluate("location.hash = '#map=6/50/4&at=1945-03-07'")
    await reader.ready("1945-03-07")
    assert (await reader.camera())["zoom"] == pytest.approx(6, abs=0.01)


async def test_another_theatre_brings_its_own_days(server_url: str, new_reader: NewReader) -> None:
    reader = await new_reader()
    await reader.open(server_url + "/?theatre=ukraine-sample")
    assert await reader.shown() == "2023-11-09"
    assert await reader.page.locator("#notes li h3").count() >= 5
    await reader.page.select_option("#theatre", "western-front")
    await reader.until("document.getElementById('title').textContent.includes('1944')")
    await reader.ready()
    assert (await reader.shown()).startswith("194")
    await assert_all_of_one_day(reader, server_url, await reader.shown())
    await reader.page.go_back()
    await reader.ready("2023-11-09")


async def test_a_day_that_is_not_public_is_answered_with_the_nearest_and_said(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader()
    await reader.open(server_url + "/?theatre=western-front&lang=en#at=1950-01-01")
    assert await reader.shown() == "1945-05-08"
    assert "1 Jan 1950" in await reader.page.inner_text("#hint")


async def test_a_comparison_is_told_when_it_is_on_the_map_and_no_earlier(reader: Reader) -> None:
    await reader.page.evaluate(WATCHED)
    await reader.page.click("#compare-open")
    await reader.page.fill("#compare-date", "1944-08-25")
    await reader.page.locator("#changes .km2").first.wait_for()
    seen = await reader.page.evaluate("window.seen")
    assert seen["painted"] <= seen["told"] < seen["painted"] + 100


async def test_two_days_are_compared_by_keyboard_and_in_the_link(reader: Reader) -> None:
    await reader.page.focus("#compare-open")
    await reader.page.keyboard.press("Enter")
    assert await reader.page.evaluate("document.activeElement.id") == "compare-date"
    await reader.page.fill("#compare-date", "1944-08-25")
    await reader.ready("1944-08-25")  # the later one is the one to look at
    await reader.page.locator("#changes .km2").first.wait_for()
    assert "25 Jul 1944" in await reader.page.inner_text("#changes-title")
    assert any("/changes/western-front/1944-07-25/1944-08-25/" in url for url in reader.requests)
    await reader.until("location.hash.includes('at=1944-08-25&compare=1944-07-25')")
    km2 = await reader.page.locator("#changes .km2").all_inner_texts()
    await reader.page.reload()
    await reader.ready("1944-08-25")
    await reader.page.locator("#changes .km2").first.wait_for()
    assert await reader.page.locator("#changes .km2").all_inner_texts() == km2
    await reader.page.click("#next-day")
    assert await reader.page.locator("#changes .km2").count() == 0  # never those of another pair
    await reader.page.locator("#changes .km2").first.wait_for()
    await reader.page.click("#compare-close")
    await reader.until("!location.hash.includes('compare')")
    assert not await reader.page.is_visible("#changes-section")
    assert reader.complaints == []

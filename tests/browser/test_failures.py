"""What cannot be had leaves what is shown, is said, and comes as soon as it can."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Route

from tests.browser.conftest import NORMANDY, WEST, NewReader, Reader, assert_all_of_one_day

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SAYS_THAT_IT_FAILED = (
    "document.documentElement.dataset.state === 'error'"
    " && /{day}.* could not be loaded/.test(document.getElementById('hint').textContent)"
)


async def test_failing_tiles_leave_picture_label_and_address(server_url: str, reader: Reader) -> None:
    before = await reader.on_screen("control")
    failing = True

    async def refuse(route: Route) -> None:
        if failing:
            await route.fulfill(status=503, body="")
        else:
            await route.continue_()

    await reader.page.route("**/history/**", refuse)
    await reader.page.fill("#date-field", "1944-12-24")  # in a period that is not loaded
    await reader.until(SAYS_THAT_IT_FAILED.format(day="24 Dec"))
    assert [await reader.shown(), await reader.labelled(), await reader.linked()] == ["1944-07-25"] * 3
    assert await reader.on_screen("control") == before
    failing = False
    await reader.ready("1944-12-24")
    await assert_all_of_one_day(reader, server_url, "1944-12-24")


async def test_the_line_stays_with_the_day_on_its_way_when_the_shown_one_loses_a_tile(
    server_url: str, reader: Reader
) -> None:
    asked, released = asyncio.Event(), asyncio.Event()
    shown = await reader.page.evaluate("tileserverMap.getSource(tileserverShownSource()).tiles[0]")
    shown = shown.partition("/{z}")[0]

    async def hold(route: Route) -> None:
        if shown in route.request.url:
            await route.fulfill(status=503, body="")
            return
        asked.set()
        await released.wait()
        await route.continue_()

    await reader.page.route("**/history/**", hold)
    await reader.page.fill("#date-field", "1944-12-24")
    await asked.wait()
    await reader.page.evaluate(
        "new Promise(heard => tileserverMap.once('error', heard).jumpTo({center: [6, 47]}))"
        ".then(() => new Promise(requestAnimationFrame))"
    )
    state = await reader.page.evaluate("document.documentElement.dataset.state")
    hint = await reader.page.text_content("#hint")
    assert (state, "24 Dec" in (hint or "")) == ("loading", True), hint
    released.set()
    await reader.ready("1944-12-24")
    await assert_all_of_one_day(reader, server_url, "1944-12-24")


async def test_a_tile_missing_after_a_move_is_said_and_fetched_again(server_url: str, reader: Reader) -> None:
    failing = True

    async def refuse(route: Route) -> None:
        await (route.fulfill(status=503, body="") if failing else route.continue_())

    await reader.page.route("**/history/**", refuse)
    await reader.page.evaluate("tileserverMap.jumpTo({center: [6, 47]})")
    await reader.until("document.documentElement.dataset.state === 'error'")
    assert await reader.labelled() == "1944-07-25"
    failing = False
    await reader.ready("1944-07-25")
    await assert_all_of_one_day(reader, server_url, "1944-07-25")


async def test_a_lost_part_of_the_base_map_is_asked_for_again(server_url: str, new_reader: NewReader) -> None:
    reader, lost = await new_reader(), list[str]()

    async def lose_the_first(route: Route) -> None:
        asked = route.request.headers.get("range", "")
        if route.request.url not in lost and asked:
            lost.append(route.request.url)
            await route.abort()
        else:
            await route.continue_()

    await reader.page.route("**/static/basemap/*.pmtiles", lose_the_first)  # the header, so all of an archive
    await reader.open(server_url + WEST + NORMANDY)
    await reader.settled()
    assert len(lost) == 2
    assert not [each for each in reader.complaints if each.startswith("map:")]
    there = await reader.page.evaluate(
        "['world', 'regions'].map(source => ['land', 'water', 'river', 'place']"
        ".map(layer => tileserverMap.querySourceFeatures(source, {sourceLayer: layer}).length))"
    )
    assert all(any(counts) for counts in there), there


async def test_a_browser_without_webgl_is_told_so(server_url: str, new_reader: NewReader) -> None:
    reader = await new_reader()
    await reader.page.add_init_script(
        "HTMLCanvasElement.prototype.getContext = (get => function (kind, ...rest) {"
        " return kind.startsWith('webgl') ? null : get.call(this, kind, ...rest); })"
        "(HTMLCanvasElement.prototype.getContext)"
    )
    await reader.page.goto(server_url + "/?lang=en")
    await reader.until("!document.getElementById('failure').hidden")
    assert "WebGL 2" in await reader.page.inner_text("#failure")

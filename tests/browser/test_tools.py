"""Tools at the edge of the map: by key and by name, in a sheet that keeps nobody in, and the map on paper."""

from __future__ import annotations

import pytest

from tests.browser.conftest import NORMANDY, WEST, NewReader

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_tools_open_by_key_and_by_name_and_the_map_can_be_printed(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader(1100, 700)
    page = reader.page
    await reader.open(server_url + WEST + NORMANDY)

    await page.focus("#slider")
    await page.keyboard.press("?")
    assert await page.is_visible("#sheet kbd")
    await page.keyboard.press("Escape")
    assert not await page.is_visible("#sheet")
    assert await page.evaluate("document.activeElement.id") == "slider"
    await page.focus("#date-field")
    await page.keyboard.press("?")  # a letter in a field
    assert not await page.is_visible("#sheet")

    await page.click("#tool-newest")
    await reader.ready("1945-05-08")

    await page.emulate_media(media="print")
    await page.evaluate("dispatchEvent(new Event('beforeprint'))")
    colours = await page.evaluate(
        "document.getElementById('print-map').decode().then(() => {"
        " const small = new OffscreenCanvas(64, 40).getContext('2d');"
        " small.drawImage(document.getElementById('print-map'), 0, 0, 64, 40);"
        " return new Set(new Uint32Array(small.getImageData(0, 0, 64, 40).data.buffer)).size; })"
    )
    assert colours > 5
    assert [await page.is_visible(each) for each in ("#print-map", "#timebar", "#tools")] == [
        True,
        False,
        False,
    ]
    await page.set_viewport_size({"width": 688, "height": 1017})  # A4 within its margins
    below = "document.getElementById('legend').getBoundingClientRect().bottom"
    assert await page.evaluate(below) < 1017  # on the page of the map
    assert await page.locator("#legend input:visible").count() == 0
    await page.emulate_media(media="screen")

    await page.set_viewport_size({"width": 390, "height": 700})
    await page.click("#tools-more")
    await page.get_by_role("button", name="Keys and help").last.click()
    assert await page.is_visible("#sheet kbd")
    assert reader.complaints == []

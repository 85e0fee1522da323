"""Firefox draws the map as Chromium does: a day, a fast scrub, a comparison, an embed."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from playwright.async_api import Page

from tests.browser.conftest import NORMANDY, WEST, Reader, assert_all_of_one_day
from tests.browser.firefox import firefox

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

_COLOURS = """(() => {
    const canvas = document.querySelector('#map canvas'), small = new OffscreenCanvas(64, 40);
    return new Promise(resolve => tileserverMap.once('render', () => {
        const context = small.getContext('2d');
        context.drawImage(canvas, 0, 0, 64, 40);
        const pixels = new Uint32Array(context.getImageData(0, 0, 64, 40).data.buffer);
        resolve(new Set(pixels).size);
    }) && tileserverMap.triggerRepaint());
})()"""


async def test_firefox_shows_scrubs_compares_and_embeds(server_url: str, tmp_path: Path) -> None:
    async with firefox(tmp_path, 820, 560) as page:
        reader = Reader(cast(Page, page))  # what is asked of it here, both kinds of page have
        await reader.open(server_url + WEST + NORMANDY)
        await assert_all_of_one_day(reader, server_url, "1944-07-25")
        assert await page.evaluate(_COLOURS) > 5

        await page.evaluate("document.getElementById('slider').focus()")
        for _ in range(20):
            await page.press("\ue014")  # an arrow to the right
            assert await reader.label_is_the_picture()
        await reader.ready("1944-08-14")
        await assert_all_of_one_day(reader, server_url, "1944-08-14")

        await reader.open(server_url + WEST + NORMANDY + "&compare=1944-07-01&again")
        await reader.until("document.querySelectorAll('#changes li').length > 0")

        await page.resize(320, 480)
        await page.goto(server_url + "/embed?theatre=ukraine-sample&at=2023-11-09&lang=en")
        await reader.ready("2023-11-09")
        assert await page.evaluate("document.getElementById('fixed').hidden") is False

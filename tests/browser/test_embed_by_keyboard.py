"""An embed is read by keyboard alone, and nobody is kept out of its picture (axe)."""

from __future__ import annotations

import pytest

from tests.browser.axe import axe
from tests.browser.conftest import SAMPLE, NewReader

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

FOCUSED = (
    "(one => one === document.body ? '' : one.id || one.className || one.tagName)(document.activeElement)"
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_an_embed_is_read_by_keyboard_alone_from_its_picture_on(
    server_url: str, new_reader: NewReader, scheme: str
) -> None:
    reader = await new_reader(320, 480, color_scheme=scheme, bypass_csp=True)
    page, reached = reader.page, list[str]()
    await page.goto(f"{server_url}/embed?{SAMPLE}&at=2023-11-09&controls=1")
    assert await axe(reader) == []
    await page.keyboard.press("Tab")  # begins the map
    await reader.ready("2023-11-09")
    await page.evaluate("document.activeElement.blur()")
    for _ in range(30):
        await page.keyboard.press("Tab")
        reached.append(await page.evaluate(FOCUSED))
        if not reached[-1]:  # all of the page is behind
            break
        box = await page.evaluate("document.activeElement.getBoundingClientRect().toJSON()")
        assert box["width"], reached
        assert box["height"], reached
    assert {"slider", "play", "next-day", "previous-day", "details-toggle"} <= {*reached}
    assert len(reached) == len({*reached})  # nobody is held anywhere
    await page.focus("#slider")
    await page.keyboard.press("ArrowLeft")
    await reader.ready("2023-11-08")
    assert reader.complaints == []

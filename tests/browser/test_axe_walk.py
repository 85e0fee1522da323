"""Nobody is kept out (axe), nothing overflows, in any state: wide, on a phone, enlarged twice."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.axe import axe
from tests.browser.conftest import NORMANDY, WEST, NewReader, Reader

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SHEETS = {"search": "/", "ruler": "m", "share": "s", "events": "l", "help": "?"}
FILLED = {
    "search": "#sheet [role=option]",
    "share": ".share textarea",
    "events": ".event-row",
    "help": "#sheet kbd",
}
NO_EVENT = "&event=events.1"
SIZES = [
    (1100, 760, "light"),
    (320, 640, "dark"),
    (640, 400, "light"),
]  # the last: 1280 by 800, enlarged twice


@pytest.mark.parametrize(("width", "height", "scheme"), SIZES)
async def test_axe_finds_nothing_and_nothing_overflows_in_any_state(
    server_url: str, new_reader: NewReader, width: int, height: int, scheme: str
) -> None:
    reader = await new_reader(width, height, color_scheme=scheme, bypass_csp=True)
    page, found = reader.page, dict[str, list[Any]]()
    await reader.open(server_url + WEST + NORMANDY + NO_EVENT)
    await reader.until("document.getElementById('hint').textContent.includes('not among the public ones')")
    found["link to nothing"] = await faults(reader, width)
    for name, key in SHEETS.items():
        await page.focus("#slider")
        await page.keyboard.press(key)
        if name == "search":
            await page.keyboard.type("Caen")
        if name in FILLED:
            await page.locator(FILLED[name]).first.wait_for()
        found[name] = await faults(reader, width)
        if name == "events":
            await page.locator(FILLED[name]).first.click()
            await page.locator(".popup-body .event-link").wait_for()
            found["popup"] = await faults(reader, width)
            await page.keyboard.press("Escape")
        if await page.is_visible("#sheet"):
            await page.click("#sheet-close")
    if width <= 640:
        await unfold(reader)
        found["unfolded"] = await faults(reader, width)
        await page.click("#details-toggle")
        assert not await page.is_visible("#details")
    await page.click("#compare-open")
    await page.fill("#compare-date", "1944-07-01")
    await reader.until("document.querySelector('#changes .km2') !== null")
    found["comparison"] = await faults(reader, width)
    assert {name: own for name, own in found.items() if own} == {}
    assert reader.complaints == []


async def unfold(reader: Reader) -> None:
    """Unfold the card, and hold what folds it again to be on top of everything."""
    await reader.page.click("#details-toggle")
    assert await reader.page.is_visible("#details")
    on_top = await reader.page.evaluate(
        "(({left, top, width, height}) =>"
        " document.elementFromPoint(left + width / 2, top + height / 2)?.closest('button')?.id)"
        "(document.getElementById('details-toggle').getBoundingClientRect())"
    )
    assert on_top == "details-toggle"


async def faults(reader: Reader, width: int) -> list[Any]:
    """What axe finds, and whether the page is wider than the screen."""
    wide = await reader.page.evaluate("document.documentElement.scrollWidth")
    return [*await axe(reader), *([f"{wide} px wide"] if wide > width else [])]

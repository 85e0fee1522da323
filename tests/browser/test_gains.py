"""The page says who gained what as the document has it, aloud and in an embed too, and draws it over time."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests.browser.conftest import WEST, NewReader

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

DAY = "1944-08-25"
LEAD = "#gains-lead:not(:empty)"


def net(document: dict[str, Any], side: str, days: int) -> float:
    """What *side* gained on balance in so many days up to `DAY`, in km2."""
    last = (date.fromisoformat(DAY) - date.fromisoformat(document["first_day"])).days
    own = next(n for n, each in enumerate(document["sides"]) if each["id"] == side)
    columns = (document[name] for name in ("day", "kind", "from", "to", "amount"))
    moved = [
        (origin, to, amount)
        for day, kind, origin, to, amount in zip(*columns, strict=True)
        if last - days < day <= last and document["kinds"][kind] == "movement"
    ]
    gained = sum(amount for _, to, amount in moved if to == own)
    lost = sum(amount for origin, _, amount in moved if origin == own)
    return float((gained - lost) / document["per_km2"])


async def test_the_sentence_the_table_and_the_chart_say_what_the_document_says(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader()
    page = reader.page
    await reader.open(f"{server_url}{WEST}&lang=en#at={DAY}&map=6/48.5/3")
    await page.wait_for_selector(LEAD)
    document = await page.evaluate(
        "fetch('/tilesets/western-front/gains.json').then(answer => answer.json())"
    )
    allies, axis = (net(document, side, 7) for side in ("allies", "axis"))
    assert allies > 1000 > -1000 > axis
    lead = await page.inner_text("#gains-lead")
    assert lead.startswith(f"In 7 days: Allies +{allies:,.0f}\u00a0km², Germany −{-axis:,.0f}\u00a0km²")
    rows = await page.eval_on_selector_all(
        "#gains tbody tr", "rows => rows.map(row => [...row.cells].map(cell => cell.innerText.trim()))"
    )
    assert rows[0] == ["Allies", *(f"+{net(document, 'allies', days):,.0f}" for days in (1, 7, 30))]
    await reader.until("document.getElementById('spoken').textContent.includes('In 7 days: Allies')")

    await page.click("#chart-kind")
    assert await page.get_attribute("#chart-kind", "aria-pressed") == "true"
    assert "Net gain of each side" in (await page.get_attribute("#chart", "aria-label") or "")
    scale = await page.locator("#scale").bounding_box()
    assert scale is not None
    await page.mouse.move(scale["x"] + scale["width"] * 0.4, scale["y"] + 54)
    await page.mouse.down()
    await page.mouse.move(scale["x"] + scale["width"] * 0.5, scale["y"] + 54, steps=4)
    await page.wait_for_selector("#chart-tip:not([hidden])")
    await page.mouse.up()
    await reader.until("location.hash.includes('&compare=')")
    await reader.until(f"document.documentElement.dataset.shown !== {DAY!r}")
    assert reader.complaints == []


async def test_a_column_of_the_table_compares_its_days_by_keyboard(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader()
    await reader.open(f"{server_url}{WEST}&lang=de#at={DAY}&map=6/48.5/3")
    await reader.page.wait_for_selector(LEAD)
    await reader.page.focus("#gains thead th:nth-of-type(2) button")
    await reader.page.keyboard.press("Enter")
    week_before = date.fromisoformat(DAY) - timedelta(7)
    await reader.until(f"location.hash.includes('&compare={week_before}')")
    assert await reader.shown() == DAY


async def test_an_embed_has_the_sentence(server_url: str, new_reader: NewReader) -> None:
    reader = await new_reader(320, 480)
    await reader.open(f"{server_url}/embed?theatre=ukraine-sample&at=2022-11-12&lang=uk")
    await reader.page.wait_for_selector(LEAD)
    assert (await reader.page.inner_text("#gains-lead")).startswith("За 7 днів: Росія −")

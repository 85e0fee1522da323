"""Law: map, list and counts are of the same events: the database's events of the window, less the hidden."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest

from tests.browser.axe import axe
from tests.browser.conftest import NewReader, Reader
from tests.browser.test_before_the_map import SLIDE

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

DAY = "1944-07-02"
LOOK = f"/?theatre=western-front&lang=en#map=4.2/48.5/2&at={DAY}"
STEPS = (("1944-07-05", True), ("1944-07-09", False))  # days, and whether nothing happened up to them
# The events that are drawn, of the shown period and of those before it, with their age to look at.
DRAWN = """(() => {
    const map = tileserverMap, style = map.getStyle(), found = {};
    for (const source of Object.keys(style.sources)) {
        const layer = style.layers.find(one => one.source === source && one.id.endsWith("-events"));
        if (!layer || (source !== tileserverShownSource() && !source.startsWith("dated-earlier"))) continue;
        const asked = {sourceLayer: "events", ...(layer.filter ? {filter: layer.filter} : {})};
        const dated = Array.isArray(layer.paint["icon-opacity"]);
        for (const {id} of map.querySourceFeatures(source, asked)) {
            const {on, age} = map.getFeatureState({source, sourceLayer: "events", id});
            if (on || (!dated && layer.paint["icon-opacity"] > 0)) found[id] = age ?? -1;
        }
    }
    return found;
})()"""
COUNT = """
    SELECT feature_version.id, (lower(valid) AT TIME ZONE 'Europe/Paris')::date AS day FROM feature_version
    JOIN layer ON layer.id = feature_version.layer
    WHERE layer.theatre = 'western-front' AND name = 'events' AND upper_inf(known)
        AND (lower(valid) AT TIME ZONE 'Europe/Paris')::date BETWEEN $1::date AND $2::date
        AND NOT properties ->> 'kind' = ANY($3)
"""


async def in_database(dsn: str, window: int | None, *hidden: str) -> dict[int, int]:
    """The ids of the events that a window of days up to the shown day has, with their age in days."""
    last = date.fromisoformat(DAY)
    first = last - timedelta(days=window - 1) if window else date(1900, 1, 1)
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(COUNT, first, last, list(hidden))
    finally:
        await connection.close()
    return {row["id"]: (last - row["day"]).days for row in rows}


async def assert_shows(reader: Reader, expected: dict[int, int]) -> None:
    """Hold the map, the list and the card to the same events."""
    await reader.until(f"JSON.stringify(Object.keys({DRAWN}).length) === '{len(expected)}'")
    drawn: dict[str, Any] = await reader.page.evaluate(DRAWN)
    assert {int(each) for each in drawn} == set(expected)
    for each, age in drawn.items():
        if age >= 0:
            assert age == sum(expected[int(each)] >= least for least in (1, 3, 7, 30)), each
    noun = "1 event" if len(expected) == 1 else f"{len(expected)} events" if expected else "no events"
    await reader.until(f"document.querySelector('.list-said').textContent === '{noun}'")
    assert await reader.page.locator(".event-row").count() == len(expected)
    today = sum(age == 0 for age in expected.values())
    summary = await reader.page.inner_text("#summary")
    assert (f"{today} event" if today else "no events") in summary
    told = (
        f"{len(expected)} in ",
        f"{len(expected)} of ",
        f"{len(expected)} so far",
    )  # of where some are left out
    assert len(expected) == today or any(words in summary for words in told)


async def test_windows_and_filters_show_what_the_database_has_on_map_list_and_card(
    server_url: str, sample_database: str, new_reader: NewReader
) -> None:
    reader = await new_reader(1100, 800)
    await reader.open(server_url + LOOK)
    await reader.page.keyboard.press("l")
    for window, text in ((7, "7"), (30, "30"), (None, "all"), (1, "1"), (30, "30")):
        await reader.page.locator(f"input[name=event-window][value='{window or 'Infinity'}']").check(
            force=True
        )
        await reader.ready(DAY)
        await assert_shows(reader, await in_database(sample_database, window))
        linked = await reader.page.evaluate("new URLSearchParams(location.hash.slice(1)).get('days') ?? '7'")
        assert linked == text
    await reader.page.click(".event-filter summary")
    await reader.page.locator("input[name='events.kind.battle']").uncheck()
    await reader.ready(DAY)
    left = await in_database(sample_database, 30, "battle")
    assert 0 < len(left) < len(await in_database(sample_database, 30))
    await assert_shows(reader, left)
    other = await new_reader(1100, 800)
    await other.open(await reader.page.evaluate("location.href"))
    await other.page.keyboard.press("l")
    await assert_shows(other, left)
    assert reader.complaints == other.complaints == []


async def test_a_row_keeps_the_focus_where_the_list_is_read_anew_and_stays_where_nothing_changed(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader(1100, 800)
    await reader.open(server_url + LOOK + "&days=all")
    await reader.page.keyboard.press("l")
    await reader.until("document.querySelectorAll('.event-row').length > 0")
    await reader.settled()
    await reader.page.evaluate("window.first = document.querySelector('.event-row')")
    await reader.page.locator(".event-row").first.focus()
    text = await reader.page.evaluate("first.textContent")
    for day, stays in STEPS:
        await reader.page.evaluate(SLIDE, day)
        await reader.until(f"document.documentElement.dataset.shown === '{day}'")
        await reader.until("document.querySelector('.event-rows').ariaBusy === 'false'")
        assert await reader.page.evaluate("document.activeElement.textContent") == text
        assert await reader.page.evaluate("document.activeElement === first") is stays, day
    assert reader.complaints == []


async def test_a_row_leads_to_its_popup_whose_link_opens_it_anywhere_and_escape_leads_back(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader(1100, 800, bypass_csp=True)
    await reader.open(server_url + LOOK)
    await reader.page.keyboard.press("l")
    await reader.until("document.querySelectorAll('.event-row').length > 0")
    await reader.page.locator(".event-row").first.focus()
    await reader.until("Boolean(tileserverMap.getLayer('event-mark'))")
    text = await reader.page.locator(".event-row .row-text").first.inner_text()
    await reader.page.keyboard.press("Enter")
    await reader.until("document.querySelector('.maplibregl-popup .event-text') !== null")
    assert await reader.page.inner_text(".maplibregl-popup .event-text") == text
    assert await axe(reader) == []
    link = await reader.page.locator(".event-link").evaluate("one => one.href")
    await reader.page.locator(".event-link").focus()
    await reader.page.keyboard.press("Escape")
    assert await reader.page.evaluate("document.activeElement.className") == "event-row"
    assert await reader.page.locator("#sheet").is_visible()
    await asyncio.sleep(0.5)
    assert "event=" not in await reader.page.evaluate("location.hash")

    phone = await new_reader(390, 844)
    await phone.open(link)
    await phone.until("document.querySelector('.maplibregl-popup .event-text') !== null")
    assert await phone.page.inner_text(".maplibregl-popup .event-text") == text
    box = await phone.page.locator(".maplibregl-popup-content").bounding_box()
    bar = await phone.page.locator("#timebar").bounding_box()
    assert box is not None
    assert bar is not None
    assert (box["x"], box["width"]) == (0, 390)
    assert box["y"] + box["height"] <= bar["y"] + 1
    assert reader.complaints == phone.complaints == []

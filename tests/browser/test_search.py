"""A reader finds places and coordinates, measures, and sees the desk's villages, by keyboard and finger."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.browser.conftest import NewReader
from tests.conftest import Databases, serving
from tests.embargo.world import DECLARED, PUBLIC, tell
from tileserver.store.catalogue import add_theatre
from tileserver.store.places import NamedPlace, keep_list

pytestmark = [pytest.mark.db, pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

VILLAGES = (
    (1, NamedPlace({"uk": "Синьківка", "en": "Synkivka"}, 9, 37.6761, 49.7594)),
    (2, NamedPlace({"uk": "Куп’янськ", "en": "Kupiansk"}, 8, 37.61, 49.71)),  # the basemap has it
)
WRITTEN = (
    """tileserverMap.queryRenderedFeatures({layers: ['named-places']}).map(one => one.properties.name_en)"""
)
AT = "(() => { const {lng, lat} = tileserverMap.getCenter(); return [lng, lat]; })()"


@pytest.fixture(scope="module")
def url(databases: Databases) -> Iterator[str]:
    """A server over a small theatre, with two villages of a desk."""
    own = databases.new()
    databases.run(own, lambda connection: add_theatre(connection, DECLARED))
    databases.run(own, lambda connection: tell(connection, PUBLIC, ()))
    databases.run(own, lambda connection: keep_list(connection, "desk", "toy", VILLAGES))
    with serving(own) as address:
        yield address


async def test_a_reader_finds_measures_and_sees_the_villages_of_the_desk(
    url: str, new_reader: NewReader
) -> None:
    reader = await new_reader(1100, 700)
    page = reader.page
    await reader.open(f"{url}/?theatre=toy&lang=en#map=9.5/49.7/37.65&at=2024-01-08")
    await reader.until("tileserverMap.getLayer('named-places') !== undefined")
    await reader.settled()
    await reader.until(f"{WRITTEN}.length === 1")  # once, whoever writes it
    assert await page.evaluate(WRITTEN) == ["Synkivka"]
    asked = [each for each in reader.requests if "places.txt" in each]
    assert asked == []  # nobody has searched

    await page.keyboard.press("/")
    await page.keyboard.type("синьк")
    await reader.until("document.querySelectorAll('#search-list [role=option]').length === 1")
    field = page.locator("#search-field")
    assert await field.get_attribute("aria-activedescendant") == "search-list-0"
    assert (await page.inner_text("#search-list")).split() == ["Synkivka"]
    await field.fill("Куп’янськ")
    await reader.until("document.getElementById('search-list').textContent.startsWith('Kupiansk')")
    await page.keyboard.press("Enter")
    await reader.until(f"Math.hypot({AT}[0] - 37.61, {AT}[1] - 49.71) < 0.02 && !tileserverMap.isMoving()")
    assert await page.locator(".search-mark").get_attribute("aria-label") == "Kupiansk"
    await field.fill("48°30'N 37°54'E")
    await reader.until("document.getElementById('search-list').textContent === '48.50000, 37.90000'")
    await field.fill("no such place at all")
    await reader.until("document.getElementById('search-said').textContent.startsWith('No place')")
    for _ in range(2):  # the text, then the sheet
        await page.keyboard.press("Escape")
    assert await page.locator("#sheet").is_hidden()

    await page.keyboard.press("m")
    await page.mouse.click(560, 300)
    await page.mouse.click(700, 420)
    await page.locator("#map canvas").focus()
    await page.keyboard.press("Enter")
    assert await page.locator("#ruler-legs li").count() == 2
    assert "km" in await page.inner_text("#ruler-total")
    assert await page.locator(".popup-body").count() == 0
    await page.keyboard.press("Backspace")
    assert await page.locator("#ruler-legs li").count() == 0
    await asyncio.sleep(0.2)
    await page.keyboard.press("Escape")
    assert await page.evaluate("!tileserverMap.getSource('ruler')")
    here = urlsplit(url).netloc
    assert [each for each in reader.requests if urlsplit(each).netloc not in ("", here)] == []
    assert reader.complaints == []

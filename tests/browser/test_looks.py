"""What a graphics editor would send back: names that are lost, words upon words, a view that is two views."""

from __future__ import annotations

import pytest

from tests.browser.conftest import SAMPLE, WEST, NewReader, Reader

pytestmark = pytest.mark.asyncio(loop_scope="session")

PARIS = "#map=5.9/48.9/5.5&at=1944-08-25"
FRONT = "#map=6.6/48.2/37&at=2023-11-09"
NEAR = f"/embed?{SAMPLE}&at=2023-11-09&map=11/46.66/32.75"
REST = (
    "document.documentElement.dataset.after === 'done' && document.documentElement.dataset.clear === 'done'"
)
_OF_CITIES = """tileserverMap.queryRenderedFeatures({
    layers: tileserverMap.getLayersOrder().filter(id => id.endsWith("-cities"))
})"""
CITIES = f"[...new Set({_OF_CITIES}.map(one => one.properties.name))].sort()"
BOXES = """tileserverMap.queryRenderedFeatures({layers: ["drawn-notes-words"]})
    .map(one => one.properties.title).sort()"""
# The pairs of elements of these selectors, as far as they are seen, that lie on each other.
UPON = """selectors => {
    const boxes = selectors.flatMap(each => [...document.querySelectorAll(each)])
        .map(one => [one, one.getBoundingClientRect()]).filter(([, box]) => box.width > 0);
    return boxes.flatMap(([one, a], i) => boxes.slice(i + 1)
        .filter(([, b]) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
        .map(([other]) => `${one.id || one.className} ${other.id || other.className}`));
}"""


async def _at_rest(reader: Reader) -> bytes:
    await reader.until(REST)
    await reader.settled()
    await reader.until(REST)
    return await reader.picture()


async def _resting(new_reader: NewReader, url: str) -> Reader:
    """Open *url* in a window of its own, and wait until all stands where it stays."""
    reader = await new_reader(1100, 700)
    await reader.open(url)
    await _at_rest(reader)
    return reader


async def test_a_view_looks_the_same_whatever_way_a_reader_came(
    server_url: str, new_reader: NewReader
) -> None:
    fresh = await new_reader(1100, 700)
    await fresh.open(f"{server_url}/?{SAMPLE}{FRONT}")
    there = await _at_rest(fresh)
    far = await new_reader(1100, 700)
    await far.open(f"{server_url}/?{SAMPLE}#map=9/47.9/35.3&at=2023-11-06")
    await _at_rest(far)
    for days in range(3):
        await far.page.keyboard.press("ArrowRight")
        await far.ready(f"2023-11-0{7 + days}")
    for zoom, lat, lon in ((7.3, 48.6, 36.2), (6.1, 47.9, 37.8), (6.6, 48.2, 37)):
        await far.page.evaluate(f"void tileserverMap.jumpTo({{zoom: {zoom}, center: [{lon}, {lat}]}})")
        await far.settled()
    assert await far.difference(there, await _at_rest(far)) <= 2  # of 255: a renderer rounds


async def test_the_number_of_a_note_leaves_its_city_on_the_map(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await _resting(new_reader, f"{server_url}{WEST}{PARIS}")
    assert "Paris" in await reader.page.evaluate(CITIES)


@pytest.mark.parametrize(("width", "height"), [(1100, 700), (1280, 800), (1440, 900)])
async def test_the_words_of_notes_leave_great_cities_on_the_map(
    server_url: str, new_reader: NewReader, width: int, height: int
) -> None:
    reader = await new_reader(width, height)
    for view in ("6.4/48/37", "7/47.8/37.2"):
        await reader.page.goto("about:blank")
        await reader.open(f"{server_url}/?{SAMPLE}#map={view}&at=2023-11-09")
        await _at_rest(reader)
        assert {"Донецьк", "Маріуполь", "Луганськ"} <= set(await reader.page.evaluate(CITIES)), view
        assert len(await reader.page.evaluate(BOXES)) >= 4, view


async def test_a_german_reader_has_german_names_of_german_towns(
    server_url: str, new_reader: NewReader
) -> None:
    german = "/?theatre=western-front&lang=de#map=6/50.5/8&at=1944-08-25&off=notes"
    reader = await _resting(new_reader, server_url + german)
    text = f"{_OF_CITIES}.map(one => one.layer.layout['text-field'].toString())"
    named = set(await reader.page.evaluate(text))
    assert {"Köln", "Hannover"} <= named
    assert not {"Cologne", "Munich", "Hanover"} & named


@pytest.mark.parametrize("language", ["en", "uk", "ru", "de", "fr"])
async def test_an_embed_of_320_pixels_says_that_the_ground_is_coarse_and_nothing_lies_upon_another(
    server_url: str, new_reader: NewReader, language: str
) -> None:
    reader = await new_reader(320, 520)
    await reader.open(server_url + NEAR.replace("lang=en", f"lang={language}"))
    await reader.settled()
    await reader.until("document.getElementById('still') === null")
    assert await reader.page.locator(".coarse").is_visible()
    around = ["#card", "#strip", "#credits summary", ".coarse", ".maplibregl-ctrl-group"]
    assert await reader.page.evaluate(UPON, around) == []
    assert reader.complaints == []


async def test_the_picture_before_the_map_says_that_its_ground_is_coarse(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader(700, 520, java_script_enabled=False)
    await reader.page.goto(server_url + NEAR)
    assert await reader.page.locator("#still .coarse").is_visible()
    await reader.page.goto(server_url + NEAR.replace("map=11", "map=9"))
    assert await reader.page.locator(".coarse").count() == 0


@pytest.mark.parametrize("language", ["en", "de", "fr"])
async def test_the_table_of_gains_stays_within_its_card(
    server_url: str, new_reader: NewReader, language: str
) -> None:
    reader = await new_reader(1100, 700)
    await reader.open(f"{server_url}/?theatre=western-front&lang={language}#at=1944-08-25")
    await reader.until("document.querySelector('#gains tbody td') !== null")
    wide = """(() => { const own = document.getElementById('gains'), row = own.querySelector('tbody tr');
        return [own.scrollWidth - own.parentElement.clientWidth, row.offsetHeight]; })()"""
    beyond, height = await reader.page.evaluate(wide)
    assert beyond <= 0
    assert height < 30  # px: a line


async def test_the_frame_of_the_map_on_paper_is_as_wide_as_the_map(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader(689, 1017)
    await reader.open(f"{server_url}/?{SAMPLE}{FRONT}")
    await _at_rest(reader)
    await reader.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    await reader.page.emulate_media(media="print")
    await reader.page.evaluate("document.getElementById('print-map').decode()")
    width, height, natural = await reader.page.evaluate(
        "(({clientWidth, clientHeight, naturalWidth, naturalHeight}) =>"
        " [clientWidth, clientHeight, naturalWidth / naturalHeight])(document.getElementById('print-map'))"
    )
    assert abs(width / height - natural) < 0.02

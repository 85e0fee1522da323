"""The time slider on a partner's own map, which is the page of docs/examples/partner, from another origin."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.async_api import Page

from tests.browser.axe import axe
from tests.browser.conftest import NewReader, Reader
from tests.browser.drawn import ids_of_tiles
from tests.browser.examples import partner

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# The day on the label, and what is drawn: by feature state, and where there is none by the paint.
PICTURE = """(() => {
    const bar = document.querySelector('.time-slider').shadowRoot, source = slider.source;
    const label = bar.querySelector('time').dateTime, number = Date.parse(label) / 86400000;
    const base = map.getPaintProperty(slider.layerId('held'), 'fill-opacity')[1][2][1][2];
    const features = ['control', 'frontline', 'events'].flatMap(layer =>
        map.querySourceFeatures(source, {sourceLayer: layer}).map(({id, properties: {from, to}}) => ({
            layer, id, holds: from <= number && number < to,
            drawn: map.getFeatureState({source, sourceLayer: layer, id}).dated ?? (from <= base && base < to),
        })));
    const wrong = features.filter(one => one.drawn !== one.holds);
    return {label, drawn: features.filter(one => one.drawn), wrong};
})()"""
# Every frame's label and the days that its features contradict, from now on.
WATCH = f"""(() => {{
    window.frames_seen = [];
    const look = () => {{
        const {{label, wrong}} = {PICTURE};
        frames_seen.push([label, wrong.length]);
        requestAnimationFrame(look);
    }};
    requestAnimationFrame(look);
}})()"""
CAMERA = """(() => {
    const edge = map.getBounds(), source = map.getSource(slider.source);
    return {zoom: map.getZoom(), west: edge.getWest(), south: edge.getSouth(), east: edge.getEast(),
        north: edge.getNorth(), maxzoom: source.maxzoom, bounds: source.serialize().bounds};
})()"""
LAYERS = "map.getStyle().layers.map(({id, minzoom, maxzoom}) => [id, minzoom ?? 0, maxzoom ?? 24])"
LOSE = """window.lose = map.getCanvas().getContext('webgl2').getExtension('WEBGL_lose_context');
lose.loseContext()"""
HINT = "document.querySelector('.time-slider').shadowRoot.querySelector('#hint').textContent"
COLOUR = (
    """["match", ["get", "status"], "allied", "#7fb2d6", "soviet", "#a9bd8b", "axis", "#d9d2c3", "#ffffff"]"""
)
DAYS = """window.slider = new slider.constructor({tilejson, day: '1944-08-25', history: false});
map.addControl(slider); 0"""
THERE = "slider.day && slider.source && map.areTilesLoaded()"


@pytest.fixture(scope="module")
def site(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the partner's page."""
    with partner(tmp_path_factory.mktemp("partner"), server_url, "partner") as url:
        yield f"{url}/index.html"


async def shown(reader: Reader, day: str) -> None:
    """Wait until the slider shows *day*, and all of its tiles are there."""
    await reader.until(f"window.slider && slider.day === '{day}' && {THERE}")


async def picture_of(page: Page) -> bytes:
    """What is drawn on the map, without what stands over it."""
    hidden = ".maplibregl-control-container { visibility: hidden !important }"
    return await page.locator(".maplibregl-canvas").screenshot(style=hidden)


async def test_a_partners_layers_show_the_day_of_the_label_while_the_slider_moves_and_afterwards(
    site: str, server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader(700, 480, color_scheme="dark")
    page = reader.page
    await page.goto(f"{site}?day=1944-07-25&lang=de")
    await shown(reader, "1944-07-25")
    bar = page.locator(".time-slider")
    assert await bar.get_attribute("data-theme") == "dark"
    assert "Sample: coarse areas" in await page.locator(".maplibregl-ctrl-attrib").inner_text()
    assert await page.locator("#day").inner_text() == "25. Juli 1944"
    assert await axe(reader, ".time-slider") == []

    await page.evaluate(WATCH)
    before = len(reader.requests)
    await page.locator("#slider").focus()
    for _ in range(8):
        await page.keyboard.press("ArrowRight")
    await shown(reader, "1944-08-02")
    assert [url for url in reader.requests[before:] if "/tiles/" in url] == []
    await page.keyboard.press("Space")
    await reader.until("slider.playing && slider.day > '1944-08-03'")
    await page.evaluate("slider.pause()")
    # Paris is taken within the period: MapLibre finds what it was before, and what it is then.
    paris = "map.project([2.35, 48.86])"
    found = await page.evaluate(f"slider.features({paris}, ['held']).map(one => one.properties.status)")
    every = f"map.queryRenderedFeatures({paris}, {{layers: [slider.layerId('held')]}}).length"
    assert (found, await page.evaluate(every) > 1) == (["axis"], True)
    await page.evaluate(
        "slider.go('1944-10-01'); slider.go('1944-11-05')"
    )  # another period: the last wish wins
    await shown(reader, "1944-11-05")
    await reader.until("frames_seen.some(([label]) => label === '1944-11-05')")  # looked at by the next frame
    frames: list[list[Any]] = await page.evaluate("frames_seen")
    assert {label for label, wrong in frames if wrong} == set()
    assert {label for label, _ in frames} >= {"1944-07-26", "1944-08-02", "1944-11-05"}

    found = await page.evaluate(PICTURE)
    expected = await asyncio.to_thread(ids_of_tiles, server_url, await page.evaluate(CAMERA), "1944-11-05", 1)
    for layer in ("control", "frontline", "events"):
        drawn = {each["id"] for each in found["drawn"] if each["layer"] == layer}
        assert drawn == expected.get(layer, set()), layer
    assert reader.complaints == []

    await page.route("**/history/**", lambda route: route.fulfill(status=503))
    await page.evaluate("slider.go('1945-04-10')")
    await reader.until(f"{HINT}.includes('1945 konnte nicht geladen werden')")
    found = await page.evaluate(PICTURE)
    assert (found["label"], found["wrong"]) == ("1944-11-05", [])
    await page.unroute("**/history/**")
    await shown(reader, "1945-04-10")
    assert (await page.evaluate(PICTURE))["wrong"] == []


async def test_the_slider_draws_history_as_single_days_obeys_the_pages_style_and_leaves_it_as_it_was(
    site: str, new_reader: NewReader
) -> None:
    reader = await new_reader(420, 560)
    page = reader.page
    await page.goto(f"{site}?day=1944-08-24")
    await shown(reader, "1944-08-24")
    await page.evaluate("slider.go('1944-08-25')")
    await shown(reader, "1944-08-25")
    history = await picture_of(page)
    await page.evaluate("map.setPaintProperty('held', 'fill-color', '#123456')")
    await reader.until(
        "slider.layerId('held') && map.getPaintProperty(slider.layerId('held'), 'fill-color') === '#123456'"
    )
    await shown(reader, "1944-08-25")
    await page.evaluate(LOSE)
    await reader.until("slider.day === ''")
    await page.evaluate("lose.restoreContext()")
    await shown(reader, "1944-08-25")
    assert (await page.evaluate(PICTURE))["wrong"] == []
    await page.evaluate(f"map.setPaintProperty('held', 'fill-color', {COLOUR}); map.removeControl(slider); 0")
    assert await page.evaluate(LAYERS) == [
        [name, 0, 24] for name in ("paper", "held", "line", "events", "towns")
    ]
    before = len(reader.requests)
    await page.evaluate(DAYS)
    await shown(reader, "1944-08-25")
    asked = [
        url for url in reader.requests[before:] if url.endswith("datetime=1944-08-25") or "/history/" in url
    ]
    assert asked
    assert not any("/history/" in url for url in asked)
    difference = await reader.difference(history, await picture_of(page))
    assert difference <= 48  # along edges, which are pieced together
    assert reader.complaints == []

"""The ground under the theatre is that of the day, and its names keep off what the day shows."""

from __future__ import annotations

import pytest

from tests.browser.conftest import SAMPLE, NewReader, Reader

pytestmark = pytest.mark.asyncio(loop_scope="session")

RESERVOIR = "#map=9/47.46/34.85&at=2023-06-05"  # its broadest part, by Enerhodar
ALSACE = "/?theatre=western-front&lang=en#map=7.5/48.9/7.6&at=1944-09-10"
KUPIANSK = "#map=8/49.4/37.7&at=2023-11-09"
BORDERS = ("world-border", "region-border", "region-oblast-border", "countries", "region-oblast-names")
# Names of places whose text lies on a mark; asked with some pixels less than the mark is wide.
UNDER_MARKS = """() => {
    const layers = ["world-places", "regions-places", "region-river-names"];
    const {features} = tileserverMap.getStyle().sources.clearance.data;
    return [features.length, features.flatMap(({geometry: {coordinates}}) => {
        const {x, y} = tileserverMap.project(coordinates);
        return tileserverMap.queryRenderedFeatures([[x - 2, y - 2], [x + 2, y + 2]], {layers});
    }).map(({properties}) => properties.name)];
}"""


async def _middle(reader: Reader) -> bytes:
    """A few pixels in the middle of the map."""
    await reader.settled()
    size = reader.page.viewport_size
    assert size
    clip = {"x": size["width"] / 2 - 2, "y": size["height"] / 2 - 2, "width": 4, "height": 4}
    return await reader.page.screenshot(
        clip=clip,  # type: ignore[arg-type]
        style="body > *:not(#map), .maplibregl-control-container { visibility: hidden !important }",
    )


async def test_the_reservoir_of_kakhovka_is_gone_with_the_day_of_its_dam(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader()
    await reader.open(f"{server_url}/?{SAMPLE}{RESERVOIR}")
    full = await _middle(reader)
    await reader.page.keyboard.press("ArrowRight")
    await reader.ready("2023-06-06")
    assert await reader.difference(full, await _middle(reader)) > 20
    await reader.page.keyboard.press("ArrowLeft")
    await reader.ready("2023-06-05")
    assert await reader.difference(full, await _middle(reader)) == 0


async def _without_borders(reader: Reader) -> int:
    """By how much the map is another one without what has the dates of borders."""
    before = await reader.picture()
    await reader.page.evaluate(
        "ids => ids.forEach(id => tileserverMap.setLayoutProperty(id, 'visibility', 'none'))", list(BORDERS)
    )
    return await reader.difference(before, await reader.picture())


async def test_no_border_or_country_of_today_is_on_the_map_of_1944(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader()
    await reader.open(server_url + ALSACE)
    assert await _without_borders(reader) == 0


async def test_names_keep_off_the_marks_of_the_day(server_url: str, new_reader: NewReader) -> None:
    reader = await new_reader()
    await reader.open(f"{server_url}/?{SAMPLE}{KUPIANSK}")
    await reader.until("'clearance' in tileserverMap.getStyle().sources")
    await reader.settled()
    marks, under = await reader.page.evaluate(UNDER_MARKS)
    assert marks > 1
    assert under == []
    assert await _without_borders(reader) > 20


async def test_the_ground_is_told_to_be_coarse_where_it_is_and_drawn_no_nearer(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader()
    await reader.open(f"{server_url}/?{SAMPLE}#map=13.5/46.66/32.75&at=2023-11-09")
    assert await reader.page.evaluate("tileserverMap.getZoom()") == 12
    assert await reader.page.locator(".coarse").is_visible()
    await reader.page.evaluate("tileserverMap.jumpTo({zoom: 9})")
    await reader.settled()
    assert not await reader.page.locator(".coarse").is_visible()
    assert reader.complaints == []

"""Law: layers of events and overlays are switched one by one, and a switch changes nothing but that layer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.conftest import NewReader, Reader
from tests.conftest import Databases, serving
from tests.several import tell_several

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LOOK = "/?theatre=twin&lang=en#map=7/49/33&at=2024-03-02"
DRAWN = """[...new Set(tileserverMap.getStyle().layers
    .filter(one => one.source === tileserverShownSource()).map(one => one['source-layer']))]"""


@pytest.fixture(scope="module")
def several_url(databases: Databases) -> Iterator[str]:
    """The address of a server with two layers of events and two overlays."""
    dsn = databases.new()
    databases.run(dsn, tell_several)
    with serving(dsn) as url:
        yield url


async def switch(reader: Reader, layer: str, *, on: bool) -> None:
    """Switch *layer* as a reader does, and wait until the map has followed."""
    await reader.page.locator(f"#legend input[name={layer}]").set_checked(on)
    await reader.until(f"{DRAWN}.includes('{layer}') === {str(on).lower()}")
    await reader.ready()


async def picture(reader: Reader) -> bytes:
    """The map beside card and slider, which look otherwise under the mouse."""
    await reader.settled()
    return await reader.page.screenshot(clip={"x": 360, "y": 0, "width": 560, "height": 740})


async def test_each_layer_of_events_and_each_overlay_is_switched_by_itself(
    several_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader(1000, 900)
    await reader.open(several_url + LOOK)
    named = await reader.legend()
    assert named[:3] + named[named.index("Combat") :] == [
        *("Held", "Freed", "Front line", "Combat", "battle", "strike", "Damage", "House hit", "Claimed"),
        "Notes on the map",
    ]
    assert "2 events" in await reader.page.inner_text("#summary")
    assert set(await reader.page.evaluate(DRAWN)) == {"control", "frontline", "events", "notes", "damage"}
    before = await picture(reader)

    await switch(reader, "claimed", on=True)
    claimed = await picture(reader)
    assert await reader.difference(before, claimed) > 20
    first = await reader.on_screen("claimed")
    await reader.page.keyboard.press("End")
    await reader.page.locator("#slider").press("ArrowRight")
    await reader.ready("2024-03-03")
    assert len(first) == len(await reader.on_screen("claimed")) == 1
    assert await reader.on_screen("claimed") != first
    await reader.page.locator("#slider").press("ArrowLeft")
    await reader.ready("2024-03-02")
    assert await reader.difference(claimed, await picture(reader)) == 0

    await switch(reader, "claimed", on=False)
    assert await reader.difference(before, await picture(reader)) == 0
    await switch(reader, "damage", on=False)
    assert "1 event" in await reader.page.inner_text("#summary")
    await switch(reader, "events", on=False)
    assert await reader.page.evaluate("location.hash.endsWith('&off=damage,events')")
    assert "event" not in await reader.page.inner_text("#summary")
    assert set(await reader.page.evaluate(DRAWN)) == {"control", "frontline", "notes"}
    assert reader.complaints == []


async def test_a_click_tells_events_of_every_layer_with_their_texts_and_the_overlay_there(
    several_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader(1000, 900)
    await reader.open(several_url + LOOK)
    await switch(reader, "claimed", on=True)
    box = await reader.page.locator("#map canvas").bounding_box()
    assert box is not None
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    await reader.page.mouse.click(*middle)
    told = "document.querySelector('.maplibregl-popup')?.innerText"
    await reader.until(f"{told}?.includes('A house was hit.') && {told}.includes('Guns were heard.')")
    assert "2 events here" in await reader.page.inner_text(".maplibregl-popup")
    await reader.page.mouse.click(middle[0], middle[1] + 60)
    await reader.until(f"{told}?.includes('Claimed')")
    assert "Held" in await reader.page.inner_text(".maplibregl-popup")

    await switch(reader, "damage", on=False)
    assert await reader.page.locator(".maplibregl-popup").count() == 0  # it may tell of what is off by now

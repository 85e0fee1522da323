"""Law: the map of a theatre is the same picture whatever its layers are called."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.conftest import NewReader
from tests.conftest import Databases, serving
from tests.twins import stores

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LOOK = "/?theatre=twin&lang=en#map=6.2/49.3/33&at=2024-03-02"
READ = ("summary", "notes", "date", "changes")


@pytest.fixture(scope="module")
def twin_urls(databases: Databases) -> Iterator[tuple[str, str]]:
    """The addresses of two servers: one world with the usual names, one with others."""
    usual_store, other_store = stores(databases)
    with serving(usual_store) as usual, serving(other_store) as renamed:
        yield usual, renamed


@pytest.mark.parametrize("compared", ["", "&compare=2024-03-01"])
async def test_layers_of_other_names_are_drawn_counted_and_compared_alike(
    twin_urls: tuple[str, str], new_reader: NewReader, compared: str
) -> None:
    pictures, words = [], []
    for url in twin_urls:
        reader = await new_reader()
        await reader.open(url + LOOK + compared)
        if compared:
            await reader.until("document.querySelectorAll('#changes .km2').length > 0")
        words.append([*await reader.legend(), *[await reader.page.inner_text(f"#{name}") for name in READ]])
        assert reader.complaints == []
        pictures.append(await reader.picture())
    assert words[0] == words[1]
    *legend, summary, notes, _, _ = words[1]
    assert legend[:3] == ["Held", "Freed", "Front line"]
    assert legend[-3:] == ["battle", "strike", "Notes on the map"]
    assert "1 event" in summary
    assert "It moves." in notes
    assert await reader.difference(*pictures) == 0


async def test_a_click_finds_events_of_another_name_with_their_texts(
    twin_urls: tuple[str, str], new_reader: NewReader
) -> None:
    reader = await new_reader()
    await reader.open(f"{twin_urls[1]}/?theatre=twin&lang=en#map=8/49/33&at=2024-03-02")
    await reader.settled()
    box = await reader.page.locator("#map canvas").bounding_box()
    assert box is not None
    await reader.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    await reader.until("document.querySelector('.maplibregl-popup')?.innerText.includes('Guns were heard.')")

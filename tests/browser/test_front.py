"""Law: what is drawn of a day that has stood is of that day: gains, notes, the sides of the front."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Reader

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# The ids of layers that begin with a word, with the opacity that each has as a whole.
SEEN = """word => tileserverMap.getStyle().layers.filter(({id}) => id.startsWith(word)).map(({paint = {}}) =>
    paint['fill-layer-opacity'] ?? paint['line-layer-opacity'] ?? 1)"""
# In the moment that another day is on the map: how much of the gains is seen, and how many layers notes have.
ON_LEAVING = f"""new MutationObserver(() => window.left ??= [
    Math.max(0, ...({SEEN})('recent-')), ({SEEN})('drawn-notes').length,
]).observe(document.documentElement, {{attributeFilter: ['data-shown']}})"""
TEETH = "tileserverMap.getStyle().layers.some(({id}) => id.endsWith('-teeth'))"


async def test_gains_teeth_and_notes_follow_a_day_and_are_switched_by_the_link(
    reader: Reader,
) -> None:
    await reader.settled()
    assert await reader.page.evaluate(TEETH)
    gains = await reader.page.evaluate(SEEN, "recent-")
    assert len(gains) == 6
    assert min(gains) > 0
    assert await reader.page.evaluate(SEEN, "drawn-notes")
    await reader.page.evaluate(ON_LEAVING)
    await reader.page.focus("#slider")
    await reader.page.keyboard.press("ArrowRight")
    await reader.until("window.left !== undefined")
    assert await reader.page.evaluate("window.left") == [0, 0]
    await reader.settled()
    assert min(await reader.page.evaluate(SEEN, "recent-")) > 0

    for name in ("recent", "sides"):
        await reader.page.locator(f"#legend input[name={name}]").set_checked(False)
    await reader.ready()
    await reader.settled()
    assert await reader.page.evaluate(SEEN, "recent-") == []
    await reader.until(f"!({TEETH})")
    assert await reader.page.evaluate("location.hash.endsWith('&off=recent,sides')")
    assert reader.complaints == []

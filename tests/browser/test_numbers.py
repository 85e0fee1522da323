"""Numbers of notes cover neither each other nor events, and stay where they are while their notes do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.conftest import SAMPLE, NewReader, Reader

pytestmark = pytest.mark.asyncio(loop_scope="session")

# The middles of the numbers that are seen, on their places or beside them, and of events; px.
SEEN = """() => {
    const map = tileserverMap, spots = {own: {}, beside: {}, events: {}};
    const shown = tileserverShownSource();
    for (const {id, type} of map.getStyle().layers) {
        const isNote = id.startsWith(shown) && id.endsWith("-notes");
        const isEvent = id.startsWith("dated-") && id.endsWith("-events");
        if (type !== "symbol" || !(isNote || isEvent || id === "note-numbers")) continue;
        for (const feature of map.queryRenderedFeatures({layers: [id]})) {
            const {id: key, source, sourceLayer, geometry} = feature;
            const {on, beside} = map.getFeatureState({source, sourceLayer, id: key});
            if (!on || beside) continue;
            const {x, y} = map.project(geometry.coordinates);
            spots[isNote ? "own" : isEvent ? "events" : "beside"][`${key}`] = [x, y];
        }
    }
    return spots;
}"""
FIRST = (375, 812)  # px, a phone


async def _numbers(reader: Reader) -> dict[str, Any]:
    await reader.settled()
    await reader.until(f"Object.keys(({SEEN})().beside).length > 0")
    spots: dict[str, Any] = await reader.page.evaluate(SEEN)
    return spots


def _covers(one: list[float], other: list[float], reach: float) -> bool:
    return all(abs(a - b) < reach for a, b in zip(one, other, strict=True))


async def test_no_number_of_the_first_page_on_a_phone_covers_another_or_an_event(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader(*FIRST)
    await reader.open(f"{server_url}/?{SAMPLE}")
    spots = await _numbers(reader)
    numbers = list((spots["own"] | spots["beside"]).values())
    assert len(numbers) == 7
    assert len(spots["events"]) > 5
    pairs = [(one, other) for i, one in enumerate(numbers) for other in numbers[:i]]
    assert not [pair for pair in pairs if _covers(*pair, 15)]
    under = [event for event in spots["events"].values() if any(_covers(one, event, 9) for one in numbers)]
    assert under == []
    assert reader.complaints == []


async def test_no_number_covers_another_while_a_phone_comes_to_rest(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader(*FIRST)
    await reader.open(f"{server_url}/?{SAMPLE}")
    looks = 0
    while await reader.page.evaluate("document.documentElement.dataset.clear !== 'done'"):
        spots = await reader.page.evaluate(SEEN)
        numbers = list((spots["own"] | spots["beside"]).values())
        looks += 1
        assert not [
            pair
            for i, one in enumerate(numbers)
            for pair in ((one, other) for other in numbers[:i])
            if _covers(*pair, 14)
        ]
    assert looks > 0


async def test_a_step_within_the_days_of_a_note_moves_no_number(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader(*FIRST)
    await reader.open(f"{server_url}/?{SAMPLE}")
    before = await _numbers(reader)
    await reader.page.keyboard.press("ArrowRight")
    await reader.ready("2023-11-10")
    after = await reader.page.evaluate(SEEN)
    for kind in ("beside", "own"):
        assert {key: [*map(round, spot)] for key, spot in after[kind].items()} == {
            key: [*map(round, spot)] for key, spot in before[kind].items()
        }

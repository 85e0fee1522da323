"""What a step of the slider costs, counted and not timed: what it asks of the map and of the page."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.conftest import NORMANDY, WEST, NewReader

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# Counts what is done while `counting`, which is in a handler of ours and in the frames that it asks for.
COUNT = """(() => {
    window.counting = 0;
    window.counts = {};
    const count = (what, times = 1) => { if (counting) counts[what] = (counts[what] ?? 0) + times; };
    const wrap = (owner, name, what) => {
        const own = Object.getOwnPropertyDescriptor(owner, name);
        const wrapped = act => act && function (...given) { count(what); return act.apply(this, given); };
        Object.defineProperty(owner, name, own.value
            ? { ...own, value: wrapped(own.value) }
            : { ...own, ...(what === "canvas" ? { set: wrapped(own.set) } : { get: wrapped(own.get) }) });
    };
    for (const name of ["clientWidth", "clientHeight", "getBoundingClientRect", "scrollHeight"])
        wrap(Element.prototype, name, "layout");
    for (const name of ["offsetWidth", "offsetHeight", "offsetLeft", "offsetTop", "offsetParent"])
        wrap(HTMLElement.prototype, name, "layout");
    for (const name of ["width", "height"]) wrap(HTMLCanvasElement.prototype, name, "canvas");
    for (const name of ["DateTimeFormat", "NumberFormat", "RelativeTimeFormat"])
        Intl[name] = new Proxy(Intl[name],
            { construct: (own, given) => { count("Intl"); return new own(...given); } });
    const next = requestAnimationFrame;
    window.requestAnimationFrame = act => {
        const asked = counting;
        return next(now => {
            counting += asked;
            try { act(now); } finally { counting -= asked; }
        });
    };
    // All steps in one turn, so that nothing that follows at rest comes between; then the frame they ask for.
    window.stepped = async (step, number) => {
        step(0);
        const steps = Array.from({ length: number }, (_, i) => counted(() => step(i + 1)));
        counts = {};
        await new Promise(done => next(() => next(done)));
        return { steps, frame: counts };
    };
    window.countMap = () => {
        for (const name of ["setStyle", "setFilter", "setPaintProperty", "setLayoutProperty", "addSource",
            "addLayer", "removeSource", "removeLayer", "getStyle", "queryRenderedFeatures",
            "querySourceFeatures"]) {
            const own = tileserverMap[name].bind(tileserverMap);
            tileserverMap[name] = (...given) => { count(name); return own(...given); };
        }
    };
    window.counted = act => {
        counts = {};
        const watched = new MutationObserver(() => undefined), everything =
            { subtree: true, childList: true, attributes: true, characterData: true };
        watched.observe(document, everything);
        counting = 1;
        try { act(); } finally { counting = 0; }
        const changes = watched.takeRecords();
        watched.disconnect();
        const made = changes.filter(one => [...one.addedNodes].some(node => node.nodeType === 1))
            .map(one => one.target.id);
        return { ...counts, changes: changes.length, made, shown: document.documentElement.dataset.shown };
    };
})()"""
PRESS = """count => stepped(() => document.getElementById("slider").dispatchEvent(
    new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true, cancelable: true })), count)"""
DRAG = """count => {
    const slider = document.getElementById("slider"), scale = document.getElementById("scale");
    const { left, top, width } = scale.getBoundingClientRect(), first = Number(slider.value);
    const point = (type, x) => scale.dispatchEvent(new PointerEvent(type,
        { clientX: x, clientY: top + 20, bubbles: true, isPrimary: true, pointerType: "mouse" }));
    point("pointerenter", left + width / 2);
    return stepped(step => {
        point("pointermove", left + width / 2 + step);
        slider.value = String(first + step + 1);
        slider.dispatchEvent(new Event("input", { bubbles: true }));
    }, count);
}"""
STEPS = 6
MOST_CHANGES = 40  # of texts and attributes: label, title, sentence, a table of two rows and three columns


@pytest.mark.parametrize("move", [PRESS, DRAG], ids=["pressed", "dragged"])
async def test_a_step_of_the_slider_makes_no_element_lays_nothing_out_and_leaves_the_style_alone(
    move: str, server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader()
    page = reader.page
    await page.add_init_script(COUNT)
    await reader.open(f"{server_url}{WEST}{NORMANDY}")
    await reader.until("document.querySelector('#gains tbody td') !== null")
    await page.focus("#slider")
    await reader.loaded_ahead()
    await page.evaluate("countMap()")
    await page.evaluate(move, 2)  # formatters and rows that the page did not need before are made once
    found: dict[str, Any] = await page.evaluate(move, STEPS)
    steps = found["steps"]
    assert len({each.pop("shown") for each in steps}) == STEPS
    for each in steps:
        assert each.pop("changes") <= MOST_CHANGES, found
        assert set(each.pop("made")) <= {"notes", "ages"}, found  # which are other ones on some days
    assert steps == [{}] * STEPS
    assert found["frame"] == {}
    assert reader.complaints == []

"""What a page is told to note of a comparison: when it was chosen, first in a drawn frame, and first told."""

from __future__ import annotations

# A change of the field is the choice; `render` is heard in the frame in which it was drawn.
WATCHED = """() => {
    const section = document.getElementById("changes-section"), seen = window.seen = {};
    document.getElementById("compare-date").addEventListener(
        "change", () => { seen.chosen ??= performance.now(); }, {capture: true});
    tileserverMap.on("render", () => {
        const layer = tileserverMap.getStyle().layers.find(one => one.id.startsWith("comparison-"));
        if (layer?.paint["fill-layer-opacity"] === 1) seen.painted ??= performance.now();
    });
    new MutationObserver(() => {
        if (!section.hidden && section.ariaBusy !== "true") seen.told ??= performance.now();
    }).observe(section, {subtree: true, childList: true, characterData: true, attributes: true});
}"""

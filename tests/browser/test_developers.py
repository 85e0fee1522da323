"""The forms on the page for developers send what they say, by keyboard, and keep nobody out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.axe import axe
from tests.browser.conftest import NewReader, Reader
from tests.browser.examples import beside_packages

TILE = 'details[data-path="/tiles/{tileset}/{z}/{x}/{y}.mvt"]'

SCRIPTS = 12_000

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def opened(reader: Reader, server_url: str, path: str = TILE) -> None:
    """Open the page, and an operation by the keyboard."""
    await reader.page.goto(f"{server_url}/developers")
    await reader.page.focus(f"{path} > summary")
    await reader.page.keyboard.press("Enter")
    await reader.page.wait_for_selector(f"{path} form")


async def test_an_example_is_sent_and_its_tile_told_by_keyboard_alone(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader()
    await opened(reader, server_url)
    await reader.page.keyboard.press("Tab")  # the example
    await reader.page.keyboard.press("Tab")
    assert await reader.page.evaluate("document.activeElement.name") == "tileset"
    await reader.page.keyboard.press("Enter")
    await reader.page.wait_for_selector(f"{TILE} .answer table")
    told = await reader.page.inner_text(f"{TILE} form")
    assert "200" in told
    assert "cache-control" in told
    assert "content-location" in told
    rows = await reader.page.eval_on_selector_all(
        f"{TILE} .answer tbody tr", "rows => rows.map(row => [...row.cells].map(cell => cell.innerText))"
    )
    assert {name for name, *_ in rows} >= {"control", "frontline"}
    assert all(int(number.replace(",", "")) > 0 for _, number, *_ in rows)
    assert {url.partition("/")[0] for url in reader.requests} <= {"http:", "data:", "blob:"}
    assert all(url.startswith((server_url, "data:", "blob:")) for url in reader.requests)
    assert reader.complaints == []


async def test_a_refusal_is_shown_and_a_part_that_is_missing_is_named(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader()
    await opened(reader, server_url)
    await reader.page.fill(f"{TILE} input[name=datetime]", "yesterday")
    await reader.page.click(f"{TILE} button[type=submit]")
    await reader.page.wait_for_selector(f"{TILE} .answer pre")
    told = await reader.page.inner_text(f"{TILE} form")
    assert "400" in told
    assert "Bad datetime" in told
    await reader.page.fill(f"{TILE} input[name=z]", "")
    await reader.page.click(f"{TILE} button[type=button]")
    assert await reader.page.inner_text(f"{TILE} [role=status]") == "The path needs z."


async def test_a_request_is_copied_for_a_shell_and_a_key_is_not(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader()
    await opened(reader, server_url)
    await reader.page.fill(f"{TILE} input[name='X-Api-Key']", "tsk_secret")
    await reader.page.click(f"{TILE} button[type=button]")
    await reader.page.wait_for_selector(f"{TILE} .answer pre")
    told = await reader.page.inner_text(f"{TILE} .answer pre")
    assert told.startswith('curl --compressed -H "X-Api-Key: $TILESERVER_KEY" -o tile.mvt')
    assert f"{server_url}/tiles/" in told
    assert "tsk_secret" not in told


async def test_without_a_script_every_operation_has_its_parameters_and_an_example(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader(java_script_enabled=False)
    await reader.page.goto(f"{server_url}/developers")
    await reader.page.click(f"{TILE} > summary")
    told = await reader.page.inner_text(TILE)
    assert "datetime: an instant" in told
    assert "Example: tiles/" in told
    assert await reader.page.locator(f"{TILE} form").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_on_the_page_with_a_form_and_its_answer(
    server_url: str, new_reader: NewReader, scheme: str
) -> None:
    reader = await new_reader(320, 640, color_scheme=scheme, bypass_csp=True)
    await opened(reader, server_url)
    await reader.page.click(f"{TILE} button[type=submit]")
    await reader.page.wait_for_selector(f"{TILE} .answer table")
    assert await reader.page.evaluate("document.documentElement.scrollWidth") == 320
    assert await axe(reader) == []
    weight = await reader.page.evaluate(
        "performance.getEntriesByType('resource').filter(each => each.name.endsWith('.js'))"
        ".reduce((sum, each) => sum + each.encodedBodySize, 0)"
    )
    assert weight < SCRIPTS, "bytes of the page's scripts as they are sent"


# A partner's page: what the snippet leaves to it, and what the test looks at.
PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Copied</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="node_modules/maplibre-gl/dist/maplibre-gl.css">
<script type="importmap">
{"imports": {"maplibre-gl": "./node_modules/maplibre-gl/dist/maplibre-gl.mjs"}}
</script>
<div id="map" style="position: absolute; inset: 0"></div>
<script type="module">
BEGIN
CODE
map.on("idle", () => { window.idle = true; });
END
</script></html>
"""


@pytest.mark.parametrize(
    ("client", "begin", "end"),
    [
        (
            "MapLibre GL JS",
            'import * as maplibregl from "maplibre-gl";',
            "window.shown = () => window.idle && map.queryRenderedFeatures().length > 0;",
        ),
        (
            "MapLibre GL JS, a time slider over your own style",
            "",
            "window.shown = () => slider.day === '2023-11-09' && slider.source && map.areTilesLoaded();",
        ),
    ],
)
async def test_code_that_is_copied_draws_the_day_on_a_page_of_another_origin(
    server_url: str, new_reader: NewReader, tmp_path: Path, client: str, begin: str, end: str
) -> None:
    reader = await new_reader()
    await reader.page.goto(f"{server_url}/developers")
    code = await reader.page.inner_text(f'[aria-label="Code for {client}"] code')
    written = PAGE.replace("BEGIN", begin).replace("CODE", code).replace("END", end)
    (tmp_path / "index.html").write_text(written, "utf-8")
    with beside_packages(tmp_path) as url:
        await reader.page.goto(f"{url}/index.html")
        await reader.until("window.shown && shown()")
    assert any("/ukraine-sample/" in each for each in reader.requests)
    assert reader.complaints == []

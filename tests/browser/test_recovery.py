"""What a browser takes away from under the map comes back as the day that is named, or the page says so."""

from __future__ import annotations

import pytest

from tests.browser.conftest import NORMANDY, WEST, NewReader, Reader, assert_all_of_one_day

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LOSE = (
    "window.loss = tileserverMap.getCanvas().getContext('webgl2').getExtension('WEBGL_lose_context');"
    " loss.loseContext()"
)
RESTORE = "loss.restoreContext()"
# The page's own workers, to end them as a phone does that wants its memory back: without a word.
KEEP_WORKERS = (
    "window.workers = []; window.Worker = class extends Worker {"
    " constructor(...rest) { super(...rest); workers.push(this); } }"
)
# The page looks for a sign of life every 2 s and calls a silence of 10 s, or a context lost for 8 s, the end.
# Once the awaited one is dead for good, the page's clock may as well go eight times as fast.
CLOCK = (
    "(later => { const scaled = ms => ms >= 2000 ? ms / (window.haste ?? 1) : ms;"
    " window.setTimeout = (act, ms, ...rest) => later(act, scaled(ms), ...rest);"
    " window.setInterval = (act, ms) => { const next = () => later(() => { act(); next(); }, scaled(ms));"
    " next(); }; })(setTimeout)"
)
HASTE = "window.haste = 8"
END_WORKERS = "workers.forEach(worker => worker.terminate())"


async def test_a_lost_context_comes_back_as_the_day_that_was_scrubbed_to(
    server_url: str, reader: Reader
) -> None:
    assert await reader.on_screen("events")
    opened = await reader.picture()
    await scrub(reader, 7)
    await reader.ready("1944-08-01")
    before = await reader.picture()
    assert await reader.difference(opened, before) > 60
    await lose(reader)
    await reader.page.evaluate(RESTORE)
    await reader.ready("1944-08-01")
    await assert_all_of_one_day(reader, server_url, "1944-08-01")
    assert await reader.difference(before, await reader.picture()) <= 12
    await scrub(reader, 1)
    await assert_all_of_one_day(reader, server_url, "1944-08-02")


async def test_what_is_wished_for_while_the_context_is_lost_is_shown_after_it(
    server_url: str, reader: Reader, new_reader: NewReader
) -> None:
    await lose(reader)
    await scrub(reader, 3)
    await reader.page.emulate_media(color_scheme="dark")
    assert await reader.labelled() == ""
    await reader.page.evaluate(RESTORE)
    await reader.ready("1944-07-28")
    await assert_all_of_one_day(reader, server_url, "1944-07-28")
    other = await new_reader(color_scheme="dark")
    await other.open(server_url + WEST + NORMANDY.replace("07-25", "07-28"))
    assert await reader.difference(await reader.picture(), await other.picture()) <= 12


async def test_a_comparison_survives_a_lost_context(server_url: str, new_reader: NewReader) -> None:
    reader = await new_reader()
    await reader.open(server_url + WEST + NORMANDY.replace("07-25", "08-25") + "&compare=1944-07-25")
    await reader.page.locator("#changes .km2").first.wait_for()
    before, km2 = await reader.picture(), await reader.page.inner_text("#changes")
    await lose(reader)
    assert not await reader.page.is_visible("#changes-section")
    await reader.page.evaluate(RESTORE)
    await reader.ready("1944-08-25")
    await reader.page.locator("#changes .km2").first.wait_for()
    assert await reader.page.inner_text("#changes") == km2
    assert await reader.difference(before, await reader.picture()) <= 12
    await assert_all_of_one_day(reader, server_url, "1944-08-25")


async def test_an_embed_whose_context_does_not_come_back_says_so_and_starts_again(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader(640, 420)
    await reader.page.add_init_script(CLOCK)
    await reader.open(server_url + "/embed?theatre=western-front&lang=en&controls=1" + NORMANDY)
    await scrub(reader, 2)
    await reader.page.evaluate(HASTE)
    await lose(reader)
    await reader.until("document.documentElement.dataset.state === 'stopped'")
    assert await reader.labelled() == ""
    await reader.page.click("#restart")
    await reader.ready("1944-07-27")
    await reader.until("!document.querySelector('#stopped:not([hidden])')")
    assert await reader.on_screen("control")
    assert await reader.page.is_visible("#timebar")


async def test_an_ended_worker_is_noticed_and_the_page_offers_to_start_again(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader()
    await reader.page.add_init_script(KEEP_WORKERS)
    await reader.page.add_init_script(CLOCK)
    await reader.open(server_url + WEST + NORMANDY)
    await scrub(reader, 2)
    await reader.settled()
    await reader.page.evaluate(END_WORKERS)
    await reader.page.evaluate(HASTE)
    await reader.page.fill("#date-field", "1945-03-07")  # in a period that is not loaded
    await reader.until("document.documentElement.dataset.state === 'stopped'")
    assert [await reader.shown(), await reader.labelled()] == ["1944-07-27"] * 2  # as the map still is
    await reader.page.get_by_role("button", name="Start it again").click()
    await reader.ready("1945-03-07")
    await assert_all_of_one_day(reader, server_url, "1945-03-07")


async def test_a_map_moved_after_its_worker_ended_does_not_wait_for_ever(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader()
    await reader.page.add_init_script(KEEP_WORKERS)
    await reader.page.add_init_script(CLOCK)
    await reader.open(server_url + WEST + NORMANDY.replace("07-25", "08-25") + "&compare=1944-07-25")
    await reader.page.locator("#changes .km2").first.wait_for()
    await reader.settled()
    await reader.page.evaluate(END_WORKERS)
    await reader.page.evaluate(HASTE)
    await reader.page.evaluate("tileserverMap.jumpTo({center: [6, 47]})")
    await reader.until("document.documentElement.dataset.state === 'stopped'")
    await reader.page.click("#restart")
    await reader.ready("1944-08-25")
    await reader.page.locator("#changes .km2").first.wait_for()
    await assert_all_of_one_day(reader, server_url, "1944-08-25")


async def scrub(reader: Reader, days: int) -> None:
    """Press the key of the next day that often."""
    await reader.page.focus("#slider")
    for _ in range(days):
        await reader.page.keyboard.press("ArrowRight")


async def lose(reader: Reader) -> None:
    """Take the WebGL context away; no day is named over what is no map."""
    await reader.page.evaluate(LOSE)
    await reader.until("document.getElementById('date').dateTime === ''")
    assert await reader.shown() == ""
    assert await reader.page.evaluate("document.documentElement.dataset.state") != "ready"
    assert "redrawn" in (await reader.page.text_content("#hint") or "")

"""The pages on method and corrections keep nobody out; the map shows a correction, and leads to both."""

from __future__ import annotations

import pytest

from tests.browser.axe import axe
from tests.browser.conftest import NewReader

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_on_the_pages_of_text(
    server_url: str, new_reader: NewReader, scheme: str
) -> None:
    reader = await new_reader(320, 640, color_scheme=scheme, bypass_csp=True)
    for path in ("method/ukraine-sample?lang=uk", "corrections/western-front?lang=fr"):
        await reader.page.goto(f"{server_url}/{path}")
        assert await reader.page.evaluate("document.scripts.length") == 0
        assert await reader.page.evaluate("document.documentElement.scrollWidth") == 320
        assert await axe(reader) == []


async def test_a_link_to_a_correction_compares_a_day_with_itself_as_it_was_known(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader()
    document = await (await reader.page.request.get(f"{server_url}/tilesets/western-front")).json()
    day, known = "1944-12-24", document["time"]["revision"]
    await reader.open(f"{server_url}/?theatre=western-front&lang=en#at={day}&compare={day}&known={known}")
    await reader.page.wait_for_selector("#changes-section:not([hidden]) #changes > *")
    title = await reader.page.inner_text("#changes-title")
    assert title.startswith(f"Corrected for 24 Dec 1944, compared with revision {known}")
    await reader.until("document.getElementById('changes-section').ariaBusy === 'false'")
    asked = [url for url in reader.requests if "/changes/" in url]
    assert asked
    assert all(f"known={known}" in url for url in asked)
    assert "could not be reached" not in await reader.page.inner_text("body")
    assert await reader.page.inner_text("#updated a:first-of-type") == "How this map is made"
    await reader.page.fill("#date-field", "1944-12-26")
    await reader.ready("1944-12-26")
    assert "known" not in await reader.page.evaluate("location.hash")

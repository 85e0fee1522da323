"""The report of an import in a browser: nobody is asked, nothing of a file runs, and it fits a phone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.conftest import NewReader
from tests.desk.test_preview_page import of_areas, stored
from tileserver.desk.preview_page import preview_page

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# What a page would do if a stranger's text were markup in it: even then its policy would refuse.
INJECTED = '<img src="http://evil.example/x" onerror="window.ran = 1"><script>window.ran = 2</script>'


@pytest.fixture
def page_file(tmp_path: Path) -> Path:
    """The report of a hostile file, as `--report` writes it."""
    path = tmp_path / "report.html"
    path.write_text(preview_page(stored("control"), "It would be held back.", of_areas()), "utf-8")
    return path


@pytest.fixture
def injected_file(page_file: Path) -> Path:
    """The same with markup in it that no text of a file can be."""
    page_file.write_text(page_file.read_text("utf-8").replace("<main>", f"<main>{INJECTED}"), "utf-8")
    return page_file


async def test_a_report_of_a_hostile_file_runs_nothing_and_asks_nobody(
    new_reader: NewReader, page_file: Path
) -> None:
    reader = await new_reader()
    dialogs: list[str] = []
    reader.page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    await reader.page.goto(page_file.as_uri())
    assert await reader.page.locator("svg.map").count() == 2
    await reader.page.get_by_role("button", name="Enlarge").first.click()
    assert await reader.page.evaluate("document.querySelector('svg.map').viewBox.baseVal.width") == 50_000
    assert dialogs == []
    assert reader.requests == [page_file.as_uri()]
    assert reader.complaints == []


async def test_a_report_would_run_no_script_even_if_a_text_were_markup(
    new_reader: NewReader, injected_file: Path
) -> None:
    reader = await new_reader()
    await reader.page.goto(injected_file.as_uri())
    await reader.page.wait_for_timeout(200)
    assert await reader.page.evaluate("window.ran === undefined")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_report_fits_a_phone_and_is_seen_without_script(
    new_reader: NewReader, page_file: Path, scheme: str
) -> None:
    reader = await new_reader(360, 640, color_scheme=scheme, java_script_enabled=False)
    await reader.page.goto(page_file.as_uri())
    box = await reader.page.locator("svg.map").first.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 360
    mark = await reader.page.locator("svg.map .mark").first.bounding_box()
    assert mark is not None
    assert mark["height"] >= 14  # pixels: as large on a phone as on a desk
    main = await reader.page.locator("main").bounding_box()
    assert main is not None
    assert main["width"] <= 360

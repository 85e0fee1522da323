"""What an editor does at the desk's page in a browser, and the files for it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.async_api import Page, expect

from tests.desk.conftest import _collection

if TYPE_CHECKING:
    from tests.desk.conftest import Cells

PATIENCE_MS = 120_000


def day_file(folder: Path, at: datetime, cells: Cells) -> Path:
    """Return a file in *folder* of the state at an instant."""
    path = folder / f"{int(at.timestamp())}.geojson"
    path.write_bytes(_collection(cells))
    return path


async def log_in(page: Page, port: int, token: str) -> None:
    """Log in at the desk that listens on *port* of this machine."""
    page.set_default_timeout(PATIENCE_MS)
    await page.goto(f"http://127.0.0.1:{port}/desk/")
    await page.get_by_label("Token").fill(token)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("heading", name="Desk", exact=True)).to_be_visible()


async def choose(page: Page, path: Path) -> None:
    """Choose a file of control in the form of imports."""
    await page.get_by_role("link", name="Import").click()
    await page.get_by_label("File", exact=True).set_input_files(path)
    await page.get_by_label("Layer", exact=True).select_option("ukraine.control")


async def compare(page: Page) -> None:
    """Upload what was chosen."""
    await page.get_by_role("button", name="Upload and compare").click()


async def correct(page: Page, path: Path, remark: str) -> None:
    """Upload a corrected day with words for readers, up to its report."""
    await choose(page, path)
    await page.get_by_text("Remark for readers").click()
    await page.get_by_label("English").fill(remark)
    await compare(page)
    await expect(page.get_by_text("Land that changes hands").first).to_be_visible(timeout=PATIENCE_MS)

"""The page of docs/examples/offline: archives that a browser keeps, and a slider with no network at all."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.conftest import NewReader
from tests.browser.examples import partner
from tests.browser.test_slider import PICTURE, shown
from tests.conftest import ROOT
from tileserver.web.built import STATIC

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

EXPORT = ("--history", "--datetime", "1944-06-30/1944-07-01", "--zooms", "6-7", "--bounds=-6,47,7,51")
KEPT = "navigator.serviceWorker.ready.then(ready => ready.active !== null && slider.day !== '')"


def export(dsn: str, folder: Path) -> None:
    """Write the archives of two periods of history, as the page says."""
    command = [sys.executable, "-m", "tileserver", "export", "western-front", str(folder), *EXPORT]
    subprocess.run(command, check=True, cwd=ROOT, env={**os.environ, "DATABASE_URL": dsn})


async def test_a_page_that_was_loaded_once_scrubs_through_its_archives_without_any_server(
    sample_database: str, server_url: str, tmp_path: Path, new_reader: NewReader
) -> None:
    reader = await new_reader(500, 480)
    page = reader.page
    with partner(tmp_path, server_url, "offline") as url:
        await asyncio.to_thread(export, sample_database, tmp_path / "archives")
        shutil.copy(STATIC / "slider" / "time-slider.js", tmp_path)
        await page.goto(url)
        await shown(reader, "1944-07-25")
        await reader.until(KEPT)
    reader.requests.clear()
    await page.reload()  # its server is gone, and ours has never been asked
    await shown(reader, "1944-07-25")
    await page.evaluate("slider.go('1944-06-28')")  # of the archive before
    await shown(reader, "1944-06-28")
    found = await page.evaluate(PICTURE)
    assert (found["label"], found["wrong"]) == ("1944-06-28", [])
    assert {each["layer"] for each in found["drawn"]} >= {"control", "frontline"}
    assert await page.evaluate("slider.span") == {"first": "1944-06-06", "last": "1944-09-30"}
    assert not any(each.startswith(server_url) for each in reader.requests)

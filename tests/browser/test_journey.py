"""The journey of a correction: from a file, by page and by commands, to a map that is open all the while."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import pytest
from playwright.async_api import expect

from tests.browser.conftest import NewReader, Reader
from tests.browser.desk_pages import PATIENCE_MS, correct, day_file, log_in
from tests.browser.test_recovery import CLOCK
from tests.conftest import ROOT, serving
from tests.desk.conftest import Desk
from tests.newsroom.conftest import desk_serving
from tileserver.desk.audit import newest_entries
from tileserver.newsroom.people import add_person
from tileserver.store.catalogue import add_theatre
from tileserver.store.connect import Connection
from tileserver.theatres import load_theatre

if TYPE_CHECKING:
    from tests.conftest import Databases
    from tests.desk.conftest import Cells

pytestmark = [pytest.mark.db, pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

DAY = datetime(2023, 11, 9, tzinfo=UTC)
NEXT = datetime(2023, 11, 12, tzinfo=UTC)
WRONG: Cells = {(column, row): "occupied" for column in range(6) for row in range(6)}
RIGHT: Cells = {**WRONG, **{(5, row): "liberated" for row in range(6)}}
WORDS = "Two sources say that it was liberated."
WHY = "the brigade and a film say so"
ONE, OTHER = "Olena K.", "Petro B."
HASTE = 60  # the page looks every two minutes; here every two seconds


class Beside(NamedTuple):
    """A desk with a wrong day that is public, where each act wants two persons; the reader's server."""

    desk: Desk
    url: str


async def _with_second_eyes(connection: Connection) -> None:
    await add_theatre(connection, msgspec.structs.replace(load_theatre("ukraine"), reviewers=2))


@pytest.fixture
def ways(databases: Databases) -> Iterator[dict[str, Beside]]:
    """The same wrong day twice, to be corrected in two ways."""
    with ExitStack() as running:
        places = {}
        for way in ("page", "commands"):
            desk = Desk(databases)
            desk.import_states({DAY: WRONG, NEXT: WRONG})
            desk.run(_with_second_eyes)
            url = running.enter_context(serving(desk.dsn, TILESERVER_MAX_AGE="2"))
            places[way] = Beside(desk, url)
        yield places


@pytest.fixture
def right_day(tmp_path: Path) -> Path:
    """A file of the day as it was."""
    return day_file(tmp_path, DAY, RIGHT)


async def _open_map(new_reader: NewReader, url: str) -> Reader:
    reader = await new_reader()
    await reader.page.add_init_script(f"window.haste = {HASTE}")
    await reader.page.add_init_script(CLOCK)
    await reader.open(f"{url}/?theatre=ukraine&lang=en#map=8/48.3/36.3&at=2023-11-09")
    await reader.settled()
    return reader


async def _statuses(reader: Reader) -> set[str]:
    """The statuses of land that is drawn of the shown day."""
    found: list[str] = await reader.page.evaluate(
        "(() => { const source = tileserverShownSource(), day = Date.parse('2023-11-09') / 864e5;"
        " return tileserverMap.querySourceFeatures(source, {sourceLayer: 'control'})"
        " .filter(({properties: {from, to}}) => from <= day && day < to)"
        " .map(({properties}) => properties.status); })()"
    )
    return set(found)


async def _hears(reader: Reader, before: bytes, published: float) -> float:
    """Wait until the open map is corrected; return the seconds from the publication on."""
    await reader.page.locator("#corrected-meanwhile").get_by_text("corrected since").wait_for()
    await reader.ready("2023-11-09")
    took = time.monotonic() - published
    assert await _statuses(reader) == {"occupied", "liberated"}
    assert "Liberated" in " ".join(await reader.legend())
    assert reader.complaints == []
    assert await reader.difference(before, await reader.picture()) > 40
    return took


async def _is_listed(reader: Reader, url: str) -> None:
    """The line on the map leads to the list of corrections, and its feed has the same words."""
    href = await reader.page.locator("#corrected-meanwhile a").get_attribute("href")
    assert href is not None
    await reader.page.goto(f"{url}/{href}")
    assert WORDS in await reader.page.content()
    for form in ("atom", "json"):
        answer = await reader.page.request.get(f"{url}/corrections/ukraine.{form}")
        assert WORDS in await answer.text()


async def _by_page(beside: Beside, new_reader: NewReader, path: Path, people: Path) -> tuple[float, float]:
    """Upload as one person, publish as the other; return the seconds to the report, and the last moment."""
    tokens = [add_person(people, name) for name in (ONE, OTHER)]
    with desk_serving(beside.desk.dsn, people) as port:
        one, other = [(await new_reader(1280, 900)).page for _ in tokens]
        await log_in(one, port, tokens[0])
        began = time.monotonic()
        await correct(one, path, WORDS)
        reported = time.monotonic() - began
        assert await one.locator("svg.map").count() >= 1
        await log_in(other, port, tokens[1])
        await other.goto(one.url)
        await other.get_by_label("Reason").first.fill(WHY)
        await other.get_by_role("button", name="Publish").click()
        done = expect(other.get_by_role("heading", name=re.compile("^Revision ")))
        await done.to_be_visible(timeout=PATIENCE_MS)
        published = time.monotonic()
        await other.get_by_role("link", name="Audit log").click()
        await expect(other.get_by_text("entries holds")).to_be_visible()
    return reported, published


def _command(dsn: str, *words: str) -> str:
    argv = [sys.executable, "-m", "tileserver", *words]
    environment = {**os.environ, "DATABASE_URL": dsn}
    done = subprocess.run(argv, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


def _by_commands(beside: Beside, path: Path, report: Path) -> tuple[float, float]:
    """The same by the command line."""
    began, dsn = time.monotonic(), beside.desk.dsn
    said = ("--by", ONE, "--remark", f"en={WORDS}", "--report", str(report))
    _command(dsn, "import", "ukraine.control", str(path), *said)
    reported = time.monotonic() - began
    assert "Land that changes hands" in report.read_text()
    assert "<svg" in report.read_text()
    (waiting,) = json.loads(_command(dsn, "held", "list", "--json"))
    _command(dsn, "held", "approve", str(waiting["id"]), "--by", OTHER, "--reason", WHY)
    return reported, time.monotonic()


def _trail(desk: Desk) -> list[dict[str, Any]]:
    """What was done since the wrong day, the oldest first, without what differs between two databases."""
    found = desk.run(lambda connection: newest_entries(connection, most=2))[::-1]
    return [
        {name: said for name, said in each.items() if name not in ("at", "previous", "hash")}
        for each in found
    ]


async def test_a_correction_goes_from_the_file_to_an_open_map_by_page_and_by_commands_alike(
    ways: dict[str, Beside], new_reader: NewReader, right_day: Path, tmp_path: Path
) -> None:
    trails = []
    for way, beside in ways.items():
        reader = await _open_map(new_reader, beside.url)
        assert await _statuses(reader) == {"occupied"}
        before = await reader.picture()
        reader.complaints.clear()  # of the style that takes the picture
        if way == "page":
            reported, published = await _by_page(beside, new_reader, right_day, tmp_path / "people.toml")
        else:
            report = tmp_path / "report.html"
            reported, published = await asyncio.to_thread(_by_commands, beside, right_day, report)
        seen = await _hears(reader, before, published)
        print(f"by {way}: file to report {reported:.1f} s, published to seen on the open map {seen:.1f} s")
        await reader.page.screenshot(path=tmp_path / f"{way}.png")
        await _is_listed(reader, beside.url)
        verified = await asyncio.to_thread(_command, beside.desk.dsn, "audit", "verify")
        assert verified.startswith("whole: ")
        trails.append(await asyncio.to_thread(_trail, beside.desk))
    by_page, by_commands = trails
    assert [(each["what"], each["by"], each["reason"]) for each in by_page] == [
        ("hold", ONE, ""),
        ("approve", OTHER, WHY),
    ]
    assert by_page == by_commands

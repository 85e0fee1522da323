"""Scrubs at random, over a network of random latency, with contexts lost: never a label over another day."""

from __future__ import annotations

import asyncio
import os
import random
import time

import pytest
from playwright.async_api import Route

from tests.browser.conftest import Reader, assert_all_of_one_day
from tests.browser.test_recovery import LOSE, RESTORE

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SCRUBS = int(os.environ.get("TILESERVER_TEST_SCRUBS", "4"))  # three seconds each; `make scrubs` takes 100
DAYS = 336  # of the sample, from 6 June 1944 on
SLIDE = """days => { const slider = document.getElementById('slider');
    slider.value = String(days); slider.dispatchEvent(new Event('input', {bubbles: true})); }"""
WISHED = "document.getElementById('date-field').value"


async def test_after_every_scrub_each_tile_is_of_the_day_that_is_named(
    server_url: str, reader: Reader
) -> None:
    seed = random.randrange(2**32)
    chance = random.Random(seed)

    async def late(route: Route) -> None:
        await asyncio.sleep(chance.choice((0, 0.01, 0.05, 0.2, 0.6)))
        await route.continue_()

    await reader.page.route("**/history/**", late)
    for number in range(SCRUBS):
        lost = number == 0 or chance.random() < 0.25
        await scrub(reader, chance, chance.randrange(1, 40), lost)
        day = await reader.page.evaluate(WISHED)
        begun = time.monotonic()
        try:
            await reader.ready(day)
            whole = time.monotonic() - begun
            await assert_all_of_one_day(reader, server_url, day)
            print(f"scrub {number}: {day} whole after {whole:.1f} s{', context lost' * lost}", flush=True)
        except AssertionError as error:
            page = await reader.page.evaluate(
                "[document.getElementById('date-field').value, document.getElementById('slider').value,"
                " document.getElementById('hint').textContent, location.hash]"
            )
            raise AssertionError(f"scrub {number} of seed {seed}, lost: {lost}, {page}") from error


async def scrub(reader: Reader, chance: random.Random, steps: int, lost: bool) -> None:
    """Move the slider *steps* times, by a day or by many, and lose the context on the way where *lost*."""
    at = chance.randrange(DAYS)
    losing = chance.randrange(steps) if lost else -1
    for step in range(steps):
        at = (
            chance.randrange(DAYS)
            if chance.random() < 0.1
            else min(DAYS, max(0, at + chance.choice((-1, 1, 1, 2))))
        )
        await reader.page.evaluate(SLIDE, at)
        assert await reader.label_is_the_picture() or await reader.labelled() == ""
        if step == losing:
            await reader.page.evaluate(LOSE)
        await asyncio.sleep(chance.choice((0, 0.01, 0.04)))
    if lost:
        await reader.until("tileserverMap.getCanvas().getContext('webgl2').isContextLost()")
        await reader.page.evaluate(RESTORE)

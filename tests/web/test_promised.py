"""A cache in front lets go of what was withdrawn, by the name that ``/promise`` says, and never too early."""

from __future__ import annotations

import asyncio
import time

import pytest
from httpx2 import AsyncClient

from tests.shapes import Feature, fill, in_tile, layer, square, theatre
from tests.web.test_keeping_up import PLACE, T0, TILE, WITHDRAWN, _seconds_until, _serving, _status, own, two
from tileserver.web.follower import OBEYED_S
from tileserver.web.promised import HEADER

pytestmark = pytest.mark.db
__all__ = ["own", "two"]  # fixtures


async def _name(client: AsyncClient) -> str:
    answer = await client.get("/promise")
    assert answer.headers.get(HEADER) == answer.json().get("promise")
    return str(answer.headers.get(HEADER, ""))


async def _is_told(client: AsyncClient) -> bool:
    return await _name(client) != ""


def test_a_server_that_has_run_for_a_while_says_the_name_when_it_is_first_asked(own: str) -> None:
    async def run() -> None:
        async with _serving(own) as (_, client, _desk):
            assert await _status(client, TILE) == 200  # the catalogue is read
            await asyncio.sleep(OBEYED_S + 1.5)
            assert await _is_told(client)

    asyncio.run(run())


def test_a_withdrawal_has_another_name_once_no_process_shows_what_was_withdrawn(own: str) -> None:
    async def run() -> None:
        async with _serving(own) as (_, client, desk):
            assert (
                await _status(client, "/promise") == 503
            )  # a server that has just begun may be ahead of others
            await _seconds_until(lambda: _is_told(client))
            before, begun = await _name(client), time.monotonic()
            await desk.execute(WITHDRAWN)

            async def renamed() -> bool:
                return await _name(client) != before

            await _seconds_until(renamed)
            assert OBEYED_S < time.monotonic() - begun < 2 * OBEYED_S + 2
            assert (await client.get(TILE)).status_code == 204

    asyncio.run(run())


def test_a_revision_leaves_the_name_as_it_is(own: str) -> None:
    async def run() -> None:
        async with _serving(own) as (_, client, desk):
            await _seconds_until(lambda: _is_told(client))
            before, tag = await _name(client), (await client.get(TILE)).headers["etag"]
            more = Feature("control", in_tile(PLACE, square(700, 700, 300)), T0)
            await fill(desk, theatre(layer("control"), id="toy"), [more])

            async def shown() -> bool:
                return (await client.get(TILE)).headers["etag"] != tag

            await _seconds_until(shown)
            await asyncio.sleep(OBEYED_S + 1.5)
            assert await _name(client) == before

    asyncio.run(run())


def test_while_nobody_knows_what_may_be_shown_there_is_no_name(own: str) -> None:
    async def run() -> None:
        async with _serving(own) as (_, client, desk):
            await _seconds_until(lambda: _is_told(client))
            await desk.execute("ALTER TABLE revision_layer RENAME TO elsewhere")

            async def silent() -> bool:
                return bool((await client.get("/promise")).json() == {"promise": None})

            await _seconds_until(silent)

    asyncio.run(run())

"""Comparisons are of pairs, and no server has an advantage from its place in the order."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from tests.bench.client import Connection, WrongAnswer
from tests.bench.measure import paired_ratio
from tests.bench.questions import orders


def test_a_constant_ratio_is_found_however_the_machine_s_speed_wanders() -> None:
    under = [1.0, 7.0, 0.2, 30.0, 2.0]
    assert str(paired_ratio([2 * each for each in under], under)) == "2.00 (2.00-2.00)"


def test_the_interval_holds_one_where_neither_side_is_faster() -> None:
    ratio = paired_ratio([1, 2, 1, 2, 1, 2, 1.5], [2, 1, 2, 1, 2, 1, 1.5])
    assert ratio.low < 1 < ratio.high


@pytest.mark.parametrize("arms", [1, 2, 4])
def test_every_server_is_as_often_in_each_place(arms: int) -> None:
    places = Counter((place, arm) for order in orders(arms, 2 * arms * 3) for place, arm in enumerate(order))
    assert len(places) == arms * arms
    assert len(set(places.values())) == 1


def test_an_answer_that_is_no_tile_is_refused() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for status in (b"200 OK", b"503 Busy"):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 4\r\nCache-Status: Hit\r\n\r\ntile")
        writer.close()

    async def ask() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            connection = await Connection.open(server.sockets[0].getsockname()[1])
            reply = await connection.get("/")
            assert (reply.status, reply.size, reply.header("cache-status")) == (200, 4, "hit")
            with pytest.raises(WrongAnswer, match="503"):
                await connection.get("/")
            await connection.close()

    asyncio.run(ask())

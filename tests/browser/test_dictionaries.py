"""Chromium takes the next version of a tile as the difference from the one it holds, in page and worker."""

from __future__ import annotations

import asyncio
import hashlib
import urllib.request
from typing import Any

import pytest
from playwright.async_api import Request

from tests.browser.conftest import NewReader

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

TILE = "/tiles/ukraine-sample.control,ukraine-sample.frontline/6/38/22.mvt"
DAYS = [f"2022-03-{day:02}" for day in range(1, 15)]

# One version after the other, a little apart, as a dictionary is written to disk before it can be used.
FETCHED = """async urls => {
    const sums = [];
    for (const url of urls) {
        const data = await (await fetch(url)).arrayBuffer();
        const sum = await crypto.subtle.digest("SHA-256", data);
        sums.push([...new Uint8Array(sum)].map(byte => byte.toString(16).padStart(2, "0")).join(""));
        await new Promise(resolve => setTimeout(resolve, 150));
    }
    return sums;
}"""


def _versions(server_url: str) -> list[str]:
    """The immutable addresses of a tile over fourteen days, each once."""
    found: dict[str, None] = {}
    for day in DAYS:
        with urllib.request.urlopen(f"{server_url}{TILE}?datetime={day}") as answer:
            found[answer.headers["Content-Location"]] = None
    return list(found)


def _sum(url: str) -> str:
    with urllib.request.urlopen(url) as answer:
        return hashlib.sha256(answer.read()).hexdigest()


@pytest.mark.parametrize("inside", ["page", "worker"])
async def test_fourteen_days_of_a_tile_take_a_part_of_their_bytes(
    server_url: str, new_reader: NewReader, inside: str
) -> None:
    urls = [server_url + path for path in await asyncio.to_thread(_versions, server_url)]
    expected = [await asyncio.to_thread(_sum, url) for url in urls]
    reader = await new_reader()
    await reader.page.goto(server_url + "/healthz")
    finished: list[Request] = []
    reader.page.on("requestfinished", lambda request: finished.append(request))  # noqa: PLW0108, see there
    sums: Any
    if inside == "page":
        sums = await reader.page.evaluate(FETCHED, urls)
    else:
        sums = await reader.page.evaluate(
            "([work, urls]) => new Promise(resolve => {"
            " const text = `onmessage = async event => postMessage(await (${work})(event.data))`;"
            " const worker = new Worker(URL.createObjectURL(new Blob([text])));"
            " worker.onmessage = event => resolve(event.data); worker.postMessage(urls); })",
            [FETCHED, urls],
        )
    assert sums == expected
    coded, taken = [], []
    for request in finished:
        if "/tiles/" in request.url:
            answer = await request.response()
            assert answer is not None
            coded.append((await answer.all_headers())["content-encoding"])
            taken.append((await request.sizes())["responseBodySize"])
    assert coded == ["br"] + ["dcz"] * (len(urls) - 1)
    whole = []
    for url in urls:
        asked = urllib.request.Request(url, headers={"Accept-Encoding": "br"})
        with await asyncio.to_thread(urllib.request.urlopen, asked) as answer:
            whole.append(len(answer.read()))
    print(f"{inside}: {len(urls)} versions, br {sum(whole)} bytes, taken {sum(taken)} bytes")
    assert taken[0] == whole[0]
    assert sum(taken[1:]) < 0.35 * sum(whole[1:])

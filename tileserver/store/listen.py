"""Hearing of revisions: a connection that listens, and asks again whenever it had to be made anew."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg

from tileserver.errors import StoreUnavailable
from tileserver.store.connect import translated


async def follow_revisions(dsn: str, refresh: Callable[[], Awaitable[None]], *, retry_s: float = 1.0) -> None:
    """Call *refresh* once after every (re)connection and after each announcement; until cancelled.

    An announcement made while the line was down is not repeated by PostgreSQL, so a new line always
    begins with a refresh. Announcements that arrive during a refresh are answered by one more.
    """
    while True:
        try:
            with translated():
                await _follow_once(dsn, refresh)
        except StoreUnavailable:
            await asyncio.sleep(retry_s)


async def _follow_once(dsn: str, refresh: Callable[[], Awaitable[None]]) -> None:
    news = asyncio.Event()
    lost = asyncio.Event()
    connection = await asyncpg.connect(
        dsn, timeout=10, server_settings={"application_name": "tileserver-listen"}
    )
    try:
        connection.add_termination_listener(lambda *_: lost.set())
        connection.add_termination_listener(lambda *_: news.set())
        await connection.add_listener("tileserver_revision", lambda *_: news.set())
        news.set()
        while not lost.is_set():
            await news.wait()
            news.clear()
            if not lost.is_set():
                await refresh()
    finally:
        await connection.close(timeout=2)
    raise StoreUnavailable("the listening connection was lost")

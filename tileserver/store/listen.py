"""Hearing of revisions: a connection that listens, and asks again whenever it had to be made anew."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg

from tileserver.errors import StoreUnavailable, Unavailable
from tileserver.store.connect import translated


async def follow_revisions(
    dsn: str, refresh: Callable[[], Awaitable[None]], *, retry_s: float = 1.0, heartbeat_s: float = 30.0
) -> None:
    """Call *refresh* once after every (re)connection and after each announcement; until cancelled.

    An announcement made while the line was down is not repeated by PostgreSQL, so a new line always
    begins with a refresh. Announcements that arrive during a refresh are answered by one more. A line
    on which nothing was heard for *heartbeat_s* seconds is asked for a sign of life, and made anew if it
    gives none. A refresh that raises `Unavailable` is tried again after *retry_s* seconds.
    """
    while True:
        try:
            with translated():
                await _follow_once(dsn, refresh, heartbeat_s)
        except Unavailable:
            await asyncio.sleep(retry_s)


async def _follow_once(dsn: str, refresh: Callable[[], Awaitable[None]], heartbeat_s: float) -> None:
    news = asyncio.Event()
    connection = await asyncpg.connect(
        dsn, timeout=10, server_settings={"application_name": "tileserver-listen"}
    )
    try:
        connection.add_termination_listener(lambda *_: news.set())
        await connection.add_listener("tileserver_revision", lambda *_: news.set())
        news.set()
        while not connection.is_closed():
            if not await _heard(news, heartbeat_s):
                await connection.execute("SELECT 1", timeout=heartbeat_s)
            elif not connection.is_closed():  # the end of the line is news too, but the new line refreshes
                news.clear()
                await refresh()
    finally:
        connection.terminate()  # a farewell could hang on a dead line, and hide that we were cancelled
    raise StoreUnavailable("the listening connection was lost")


async def _heard(news: asyncio.Event, within_s: float) -> bool:
    try:
        async with asyncio.timeout(within_s):
            return await news.wait()
    except TimeoutError:
        return False

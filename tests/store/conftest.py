"""A connection that a test borrows, with a theatre that is gone afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.store.histories import Body, Run, undone
from tileserver.store.connect import connect

if TYPE_CHECKING:
    from tests.conftest import Databases


@pytest.fixture(scope="module")
def run(databases: Databases) -> Iterator[Run]:
    """A function that runs a test on a theatre of its own, which is gone afterwards."""
    with asyncio.Runner() as runner:
        connection = runner.run(connect(databases.new()))

        async def once(body: Body) -> None:
            async with undone(connection) as layers:
                await body(connection, layers)

        yield lambda body: runner.run(once(body))
        runner.run(connection.close())

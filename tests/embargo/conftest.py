"""One world for all tests of the embargo, and a server over each of its databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from tests.conftest import settings_for
from tests.embargo.world import DAY_END, World, build_world
from tileserver.web.app import create_app

if TYPE_CHECKING:
    from tests.conftest import Databases


@dataclass
class Clock:
    """A clock that the test sets; it may go backwards."""

    now: datetime = field(default=DAY_END)

    def __call__(self) -> datetime:
        return self.now


@dataclass(frozen=True)
class Servers:
    """One server over each database, all with one clock."""

    secret: TestClient
    innocent: TestClient
    other: TestClient
    clock: Clock


@pytest.fixture(scope="package")
def world(databases: Databases) -> World:
    """The three databases; read them, do not write to them."""
    return build_world(databases)


@pytest.fixture(scope="package")
def servers(world: World) -> Iterator[Servers]:
    """One server over each of the three databases."""
    clock = Clock()
    with ExitStack() as stack:
        stack.enter_context(capture_logs())  # thousands of lines that nobody reads
        secret, innocent, other = (
            stack.enter_context(serving(dsn, clock)) for dsn in (world.secret, world.innocent, world.other)
        )
        yield Servers(secret, innocent, other, clock)


@contextmanager
def serving(dsn: str, clock: Clock) -> Iterator[TestClient]:
    """A client of an application of its own over *dsn*."""
    with TestClient(create_app(settings_for(dsn), clock), raise_server_exceptions=False) as client:
        client.headers["Accept-Encoding"] = "identity"
        yield client

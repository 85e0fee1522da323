"""One application over the samples for all tests that only read, and how they read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from starlette.testclient import TestClient

from tests.conftest import NOW, settings_for
from tests.stores import empty_store, running_store
from tileserver.web.app import create_app

__all__ = ["client", "empty_store", "running_store"]


@pytest.fixture(scope="package")
def client(sample_database: str) -> Iterator[TestClient]:
    """A client of one application for the whole package; errors come back as answers."""
    app = create_app(settings_for(sample_database), lambda: NOW)
    with TestClient(app, raise_server_exceptions=False) as client:
        client.headers["Accept-Encoding"] = "identity"
        yield client


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """What closes the connections of a test at its end."""
    with ExitStack() as opened:
        yield opened

"""What the tests of tiles share: a Valkey or Redis, running and empty."""

from __future__ import annotations

from tests.stores import empty_store, running_store

__all__ = ["empty_store", "running_store"]

"""A memory for results that are cheap to keep and can be worked out again: bounded by their number."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Recent(dict[Key, Value]):
    """At most *limit* values by key; the value that came first leaves first.

    Reading is that of a dictionary, and costs no more. What leaves although it is asked for comes back with
    the next request, and that is seldom: *limit* other values have come since.
    """

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit

    def keep(self, key: Key, value: Value) -> Value:
        """Keep *value* under *key*, and return *value*."""
        self[key] = value
        if len(self) > self._limit:
            del self[next(iter(self))]
        return value

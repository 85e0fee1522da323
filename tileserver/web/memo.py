"""A memory bounded by bytes in which a flood of things asked for once turns out nothing that is asked for.

S3-FIFO (Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023), by weight: a newcomer
waits in a small queue, and comes into the large one only if asked for again meanwhile, or soon after; there,
whatever was asked for since its last turn gets another. Asking costs one addition.
"""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

_NEW = 0.1  # of the room is for newcomers
_TURNS = 3  # at most, for having been asked for


class Weighted(Protocol):
    """Thing to keep: ``weight`` in bytes, and how often ``asked`` for, which is for the caller to count."""

    weight: int
    asked: int


Thing = TypeVar("Thing", bound=Weighted)


class Memo(Generic[Thing]):
    """Things by the bytes of a key, together never heavier than *limit* bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: dict[bytes, Thing] = {}
        self._new: dict[bytes, Thing] = {}
        self._gone: dict[int, None] = {}  # hashes of keys that left as newcomers
        self._kept_weight = self._new_weight = 0

    @property
    def weight(self) -> int:
        """Bytes of all things."""
        return self._kept_weight + self._new_weight

    def get(self, key: bytes) -> Thing | None:
        """Return the thing under *key*, if any; to count the request is the caller's part."""
        return self._kept.get(key) or self._new.get(key)

    def put(self, key: bytes, thing: Thing) -> None:
        """Keep *thing* under *key*, in the place of any before; nothing heavier than half of the room."""
        known = key in self._kept or hash(key) in self._gone
        self.forget(key)
        if thing.weight * 2 > self._limit:
            return
        if known:
            self._kept[key] = thing
            self._kept_weight += thing.weight
        else:
            self._new[key] = thing
            self._new_weight += thing.weight
        while self.weight > self._limit:
            self._let_go()

    def forget(self, key: bytes) -> None:
        """Keep nothing under *key*."""
        if (thing := self._kept.pop(key, None)) is not None:
            self._kept_weight -= thing.weight
        elif (thing := self._new.pop(key, None)) is not None:
            self._new_weight -= thing.weight
        self._gone.pop(hash(key), None)

    def clear(self) -> None:
        """Keep nothing."""
        self._kept.clear()
        self._new.clear()
        self._gone.clear()
        self._kept_weight = self._new_weight = 0

    def _let_go(self) -> None:
        """Take one step towards less weight."""
        if self._new and (self._new_weight > self._limit * _NEW or not self._kept):
            key, thing = next(iter(self._new.items()))
            del self._new[key]
            self._new_weight -= thing.weight
            if thing.asked:
                thing.asked = 0
                self._kept[key] = thing
                self._kept_weight += thing.weight
            else:
                self._gone[hash(key)] = None
                while len(self._gone) > len(self._kept) + len(self._new):
                    del self._gone[next(iter(self._gone))]
            return
        key, thing = next(iter(self._kept.items()))
        del self._kept[key]
        if thing.asked:
            thing.asked = min(thing.asked, _TURNS) - 1
            self._kept[key] = thing
        else:
            self._kept_weight -= thing.weight

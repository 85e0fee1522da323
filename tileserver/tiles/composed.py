"""Tiles in memory, composed of shared layer tiles, so that a composition costs next to nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tileserver.grid import TileAddress
from tileserver.tiles.cache import Body, BodyCache
from tileserver.tiles.layer_tile import LayerKey
from tileserver.tiles.version import Version

_OVERHEAD = 500  # bytes of a layer tile beside its own: key, entry, dictionary slot


class TileKey(NamedTuple):
    """The cache key of a tile."""

    tileset: str
    version: Version
    address: TileAddress

    def __str__(self) -> str:
        return f"{self.tileset}/{self.version}/{self.address}"


class ComposedBody(Body):
    """The body of a tile, and the keys of the layer tiles that are its parts."""

    __slots__ = ("keys",)

    def __init__(self, keys: tuple[LayerKey, ...], parts: Sequence[bytes]) -> None:
        super().__init__(*parts)
        self.keys = keys


@dataclass(slots=True)
class _Shared:
    data: bytes
    holders: int = 0


class TileCache(BodyCache[TileKey]):
    """A cache of tiles; a layer tile is weighed once, and stays as long as any tile in the cache has that."""

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity)
        self._shared: dict[LayerKey, _Shared] = {}

    def part(self, cache_key: LayerKey) -> bytes | None:
        """Return the bytes of a layer tile, an MVT, where any tile in the cache has that layer tile."""
        shared = self._shared.get(cache_key)
        return None if shared is None else shared.data

    def compose(self, cache_key: TileKey, keys: tuple[LayerKey, ...], parts: Sequence[bytes]) -> Body:
        """Keep and return the body of a tile: the bytes of its layer tiles, MVTs, in the layers' order."""
        if (there := self.peek(cache_key)) is not None:
            return there
        shared = [self.part(key) or part for key, part in zip(keys, parts, strict=True)]
        self._put(cache_key, body := ComposedBody(keys, shared))
        return body

    def _taken_by(self, entry: Body) -> int:
        taken = entry.own_weight
        for key, part in _parts(entry):
            shared = self._shared.setdefault(key, _Shared(part))
            if not shared.holders:
                taken += _OVERHEAD + len(part)
            shared.holders += 1
        return taken

    def _freed_by(self, entry: Body) -> int:
        freed = entry.own_weight
        for key, part in _parts(entry):
            shared = self._shared[key]
            shared.holders -= 1
            if not shared.holders:
                freed += _OVERHEAD + len(part)
                del self._shared[key]
        return freed


def _parts(body: Body) -> zip[tuple[LayerKey, bytes]]:
    assert isinstance(body, ComposedBody)
    return zip(body.keys, body.parts, strict=True)

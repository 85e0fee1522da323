"""Keys of events: how a source knows an event again, and the id in tiles that follows from its key.

A key is the source's own id of an event, or what its columns say that stays when a text is edited or a point
is moved. The id is made of the layer's name and the key: so it is the same in every revision and database,
and a bookmark finds the event whatever its text is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from tileserver.model import Layer, hash_id

BETWEEN = " | "  # the parts of a key that is made of several columns


def event_id(layer: str, key: str) -> int:
    """Return the id in tiles of the event that *layer*, by its name, knows by *key*."""
    named = f"{layer}\0{key}".encode("utf-8", "surrogatepass")
    return hash_id(hashlib.blake2b(named, digest_size=8).digest())


def joined_key(parts: Iterable[str]) -> str:
    """Return the key made of *parts*; ``''``, no key, where a part says nothing."""
    stripped = [" ".join(part.split()) for part in parts]
    return BETWEEN.join(stripped) if stripped and all(stripped) else ""


def has_keys(layer: Layer) -> bool:
    """Whether features of *layer* can have keys: points that happened can, states cannot."""
    return layer.drawn_as == "points"

"""Origin of an answer: the farthest store that had to be asked.

Whoever wants to know begins an `Origin` before the work; every store that gives something says so with
`came_from`. Where nobody wants to know (imports, rendering ahead, commands) that does nothing.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Literal, TypeAlias

Tier: TypeAlias = Literal["memory", "shelf", "shared", "postgis"]

_ORDER: dict[Tier, int] = {"memory": 0, "shelf": 1, "shared": 2, "postgis": 3}
_wanted: ContextVar[Origin | None] = ContextVar("origin", default=None)


class Origin:
    """Farthest tier that was asked so far; tasks begun meanwhile tell the same object."""

    __slots__ = ("tier",)

    def __init__(self) -> None:
        self.tier: Tier = "memory"


def wanted() -> Origin:
    """Return a new origin, which is told of all that happens in this context from now on."""
    origin = Origin()
    _wanted.set(origin)
    return origin


def came_from(tier: Tier) -> None:
    """Say that something came from *tier*."""
    origin = _wanted.get()
    if origin is not None and _ORDER[tier] > _ORDER[origin.tier]:
        origin.tier = tier

"""From whole states to the periods in which each content held, and back; pure.

A content is the hash of one feature's geometry and properties. A state is the set of contents that hold
at an instant, until the next state.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeAlias

State: TypeAlias = frozenset[bytes]


class Held(NamedTuple):
    """A content and the half-open period in which it held; ``end=None`` while it holds."""

    content: bytes
    start: datetime
    end: datetime | None


def periods_of(states: Mapping[datetime, State]) -> set[Held]:
    """Return the maximal periods in which each content held without a break.

    Each state holds from its instant to the next one; the last one holds on.
    """
    found: set[Held] = set()
    since: dict[bytes, datetime] = {}
    for at in sorted(states):
        state = states[at]
        for content in [content for content in since if content not in state]:
            found.add(Held(content, since.pop(content), at))
        for content in state:
            since.setdefault(content, at)
    found.update(Held(content, start, None) for content, start in since.items())
    return found


def states_of(held: Iterable[Held], instants: Iterable[datetime] = ()) -> dict[datetime, State]:
    """Return the state at every instant at which something changes, and at *instants*.

    The inverse of `periods_of` for the instants that it was given.
    """
    opening: defaultdict[datetime, list[bytes]] = defaultdict(list)
    closing: defaultdict[datetime, list[bytes]] = defaultdict(list)
    for content, start, end in held:
        opening[start].append(content)
        if end is not None:
            closing[end].append(content)
    states: dict[datetime, State] = {}
    current: set[bytes] = set()
    for at in sorted({*opening, *closing, *instants}):
        current.difference_update(closing[at])
        current.update(opening[at])
        states[at] = frozenset(current)
    return states


def changed_states(states: Mapping[datetime, State]) -> Sequence[datetime]:
    """Return, ascending, the instants whose state differs from the one before."""
    found = []
    before: State = frozenset()
    for at in sorted(states):
        if states[at] != before:
            found.append(at)
        before = states[at]
    return found

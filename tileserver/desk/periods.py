"""Whole states turned into the periods in which each feature held, and back; pure.

A feature is known here by its hash alone. A state is the set of the features that hold at an instant, until
the next state.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple, TypeAlias

from tileserver.model import DatedFeature

State: TypeAlias = frozenset[bytes]


def periods_of(states: Mapping[datetime, State]) -> set[DatedFeature]:
    """Return the maximal periods in which each feature held without a break.

    Each state holds from its instant to the next one; the last one holds on.
    """
    found: set[DatedFeature] = set()
    starts: dict[bytes, datetime] = {}
    for at in sorted(states):
        state = states[at]
        for each in [each for each in starts if each not in state]:
            found.add(DatedFeature(each, starts.pop(each), at))
        for each in state:
            starts.setdefault(each, at)
    found.update(DatedFeature(each, start, None) for each, start in starts.items())
    return found


def states_of(dated: Iterable[DatedFeature], instants: Iterable[datetime] = ()) -> dict[datetime, State]:
    """Return the state at every instant at which something changes, and at *instants*.

    Periods are half-open: a feature is gone from the state at its ``end``. The inverse of `periods_of` for
    the instants that it was given.
    """
    opening: defaultdict[datetime, list[bytes]] = defaultdict(list)
    closing: defaultdict[datetime, list[bytes]] = defaultdict(list)
    for each, start, end in dated:
        opening[start].append(each)
        if end is not None:
            closing[end].append(each)
    states: dict[datetime, State] = {}
    current: set[bytes] = set()
    for at in sorted({*opening, *closing, *instants}):
        current.difference_update(closing[at])
        current.update(opening[at])
        states[at] = frozenset(current)
    return states


class Step(NamedTuple):
    """States of two histories at the instant *at*: the old state, and the new state just before and then."""

    at: datetime
    was: State
    before: State
    now: State


def stepping(old: Mapping[datetime, State], new: Mapping[datetime, State]) -> Iterator[Step]:
    """Yield, ascending, every instant at which *old* or *new* has a state.

    A state holds in the half-open period from its instant to the next; before its first a history is empty.
    """
    was = before = frozenset[bytes]()
    for at in sorted({*old, *new}):
        was, now = old.get(at, was), new.get(at, before)
        yield Step(at, was, before, now)
        before = now


class Run(NamedTuple):
    """A period of valid time, ``[first, last)``, in which a new history replaces the old history.

    ``before`` is the state just before it, ``steps`` the new state at each instant in it.
    """

    first: datetime
    last: datetime | None
    before: State
    steps: list[tuple[datetime, State]]


def changed_runs(old: Mapping[datetime, State], new: Mapping[datetime, State]) -> list[Run]:
    """Return, ascending, the longest half-open periods in which *new* differs from *old* throughout."""
    runs: list[Run] = []
    under_way = False
    for at, held, before, wanted in stepping(old, new):
        if held != wanted and not under_way:
            runs.append(Run(at, None, before, []))
        elif held == wanted and under_way:
            runs[-1] = runs[-1]._replace(last=at)
        under_way = held != wanted
        if under_way:
            runs[-1].steps.append((at, wanted))
    return runs


def rewritten(
    dated: Collection[DatedFeature],
    first: datetime,
    last: datetime | None,
    steps: Iterable[tuple[datetime, State]],
) -> set[DatedFeature]:
    """Return the maximal periods of *dated* with *steps* in place of all that held in ``[first, last)``.

    Until the first step the features that held just before *first* hold on.
    """
    before = frozenset(each.feature_hash for each in dated if each.start < first <= (each.end or first))
    found = [each for each in dated if each.end is not None and each.end <= first]
    for each in dated:
        if each.start < first and (each.end is None or each.end > first):
            found.append(each._replace(end=first))
        if last is not None and (each.end is None or each.end > last):
            found.append(each._replace(start=max(each.start, last)))
    for each in periods_of({first: before, **dict(steps)}):
        found.append(each if each.end else each._replace(end=last))
    return _joined(found)


def _joined(periods: Iterable[DatedFeature]) -> set[DatedFeature]:
    """Return *periods*, with touching periods of the same feature joined."""
    found: set[DatedFeature] = set()
    open_: DatedFeature | None = None
    for each in sorted(periods, key=lambda each: (each.feature_hash, each.start)):
        if open_ is not None and open_.feature_hash == each.feature_hash and open_.end == each.start:
            open_ = open_._replace(end=each.end)
            continue
        if open_ is not None:
            found.add(open_)
        open_ = each
    return found if open_ is None else {*found, open_}

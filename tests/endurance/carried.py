"""From measured costs to processors: what a cache leaves to the origin of many readers, and what that takes.

An answer that is asked for λ times a second and kept for T seconds is fetched once, and then told λ T times
by the cache: the origin has λ / (1 + λ T) requests a second. Over all answers that is what is carried.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

Counts = Counter[tuple[str, str]]  # requests, by kind and answer


class Cost(NamedTuple):
    """A request of a kind at a server, for the first time and again: processor seconds and statements."""

    first_s: float
    again_s: float
    first_database_s: float
    first_statements: float


class Carried(NamedTuple):
    """What *rate* requests a second ask of the origin.

    ``origin`` are requests a second by kind, ``unseen`` those at most of answers that the sessions did not
    come to; ``cores`` are processors of servers, ``unseen_cores`` those at most that take the unseen where
    nobody has drawn any of them. After a publication ``drawn`` answers are asked for, within the time that
    any is kept, that nobody has drawn; meanwhile servers take ``burst_cores``.
    """

    rate: float
    origin: Mapping[str, float]
    unseen: float
    cores: float
    unseen_cores: float
    drawn: float
    burst_cores: float
    burst_database_cores: float
    burst_statements: float

    @property
    def to_origin(self) -> float:
        """Requests a second, those at most of answers not seen included."""
        return sum(self.origin.values()) + self.unseen


def origin_rate(counts: Mapping[str, int], whole: int, rate: float, kept_s: float) -> float:
    """Return the requests a second that reach the origin, of *counts* by answer among *whole* at *rate*."""
    asked = (rate * own / whole for own in counts.values())
    return sum(each / (1 + each * kept_s) for each in asked)


def asked_within(counts: Mapping[str, int], whole: int, rate: float, seconds: float) -> float:
    """Return how many different answers of *counts* somebody asks for in *seconds*."""
    return sum(-math.expm1(-rate * own / whole * seconds) for own in counts.values())


def fetched(
    counts: Counts, rate: float, kept_s: Mapping[str, float], begun_s: float, seconds: float
) -> float:
    """Return how many requests reach the origin in *seconds*, *begun_s* after a cache began empty."""
    whole, found = counts.total(), 0.0
    for kind, own in _by_kind(counts).items():
        if kept_s[kind] >= begun_s + seconds:  # each answer once
            until = asked_within(own, whole, rate, begun_s + seconds)
            found += until - asked_within(own, whole, rate, begun_s)
        else:
            found += seconds * origin_rate(own, whole, rate, kept_s[kind])
    return found


def carried(
    counts: Counts,
    new: Counts,
    rate: float,
    kept_s: Mapping[str, float],
    costs: Mapping[str, Cost],
    max_age_s: float,
) -> Carried:
    """Return what *rate* requests a second ask of the origin, where they are spread as *counts*.

    *new* are those of *counts* that a publication makes others; *kept_s* are seconds by kind, *max_age_s* the
    seconds after which what is new has been asked for.
    """
    whole, by_kind, new_by_kind = counts.total(), _by_kind(counts), _by_kind(new)
    origin = {kind: origin_rate(own, whole, rate, kept_s[kind]) for kind, own in by_kind.items()}
    drawn = {kind: asked_within(own, whole, rate, max_age_s) for kind, own in new_by_kind.items()}
    # Good and Turing: what was asked for once is as often as the next one is of what was not.
    once = Counter(kind for (kind, _), own in counts.items() if own == 1)
    unseen = {kind: rate * own / whole for kind, own in once.items()}
    asked = Counter(origin) + Counter(unseen)
    cores = sum(each * costs[kind].again_s for kind, each in asked.items())
    return Carried(
        rate,
        origin,
        sum(unseen.values()),
        cores,
        sum(each * costs[kind].first_s for kind, each in unseen.items()),
        sum(drawn.values()),
        cores + sum(each * costs[kind].first_s for kind, each in drawn.items()) / max_age_s,
        sum(each * costs[kind].first_database_s for kind, each in drawn.items()) / max_age_s,
        sum(each * costs[kind].first_statements for kind, each in drawn.items()) / max_age_s,
    )


def _by_kind(counts: Counts) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (kind, answer), own in counts.items():
        found.setdefault(kind, {})[answer] = own
    return found

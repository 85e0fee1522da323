"""What is to be reached, and whether it was: a figure of ours over one of Martin's or ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tests.bench.load import Warm
from tests.bench.measure import Cold, Walk
from tests.bench.steps import Step, whole_share

ZOOMS = (4, 6, 8, 10, 12)
_STEPS = {4: 0.1, 6: 0.1, 8: 0.15}  # by zoom: at most so much of the tile in Brotli


@dataclass(frozen=True, slots=True)
class Target:
    """A ratio, mostly to Martin: at least or at most *bound*."""

    name: str
    ratio: float
    bound: float
    at_least: bool

    @property
    def passed(self) -> bool:
        """Whether the ratio is on the right side."""
        return self.ratio >= self.bound if self.at_least else self.ratio <= self.bound

    def __str__(self) -> str:
        side = "at least" if self.at_least else "at most"
        said = "pass       " if self.passed else "falls short"
        return f"{said}  {self.ratio:6.2f}  {side} {self.bound:4.2f}  {self.name}"


def warm_targets(name: str, ours: dict[int, Warm], martin: dict[int, Warm]) -> Iterator[Target]:
    """Answers per processor second by connections, and the slowest answer in a hundred of 256 connections."""
    for connections, warm in ours.items():
        ratio = _middle(warm.per_cpu) / _middle(martin[connections].per_cpu)
        yield Target(f"warm, {name}, {connections} connections: answers per CPU second", ratio, 3.0, True)
    most = max(ours)
    ratio = _middle(ours[most].p99) / _middle(martin[most].p99)
    yield Target(f"warm, {name}, {most} connections: p99", ratio, 1.0, False)


def cold_targets(found: dict[int, Cold], ours: int, martin: int) -> Iterator[Target]:
    """The median and the bytes of what PostgreSQL has to draw, by zoom."""
    for zoom, cold in found.items():
        yield Target(f"cold, z{zoom}: p50", _of_medians(cold, ours, martin), 1.5, False)
        sizes = cold.sizes.mean(axis=0)
        yield Target(f"cold, z{zoom}: bytes", float(sizes[ours] / sizes[martin]), 1.05, False)


def ahead_targets(found: dict[int, Cold], ours: int, martin: int) -> Iterator[Target]:
    """The median of the first request of a tile that was rendered ahead, by zoom."""
    for zoom, cold in found.items():
        yield Target(f"rendered ahead, z{zoom}: p50", _of_medians(cold, ours, martin), 0.5, False)


def session_target(name: str, ours: Walk, martin: Walk) -> Target:
    """Answers per processor second over a session."""
    return Target(f"{name}: answers per CPU second", ours.per_cpu / martin.per_cpu, 5.0, True)


def step_targets(found: Mapping[tuple[str, int], Sequence[Step]]) -> Iterator[Target]:
    """The bytes of all steps to the next day over those of the tiles in Brotli, of layers without events."""
    for (layers, zoom), steps in found.items():
        if "events" not in layers and zoom in _STEPS:
            yield Target(f"a day's step, {layers}, z{zoom}: dcz/br", whole_share(steps), _STEPS[zoom], False)


def _of_medians(cold: Cold, ours: int, martin: int) -> float:
    middle = np.median(cold.seconds, axis=0)
    return float(middle[ours] / middle[martin])


def _middle(figures: list[float]) -> float:
    return float(np.median(figures))

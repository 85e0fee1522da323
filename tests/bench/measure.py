"""Cold and warm measurements; every comparison is of runs taken in turn, arm after arm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tests.bench.client import Connection, closed_loop
from tests.bench.questions import Question, orders
from tests.bench.servers import Arm

WARM_UP = 20
CONNECTIONS = (1, 16)


@dataclass(frozen=True, slots=True)
class Cold:
    """Seconds and bytes, shape (questions, arms), of tiles that nobody had asked for."""

    seconds: npt.NDArray[np.float64]
    sizes: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Warm:
    """One arm over one day's tiles: seconds of each answer on one connection, answers a second by run."""

    latencies: list[float]
    rates: dict[int, list[float]]  # by connections
    cpu: list[float]  # processor seconds that the server itself took for an answer, by run
    size: float


@dataclass(frozen=True, slots=True)
class Ratio:
    """The median of paired ratios, and the bounds between which 95 in 100 resamplings put it."""

    middle: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{_short(self.middle)} ({_short(self.low)}-{_short(self.high)})"


def _short(number: float) -> str:
    return f"{number:.2f}" if number < 10 else f"{number:.0f}"


def paired_ratio(over: npt.ArrayLike, under: npt.ArrayLike) -> Ratio:
    """Return the median of over/under, pair by pair, with its bootstrap interval."""
    ratios = np.asarray(over, dtype=float) / np.asarray(under, dtype=float)
    drawn = np.random.default_rng(1).choice(ratios, (1000, len(ratios)))
    low, high = np.percentile(np.median(drawn, axis=1), [2.5, 97.5])
    return Ratio(float(np.median(ratios)), float(low), float(high))


async def measure_cold(arms: Sequence[Arm], questions: Sequence[Question]) -> Cold:
    """Ask each arm each question once, in turn; who is first changes from question to question.

    A question that somebody answers from memory all the same counts for nobody.
    """
    connections = {arm.port: await Connection.open(arm.port) for arm in arms}
    shape = (len(questions), len(arms))
    seconds, sizes, is_cold = np.zeros(shape), np.zeros(shape, np.int64), np.ones(len(questions), bool)
    for number, (question, order) in enumerate(
        zip(questions, orders(len(arms), len(questions)), strict=True)
    ):
        for which in order:
            path = arms[which].path(question.address, question.at)
            reply = await connections[arms[which].port].get(path)
            is_cold[number] &= "tileserver; hit" not in reply.header("cache-status")
            seconds[number, which], sizes[number, which] = reply.seconds, reply.size
    for connection in connections.values():
        await connection.close()
    return Cold(seconds[is_cold], sizes[is_cold])


async def warm_up(arms: Sequence[Arm], questions: Sequence[Question]) -> None:
    """Let each server open its connections and prepare its statements, with questions asked nowhere else."""
    for arm in arms:
        paths = [arm.path(question.address, question.at) for question in questions[:WARM_UP]]
        await closed_loop(arm.port, paths, 8, 0.5)


async def measure_warm(
    arms: Sequence[Arm], questions: Sequence[Question], seconds: float, rounds: int
) -> list[Warm]:
    """Ask each arm for the same few tiles for *seconds*, in turn, *rounds* times over."""
    found = [Warm([], {number: [] for number in CONNECTIONS}, [], 0.0) for _ in arms]
    paths = [[arm.path(question.address, question.at) for question in questions] for arm in arms]
    sizes = [0.0] * len(arms)
    for which, arm in enumerate(arms):
        connection = await Connection.open(arm.port)
        sizes[which] = float(np.mean([(await connection.get(path)).size for path in paths[which]]))
        await connection.close()
    for connections in CONNECTIONS:
        for order in orders(len(arms), rounds):
            for which in order:
                before = arms[which].cpu_seconds()
                load = await closed_loop(arms[which].port, paths[which], connections, seconds)
                found[which].rates[connections].append(load.rate)
                found[which].cpu.append((arms[which].cpu_seconds() - before) / load.answers)
                if connections == 1:
                    found[which].latencies.extend(load.latencies)
    return [replace(each, size=size) for each, size in zip(found, sizes, strict=True)]

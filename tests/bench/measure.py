"""Tiles that nobody had asked for, one at a time, arm after arm; and walks of a reader over many of them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tests.bench.client import BROWSER, Connection, ask_all, request_bytes
from tests.bench.questions import Question, orders
from tests.bench.servers import Arm

WARM_UP = 20
SETTLING_S = 0.002  # for what a server does once its answer is out
AT_A_TIME = 6  # connections that a browser opens to a host


@dataclass(frozen=True, slots=True)
class Cold:
    """First answers: seconds, bytes, shape (questions, arms); processor seconds an answer, shape (arms)."""

    seconds: npt.NDArray[np.float64]
    sizes: npt.NDArray[np.int64]
    cpu: npt.NDArray[np.float64]  # of the server
    database: npt.NDArray[np.float64]  # of PostgreSQL


@dataclass(frozen=True, slots=True)
class Walk:
    """A reader's requests in their order: how many, bytes, processor seconds of server and PostgreSQL."""

    requests: int
    size: int
    cpu: float
    database: float
    refused: int

    @property
    def per_cpu(self) -> float:
        """Answers a second of the server's processor time."""
        return self.requests / self.cpu


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


def measure_first(arms: Sequence[Arm], questions: Sequence[Question]) -> Cold:
    """Ask each arm each question once, in turn; who is first changes from question to question.

    A question whose answer has the name (``Content-Location``) of one before counts for nobody: it may come
    from memory.
    """
    connections = [Connection(arm.port) for arm in arms]
    shape = (len(questions), len(arms))
    seconds, sizes, is_first = np.zeros(shape), np.zeros(shape, np.int64), np.ones(len(questions), bool)
    database = np.zeros(shape)
    named: set[tuple[int, str]] = set()
    cpu = np.zeros(shape)
    for number, order in enumerate(orders(len(arms), len(questions))):
        for which in order:
            idle, before = arms[which].database_seconds(), arms[which].cpu_seconds()
            reply = connections[which].get(arms[which].path(questions[number]))
            time.sleep(SETTLING_S)
            cpu[number, which] = arms[which].cpu_seconds() - before
            database[number, which] = arms[which].database_seconds() - idle
            name = (which, reply.header("content-location"))
            is_first[number] &= not name[1] or name not in named
            named.add(name)
            seconds[number, which], sizes[number, which] = reply.seconds, reply.size
    for connection in connections:
        connection.close()
    return Cold(
        seconds[is_first], sizes[is_first], cpu[is_first].mean(axis=0), database[is_first].mean(axis=0)
    )


def warm_up(arms: Sequence[Arm], questions: Sequence[Question]) -> None:
    """Let each server open its connections and prepare its statements, with questions asked nowhere else."""
    for arm in arms:
        ask_all(arm.port, [request_bytes(arm.path(each), BROWSER) for each in questions[:WARM_UP]], 8)


def walk(arm: Arm, paths: Sequence[str]) -> Walk:
    """Ask *arm* for *paths* in their order with a browser's headers, as many at a time as a browser does."""
    cpu, database = arm.cpu_seconds(), arm.database_seconds()
    load = ask_all(arm.port, [request_bytes(path, BROWSER) for path in paths], AT_A_TIME)
    return Walk(
        load.answers,
        load.size,
        arm.cpu_seconds() - cpu,
        arm.database_seconds() - database,
        load.refused,
    )

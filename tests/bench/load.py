"""Closed loops over one address at a time: by `wrk` where it is there, else by our own client.

The processor time of the server counts, so a client that is the limit changes no ratio. Where there is more
than one processor, servers have the last one to themselves and the client another, so that no server
waits for its own client.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tests.bench.client import BROWSER, ask_all, request_bytes
from tests.bench.processor import pin
from tests.bench.questions import orders
from tests.bench.servers import Arm

CONNECTIONS = (1, 16, 256)
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}
_PERCENTILE = re.compile(r"^ +(50|99)% +([\d.]+)(us|ms|s|m) *$", re.MULTILINE)


@dataclass(slots=True)
class Warm:
    """Runs of one arm with one number of connections: a figure a run, seconds where it is a time."""

    rates: list[float] = field(default_factory=list)  # answers a second
    per_cpu: list[float] = field(default_factory=list)  # answers a second of the server's processor time
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    refused: int = 0  # answers that were no tile


@dataclass(frozen=True, slots=True)
class _Run:
    answers: int
    seconds: float
    p50: float
    p99: float
    refused: int


def measure_warm(
    arms: Sequence[Arm], paths: Sequence[str], connections: int, seconds: int, rounds: int
) -> list[Warm]:
    """Ask each arm for its one path for *seconds*, in turn, *rounds* times over."""
    found = [Warm() for _ in arms]
    everywhere = sorted(os.sched_getaffinity(0))
    for arm in arms:
        pin(arm.pid, everywhere[-1:])
    os.sched_setaffinity(0, everywhere[:-1] or everywhere)
    try:
        for order in orders(len(arms), rounds):
            for which in order:
                _add_run(found[which], arms[which], paths[which], connections, seconds)
    finally:
        os.sched_setaffinity(0, everywhere)
        for arm in arms:
            pin(arm.pid, everywhere)
    return found


def _add_run(warm: Warm, arm: Arm, path: str, connections: int, seconds: int) -> None:
    run = _by_wrk if shutil.which("wrk") else _by_ourselves
    run(arm.port, path, connections, 0)  # whoever comes first pays for opening what is needed
    before = arm.cpu_seconds()
    done = run(arm.port, path, connections, seconds)
    warm.per_cpu.append(done.answers / (arm.cpu_seconds() - before))
    warm.rates.append(done.answers / done.seconds)
    warm.p50.append(done.p50)
    warm.p99.append(done.p99)
    warm.refused += done.refused


def _by_wrk(port: int, path: str, connections: int, seconds: int) -> _Run:
    if not seconds:
        return _by_ourselves(port, path, connections, 0)
    headers = [word for name, value in BROWSER.items() for word in ("-H", f"{name}: {value}")]
    argv = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "--latency", *headers]
    said = subprocess.run(
        [*argv, f"http://127.0.0.1:{port}{path}"], check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    times = {which: float(number) * _UNITS[unit] for which, number, unit in _PERCENTILE.findall(said)}
    answers, took = re.findall(r"(\d+) requests in ([\d.]+)s", said)[0]
    refused = sum(map(int, re.findall(r"Non-2xx or 3xx responses: (\d+)", said)))
    return _Run(int(answers), float(took), times["50"], times["99"], refused)


def _by_ourselves(port: int, path: str, connections: int, seconds: int) -> _Run:
    load = ask_all(port, [request_bytes(path, BROWSER)] * connections, connections, float(seconds))
    p50, p99 = np.percentile(load.latencies, [50, 99])
    return _Run(load.answers, load.seconds, float(p50), float(p99), load.refused)

"""Processor time of programs that run, all their processes and threads together, in seconds.

The same figure as utime and stime of ``/proc/<pid>/stat``, read from the process's own clock
(clock_getcpuclockid(3)), which counts nanoseconds where stat counts hundredths of a second.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

_SCHEDULED = 2  # of a process, as CPUCLOCK_SCHED in the kernel's posix-timers


def processor_seconds(pid: int) -> float:
    """Return what *pid* and the processes below it have had; one that ends takes its share away with it."""
    total = 0.0
    for each in family(pid):
        try:
            total += time.clock_gettime(~each << 3 | _SCHEDULED)
        except OSError:  # ended meanwhile
            continue
    return total


def family(pid: int) -> list[int]:
    """Return *pid* and all processes below it."""
    found, waiting = [], [pid]
    while waiting:
        found.append(each := waiting.pop())
        for task in _tasks(each):
            try:
                waiting += map(int, (task / "children").read_text().split())
            except OSError:
                continue
    return found


def pin(pid: int, processors: Sequence[int]) -> None:
    """Let all threads of *pid* and of the processes below it run on these *processors* only."""
    for each in family(pid):
        for task in _tasks(each):
            try:
                os.sched_setaffinity(int(task.name), processors)
            except OSError:
                continue


def _tasks(pid: int) -> list[Path]:
    try:
        return list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return []

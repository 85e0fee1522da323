"""A task is told by the thread's own time, and by whose functions ran in it."""

from __future__ import annotations

import pytest

from tests.bench.traced import ASKED, BROWSER, MAPLIBRE, OURS, Traced, tasks_of

OWNERS = {"app.js": OURS, "map.js": MAPLIBRE}
PAGE = {"pid": 1, "tid": 2, "ph": "X", "args": {}}
# A handler of ours, what it asks of MapLibre, MapLibre alone, and the collector.
STACKS = [
    (1, 0, "(root)", ""),
    (2, 1, "key", "app.js"),
    (3, 2, "setState", "map.js"),
    (4, 1, "draw", "map.js"),
    (5, 1, "(garbage collector)", ""),
    (6, 2, "setAttribute", ""),
    (7, 1, "(idle)", ""),
]


def trace(samples: list[int]) -> list[Traced]:
    """Tasks of 100 and 10 ms by the clock, 80 and 10 by the thread, and samples from the first."""
    typed = {"data": {"type": "keydown"}}
    nodes = [
        {
            "id": node,
            "callFrame": {"functionName": name, "url": url},
            **({"parent": parent} if parent else {}),
        }
        for node, parent, name, url in STACKS
    ]
    profiled = {"cpuProfile": {"nodes": nodes, "samples": samples}, "timeDeltas": [5000] * len(samples)}
    return [
        {**PAGE, "name": "ThreadControllerImpl::RunTask", "ts": 0, "dur": 100_000, "tdur": 80_000},
        {**PAGE, "name": "RunTask", "ts": 1, "dur": 99_000, "tdur": 79_000},
        {**PAGE, "name": "EventDispatch", "ts": 2, "dur": 30_000, "tdur": 20_000, "args": typed},
        {**PAGE, "name": "RunTask", "ts": 200_000, "dur": 10_000, "tdur": 10_000},
        {**PAGE, "tid": 3, "name": "RunTask", "ts": 0, "dur": 900_000, "tdur": 900_000},
        {**PAGE, "ph": "P", "name": "Profile", "id": "a", "ts": 0, "args": {"data": {"startTime": 0}}},
        {**PAGE, "ph": "P", "name": "ProfileChunk", "id": "a", "tid": 9, "ts": 1, "args": {"data": profiled}},
    ]


def test_a_task_is_counted_once_and_its_time_is_told_by_whose_functions_ran() -> None:
    long, short = tasks_of(trace([2, 3, 4, 4, 5, 6, 2, 7]), lambda url: OWNERS.get(url, ""))
    assert (long.spent, long.handlers) == (80.0, [20.0])
    assert long.shares == pytest.approx({OURS: 80 * 3 / 7, ASKED: 80 / 7, MAPLIBRE: 160 / 7, BROWSER: 80 / 7})
    assert long.ours == pytest.approx(80 * 4 / 7)
    assert (short.spent, short.handlers, short.shares) == (10.0, [], {})

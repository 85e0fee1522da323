"""Connections to each worker of a server by itself, so that what one of them does not know is seen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from tests.endurance.client import Pipe
from tests.endurance.news import OBEYED_S, TILE, Desk, beat_of
from tests.endurance.stage import Stage

_TRIES = 200


async def pipes_to_each(stage: Stage) -> dict[int, Pipe]:
    """Open connections until each worker has one; `TimeoutError` where one takes none."""
    workers, found = stage.server.workers, dict[int, Pipe]()
    others: list[Pipe] = []
    for _ in range(_TRIES):
        pipe = Pipe(stage.port)
        await pipe.get("/healthz")
        owner = _owner_of(pipe.own_port, stage.port, workers)
        if owner is None or owner in found:
            others.append(pipe)  # stays open meanwhile, for the next one goes to who has less to do
        else:
            found[owner] = pipe
        if len(found) == len(workers):
            break
    for pipe in others:
        pipe.close()
    if len(found) < len(workers):
        raise TimeoutError(f"of {len(workers)} workers {len(found)} take connections")
    return found


def _owner_of(own_port: int, port: int, workers: Sequence[int]) -> int | None:
    inode = _inode_of(own_port, port)
    return next((pid for pid in workers if f"socket:[{inode}]" in _open_files(pid)), None)


def _inode_of(own_port: int, port: int) -> str:
    """The number of the socket at the server's end (proc(5), /proc/net/tcp)."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        local, remote = (int(fields[at].rpartition(":")[2], 16) for at in (1, 2))
        if (local, remote) == (port, own_port):
            return fields[9]
    return "none"


def _open_files(pid: int) -> set[str]:
    found = set()
    for each in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.add(str(each.readlink()))
        except OSError:  # closed meanwhile
            continue
    return found


async def seconds_to_follow(stage: Stage, desk: Desk) -> float:
    """Publish a note, and return the seconds from then until every worker tells it.

    Raises
    ------
    TimeoutError
        A worker takes no connections, or does not know the note when it has to be obeyed.
    """
    pipes = await pipes_to_each(stage)
    state = await asyncio.to_thread(desk.publish_next)
    try:
        last = state.done_at
        for pid, pipe in pipes.items():
            while beat_of((await pipe.get(TILE, "Accept-Encoding: identity\r\n")).body) != state.beat:
                if time.monotonic() - state.done_at > OBEYED_S:
                    raise TimeoutError(f"worker {pid} does not know the news after {OBEYED_S:g} s")
                await asyncio.sleep(0.02)
            last = max(last, time.monotonic())
        return last - state.done_at
    finally:
        for pipe in pipes.values():
            pipe.close()

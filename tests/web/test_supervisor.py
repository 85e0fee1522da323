"""A background task runs for ever, whatever happens to it, and is named while it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tileserver.errors import StoreUnavailable
from tileserver.web.supervisor import Supervisor

Report = Callable[[], None]


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def _fails() -> None:
    raise ValueError("with /a/path")


async def _is_away() -> None:
    raise StoreUnavailable("the database does not answer")


async def _ends() -> None:
    """End as if there were nothing more to do."""


async def _is_cancelled() -> None:
    raise asyncio.CancelledError


async def _hangs() -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (_fails, "ValueError"),
        (_is_away, "the database does not answer"),
        (_ends, "RuntimeError"),
        (_is_cancelled, "RuntimeError"),
        (_hangs, "it gave no sign of life for 0.2 s"),
    ],
)
def test_a_task_begins_again_whatever_ended_it(fault: Callable[[], Awaitable[None]], said: str) -> None:
    async def run() -> None:
        begun = 0
        well = asyncio.Event()

        async def work(report: Report) -> None:
            nonlocal begun
            begun += 1
            if not well.is_set():
                await fault()
                return
            while True:
                report()
                await asyncio.sleep(0.01)

        supervisor = Supervisor()
        supervisor.start("work", work, silence_s=0.2)
        await _until(lambda: begun >= 3)
        assert supervisor.states == {"work": said}
        well.set()
        await _until(lambda: supervisor.states == {"work": "ok"})
        await supervisor.stop()
        assert supervisor.states == {"work": "ended"}

    asyncio.run(run())


def test_one_that_will_not_end_is_left_behind() -> None:
    async def run() -> None:
        begun = 0

        async def deaf(report: Report) -> None:
            nonlocal begun
            begun += 1
            for _ in range(300):
                try:
                    await asyncio.sleep(0.01)
                except asyncio.CancelledError:
                    continue

        supervisor = Supervisor()
        supervisor.start("deaf", deaf, silence_s=0.05)
        await _until(lambda: begun >= 2)
        await supervisor.stop()
        await asyncio.sleep(3.2)

    asyncio.run(run())

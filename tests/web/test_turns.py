"""Requests begin one in each turn of the event loop, and their kinds take turns."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise

from starlette.types import Receive, Scope, Send

from tileserver.web.turns import Turns

Ask = Callable[[str], "asyncio.Task[None]"]


def over(work: Callable[[Ask, list[str]], Awaitable[None]]) -> list[str]:
    """Run *work*, which asks for paths, and return the paths of requests in the order in which they began."""
    begun: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        begun.append(scope["path"])

    async def nothing(*_: object) -> None:
        raise AssertionError("nobody reads or writes here")

    async def run() -> None:
        turns = Turns(app)

        def ask(path: str) -> asyncio.Task[None]:
            return asyncio.create_task(turns({"type": "http", "path": path}, nothing, nothing))  # type: ignore[arg-type]

        await work(ask, begun)

    asyncio.run(run())
    return begun


def test_a_hundred_of_a_kind_are_ahead_of_no_other_kind_and_keep_their_order() -> None:
    asked = [f"/changes/{number}" for number in range(100)]

    async def work(ask: Ask, begun: list[str]) -> None:
        tasks = [ask(path) for path in asked]
        await asyncio.gather(*tasks, ask("/healthz"), ask("/tiles/a"), ask("/tiles/b"))

    begun = over(work)
    assert set(begun[:6]) == {"/healthz", "/tiles/a", "/tiles/b", *asked[:3]}
    assert [path for path in begun if path.startswith("/changes/")] == asked


def test_one_begins_in_each_turn_of_the_loop_and_the_first_at_once() -> None:
    async def work(ask: Ask, begun: list[str]) -> None:
        tasks = [ask(f"/tiles/{number}") for number in range(20)]
        numbers = []
        while len(begun) < len(tasks):
            await asyncio.sleep(0)
            numbers.append(len(begun))
        assert numbers[0] == 1
        assert all(after - before <= 1 for before, after in pairwise(numbers))
        await asyncio.gather(*tasks)
        ask("/tiles/alone")
        await asyncio.sleep(0)
        assert begun[-1] == "/tiles/alone"

    over(work)


def test_who_leaves_while_waiting_takes_no_turn_and_holds_up_nobody() -> None:
    async def work(ask: Ask, begun: list[str]) -> None:
        tasks = [ask(f"/tiles/{number}") for number in range(6)]
        await asyncio.sleep(0)
        for task in tasks[1:5]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    assert over(work) == ["/tiles/0", "/tiles/5"]


def test_a_target_that_is_no_path_has_its_turn_as_any() -> None:
    async def work(ask: Ask, begun: list[str]) -> None:
        await asyncio.gather(*(ask(path) for path in ("*", "", "/", "//")))

    assert sorted(over(work)) == ["", "*", "/", "//"]

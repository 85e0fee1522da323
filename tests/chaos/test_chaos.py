"""Whatever happens to a theatre, a task or the database is said, and passes, and the other one goes on."""

from __future__ import annotations

import asyncio

import pytest

from tests.chaos.faults import FAULTS, Fault, Outcome, suffer
from tests.chaos.world import draw, serving
from tests.conftest import Databases
from tileserver.web.follower import OBEYED_S

pytestmark = pytest.mark.db

# `make chaos` has them all; these are of each kind one.
QUICK = (
    "an exception where revisions are heard",
    "the listening task is cancelled",
    "the listener's backend is terminated",
    "reading the catalogue hangs",
    "an exception at any await of it",
    "planning history fails",
    "a row of before Christ",
    "a broken definition",
    "the clock is set three days forward",
)


def judge(outcome: Outcome) -> None:
    """Assert that the other theatre was served throughout, and that all was well again soon."""
    if not outcome.fault.closes:
        assert set(outcome.calm) == {200}
    assert outcome.fault.passes or outcome.said
    assert outcome.seconds < 15
    assert set(outcome.harmed) <= {200, 503}


@pytest.fixture(scope="module")
def drawn(databases: Databases) -> str:
    """A database with the two theatres."""
    dsn = databases.new()
    databases.run(dsn, draw)
    return dsn


@pytest.mark.parametrize("fault", [each for each in FAULTS if each.name in QUICK], ids=lambda each: each.name)
def test_a_fault_is_said_and_passes_and_the_other_theatre_goes_on(drawn: str, fault: Fault) -> None:
    async def run() -> Outcome:
        async with serving(drawn, None) as world:
            return await suffer(world, fault)

    judge(asyncio.run(run()))


def test_there_are_twenty_faults_and_the_quick_ones_are_among_them() -> None:
    names = [fault.name for fault in FAULTS]
    assert len(set(names)) == len(names) >= 20
    assert set(QUICK) <= set(names)
    assert OBEYED_S == 2

"""The matrix in short: a server and the standby die, and no reader sees a wrong byte or an error for long."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.endurance.scaled import Place, scaled_out
from tests.endurance.scaleout import KILLS, MAX_AGE_S, Outcome, matrix
from tests.endurance.stage import import_island

pytestmark = pytest.mark.db


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """Everything that compose.yaml runs."""
    with scaled_out(import_island, MAX_AGE_S) as running:
        yield running


def test_readers_are_answered_rightly_while_a_server_and_the_standby_die(place: Place) -> None:
    chosen = tuple(each for each in KILLS if each.name in ("server a", "standby"))
    outcomes: list[Outcome] = asyncio.run(matrix(place, chosen, rate=20, away_s=2))
    assert [outcome.found.wrong for outcome in outcomes] == [[], []]
    for outcome in outcomes:
        assert outcome.found.compared > 20
        assert outcome.found.kept < outcome.found.compared  # the cache does not answer everything
        assert outcome.found.errors.total() < outcome.found.asked / 10, outcome.line

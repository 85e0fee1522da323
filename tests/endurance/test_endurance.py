"""The long trials in short: they run, they see what is wrong, and the server passes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.endurance.fuzz import fuzz
from tests.endurance.news import Desk, State
from tests.endurance.stage import Stage, stage
from tests.endurance.traffic import readers_of, slope
from tests.endurance.trial import Terms, trial


@pytest.fixture(scope="module")
def place() -> Iterator[Stage]:
    """A stage with the island alone."""
    with stage(war=False, WORKERS="2") as set_up:
        yield set_up


def test_readers_see_nothing_stale_or_wrong_while_the_desk_works(place: Stage) -> None:
    terms = Terms(0.1, rate=100, connections=8, sampled=10, pause_s=1, line_s=3)
    verdict = asyncio.run(trial(place, readers_of(place), terms))
    assert verdict.faults == []
    assert verdict.answers > 100


def test_whatever_is_sent_is_answered(place: Stage) -> None:
    assert fuzz(place, 3) == []


def test_an_answer_is_stale_two_seconds_after_the_next_state_and_early_before_its_own() -> None:
    desk = Desk("", Path(), 0)
    now = time.monotonic()
    desk.states = [State(1, now, now + 1), State(2, now + 10, now + 11), State(None, now + 20, now + 21)]
    assert not desk.is_stale(1, now + 12.9, now + 13)
    assert desk.is_stale(1, now + 13.1, now + 13.2)
    assert desk.is_stale(2, now + 9, now + 9.5)
    assert not desk.is_stale(None, now + 22, now + 22)
    assert desk.is_stale(2, now + 23.1, now + 23.1)
    assert desk.is_stale(7, now + 12, now + 12)


def test_memory_that_grows_is_told_from_memory_that_was_taken_once() -> None:
    assert slope([100.0] + [150.0] * 11) == 0
    assert slope([100.0 + number for number in range(12)]) == 6

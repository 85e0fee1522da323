"""What is public follows the earlier of two clocks that disagree, and never goes back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tileserver.clock import TOLERANCE, GuardedClock, steady_seconds
from tileserver.times import system_clock

T0 = datetime(2024, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MOMENT = timedelta(seconds=1)


class Machine:
    """A machine whose clock can be set, and whose steady clock cannot."""

    def __init__(self) -> None:
        self.wall = T0
        self.steady = 1000.0

    def clock(self) -> GuardedClock:
        return GuardedClock(lambda: self.wall, lambda: self.steady)

    def passes(self, time: timedelta) -> None:
        self.wall += time
        self.steady += time.total_seconds()


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_a_clock_that_nothing_speaks_against_is_believed(machine: Machine) -> None:
    clock = machine.clock()
    for _ in range(3):
        machine.passes(HOUR)
        clock.witness(machine.wall + TOLERANCE)
        clock.witness(machine.wall - TOLERANCE)
        assert (clock(), clock.trouble) == (machine.wall, "")


def test_a_clock_set_forward_makes_nothing_public(machine: Machine) -> None:
    clock = machine.clock()
    machine.wall += 72 * HOUR
    assert clock() == T0
    assert "forward by 3 d" in clock.trouble
    machine.passes(HOUR)
    assert clock() == T0 + HOUR  # the steady clock goes on
    clock.witness(machine.wall)  # of the same machine, and as wrong
    assert clock() == T0 + HOUR
    machine.wall -= 72 * HOUR
    clock.witness(machine.wall)
    assert (clock(), clock.trouble) == (T0 + HOUR, "")


def test_a_clock_set_back_takes_nothing_back(machine: Machine) -> None:
    clock = machine.clock()
    machine.passes(HOUR)
    assert clock() == T0 + HOUR
    machine.wall -= 24 * HOUR
    assert clock() == T0 + HOUR
    assert "back by 1 d" in clock.trouble
    machine.passes(24 * HOUR + MOMENT)
    assert clock() == T0 + HOUR + MOMENT  # not before its time


def test_a_suspended_machine_wakes_at_the_right_time(machine: Machine) -> None:
    """The steady clock counts what a laptop slept; one that did not would hold everything back."""
    clock = machine.clock()
    machine.passes(24 * 7 * HOUR)
    assert (clock(), clock.trouble) == (T0 + 24 * 7 * HOUR, "")


def test_a_step_of_the_time_service_is_believed(machine: Machine) -> None:
    clock = machine.clock()
    machine.wall += timedelta(minutes=4)
    assert (clock(), clock.trouble) == (machine.wall, "")


def test_many_small_steps_are_no_way_around(machine: Machine) -> None:
    clock = machine.clock()
    for _ in range(100):
        machine.wall += timedelta(minutes=4)
        assert clock() <= T0 + TOLERANCE


def test_the_earlier_of_machine_and_database_holds(machine: Machine) -> None:
    clock = machine.clock()
    clock.witness(T0 + 10 * HOUR)
    assert clock() == T0
    assert "10 h ahead" in clock.trouble
    late = machine.clock()
    machine.passes(HOUR)
    late.witness(T0 - HOUR)
    assert late() == T0  # what it said at its start stays public
    assert "2 h behind" in late.trouble
    machine.passes(3 * HOUR)
    assert late() == T0 + 2 * HOUR
    late.witness(machine.wall)
    assert (late(), late.trouble) == (machine.wall, "")


@given(
    st.lists(
        st.tuples(
            st.integers(0, 10**6),  # seconds that pass
            st.integers(-(10**6), 10**6),  # by which the clock is set
            st.one_of(st.none(), st.integers(-(10**6), 10**6)),  # the database's clock, to the truth
        ),
        max_size=20,
    )
)
def test_whatever_is_done_to_the_clocks_nothing_is_early_and_nothing_goes_back(
    steps: list[tuple[int, int, int | None]],
) -> None:
    machine = Machine()
    clock, truth, before = machine.clock(), T0, clock_start(machine)
    for passed, step, database in steps:
        machine.passes(timedelta(seconds=passed))
        truth += timedelta(seconds=passed)
        machine.wall += timedelta(seconds=step)
        if database is not None:
            clock.witness(truth + timedelta(seconds=database))
        now = clock()
        assert before <= now <= truth + TOLERANCE
        before = now


def clock_start(machine: Machine) -> datetime:
    """The first thing that a clock of *machine* says."""
    return machine.clock()()


def test_the_machine_s_own_clocks_agree() -> None:
    clock = GuardedClock()
    assert abs(clock() - system_clock()) < MOMENT
    assert steady_seconds() <= steady_seconds()
    assert clock.trouble == ""

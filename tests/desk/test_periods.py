"""Law: periods and states say the same; a content's periods are disjoint, not empty, and maximal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tileserver.desk.periods import (
    State,
    changed_runs,
    periods_of,
    rewritten,
    states_of,
)
from tileserver.model import DatedFeature

A, B = b"a", b"b"
DAYS = [datetime(1969, 12, 28, tzinfo=UTC) + timedelta(days=day) for day in range(9)]

contents = st.frozensets(st.sampled_from([b"a", b"b", b"c", b"d"]))
histories: st.SearchStrategy[dict[datetime, State]] = st.dictionaries(
    st.sampled_from(DAYS), contents, max_size=9
)


def state_at(states: Mapping[datetime, State], at: datetime) -> State:
    """The last state at or before *at*, by looking at all of them."""
    past = [each for each in states if each <= at]
    return states[max(past)] if past else frozenset()


def test_a_content_holds_from_its_first_state_to_the_one_without_it() -> None:
    states = {DAYS[0]: frozenset({A, B}), DAYS[1]: frozenset({A}), DAYS[2]: frozenset({A, B})}
    assert periods_of(states) == {
        DatedFeature(A, DAYS[0], None),
        DatedFeature(B, DAYS[0], DAYS[1]),
        DatedFeature(B, DAYS[2], None),
    }


def test_without_states_nothing_holds() -> None:
    assert periods_of({}) == set()
    assert states_of(set()) == {}


@given(histories)
def test_states_of_is_the_inverse_of_periods_of(states: dict[datetime, State]) -> None:
    assert states_of(periods_of(states), states) == states


@given(histories)
def test_periods_of_is_the_inverse_of_states_of(states: dict[datetime, State]) -> None:
    dated = periods_of(states)
    assert periods_of(states_of(dated)) == dated


@given(histories, st.sampled_from(DAYS), st.integers(-1, 1))
def test_what_holds_at_an_instant_is_the_last_state(
    states: dict[datetime, State], day: datetime, microseconds: int
) -> None:
    at = day + timedelta(microseconds=microseconds)
    holding = [
        each.feature_hash
        for each in periods_of(states)
        if each.start <= at and (each.end is None or at < each.end)
    ]
    assert len(holding) == len(set(holding))
    assert frozenset(holding) == state_at(states, at)


@given(histories)
def test_periods_of_one_content_are_disjoint_and_never_meet(states: dict[datetime, State]) -> None:
    dated = periods_of(states)
    for feature in {each.feature_hash for each in dated}:
        own = sorted(each for each in dated if each.feature_hash == feature)
        assert all(each.end is None or each.start < each.end for each in own)
        assert all(one.end is not None and one.end < other.start for one, other in pairwise(own))


@given(histories)
def test_a_state_repeated_changes_no_period(states: dict[datetime, State]) -> None:
    midday = {at + timedelta(hours=12): state_at(states, at) for at in states}
    assert periods_of({**states, **midday}) == periods_of(states)


@given(histories, histories)
def test_rewriting_the_runs_that_changed_gives_the_periods_of_the_new_history(
    old: dict[datetime, State], new: dict[datetime, State]
) -> None:
    dated = periods_of(old)
    for run in changed_runs(old, new):
        dated = rewritten(dated, run.first, run.last, run.steps)
    assert dated == periods_of(new)


@given(histories, histories)
def test_a_run_begins_after_a_state_that_both_histories_have(
    old: dict[datetime, State], new: dict[datetime, State]
) -> None:
    tick = timedelta(microseconds=1)
    for run in changed_runs(old, new):
        assert run.before == state_at(old, run.first - tick) == state_at(new, run.first - tick)
        assert run.last is None or state_at(old, run.last) == state_at(new, run.last)


def test_a_step_that_comes_late_in_a_run_leaves_what_was_before_it() -> None:
    dated = {DatedFeature(A, DAYS[0], DAYS[4])}
    assert rewritten(dated, DAYS[1], DAYS[5], [(DAYS[2], frozenset({B}))]) == {
        DatedFeature(A, DAYS[0], DAYS[2]),
        DatedFeature(B, DAYS[2], DAYS[5]),
    }

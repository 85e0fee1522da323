"""Who changes a day that was said to be settled is told so, and what to do about copies of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tests.desk.keyed import KEYED, event
from tests.desk.test_corrections import roll_back
from tileserver.store.catalogue import add_theatre

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.desk.conftest import Cells, Desk
    from tileserver.desk.job import Outcome

pytestmark = pytest.mark.db

DAY = timedelta(days=1)
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
KYIV = ZoneInfo("Europe/Kyiv")  # where the theatre's days begin: late in the evening of UTC
ONE: Cells = {(0, 0): "occupied"}
TWO: Cells = {(0, 0): "occupied", (1, 0): "occupied"}
OLD = [NOW - day * DAY for day in (300, 200, 100, 10)]
FIRST = OLD[1].astimezone(KYIV).date()


def last_settled() -> date:
    """Return the last local day that is settled now: two days are not public yet, and 90 may be corrected."""
    return (datetime.now(UTC) - 92 * DAY).astimezone(KYIV).date()


@pytest.fixture
def promised(desk: Desk) -> Desk:
    """A desk whose theatre says that days are settled 90 days after they became public."""
    declared = msgspec.structs.replace(desk.theatre, correction_window="90d")
    desk.run(lambda connection: add_theatre(connection, declared))
    return desk


def test_the_first_states_of_a_theatre_correct_nothing(promised: Desk) -> None:
    assert promised.import_states({OLD[0]: ONE, OLD[2]: TWO}).settled == ""


def test_a_state_of_an_old_day_is_told_with_the_days_that_it_changes(promised: Desk) -> None:
    promised.import_states({OLD[0]: ONE, OLD[3]: TWO})
    told = promised.import_states({OLD[1]: TWO}).settled
    assert f"days from {FIRST} to " in told
    assert "purge the surrogate key ukraine" in told
    assert f"to {last_settled()} were said" in told, "as far as days are settled, no further"


def test_a_state_within_the_window_is_nothing_to_tell(promised: Desk) -> None:
    promised.import_states({OLD[0]: ONE, OLD[2]: TWO})
    assert promised.import_states({OLD[3]: ONE}).settled == ""


def test_without_a_window_nothing_is_said(desk: Desk) -> None:
    desk.import_states({OLD[0]: ONE, OLD[3]: TWO})
    assert desk.import_states({OLD[1]: TWO}).settled == ""


def test_a_rollback_over_old_days_is_told(promised: Desk) -> None:
    promised.import_states({OLD[0]: ONE, OLD[3]: TWO})
    promised.import_states({OLD[1]: TWO})
    assert "were said not to change any more" in roll_back(promised, 1).settled


def test_a_late_event_and_one_longer_than_the_window_are_told(
    promised: Desk, listed: Callable[..., Outcome]
) -> None:
    promised.import_states({OLD[0]: ONE, OLD[3]: TWO})
    young = event("young", "a day ago", day=f"{OLD[3]:%Y-%m-%d}")
    assert listed(young).settled == ""
    late = event("late", "long ago", day=f"{OLD[1]:%Y-%m-%d}")
    assert f"days from {OLD[1]:%Y-%m-%d} to {OLD[1]:%Y-%m-%d}" in listed(young, late).settled
    long = event("long", "for half a year", day=f"{OLD[1]:%Y-%m-%d}")
    long["properties"]["end"] = f"{OLD[3]:%Y-%m-%d}"
    told = listed(young, late, long, options=replace(KEYED, end_column="end")).settled
    assert f"days from {OLD[1]:%Y-%m-%d} to {last_settled()}" in told

"""The real past of a source, imported as it came: an event keeps its id, a correction is a version of it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.bench.replay import lines, replay, states

if TYPE_CHECKING:
    from tests.conftest import Databases

pytestmark = [pytest.mark.db, pytest.mark.data]


def test_what_a_source_corrected_is_a_version_of_the_same_event(databases: Databases) -> None:
    every = [line for line in lines() if "20240115" <= line.date_key <= "20240203"]
    past = list(states(every, timedelta(days=30)))
    found = asyncio.run(replay(databases.bare(), past))
    assert found.revisions == len(past) == 3
    assert found.corrections > 50
    assert found.kept > 0.9 * found.corrections
    # Every event is told once, and once more for each correction; what was corrected otherwise came and went.
    assert found.events - found.ended == len(past[-1])
    assert found.versions == found.events + found.kept

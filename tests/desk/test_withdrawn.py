"""Law: what was withdrawn comes back by no import until the desk lets it in; and the report says so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import asyncpg
import pytest
import shapely

from tests.desk.keyed import ONE, TWO, UNKEYED, event
from tileserver.desk.corrections import withdraw_features, withdraw_period
from tileserver.desk.importer import commit
from tileserver.desk.job import Job, Outcome
from tileserver.desk.prepare import make_feature
from tileserver.desk.prepared import prepared
from tileserver.desk.withdrawn import readmit
from tileserver.errors import BadParameter
from tileserver.ingest import Report
from tileserver.model import DatedFeature
from tileserver.store.migrations import shipped_migrations
from tileserver.times import parse_instant

if TYPE_CHECKING:
    from tests.desk.conftest import Desk

pytestmark = pytest.mark.db


def texts(desk: Desk) -> list[str]:
    """The texts that any revision has, sorted."""
    return sorted(row[0] for row in desk.fetch("SELECT properties ->> 'text' FROM feature_version"))


def withdraw(desk: Desk, *ids: int) -> None:
    async def work(connection: asyncpg.Connection) -> None:
        layers = await desk.layers(connection)
        assert await withdraw_features(connection, layers, "events", ids, "a house", lambda _: True)

    desk.run(work)


def let_in(desk: Desk, *ids: int, reason: str = "it was the wrong house") -> int:
    async def work(connection: asyncpg.Connection) -> int:
        return await readmit(connection, (await desk.layers(connection))["events"], ids, reason)

    return desk.run(work)


def test_a_withdrawn_event_stays_away_under_any_text_and_the_report_says_why(
    desk: Desk, listed: Callable[..., Outcome]
) -> None:
    listed(event("A1", "fire"), event("B2", "smoke"))
    listed(event("A1", "a fire"), event("B2", "smoke"))
    withdraw(desk, ONE)
    assert texts(desk) == ["smoke"]
    for again in (event("A1", "a fire"), event("A1", "another text", day="2023-11-05")):
        for complete in (False, True):
            found = listed(again, event("B2", "smoke"), complete=complete)
            assert (found.revision, found.held) == (None, None)
            report = found.report
            assert (report["read"], report["imported"], report["left_out"]) == (2, 1, 1)
            assert report["counts"]["withdrawn"] == 1
            assert report["examples"]["withdrawn"] == [f"id {ONE}: a house"]
            assert report["findings"][-1]["remedy"].endswith("tileserver readmit")
    assert texts(desk) == ["smoke"]


def test_an_event_without_a_key_that_was_withdrawn_stays_away_as_it_was_told(
    desk: Desk, listed: Callable[..., Outcome]
) -> None:
    listed(event("A1", "fire"), event("B2", "smoke"), options=UNKEYED)
    (row,) = desk.fetch("SELECT id FROM feature_version WHERE properties ->> 'text' = 'fire'")
    withdraw(desk, row["id"])
    again = listed(event("A1", "fire"), event("B2", "smoke"), event("C3", "shots"), options=UNKEYED)
    assert (again.added, again.report["counts"]["withdrawn"]) == (1, 1)
    assert texts(desk) == ["shots", "smoke"]


def test_events_of_a_withdrawn_period_stay_away_and_others_of_the_file_come_in(
    desk: Desk, listed: Callable[..., Outcome]
) -> None:
    listed(event("A1", "fire"))

    async def work(connection: asyncpg.Connection) -> None:
        start = parse_instant("2023-11-01T00:00:00Z")
        layers = await desk.layers(connection)
        assert await withdraw_period(connection, layers, "events", start, None, "days", lambda _: True)

    desk.run(work)
    assert listed(event("A1", "fire"), event("B2", "smoke")).report["counts"]["withdrawn"] == 1
    assert texts(desk) == ["smoke"]


def test_the_desk_lets_an_event_in_again_with_a_reason_and_only_one_that_was_kept_out(
    desk: Desk, listed: Callable[..., Outcome]
) -> None:
    listed(event("A1", "fire"), event("B2", "smoke"))
    withdraw(desk, ONE)
    with pytest.raises(BadParameter, match="say why it may come back"):
        let_in(desk, ONE, reason=" ")
    with pytest.raises(BadParameter, match=f"nothing keeps {TWO} out of ukraine.events"):
        let_in(desk, ONE, TWO)
    assert listed(event("A1", "fire")).revision is None
    assert let_in(desk, ONE) == 1
    assert texts(desk) == ["smoke"]  # nothing becomes public by that alone
    assert listed(event("A1", "fire")).added == 1
    withdraw(desk, ONE)
    assert listed(event("A1", "fire")).revision is None


def hidden(desk: Desk) -> Outcome:
    """Import the event A1 as its publisher hides its source: what is left of it may be public."""

    async def work(connection: asyncpg.Connection) -> Outcome:
        feature = make_feature(shapely.Point(4_174_500, 6_190_000), {"side": "ru", "text": "bare"}, ONE)
        start = parse_instant("2023-11-01T22:00:00Z")
        dated = DatedFeature(feature.feature_hash, start, start + timedelta(days=1))
        given = prepared(
            Report(read=1, imported=1),
            origin="hidden",
            features={feature.feature_hash: feature},
            periods=frozenset({dated}),
            hidden={ONE: feature.feature_hash},
        )
        return await commit(Job(connection, await desk.layers(connection), "events"), given)

    return desk.run(work)


@pytest.mark.parametrize("first", ["the desk", "the publisher"])
def test_what_the_desk_withdrew_does_not_come_back_for_its_source_is_hidden_now(
    desk: Desk, listed: Callable[..., Outcome], first: str
) -> None:
    listed(event("A1", "fire"), event("B2", "smoke"))
    if first == "the publisher":
        hidden(desk)
        assert texts(desk) == ["bare", "smoke"]
    withdraw(desk, ONE)
    hidden(desk)
    assert texts(desk) == ["smoke"]


def test_what_was_withdrawn_by_id_before_is_kept_out_from_now_on(
    desk: Desk, listed: Callable[..., Outcome]
) -> None:
    listed(event("A1", "fire"), event("B2", "smoke"), event("C3", "shots"))
    withdraw(desk, ONE, TWO)
    let_in(desk, TWO)
    listed(event("B2", "smoke"))  # on purpose
    (migration,) = (each for each in shipped_migrations() if each.name == "withdrawn")

    async def of_before(connection: asyncpg.Connection) -> None:
        await connection.execute("DROP TABLE withdrawn")
        await connection.execute(migration.statements)

    desk.run(of_before)
    assert [(row["id"], row["reason"]) for row in desk.fetch("SELECT id, reason FROM withdrawn")] == [
        (ONE, "a house")
    ]
    assert listed(event("A1", "fire")).revision is None

"""Law: what has a time is public at it, once, never before; what wants several persons has them first."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import msgspec
import pytest

from tests.desk.conftest import snapshot
from tests.desk.keyed import KEYED, ONE, event
from tests.desk.test_hiding import TOML, row
from tileserver.desk import audit
from tileserver.desk.corrections import withdraw_features
from tileserver.desk.due import Published, cancel, publish_due
from tileserver.desk.held import HeldReview, accept, look, reject, waiting
from tileserver.desk.importer import import_file, import_snapshots
from tileserver.desk.job import Job, Outcome
from tileserver.errors import BadParameter, HeldBack
from tileserver.ingest import ReadOptions, Report
from tileserver.ingest.mapping.load import parse_mapping
from tileserver.store.catalogue import add_theatre, load_layers
from tileserver.store.connect import connect
from tileserver.theatres import load_theatre

if TYPE_CHECKING:
    from tests.desk.conftest import Cells, Desk

pytestmark = pytest.mark.db

NOON = datetime(2023, 11, 1, 12, tzinfo=UTC)
WIDE: Cells = {(column, 0): "occupied" for column in range(4)}
HALF: Cells = {(column, 0): "occupied" for column in range(2)}
MORE: Cells = {**WIDE, (4, 0): "occupied"}
LATER = timedelta(hours=1)


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def two(desk: Desk) -> Desk:
    """A desk over a theatre that wants two persons."""
    declared = msgspec.structs.replace(load_theatre("ukraine"), reviewers=2)
    desk.run(lambda connection: add_theatre(connection, declared))
    return desk


def bring(desk: Desk, cells: Cells, at: datetime = NOON, **said: Any) -> Outcome:
    """Import a whole state of areas."""

    async def work(connection: asyncpg.Connection) -> Outcome:
        job = Job(connection, await desk.layers(connection), "control", **{"by": "Anna", **said})
        return await import_snapshots(job, [snapshot(at, cells)], Report(read=len(cells)), "drawn")

    return desk.run(work)


def tell(desk: Desk, path: Path, *events: Mapping[str, Any], **said: Any) -> Outcome:
    """Import events by their keys."""
    file = path / "events.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": events}))
    return take(desk, file, KEYED, **said)


def take(desk: Desk, file: Path, options: ReadOptions, **said: Any) -> Outcome:
    async def work(connection: asyncpg.Connection) -> Outcome:
        job = Job(connection, await desk.layers(connection), "events", **{"by": "Anna", **said})
        return await import_file(job, file, options)

    return desk.run(work)


def agree(desk: Desk, number: int, by: str, reason: str = "", at: datetime | None = None) -> Outcome:
    async def work(connection: asyncpg.Connection) -> Outcome:
        layers = await load_layers(connection)
        return (await accept(connection, layers, number, reason, by=by, publish_at=at))[1]

    return desk.run(work)


def publish(desk: Desk, at: datetime) -> list[Published]:
    return desk.run(lambda connection: publish_due(connection, at))


def listed(desk: Desk) -> list[HeldReview]:
    async def work(connection: asyncpg.Connection) -> list[HeldReview]:
        return await waiting(connection, await load_layers(connection), decided=True)

    return desk.run(work)


def acts(desk: Desk) -> list[tuple[str, str]]:
    found = desk.run(audit.newest_entries)
    return [(each["what"], each["by"]) for each in found[::-1]]


def revisions(desk: Desk) -> int:
    return int(desk.fetch("SELECT coalesce(max(id), 0) AS n FROM revision")[0]["n"])


def hurry(desk: Desk, number: int = 1) -> None:
    """Let the time of a held import be over, by the database's clock."""
    moved = "UPDATE held SET publish_at = clock_timestamp() - interval '1 second' WHERE id = $1"
    desk.run(lambda connection: connection.execute(moved, number))


def test_an_import_with_a_time_is_kept_and_public_at_that_time_and_not_before(
    desk: Desk, tmp_path: Path
) -> None:
    at = now() + timedelta(seconds=2)
    kept = tell(desk, tmp_path, event("A1", "fire"), publish_at=at, remark={"": "told at six"})
    assert (kept.held, kept.revision, kept.waits_for, kept.publish_at) == (1, None, "time", at)
    assert publish(desk, now()) == []
    assert publish(desk, at + LATER) == []  # by the database's clock it is not time yet
    assert revisions(desk) == 0
    desk.run(lambda connection: asyncio.sleep((at - now()).total_seconds()))
    assert publish(desk, at - timedelta(microseconds=1)) == []  # by our clock it is not
    (done,) = publish(desk, at)
    assert done.outcome is not None
    assert (done.outcome.revision, done.outcome.added, revisions(desk)) == (1, 1, 1)
    (row,) = desk.fetch("SELECT committed, remark FROM revision")
    assert row["committed"] >= at
    assert row["remark"] == {"": "told at six"}
    assert publish(desk, at) == []
    assert acts(desk) == [("begin", ""), ("schedule", "Anna"), ("publish", "Anna")]
    assert listed(desk)[0].found.state == "accepted"


def test_two_processes_publish_what_is_due_once(desk: Desk, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        tell(desk, tmp_path, event(f"A{number}", "fire"), publish_at=now() + LATER)
        hurry(desk, number)

    async def one() -> list[Published]:
        connection = await connect(desk.dsn)
        try:
            return await publish_due(connection, now() + LATER)
        finally:
            await connection.close()

    async def together() -> list[Published]:
        return [each for found in await asyncio.gather(one(), one(), one()) for each in found]

    done = asyncio.run(together())
    assert sorted(each.number for each in done) == [1, 2, 3]
    assert revisions(desk) == 3
    assert acts(desk).count(("publish", "Anna")) == 3


def test_a_cancelled_import_waits_for_the_desk_and_is_not_published(desk: Desk, tmp_path: Path) -> None:
    tell(desk, tmp_path, event("A1", "fire"), publish_at=now() + LATER)
    desk.run(lambda connection: cancel(connection, 1, "Bo", "not yet"))
    hurry(desk)
    assert publish(desk, now() + LATER) == []
    (seen,) = listed(desk)
    assert (seen.found.state, seen.found.plan.agreed_by) == ("waiting", None)
    assert acts(desk)[-1] == ("cancel", "Bo")
    desk.run(lambda connection: reject(connection, 1, "", "Bo"))
    with pytest.raises(BadParameter, match="was rejected already"):
        desk.run(lambda connection: cancel(connection, 1, "Bo", ""))


def test_a_plain_held_import_has_no_time_to_cancel(two: Desk, tmp_path: Path) -> None:
    tell(two, tmp_path, event("A1", "fire"))
    with pytest.raises(BadParameter, match="has no time and no approval"):
        two.run(lambda connection: cancel(connection, 1, "Bo", ""))


def test_what_would_break_more_when_its_time_comes_waits_for_the_desk_again(
    desk: Desk, tmp_path: Path
) -> None:
    bring(desk, WIDE)
    second = NOON + timedelta(days=2)
    kept = bring(desk, HALF, second, accept="it fell", publish_at=now() + LATER)
    assert (kept.held, kept.waits_for) == (1, "time")
    # Meanwhile the day before becomes one of a larger area, from which it is a fall of another kind.
    desk.import_states({NOON + timedelta(days=1): {**WIDE, (9, 9): "liberated"}})
    before = desk.dump()
    hurry(desk)
    found = publish(desk, now() + LATER)
    if found[0].outcome is None:
        assert "does not fit what is known now" in found[0].trouble
        assert desk.dump() == before
        assert listed(desk)[0].found.plan.publish_at is None
        assert acts(desk)[-1] == ("cancel", "")
        assert publish(desk, now() + LATER) == []


def test_an_import_that_breaks_a_rule_keeps_its_time_until_it_is_accepted(desk: Desk, tmp_path: Path) -> None:
    bring(desk, WIDE)
    at = now() + LATER
    kept = bring(desk, HALF, NOON + timedelta(days=1), publish_at=at)
    assert (kept.held, kept.waits_for) == (1, "decision")
    hurry(desk)
    assert publish(desk, now() + LATER) == []
    agreed = agree(desk, 1, "Bo", "it fell", at)
    assert (agreed.revision, agreed.waits_for, agreed.publish_at) == (None, "time", at)
    hurry(desk)
    (done,) = publish(desk, now() + LATER)
    assert done.outcome is not None
    assert done.outcome.revision == 2
    assert acts(desk)[-2:] == [("schedule", "Bo"), ("publish", "Bo")]


def test_with_two_reviewers_nothing_is_public_before_another_person_approves(
    two: Desk, tmp_path: Path
) -> None:
    kept = tell(two, tmp_path, event("A1", "fire"))
    assert (kept.held, kept.revision, kept.waits_for, kept.missing) == (1, None, "persons", 1)
    for same in ("Anna", "  anna ", "ANNA", ""):
        with pytest.raises(BadParameter, match=r"another person has to approve|say who approves"):
            agree(two, 1, same)
    assert revisions(two) == 0
    done = agree(two, 1, "Bo", "read it")
    assert (done.revision, done.added) == (1, 1)
    assert acts(two)[-2:] == [("hold", "Anna"), ("approve", "Bo")]
    again = tell(two, tmp_path, event("A1", "fire"))
    assert (again.held, again.revision) == (None, None)  # known already: there is nothing to look at


def test_an_import_without_a_name_is_refused_where_several_persons_are_wanted(
    two: Desk, tmp_path: Path
) -> None:
    with pytest.raises(BadParameter, match="say who imports"):
        tell(two, tmp_path, event("A1", "fire"), by=" ")


def test_three_reviewers_are_three_persons(desk: Desk, tmp_path: Path) -> None:
    declared = msgspec.structs.replace(load_theatre("ukraine"), reviewers=3)
    desk.run(lambda connection: add_theatre(connection, declared))
    tell(desk, tmp_path, event("A1", "fire"))
    assert agree(desk, 1, "Bo").missing == 1
    with pytest.raises(BadParameter, match="Bo has approved held import 1 before"):
        agree(desk, 1, "Bo")
    (seen,) = listed(desk)
    assert ([each.by for each in seen.approvals], seen.missing) == (["Bo"], 1)
    assert agree(desk, 1, "Cy").revision == 1


def test_an_approval_is_needed_and_a_reason_where_a_rule_was_broken(two: Desk, tmp_path: Path) -> None:
    bring(two, WIDE)
    agree(two, 1, "Bo")
    kept = bring(two, HALF, NOON + timedelta(days=1), accept="it fell, they say")
    assert (kept.held, kept.waits_for) == (2, "persons")
    with pytest.raises(BadParameter, match="say why it is published"):
        agree(two, 2, "Bo")
    assert agree(two, 2, "Bo", "two sources").revision == 2


def test_time_and_another_person_are_both_waited_for(two: Desk, tmp_path: Path) -> None:
    at = now() + LATER
    tell(two, tmp_path, event("A1", "fire"), publish_at=at)
    hurry(two)
    assert publish(two, now() + LATER) == []  # nobody has approved it
    approved = agree(two, 1, "Bo", at=at)
    assert (approved.waits_for, approved.publish_at, approved.revision) == ("time", at, None)
    assert revisions(two) == 0
    hurry(two)
    assert len(publish(two, now() + LATER)) == 1
    assert revisions(two) == 1


def test_another_time_has_to_be_approved_anew(two: Desk, tmp_path: Path) -> None:
    tell(two, tmp_path, event("A1", "fire"), publish_at=now() + LATER)
    agree(two, 1, "Bo")
    again = tell(two, tmp_path, event("A1", "fire"), publish_at=now() + 2 * LATER)
    assert (again.held, again.waits_for) == (1, "persons")
    hurry(two)
    assert publish(two, now() + LATER) == []
    assert agree(two, 1, "Bo").revision == 1


def test_looking_at_an_agreed_import_lets_it_break_no_more_than_was_agreed(
    desk: Desk, tmp_path: Path
) -> None:
    bring(desk, HALF)
    bring(desk, MORE, NOON + timedelta(days=2), accept="so it is", publish_at=now() + LATER)
    before = listed(desk)[0].found.rulings

    async def seen(connection: asyncpg.Connection) -> HeldReview:
        return await look(connection, await load_layers(connection), 1)

    desk.import_states({NOON + timedelta(days=1): {(0, 0): "unknown"}})
    assert desk.run(seen).found.plan.agreed_by == "Anna"
    assert listed(desk)[0].found.rulings == before


def test_a_withdrawal_waits_for_nobody(two: Desk, tmp_path: Path) -> None:
    tell(two, tmp_path, event("A1", "fire"), event("B2", "smoke"))
    agree(two, 1, "Bo")

    async def withdraw(connection: asyncpg.Connection) -> None:
        layers = await two.layers(connection)
        assert await withdraw_features(connection, layers, "events", [ONE], "a house", lambda _: True, "Anna")

    two.run(withdraw)
    assert len(two.fetch("SELECT FROM feature_version WHERE upper_inf(known)")) == 1
    assert acts(two)[-1] == ("withdraw", "Anna")


def test_what_a_file_hides_is_gone_at_once_though_the_rest_waits(two: Desk, tmp_path: Path) -> None:
    options = ReadOptions(mapping=parse_mapping(TOML % "leave_out", "own.toml"))
    file = tmp_path / "rows.json"
    file.write_text(json.dumps([row("A1"), row("B2")]))
    take(two, file, options)
    agree(two, 1, "Bo", "read it")
    file.write_text(json.dumps([row("A1", source="hidden"), row("B2"), row("C3")]))
    kept = take(two, file, options)
    assert (kept.held, kept.hidden, kept.waits_for) == (2, 1, "persons")
    assert kept.revision == 2
    assert [row[0] for row in two.fetch("SELECT properties ->> 'url' FROM feature_version")] == [
        "https://example.org/B2"
    ]
    assert acts(two)[-2:] == [("withdraw", "Anna"), ("hold", "Anna")]
    assert agree(two, 2, "Bo", "read it").added == 1
    assert two.run(audit.verify).broken == ""


def test_a_refused_acceptance_leaves_neither_an_approval_nor_an_entry(two: Desk, tmp_path: Path) -> None:
    bring(two, WIDE)
    agree(two, 1, "Bo")
    bring(two, MORE, NOON + timedelta(days=2))
    two.run(lambda connection: add_theatre(connection, load_theatre("ukraine")))  # one person is enough now
    two.import_states({NOON + timedelta(days=1): {(0, 0): "occupied"}})
    two.run(
        lambda connection: add_theatre(
            connection, msgspec.structs.replace(load_theatre("ukraine"), reviewers=2)
        )
    )
    before = acts(two)
    with pytest.raises(HeldBack, match="look again"):
        agree(two, 2, "Bo")
    assert acts(two) == before
    assert listed(two)[1].approvals == []

"""Law: after any imports in any batches and order, every revision answers as brute force does."""

from __future__ import annotations

import asyncio
import csv
import gzip
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tileserver.desk.importer import import_file
from tileserver.desk.job import Job, no_progress
from tileserver.desk.redraw_all import rebuild_stale
from tileserver.errors import BadParameter, UnreadableSource
from tileserver.ingest import ReadOptions
from tileserver.shape.project import to_mercator
from tileserver.store.connect import connect

if TYPE_CHECKING:
    from tests.desk.conftest import Cell, Cells, Desk, Row

pytestmark = pytest.mark.db

NOON = datetime(2023, 11, 1, 12, tzinfo=UTC)
DAYS = [NOON + timedelta(days=day) for day in range(5)]
STATUSES: list[str] = ["occupied", "liberated"]
CELLS = [(0, 0), (1, 0), (1, 1)]
ONE: Cells = {(0, 0): "occupied"}
TWO: Cells = {(0, 0): "occupied", (1, 0): "occupied"}

drawn = st.dictionaries(st.sampled_from(CELLS), st.sampled_from(STATUSES), max_size=3)
batches = st.lists(
    st.dictionaries(st.sampled_from(DAYS), drawn, min_size=1, max_size=3), min_size=1, max_size=4
)


def holding(rows: list[Row], at: datetime) -> list[tuple[Cell, str]]:
    return sorted((cell, status) for cell, status, a, b in rows if a <= at and (b is None or at < b))


def brute_force(states: Mapping[datetime, Cells], at: datetime) -> list[tuple[Cell, str]]:
    past = [each for each in states if each <= at]
    return sorted(states[max(past)].items()) if past else []


def instants() -> list[datetime]:
    tick = timedelta(microseconds=1)
    return [at + shift for at in DAYS for shift in (-tick, timedelta(), tick)]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(batches)
def test_every_revision_answers_as_brute_force_does(
    open_desk: Callable[[], Desk], history: list[dict[datetime, Cells]]
) -> None:
    desk = open_desk()
    known: dict[datetime, Cells] = {}
    revisions: dict[int, dict[datetime, Cells]] = {}
    for batch in history:
        outcome = desk.import_states(batch)
        changes = {at: cells for at, cells in batch.items() if known.get(at) != cells}
        assert (outcome.revision is None) == (not changes)
        assert outcome.snapshots == len(changes)
        known.update(changes)
        revisions[outcome.revision or max(revisions)] = dict(known)
    for revision, states in revisions.items():
        rows = desk.rows(revision)
        assert [holding(rows, at) for at in instants()] == [brute_force(states, at) for at in instants()]
        meeting = {(cell, status, a) for cell, status, a, _ in rows}
        assert not any((cell, status, b) in meeting for cell, status, _, b in rows)  # periods are maximal
        scratch = open_desk()
        scratch.import_states(states)
        assert desk.faces(revision) == scratch.faces(1)
    before = desk.dump()
    desk.run(rebuilt)
    assert desk.dump() == before  # every revision, drawn anew


async def rebuilt(connection: asyncpg.Connection) -> None:
    """Draw all faces anew, as after a change of the generaliser."""
    await connection.execute("UPDATE layer SET fingerprint = 'another' WHERE fingerprint <> ''")
    assert await rebuild_stale(connection, no_progress) == ["ukraine.control"]
    assert await rebuild_stale(connection, no_progress) == []
    assert await connection.fetchval("SELECT sum(edition) FROM layer") == 2


def test_an_import_run_twice_changes_nothing(desk: Desk) -> None:
    states = {DAYS[0]: ONE, DAYS[1]: TWO, DAYS[2]: ONE}
    assert desk.import_states(states).revision == 1
    before = desk.dump()
    again = desk.import_states(states)
    assert (again.revision, again.snapshots, again.added, again.ended) == (None, 0, 0, 0)
    assert desk.dump() == before


def test_a_part_imported_again_changes_nothing(desk: Desk) -> None:
    desk.import_states({DAYS[0]: ONE, DAYS[1]: TWO, DAYS[2]: ONE})
    before = desk.dump()
    assert desk.import_states({DAYS[1]: TWO}).revision is None
    assert desk.dump() == before


def test_a_late_snapshot_splits_the_periods_it_interrupts(desk: Desk) -> None:
    desk.import_states({DAYS[0]: TWO, DAYS[2]: TWO})
    outcome = desk.import_states({DAYS[1]: ONE})
    assert (outcome.revision, outcome.snapshots) == (2, 1)
    assert sorted(desk.rows(2)) == [
        ((0, 0), "occupied", DAYS[0], None),
        ((1, 0), "occupied", DAYS[0], DAYS[1]),
        ((1, 0), "occupied", DAYS[2], None),
    ]


def test_a_correction_is_a_new_revision_and_the_old_one_answers_as_before(desk: Desk) -> None:
    desk.import_states({DAYS[0]: ONE, DAYS[1]: ONE})
    before = desk.rows(1)
    outcome = desk.import_states({DAYS[0]: ONE, DAYS[1]: {(0, 0): "liberated"}})
    assert (outcome.revision, outcome.snapshots) == (2, 1)
    assert desk.rows(1) == before == [((0, 0), "occupied", DAYS[0], None)]
    assert sorted(desk.rows(2)) == [
        ((0, 0), "liberated", DAYS[1], None),
        ((0, 0), "occupied", DAYS[0], DAYS[1]),
    ]
    assert desk.import_states({DAYS[1]: ONE}).revision == 3  # and back again
    assert desk.rows(3) == before


def test_a_snapshot_that_repeats_the_state_is_remembered_without_new_versions(desk: Desk) -> None:
    desk.import_states({DAYS[0]: ONE})
    outcome = desk.import_states({DAYS[1]: ONE})
    assert (outcome.revision, outcome.added, outcome.ended) == (2, 0, 0)
    assert desk.import_states({DAYS[1]: ONE}).revision is None


def test_the_front_line_follows_the_areas(desk: Desk) -> None:
    desk.import_states({DAYS[0]: ONE, DAYS[1]: TWO, DAYS[3]: {(0, 0): "liberated"}})
    lengths = {}
    for at in (DAYS[0], DAYS[1], DAYS[3]):
        rows = desk.fetch(
            "SELECT geom FROM face f JOIN layer l ON l.id = f.layer"
            " WHERE l.name = 'frontline' AND band = 13 AND valid @> $1::timestamptz",
            at,
        )
        lengths[at] = sum(shapely.from_wkb(row["geom"]).length for row in rows)
    for at, width in ((DAYS[0], 0.1), (DAYS[1], 0.2)):
        outline = shapely.transform(shapely.box(36, 48, 36 + width, 48.1), to_mercator)
        assert lengths[at] == pytest.approx(outline.length, rel=1e-3)
    assert lengths[DAYS[3]] == 0


def test_the_report_balances_and_stays_with_the_revision(desk: Desk) -> None:
    outcome = desk.import_states({DAYS[0]: {**ONE, (400, 0): "occupied"}, DAYS[1]: ONE})
    report = outcome.report
    assert report["read"] == report["imported"] + report["quarantined"] + report["left_out"] == 3
    assert report["quarantined"] == 1
    (stored,) = desk.fetch("SELECT summary, report FROM revision")
    assert stored["summary"] == "2 snapshots of ukraine.control from drawn; accepted: drawn to be told"
    accepted = stored["report"].pop("accepted")
    assert stored["report"] == report
    assert accepted["reason"] == "drawn to be told"
    assert accepted["rulings"] == [each.words for each in outcome.rulings]
    kept = desk.fetch("SELECT finding, raw FROM quarantine")
    assert [row["finding"] for row in kept] == ["outside_bounds"]
    assert json.loads(kept[0]["raw"])["type"] == "Polygon"


def test_a_file_that_cannot_be_used_leaves_nothing(desk: Desk, tmp_path: Path) -> None:
    broken = tmp_path / "1696184127.geojson"
    broken.write_text('{"type": "FeatureCollection", "features": [')
    before = desk.dump()
    with pytest.raises(UnreadableSource, match=r"1696184127\.geojson is JSON that is broken or cut off"):
        desk.import_file("control", broken)
    assert desk.dump() == before == []


def test_nothing_is_imported_into_a_layer_that_follows_another(desk: Desk, tmp_path: Path) -> None:
    desk.import_states({DAYS[0]: ONE})
    line = {"type": "LineString", "coordinates": [[36, 48], [37, 49]]}
    feature = {"type": "Feature", "properties": {"date": "2023-11-01"}, "geometry": line}
    path = tmp_path / "line.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    before = desk.dump()
    with pytest.raises(
        BadParameter, match=r"ukraine\.frontline derives from ukraine\.control and follows it"
    ):
        desk.import_file("frontline", path)
    assert desk.dump() == before


def test_an_archive_gives_what_its_states_give(
    desk: Desk, open_desk: Callable[[], Desk], tmp_path: Path, write_archive: Callable[..., Path]
) -> None:
    states = {DAYS[0]: TWO, DAYS[1]: {(1, 1): "liberated", (0, 0): "unknown"}}
    desk.import_file("control", write_archive(tmp_path / "drawn.tar", states))
    other = open_desk()
    other.import_states(states)
    assert sorted(desk.rows(1)) == sorted(other.rows(1))


def test_two_imports_at_once_leave_what_one_after_the_other_would(
    desk: Desk, tmp_path: Path, write_archive: Callable[..., Path]
) -> None:
    states = {at: (ONE, TWO)[number % 2] for number, at in enumerate(DAYS)}
    halves = [
        write_archive(tmp_path / f"{half}.tar", {at: states[at] for at in DAYS[half::2]}) for half in (0, 1)
    ]

    async def load(path: Path) -> int | None:
        connection = await connect(desk.dsn)
        try:
            layers = await desk.layers(connection)
            done = await import_file(Job(connection, layers, "control", accept="drawn"), path, ReadOptions())
            return done.revision
        finally:
            await connection.close()

    async def together() -> list[int | None]:
        return await asyncio.gather(*(load(path) for path in (*halves, *halves)))

    done = asyncio.run(together())
    assert sorted(revision or 0 for revision in done) == [0, 0, 1, 2]
    rows = desk.rows(2)
    assert [holding(rows, at) for at in instants()] == [brute_force(states, at) for at in instants()]


def write_events(path: Path, *rows: tuple[str, str, float, float, str]) -> Path:
    with gzip.open(path, "wt", newline="") as stream:
        csv.writer(stream).writerows([("date_key", "side", "lon", "lat", "d"), *rows])
    return path


def test_events_are_added_once_however_often_they_come(desk: Desk, tmp_path: Path) -> None:
    first = ("20231109", "ru", 37.6, 49.7, "A bridge https://example.org/1")
    second = ("20231110", "ua", 38.0, 48.6, "A road https://example.org/2")
    path = write_events(tmp_path / "a.csv.gz", first, first)
    outcome = desk.import_file("events", path)
    assert (outcome.revision, outcome.added, outcome.report["duplicates"]) == (1, 1, 1)
    before = desk.dump()
    assert desk.import_file("events", path).revision is None
    assert desk.dump() == before
    outcome = desk.import_file("events", write_events(tmp_path / "b.csv.gz", first, second))
    assert (outcome.revision, outcome.added) == (2, 1)
    rows = desk.fetch("SELECT lower(valid) AS a, properties->>'side' AS side FROM feature_version ORDER BY 1")
    assert [(row["a"].isoformat(), row["side"]) for row in rows] == [
        ("2023-11-08T22:00:00+00:00", "ru"),  # the day begins in Kyiv
        ("2023-11-09T22:00:00+00:00", "ua"),
    ]


def test_a_text_with_a_nul_is_imported_without_it(desk: Desk, tmp_path: Path) -> None:
    point = {"type": "Point", "coordinates": [37.6, 49.7]}
    properties = {"date": "2023-11-09", "side": "ru", "text": "a\0b"}
    feature = {"type": "Feature", "geometry": point, "properties": properties}
    path = tmp_path / "events.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    outcome = desk.import_file("events", path, ReadOptions(reader="geojson"))
    assert outcome.report["imported"] == 1
    assert [row[0] for row in desk.fetch("SELECT properties->>'text' FROM feature_version")] == ["ab"]

"""Law: an import is committed whole, or held, and then nothing that is public differs by a byte."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import msgspec
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from tests.conftest import settings_for
from tests.desk.conftest import FILLS, snapshot, square
from tileserver.desk.held import HeldReview, accept, look, reject, waiting
from tileserver.desk.importer import import_snapshots
from tileserver.desk.job import Job, Outcome
from tileserver.desk.prepared import unpack
from tileserver.errors import BadParameter, HeldBack, TooManyAtOnce
from tileserver.ingest import ReadOptions, Report
from tileserver.shape.measure import area_km2
from tileserver.shape.project import to_mercator
from tileserver.store.catalogue import add_theatre, load_layers
from tileserver.store.held import held_content
from tileserver.web.app import create_app

if TYPE_CHECKING:
    from tests.desk.conftest import Cell, Cells, Desk

pytestmark = pytest.mark.db

NOON = datetime(2023, 11, 1, 12, tzinfo=UTC)
DAYS = [NOON + timedelta(days=day) for day in range(6)]
WIDE: Cells = {(column, row): "occupied" for column in range(4) for row in range(4)}
HALF: Cells = {cell: status for cell, status in WIDE.items() if cell[0] < 2}
LESS: Cells = {cell: status for cell, status in WIDE.items() if cell != (0, 0)}
OF_AREAS = ReadOptions(reader="geojson", category_column="status")
WHY = "checked by phone"


def public(desk: Desk) -> list[tuple[str, int, bytes]]:
    """Return documents and tiles as anybody gets them; without the number of imports that wait, in readyz."""
    app = create_app(settings_for(desk.dsn), lambda: datetime(2026, 11, 22, tzinfo=UTC))
    with TestClient(app, raise_server_exceptions=False) as client:
        documents = ["/tilesets", "/tilesets/ukraine", "/tilesets/ukraine/timeline"]
        documents += ["/tilesets/ukraine.control/km2.json", "/styles/ukraine.json", "/readyz"]
        tiles = [
            f"/tiles/{tileset}/{address}.mvt?datetime={at:%Y-%m-%d}"
            for tileset in ("ukraine", "ukraine.control")
            for address in ("5/19/11", "8/154/88")
            for at in DAYS[::2]
        ]
        answers = [(path, client.get(path)) for path in (*documents, *tiles)]
        return [(path, answer.status_code, _without_warnings(answer.content)) for path, answer in answers]


def _without_warnings(body: bytes) -> bytes:
    return re.sub(rb',"warnings":\{"held":\{[^{}]*\}\}', b"", body)


def run(desk: Desk, work: Callable[..., Any], *arguments: Any) -> Any:
    async def on(connection: asyncpg.Connection) -> Any:
        return await work(connection, await load_layers(connection), *arguments)

    return desk.run(on)


def listed(desk: Desk, *, decided: bool = False) -> list[HeldReview]:
    async def on(connection: asyncpg.Connection) -> list[HeldReview]:
        return await waiting(connection, await load_layers(connection), decided=decided)

    return desk.run(on)


def accepted(desk: Desk, number: int) -> Outcome:
    _, outcome = run(desk, accept, number, WHY)
    assert isinstance(outcome, Outcome)
    return outcome


def rules(outcome: Outcome) -> set[str]:
    return {each.rule for each in outcome.rulings}


def feature(cell: Cell, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": square(cell)}


def write(path: Path, *features: Any) -> Path:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def areas(cells: Cells, fill: str = "#a52714") -> list[dict[str, Any]]:
    return [feature(cell, fill=fill) for cell in cells]


def metres(cells: Cells) -> list[dict[str, Any]]:
    found = areas(cells)
    for each in found:
        ring = each["geometry"]["coordinates"][0]
        each["geometry"]["coordinates"] = [[[lon * 111_319.49, lat * 141_000] for lon, lat in ring]]
    return found


SNAPSHOTS: Mapping[str, tuple[list[dict[str, Any]], set[str]]] = {
    "empty": ([], {"nothing_left", "fall"}),
    "another colour": (areas(WIDE, "#a52715"), {"nothing_left", "quarantined", "fall"}),
    "one of another colour": ([*areas(LESS), *areas({(0, 0): ""}, "#a52715")], {"quarantined"}),
    "in metres": (metres(WIDE), {"nothing_left", "quarantined", "fall"}),
    "one without geometry": (
        [*areas(WIDE), {"type": "Feature", "properties": {"fill": "#a52714"}, "geometry": None}],
        {"quarantined"},
    ),
    "half of it left out": (areas(HALF), {"fall"}),
    "another status": (areas(WIDE, "#0f9d58"), {"fall"}),
    "one of the other side's colour": (
        [*areas(LESS), feature((0, 0), name="Окуповано /// Occupied", fill="#0288d1")],
        {"quarantined"},
    ),
}


@pytest.mark.parametrize("kind", SNAPSHOTS)
def test_a_bad_snapshot_changes_nothing_public_and_waits_with_its_account(
    desk: Desk, tmp_path: Path, kind: str
) -> None:
    features, expected = SNAPSHOTS[kind]
    desk.import_states({DAYS[0]: WIDE})
    path = write(tmp_path / f"{int(DAYS[1].timestamp())}.geojson", *features)
    stored, seen = desk.dump(), public(desk)
    outcome = desk.import_file("control", path, accept="")
    assert (outcome.revision, rules(outcome)) == (None, expected)
    assert desk.dump() == stored
    assert public(desk) == seen
    (found,) = listed(desk)
    assert (found.found.id, found.layer, found.found.origin) == (outcome.held, "ukraine.control", path.name)
    assert found.found.report == outcome.report
    assert [asdict(each) for each in found.rulings] == [asdict(each) for each in outcome.rulings]
    kept = desk.fetch("SELECT count(*)::int AS n FROM held_quarantine")
    assert kept[0]["n"] == outcome.report["quarantined"]


def test_what_is_accepted_is_what_was_read_and_its_revision_says_why(desk: Desk, tmp_path: Path) -> None:
    desk.import_states({DAYS[0]: WIDE})
    path = write(tmp_path / f"{int(DAYS[1].timestamp())}.geojson", *areas(HALF))
    number = desk.import_file("control", path, accept="").held
    assert number is not None
    path.unlink()
    seen = run(desk, look, number)
    assert (seen.added, seen.ended) == (8, 8)  # what is left out has an end now
    (effect,) = seen.effects
    assert (effect.at, effect.status) == (DAYS[1], "occupied")
    assert effect.after == pytest.approx(effect.before / 2)
    outcome = accepted(desk, number)
    assert outcome.revision == 2
    (stored,) = desk.fetch("SELECT summary, report FROM revision WHERE id = 2")
    assert stored["summary"] == f"1 snapshot of ukraine.control from {path.name}; accepted: {WHY}"
    assert stored["report"]["accepted"]["reason"] == WHY
    other = desk.fetch("SELECT state, reason, revision, content FROM held")
    assert [(*row,) for row in other] == [("accepted", WHY, 2, None)]
    assert {cell for cell, _, _, end in desk.rows(2) if end is None} == HALF.keys()
    assert listed(desk) == []
    with pytest.raises(BadParameter, match="was accepted already"):
        accepted(desk, number)


def test_accepting_on_import_does_it_at_once(desk: Desk, tmp_path: Path) -> None:
    desk.import_states({DAYS[0]: WIDE})
    path = write(tmp_path / f"{int(DAYS[1].timestamp())}.geojson", *areas(HALF))
    outcome = desk.import_file("control", path, accept=WHY)
    assert (outcome.revision, outcome.held, rules(outcome)) == (2, None, {"fall"})
    assert listed(desk, decided=True) == []


@pytest.mark.parametrize("blank", [" ", "\t\n", "\u00a0"])
def test_a_blank_reason_publishes_nothing(desk: Desk, tmp_path: Path, blank: str) -> None:
    desk.import_states({DAYS[0]: WIDE})
    path = write(tmp_path / f"{int(DAYS[1].timestamp())}.geojson")
    number = desk.import_file("control", path, accept="").held
    before = desk.dump()
    with pytest.raises(BadParameter, match="say why it is published"):
        run(desk, accept, number, blank)
    with pytest.raises(BadParameter, match="say why it is published"):
        desk.import_file("control", path, accept=blank)
    assert desk.dump() == before
    assert [each.found.id for each in listed(desk)] == [number]


def test_what_is_rejected_is_gone_but_its_account_stays(desk: Desk, tmp_path: Path) -> None:
    path = write(tmp_path / f"{int(DAYS[1].timestamp())}.geojson")
    number = desk.import_file("control", path, accept="").held
    desk.run(lambda connection: reject(connection, number or 0, "a broken export"))
    (found,) = listed(desk, decided=True)
    assert (found.found.state, found.found.reason) == ("rejected", "a broken export")
    assert desk.fetch("SELECT FROM held WHERE content IS NOT NULL") == []
    with pytest.raises(BadParameter, match="was rejected already"):
        accepted(desk, number or 0)
    with pytest.raises(BadParameter, match="there is no held import 99"):
        desk.run(lambda connection: reject(connection, 99, ""))


def test_the_same_file_again_keeps_its_number_and_once_accepted_is_no_news(
    desk: Desk, tmp_path: Path
) -> None:
    desk.import_states({DAYS[0]: WIDE})
    features = [*areas(LESS), *areas({(0, 0): ""}, "#a52715")]
    path = write(tmp_path / f"{int(DAYS[1].timestamp())}.geojson", *features)
    first, again = (desk.import_file("control", path, accept="") for _ in range(2))
    assert first.held == again.held
    assert len(listed(desk)) == 1
    accepted(desk, first.held or 0)
    third = desk.import_file("control", path, accept="")
    assert (third.held, third.revision) == (None, None)
    write(tmp_path / f"{int(DAYS[2].timestamp())}.geojson", *areas(LESS))
    assert (
        desk.import_file("control", tmp_path, accept="").revision == 3
    )  # the folder, with what was accepted


def test_an_acceptance_is_judged_against_what_was_imported_meanwhile(desk: Desk, tmp_path: Path) -> None:
    desk.import_states({DAYS[0]: WIDE, DAYS[2]: WIDE})
    features = [*areas(LESS), *areas({(0, 0): ""}, "#a52715")]
    path = write(tmp_path / f"{int(DAYS[3].timestamp())}.geojson", *features)
    number = desk.import_file("control", path, accept="").held or 0
    desk.import_states({DAYS[2]: dict.fromkeys(WIDE, "liberated")})
    before = desk.dump()
    with pytest.raises(HeldBack, match=r"status liberated would fall from 1,3.. to 0 km2 on 2023-11-04"):
        accepted(desk, number)
    assert desk.dump() == before
    assert [each.rule for each in run(desk, look, number).rulings] == ["quarantined", "fall"]
    assert accepted(desk, number).revision == 3


def test_an_acceptance_of_what_is_known_by_now_changes_nothing(desk: Desk, tmp_path: Path) -> None:
    desk.import_states({DAYS[0]: WIDE})
    path = write(tmp_path / f"{int(DAYS[1].timestamp())}.geojson", *areas(HALF))
    number = desk.import_file("control", path, accept="").held or 0
    desk.import_file("control", path, accept=WHY)
    assert accepted(desk, number).revision is None
    assert listed(desk) == []


def test_a_status_stays_declared_while_an_import_that_has_it_is_held(desk: Desk, tmp_path: Path) -> None:
    desk.import_states({DAYS[0]: dict.fromkeys(WIDE, "liberated")})
    path = write(tmp_path / f"{int(DAYS[1].timestamp())}.geojson", *areas(WIDE, "#ce93d8"))
    number = desk.import_file("control", path, accept="").held or 0
    control = desk.theatre.layer("control")
    fewer = tuple(each for each in control.categories if each.code != "mutiny")
    layers = tuple(
        msgspec.structs.replace(each, categories=fewer) if each.name == "control" else each
        for each in desk.theatre.layers
    )
    declared = msgspec.structs.replace(desk.theatre, layers=layers)
    with pytest.raises(BadParameter, match="accept or reject it first"):
        desk.run(lambda connection: add_theatre(connection, declared))
    desk.run(lambda connection: reject(connection, number, ""))
    desk.run(lambda connection: add_theatre(connection, declared))


def test_a_damaged_member_holds_the_whole_archive(
    desk: Desk, tmp_path: Path, write_archive: Callable[..., Path]
) -> None:
    write(tmp_path / f"{int(DAYS[0].timestamp())}.geojson", *areas(WIDE))
    (tmp_path / f"{int(DAYS[1].timestamp())}.geojson").write_text('{"type": "FeatureColl')
    write(tmp_path / f"{int(DAYS[2].timestamp())}.geojson", *areas(WIDE))
    outcome = desk.import_file("control", tmp_path, accept="")
    assert (outcome.revision, rules(outcome)) == (None, {"quarantined"})
    assert desk.dump() == []
    assert accepted(desk, outcome.held or 0).snapshots == 2


def test_plain_areas_are_held_as_snapshots_are(desk: Desk, tmp_path: Path) -> None:
    def plain(name: str, cells: Cells, **more: str) -> Path:
        given = [feature(cell, status=status, date="2023-11-01", **more) for cell, status in cells.items()]
        return write(tmp_path / name, *given)

    assert desk.import_file("control", plain("a.geojson", WIDE), OF_AREAS, accept="").revision == 1
    unknown = plain("b.geojson", {(9, 9): "aslan"})
    assert rules(desk.import_file("control", unknown, OF_AREAS, accept="")) == {"nothing_left", "quarantined"}
    mixed = plain("c.geojson", {(9, 9): "aslan", (8, 8): "occupied"})
    assert rules(desk.import_file("control", mixed, OF_AREAS, accept="")) == {"quarantined"}
    half = desk.import_file("control", plain("d.geojson", HALF), OF_AREAS, complete=True, accept="")
    assert rules(half) == {"fall"}
    assert desk.fetch("SELECT max(id) AS n FROM revision")[0]["n"] == 1
    assert (
        desk.import_file("control", plain("e.geojson", LESS), OF_AREAS, complete=True, accept="").revision
        == 2
    )


def events(path: Path, good: int, bad: int) -> Path:
    rows = ["date_key,side,lon,lat,d"]
    rows += [f"20231109,ru,{36 + number / 100},48.5,Event https://x.org/{number}" for number in range(good)]
    rows += [
        f"20231109,nobody,{37 + number / 100},48.5,Event https://x.org/{number}" for number in range(bad)
    ]
    path.write_text("\n".join(rows) + "\n")
    return path


def test_events_are_published_while_few_of_them_are_put_aside(desk: Desk, tmp_path: Path) -> None:
    few = desk.import_file("events", events(tmp_path / "a.csv", 40, 2), accept="")
    assert (few.revision, few.held, few.report["quarantined"]) == (1, None, 2)
    many = desk.import_file("events", events(tmp_path / "b.csv", 40, 3), accept="")
    assert (many.revision, rules(many)) == (None, {"quarantined"})
    every = desk.import_file("events", events(tmp_path / "c.csv", 0, 3), accept="")
    assert (every.revision, rules(every)) == (None, {"nothing_left", "quarantined"})
    complete = desk.import_file("events", events(tmp_path / "d.csv", 40, 1), complete=True, accept="")
    assert (complete.revision, rules(complete)) == (None, {"quarantined"})
    assert [each.found.origin for each in listed(desk)] == ["b.csv", "c.csv", "d.csv"]


def test_a_complete_file_ends_nothing_for_what_was_put_aside_of_another_import(
    desk: Desk, tmp_path: Path
) -> None:
    desk.import_file("events", events(tmp_path / "a.csv", 40, 0), accept="")
    worse = events(tmp_path / "a.csv", 39, 1)
    worse.write_text(worse.read_text() + "20231110,ru,36.5,48.5,New\n")
    assert desk.import_file("events", worse, accept="").revision == 2  # few are put aside: it adds one
    complete = desk.import_file("events", worse, complete=True, accept="")
    assert (complete.revision, rules(complete)) == (None, {"quarantined"})
    assert desk.import_file("events", worse, complete=True, accept=WHY).ended == 1
    assert desk.import_file("events", worse, complete=True, accept="").held is None  # no news


def test_a_complete_file_that_ends_much_of_a_layer_waits_with_its_figures(desk: Desk, tmp_path: Path) -> None:
    desk.import_file("events", events(tmp_path / "a.csv", 40, 0), accept="")
    cut = desk.import_file("events", events(tmp_path / "b.csv", 29, 0), complete=True, accept="")
    assert (cut.revision, rules(cut)) == (None, {"ended"})
    assert "11 of 40 features would end" in cut.rulings[0].words
    assert desk.import_file("events", events(tmp_path / "c.csv", 30, 0), complete=True, accept="").ended == 10
    assert desk.import_file("events", events(tmp_path / "b.csv", 1, 0), complete=True, accept=WHY).ended == 29


def test_a_complete_file_that_is_held_does_not_end_unseen_what_came_since(desk: Desk, tmp_path: Path) -> None:
    desk.import_file("events", events(tmp_path / "a.csv", 40, 0), accept="")
    held = desk.import_file("events", events(tmp_path / "b.csv", 39, 1), complete=True, accept="")
    desk.import_file("events", events(tmp_path / "c.csv", 41, 0), accept="")
    with pytest.raises(HeldBack, match="it would end what came since"):
        accepted(desk, held.held or 0)
    assert run(desk, look, held.held).ended == 2
    assert accepted(desk, held.held or 0).ended == 2


def test_the_first_file_of_dated_features_has_nothing_to_be_compared_with(desk: Desk, tmp_path: Path) -> None:
    given = [feature(cell, status="occupied", date="2023-11-01", to="2023-11-03") for cell in WIDE]
    given += [feature(cell, status="liberated", date="2023-11-04") for cell in WIDE]
    assert (
        desk.import_file("control", write(tmp_path / "a.geojson", *given), OF_AREAS, accept="").revision == 1
    )


def test_what_is_kept_comes_back_as_it_was(desk: Desk, tmp_path: Path) -> None:
    path = write(tmp_path / f"{int(DAYS[1].timestamp())}.geojson", *areas(WIDE, "#a52715"), *areas(HALF))
    number = desk.import_file("control", path, accept="").held or 0
    given = unpack(desk.run(lambda connection: held_content(connection, number)))
    desk.import_file("control", path, accept=WHY)
    held = {bytes(row["content"]): bytes(row["geom"]) for row in desk.fetch("SELECT * FROM feature_version")}
    assert {key: each.wkb for key, each in given.features.items()} == held
    assert len(given.quarantined) == len(WIDE)


cells = st.dictionaries(
    st.tuples(st.integers(0, 3), st.integers(0, 1)), st.sampled_from(["occupied", "liberated"]), max_size=8
)
# Near to all of WIDE being occupied, so that some of what is drawn passes.
near = st.sets(st.sampled_from(sorted(WIDE)), max_size=3).map(
    lambda gone: {cell: status for cell, status in WIDE.items() if cell not in gone}
)
states = st.dictionaries(st.sampled_from(DAYS[2:]), cells | near, min_size=1, max_size=3)
bad = st.lists(st.sampled_from(["colour", "metres", "nowhere"]), max_size=1)
BAD: Mapping[str, Callable[[], dict[str, Any]]] = {
    "colour": lambda: feature((9, 9), fill="#a52715"),
    "metres": lambda: metres({(9, 9): ""})[0],
    "nowhere": lambda: {**feature((9, 9), fill="#a52714"), "geometry": None},
}


def drawn_km2(desk: Desk, at: datetime) -> dict[str, float]:
    """Return km2 by status of what is drawn at *at*."""
    rows = desk.fetch(
        "SELECT properties ->> 'status' AS status, sum(km2) AS km2 FROM face JOIN layer l ON l.id = layer"
        " WHERE l.name = 'control' AND band = 13 AND upper_inf(known) AND valid @> $1::timestamptz"
        " GROUP BY 1",
        at,
    )
    return {row["status"]: row["km2"] for row in rows}


def cells_km2(held: Cells) -> dict[str, float]:
    """Return km2 by status of the cells."""
    total: dict[str, float] = {}
    for cell, status in held.items():
        shape = shapely.transform(shapely.from_geojson(json.dumps(square(cell))), to_mercator)
        total[status] = total.get(status, 0.0) + area_km2(shape)
    return total


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cells | near, states, bad)
def test_an_import_is_committed_whole_or_nothing_public_differs(
    open_desk: Callable[[], Desk],
    tmp_path_factory: pytest.TempPathFactory,
    before: Cells,
    now: Mapping[datetime, Cells],
    wrong: list[str],
) -> None:
    desk = open_desk()
    known = {DAYS[0]: WIDE, DAYS[1]: before}
    desk.import_states(known)
    folder = tmp_path_factory.mktemp("law")
    for at, held in now.items():
        features = [feature(cell, fill=FILLS[status]) for cell, status in held.items()]
        write(folder / f"{int(at.timestamp())}.geojson", *features, *(BAD[each]() for each in wrong))
    stored, seen = desk.dump(), public(desk)
    outcome = desk.import_file("control", folder, accept="")
    if outcome.held is not None:
        assert (desk.dump(), public(desk)) == (stored, seen)
        return
    assert not wrong
    told = {**known, **now}
    for at in DAYS:
        held = told[max(each for each in told if each <= at)]
        assert drawn_km2(desk, at) == pytest.approx(cells_km2(held), rel=1e-4)


@pytest.mark.parametrize(
    ("bound", "most", "said"),
    [
        ("MOST_WAITING", 1, r"as may \(1\) wait for the desk already; publish or reject"),
        ("MOST_OF_ONE", 1, r"by Olena as may of one person \(1\) wait for the desk already"),
        ("MOST_BYTES", 1 << 20, "would take more than 1 MB of the database"),
    ],
)
def test_what_waits_for_a_theatre_is_bounded_and_what_waits_already_keeps_its_place(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, bound: str, most: int, said: str
) -> None:
    def waits(day: int, cells: Cells, by: str = "Olena") -> int | None:
        async def work(connection: asyncpg.Connection) -> Outcome:
            later = datetime(2099, 1, 1, tzinfo=UTC)
            layers, states = await desk.layers(connection), [snapshot(DAYS[day], cells)]
            job = Job(connection, layers, "control", publish_at=later, accept=WHY, by=by)
            return await import_snapshots(job, states, Report(read=len(cells)), "drawn")

        return desk.run(work).held

    first = waits(0, WIDE)
    if bound == "MOST_BYTES":  # as if it had been a large one
        desk.fetch("UPDATE held SET content = content || convert_to(repeat('x', 1 << 20), 'UTF8')")
    monkeypatch.setattr(f"tileserver.store.held.{bound}", most)
    with pytest.raises(TooManyAtOnce, match=said):
        waits(1, HALF)
    assert waits(0, WIDE) == first
    if bound == "MOST_OF_ONE":
        assert waits(1, HALF, by="Petro") is not None
    monkeypatch.undo()
    assert waits(1, LESS) is not None

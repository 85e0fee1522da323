"""Law: the desk sees what each revision did and what it would take away, before it takes it away."""

from __future__ import annotations

import io
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import Done, Run, snapshot

if TYPE_CHECKING:
    from tests.conftest import Databases

pytestmark = pytest.mark.db

FIRST = 1699563600  # 2023-11-09, 21:00 UTC
DAY = 86400
EVENT = (
    "date_key,side,lon,lat,d\n20231109,ru,37.6,49.7,A bridge https://x.org/1\n"
    "20231110,ua,37.7,49.7,A road https://x.org/2\n"
)


@pytest.fixture
def dsn(run: Run, database: str, tmp_path: Path) -> str:
    """A database with two states, in two revisions, of an area that goes west and comes back."""
    run("theatre", "add", "ukraine", dsn=database)
    run("import", "ukraine.control", str(snapshot(tmp_path, FIRST)), dsn=database)
    empty = tmp_path / f"{FIRST + DAY}.geojson"
    empty.write_text('{"type": "FeatureCollection", "features": []}')
    run("import", "ukraine.control", str(empty), "--accept", "it is empty", dsn=database)
    return database


def instant(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def held(run: Run, dsn: str, *argv: str) -> dict[str, float]:
    """The square kilometres that there are now, or as known in a revision."""
    found = run("area", "ukraine.control", "--json", *argv, dsn=dsn)
    areas: dict[str, float] = json.loads(found.out)["km2"]
    return areas


def test_revisions_are_listed_newest_first_for_all_or_for_one_layer(
    run: Run, dsn: str, tmp_path: Path
) -> None:
    (tmp_path / "e.csv").write_text(EVENT)
    run("import", "ukraine.events", str(tmp_path / "e.csv"), dsn=dsn)
    found = json.loads(run("revisions", "--json", dsn=dsn).out)
    assert [(each["revision"], each["summary"]) for each in found] == [
        (3, "2 features of ukraine.events from e.csv"),
        (2, f"1 snapshot of ukraine.control from {FIRST + DAY}.geojson; accepted: it is empty"),
        (1, f"1 snapshot of ukraine.control from {FIRST}.geojson"),
    ]
    assert found[0]["layers"]["ukraine.events"]["features_added"] == 2
    assert found[2]["layers"]["ukraine.control"]["features_added"] == 1
    assert found[2]["layers"]["ukraine.control"]["faces_added"] > 0
    assert set(found[2]["layers"]) == {"ukraine.control", "ukraine.frontline"}
    only = json.loads(run("revisions", "ukraine.events", "--json", dsn=dsn).out)
    assert [each["revision"] for each in only] == [3]
    table = run("revisions", "ukraine", dsn=dsn, COLUMNS="200")
    assert (table.code, table.err) == (0, "")
    (line,) = [line for line in table.out.splitlines() if "e.csv" in line]
    cells = [cell.strip() for cell in line.split("│")]
    assert cells[3:6] == ["2 features of ukraine.events from e.csv", "ukraine.events", "+2 -0"]


def test_diff_says_when_where_and_how_many_km2(run: Run, dsn: str) -> None:
    found = json.loads(run("diff", "1", "2", "--json", dsn=dsn).out)
    assert (found["old"], found["new"]) == (1, 2)
    layers = {each["layer"]: each["stretches"] for each in found["layers"]}
    assert {"ukraine.control", "ukraine.frontline", "ukraine.events", "ukraine.notes"} <= set(layers)
    assert layers["ukraine.events"] == []
    (stretch,) = layers["ukraine.control"]
    assert (stretch["from"], stretch["to"]) == (instant(FIRST + DAY), "..")
    assert stretch["bounds"] == pytest.approx([36.0, 48.0, 36.1, 48.1], abs=1e-3)
    assert (stretch["added"], stretch["gone"] > 0) == (0, True)
    km2 = stretch["km2"]["start"]
    assert km2["at"] == stretch["from"]
    assert (km2["old"]["occupied"], km2["new"]) == (pytest.approx(83, abs=1), {})
    assert km2["change"]["occupied"] == -km2["old"]["occupied"]
    assert stretch["km2"]["largest"] == km2
    back = json.loads(run("diff", "2", "1", "ukraine.control", "--json", dsn=dsn).out)["layers"][0]
    assert back["stretches"][0]["km2"]["start"]["new"] == km2["old"]
    table = run("diff", "1", "2", dsn=dsn, COLUMNS="200").out
    assert "ukraine.control, revision 2 against 1" in table
    assert f"occupied {km2['change']['occupied']:.1f}" in table
    assert "36.00 48.00 36.10 48.10" in table
    assert run("diff", "2", "2", dsn=dsn).out == "no difference between revisions 2 and 2\n"


def test_a_rollback_is_a_new_revision_and_again_nothing_changes(run: Run, dsn: str) -> None:
    assert held(run, dsn) == {}
    done = run("rollback", "1", "ukraine.control", "--reason", "a false report", dsn=dsn)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("ukraine.control: revision 3 holds what revision 1 held; ")
    assert held(run, dsn) == held(run, dsn, "--revision", "1") != {}
    assert held(run, dsn, "--revision", "2") == {}
    again = run("rollback", "1", "ukraine", dsn=dsn)
    assert again == Done(0, "ukraine: nothing changed; it holds what it held at revision 1\n", "")
    (newest, *_) = json.loads(run("revisions", "--json", dsn=dsn).out)
    assert newest["summary"] == "ukraine.control as known in revision 1: a false report"


def _withdrawn(revision: int) -> str:
    """How the command ends: with the duty to copies that were made before."""
    return (
        f"withdrawn, in revision {revision}\narchives, packs and static sites that say an earlier revision"
        f" than {revision} hold it for good: make yours anew (tileserver export, tileserver site make, site"
        " upload), and tell whoever took one\n"
    )


def test_a_withdrawal_shows_what_it_takes_and_asks(
    run: Run, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    argv = ("withdraw", "ukraine.control", "--from", "2023-11-10", "--to", "..", "--reason", "not public")
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    refused = run(*argv, dsn=dsn)
    assert refused.code == 0
    assert f"snapshots: {instant(FIRST + DAY)}\n" in refused.out
    assert refused.out.endswith("Withdraw this from every revision? [y/N]: nothing was withdrawn\n")
    assert held(run, dsn) == {}
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert run(*argv, dsn=dsn).code == 1  # nobody is there to answer
    assert held(run, dsn) == {}
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert run(*argv, dsn=dsn).out.endswith(_withdrawn(3))
    assert held(run, dsn) == held(run, dsn, "--revision", "2") != {}
    assert run(*argv, dsn=dsn) == Done(0, "nothing was withdrawn\n", "")


def test_a_period_that_ends_before_the_next_snapshot_is_said_to_go_on(run: Run, dsn: str) -> None:
    argv = ("withdraw", "ukraine.control", "--from", instant(FIRST), "--reason", "a test", "--yes")
    done = run(*argv, "--to", instant(FIRST + 3600), dsn=dsn)
    assert "no snapshot begins where the period ends" in done.out
    assert held(run, dsn, "--at", instant(FIRST)) == {}
    assert held(run, dsn, "--at", instant(FIRST + 3600)) != {}


def test_an_event_is_withdrawn_by_the_id_that_its_tile_has(run: Run, dsn: str, tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text(EVENT)
    run("import", "ukraine.events", str(tmp_path / "e.csv"), dsn=dsn)
    cut = ("tile", "ukraine.events", "0/0/0", "--at", "../..", "--stage", "rows")
    rows = run(*cut, dsn=dsn).out
    events = {each["properties"]["text"]: each["id"] for each in map(json.loads, rows.splitlines())}
    argv = ("withdraw", "ukraine.events", "--reason", "a house", "--yes")
    done = run(*argv, "--id", str(events["A road"]), dsn=dsn)
    assert done.out == "ukraine.events, rows of all revisions: 1 feature, 0 faces\n" + _withdrawn(4)
    for revision in ("3", "4"):
        rows = run(*cut, "--revision", revision, dsn=dsn).out
        assert [json.loads(row)["properties"]["text"] for row in rows.splitlines()] == ["A bridge"]


def test_a_complete_file_ends_what_it_does_not_hold(run: Run, dsn: str, tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.write_text(EVENT)
    run("import", "ukraine.events", str(path), dsn=dsn)
    path.write_text(EVENT.replace("A road", "A rail"))
    done = json.loads(run("import", "ukraine.events", str(path), "--complete", "--json", dsn=dsn).out)
    assert (done["revision"], done["added"], done["ended"]) == (4, 1, 1)


def test_an_event_is_withdrawn_by_its_sources_id_stays_away_and_is_let_in_again(
    run: Run, dsn: str, tmp_path: Path
) -> None:
    place = {"type": "Point", "coordinates": [37.6, 49.7]}
    said = {"side": "ru", "text": "A bridge", "date": "2023-11-09"}
    path = tmp_path / "e.geojson"
    path.write_text(json.dumps({"type": "Feature", "id": "A-1", "properties": said, "geometry": place}))
    options = ("--reader", "geojson", "--key-column", "id")
    imported = ("import", "ukraine.events", str(path), *options)
    assert json.loads(run(*imported, "--json", dsn=dsn).out)["added"] == 1
    named = ("ukraine.events", "--reason", "a house", "--key", "A-1")
    assert run("withdraw", *named, "--yes", dsn=dsn).out.endswith(_withdrawn(4))
    again = run(*imported, dsn=dsn)
    assert again.code == 0
    assert "nothing changed" in again.out
    assert "withdrawn" in again.out
    assert "a house" in " ".join(again.out.split())
    assert run("readmit", *named, dsn=dsn).out == "1 may come back with the next import into ukraine.events\n"
    assert json.loads(run(*imported, "--json", dsn=dsn).out)["added"] == 1
    assert run("readmit", *named, dsn=dsn).code == 2


REFUSED: list[tuple[tuple[str, ...], str]] = [
    (("revisions", "atlantis"), "there is no theatre 'atlantis' in the database"),
    (("revisions", "ukraine.roads"), "theatre ukraine has no layer 'roads'"),
    (("diff", "1", "9"), "revision 9 does not exist; the newest is 2"),
    (("rollback", "9", "ukraine"), "revision 9 does not exist; the newest is 2"),
    (("rollback", "1", "ukraine.frontline"), "ukraine.frontline derives from ukraine.control: roll back"),
    (("withdraw", "ukraine.events", "--reason", "x"), "--id, once or more, or --from and --to"),
    (
        ("withdraw", "ukraine.events", "--reason", "x", "--id", "1", "--from", "2023-11-09"),
        "--id, once or more, or --from and --to",
    ),
    (("withdraw", "ukraine.events", "--reason", "x", "--id", "1"), "ukraine.events has no feature 1"),
    (("readmit", "ukraine.events", "--reason", "x"), "--id or --key, once or more"),
    (("readmit", "ukraine.events", "--reason", "x", "--id", "1"), "nothing keeps 1 out of ukraine.events"),
    (("withdraw", "ukraine.control", "--reason", "x", "--id", "1"), "withdraw a period of it"),
    (
        ("withdraw", "ukraine.control", "--reason", "x", "--from", "2023-11-09", "--to", "2023-11-09"),
        "is empty: --to is not itself part of it",
    ),
    (
        ("withdraw", "ukraine.control", "--reason", "x", "--from", "2023-11-09/..", "--to", ".."),
        "is an interval; give its ends as --from and --to",
    ),
]


def test_what_cannot_be_exits_with_2_and_writes_nothing(run: Run, databases: Databases, dsn: str) -> None:
    for argv, said in REFUSED:
        done = run(*argv, dsn=dsn)
        assert (done.code, done.out) == (2, "")
        assert said in done.err.replace("\n", " ")
    newest = databases.run(dsn, lambda connection: connection.fetchval("SELECT max(id) FROM revision"))
    assert newest == 2

"""The desk and an import that is held: told why, shown what it would change, accepted with a reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import SQUARE, Done, Run, snapshot

if TYPE_CHECKING:
    pass

pytestmark = pytest.mark.db


@pytest.fixture
def dsn(run: Run, database: str, tmp_path: Path) -> str:
    """A database with one occupied square, and an import that is held: the same in a colour that is none."""
    run("theatre", "add", "ukraine", dsn=database)
    assert run("import", "ukraine.control", str(snapshot(tmp_path)), dsn=database).code == 0
    assert bad(run, database, tmp_path).code == 1
    return database


def bad(run: Run, dsn: str, folder: Path, *options: str) -> Done:
    path = snapshot(folder, 1699650000)
    path.write_text(path.read_text().replace("#a52714", "#a52715"))
    return run("import", "ukraine.control", str(path), *options, dsn=dsn)


def test_a_held_import_exits_with_1_and_says_why_and_how_to_publish_it(
    run: Run, dsn: str, tmp_path: Path
) -> None:
    done = bad(run, dsn, tmp_path)
    assert (done.code, done.err) == (1, "")
    lines = done.out.splitlines()
    assert lines[0] == (
        "ukraine.control: held back, nothing public changed; it is kept as 1;"
        " read 1, imported 0, quarantined 1, left out 0"
    )
    assert lines[1] == "  held: of 1 read nothing is left"
    assert lines[2] == (
        "  held: 1 of 1 read were quarantined (has a status that the layer does not declare: 1);"
        " to leave one out of a state says that it does not hold"
    )
    assert lines[3] == "  held: nothing would hold on 2023-11-10T21:00:00Z"
    assert (
        "status occupied would fall from 83 to 0 km2 on 2023-11-10T21:00:00Z, more than the 25 % allowed"
        in done.out
    )
    assert lines[-1] == "To publish it: tileserver held accept 1 --reason ..."
    machine = json.loads(bad(run, dsn, tmp_path, "--json").out)
    assert (machine["held"], machine["revision"]) == (1, None)
    assert {each["rule"] for each in machine["rulings"]} == {"nothing_left", "quarantined", "fall"}


def test_what_is_held_is_listed_shown_and_accepted(run: Run, dsn: str) -> None:
    (listed,) = json.loads(run("held", "list", "--json", dsn=dsn).out)
    assert (listed["id"], listed["layer"], listed["state"]) == (1, "ukraine.control", "waiting")
    assert "1699650000.geojson" in run("held", "list", dsn=dsn).out
    shown = run("held", "show", "1", dsn=dsn).out
    for said in ("#a52715", "unknown_status", "occupied", "-82.9", "tileserver held accept 1 --reason ..."):
        assert said in shown
    machine = json.loads(run("held", "show", "1", "--json", dsn=dsn).out)
    (change,) = machine["km2"]
    assert (change["status"], change["after"]) == ("occupied", 0)
    done = run("held", "accept", "1", "--reason", "the square was burnt down", dsn=dsn)
    assert (done.code, done.err) == (0, "")
    assert "revision 2" in done.out
    assert "accepted: 1 of 1 read were quarantined" in done.out
    revisions = json.loads(run("revisions", "--json", dsn=dsn).out)
    assert revisions[0]["summary"].endswith("; accepted: the square was burnt down")
    assert run("held", "list", dsn=dsn).out == "nothing is held back\n"
    assert "accepted in revision 2: the square was burnt down" in run("held", "show", "1", dsn=dsn).out


def test_what_is_held_can_be_rejected_once(run: Run, dsn: str) -> None:
    assert run("held", "reject", "1", "--reason", "their export broke", dsn=dsn) == Done(
        0, "rejected: 1\n", ""
    )
    again = run("held", "accept", "1", "--reason", "no", dsn=dsn)
    assert again == Done(2, "", "Bad parameter: held import 1 was rejected already\n")
    (listed,) = json.loads(run("held", "list", "--all", "--json", dsn=dsn).out)
    assert (listed["state"], listed["reason"]) == ("rejected", "their export broke")


def test_an_acceptance_needs_a_reason_and_a_number_that_is_there(run: Run, dsn: str) -> None:
    assert run("held", "accept", "1", dsn=dsn).code == 2
    missing = run("held", "show", "7", dsn=dsn)
    assert missing == Done(
        2, "", "Bad parameter: there is no held import 7; list them with: tileserver held list --all\n"
    )


def test_what_a_stranger_wrote_is_printed_as_it_is(run: Run, dsn: str, tmp_path: Path) -> None:
    path = snapshot(tmp_path, 1699650000)
    path.write_text(path.read_text().replace('"fill": "#a52714"', '"name": "[bold]ours[/bold] [/x]"'))
    done = run("import", "ukraine.control", str(path), dsn=dsn)
    assert done.code == 1
    assert "[bold]ours[/bold] [/x]" in done.out


def test_accepting_at_once_exits_with_0(run: Run, dsn: str, tmp_path: Path) -> None:
    done = bad(run, dsn, tmp_path, "--accept", "the square was burnt down")
    assert (done.code, done.err) == (0, "")
    assert "revision 2" in done.out


def test_events_of_which_few_are_put_aside_are_published_and_say_so(
    run: Run, database: str, tmp_path: Path
) -> None:
    run("theatre", "add", "ukraine", dsn=database)
    (west, south), *_ = SQUARE
    rows = [
        f"20231109,ru,{west},{south + number / 1000},Event https://x.org/{number}" for number in range(30)
    ]
    path = tmp_path / "events.csv"
    path.write_text("\n".join(["date_key,side,lon,lat,d", *rows, f"20231109,nobody,{west},{south},Event"]))
    done = run("import", "ukraine.events", str(path), dsn=database)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[-1] == "1 was quarantined and is not published; the rest is."

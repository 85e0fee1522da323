"""Law: every command that changes data, or who may see it, says in the audit log who did it, and why."""

from __future__ import annotations

import getpass
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from tests.cli.conftest import Run, snapshot
from tileserver.cli.main import app

pytestmark = pytest.mark.db

FIRST = 1699563600  # 2023-11-09, 21:00 UTC
DAY = 86400
VILLAGES = "name,lat,lon\nPisky,48.06,37.67\n"


def _commands() -> Iterator[tuple[str, Any]]:
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        for sub, own in getattr(command, "commands", {"": command}).items():
            yield f"{name} {sub}".strip(), own


def entries(run: Run, dsn: str, *options: str) -> list[dict[str, Any]]:
    """The entries that the command lists, the oldest first."""
    found: list[dict[str, Any]] = json.loads(run("audit", "list", "--json", *options, dsn=dsn).out)
    return found[::-1]


def test_every_command_that_changes_what_readers_get_says_who_and_why(
    run: Run, database: str, tmp_path: Path
) -> None:
    first, dsn = snapshot(tmp_path, FIRST), database
    broken = snapshot(tmp_path, FIRST + DAY)
    broken.write_text(broken.read_text().replace("#a52714", "#a52715"))
    villages = tmp_path / "villages.csv"
    villages.write_text(VILLAGES)
    assert run("theatre", "add", "ukraine", "--by", "Al", "--reason", "a start", dsn=dsn).code == 0
    made = json.loads(
        run("keys", "add", "The Post", "--by", "Al", "--reason", "a contract", "--json", dsn=dsn).out
    )
    span = ("--from", "2023-11-09T21:00:00Z", "--to", "..", "--yes")
    lines: list[tuple[str, ...]] = [
        ("import", "ukraine.control", str(first), "--reason", "the evening"),
        ("import", "ukraine.control", str(broken)),
        ("held", "accept", "1", "--reason", "burnt down"),
        ("remark", "2", "uk=слова", "--reason", "they asked"),
        ("rollback", "1", "ukraine.control", "--reason", "too early"),
        ("withdraw", "ukraine.control", "--reason", "never so", *span),
        ("theatre", "hide", "ukraine", "--reason", "a fire"),
        ("theatre", "unhide", "ukraine", "--reason", "it is out"),
        ("places", "import", str(villages), "--reason", "asked for"),
        ("places", "remove", "villages", "--reason", "misspelt"),
        ("keys", "revoke", made["id"], "--reason", "it leaked"),
        ("theatre", "remove", "ukraine", "--reason", "a trial", "--yes", "--force"),
    ]
    for line in lines:
        done = run(*line, "--by", "Bo  Berg", dsn=dsn)
        assert done.code == (1 if line[:3] == ("import", "ukraine.control", str(broken)) else 0), (line, done)
    found = entries(run, dsn)
    assert [(each["what"], each["by"], each["reason"], each["revisions"]) for each in found] == [
        ("begin", "", "", []),
        ("theatre add", "Al", "a start", []),
        ("key add", "Al", "a contract", []),
        ("import", "Bo Berg", "the evening", [1]),
        ("hold", "Bo Berg", "", []),
        ("accept", "Bo Berg", "burnt down", [2]),
        ("remark", "Bo Berg", "they asked", [3]),
        ("rollback", "Bo Berg", "too early", [4]),
        ("withdraw", "Bo Berg", "never so", [5]),
        ("theatre hide", "Bo Berg", "a fire", []),
        ("theatre unhide", "Bo Berg", "it is out", []),
        ("places import", "Bo Berg", "asked for", []),
        ("places remove", "Bo Berg", "misspelt", []),
        ("key revoke", "Bo Berg", "it leaked", []),
        ("theatre remove", "Bo Berg", "a trial", [6]),
    ]
    imported, held = found[3]["details"], found[4]["details"]
    assert imported["sha256"] == hashlib.sha256(first.read_bytes()).hexdigest()
    assert imported["file"] == first.name
    assert imported["km2"][0].items() >= {"status": "occupied", "before": 0.0, "after": 82.9}.items()
    assert held["sha256"] == hashlib.sha256(broken.read_bytes()).hexdigest()
    assert found[5]["details"]["held"] == held["held"] == 1
    assert "more than the 25 % allowed" in " ".join(held["why"])
    said = json.dumps(found)
    secret = made["key"].removeprefix(made["id"])
    assert secret
    assert made["key"] not in said
    assert hashlib.sha256(made["key"].encode()).hexdigest() not in said
    assert run("audit", "verify", dsn=dsn).out == f"whole: 15 entries, head {found[-1]['hash']}\n"


def test_what_changes_nothing_and_what_fails_leaves_no_entry(run: Run, database: str, tmp_path: Path) -> None:
    file = str(snapshot(tmp_path, FIRST))
    run("theatre", "add", "ukraine", dsn=database)
    run("import", "ukraine.control", file, dsn=database)
    before = entries(run, database)
    for line, code in (
        (("theatre", "add", "ukraine"), 0),
        (("theatre", "unhide", "ukraine"), 0),
        (("import", "ukraine.control", file), 0),
        (("import", "ukraine.control", file, "--dry-run"), 0),
        (("rollback", "1", "ukraine.control"), 0),
        (("remark", "9", "words"), 2),
        (("places", "remove", "nowhere"), 2),
        (("held", "reject", "7"), 2),
        (("withdraw", "ukraine.control", "--reason", " ", "--from", "2023-11-09", "--to", "..", "--yes"), 2),
    ):
        assert run(*line, dsn=database).code == code, line
    assert entries(run, database) == before


def test_without_a_name_the_setting_says_who_and_else_the_system(
    run: Run, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("theatre", "add", "ukraine", dsn=database)
    run("theatre", "hide", "ukraine", dsn=database, TILESERVER_BY="the night desk")
    monkeypatch.delenv("TILESERVER_BY")
    assert [each["by"] for each in entries(run, database)] == ["", getpass.getuser(), "the night desk"]


def test_entries_are_listed_and_shown_by_theatre_kind_and_person(run: Run, database: str) -> None:
    run("theatre", "add", "ukraine", "--by", "Al", dsn=database)
    run("theatre", "add", "western-front", "--by", "Bo", "--reason", "a [bold] reason", dsn=database)
    run("theatre", "hide", "western-front", "--by", "Al", dsn=database)
    assert [each["number"] for each in entries(run, database, "--theatre", "western-front")] == [3, 4]
    assert [each["number"] for each in entries(run, database, "--by", "Al")] == [2, 4]
    assert [each["number"] for each in entries(run, database, "--what", "theatre add")] == [2, 3]
    listed = run("audit", "list", "--last", "2", dsn=database).out
    assert "theatre hide" in listed
    assert "a [bold] reason" in listed
    assert "Al" in listed
    assert "ukraine" not in listed
    shown = run("audit", "show", "3", dsn=database)
    assert "by: Bo\n" in shown.out
    assert "sha256" in shown.out
    assert json.loads(run("audit", "show", "3", "--json", dsn=database).out)["reason"] == "a [bold] reason"
    none = run("audit", "show", "77", dsn=database)
    assert (none.code, "the newest is 4" in none.err) == (2, True)


def test_an_export_is_verified_without_a_database_and_a_head_notices_what_was_cut_off(
    run: Run, database: str, tmp_path: Path
) -> None:
    run("theatre", "add", "ukraine", dsn=database)
    run("theatre", "hide", "ukraine", dsn=database)
    head = run("audit", "head", dsn=database).out.strip()
    assert json.loads(run("audit", "head", "--json", dsn=database).out) == {"entry": 3, "head": head}
    log = tmp_path / "log.jsonl"
    assert run("audit", "export", str(log), dsn=database).code == 0
    assert run("audit", "export", dsn=database).out == log.read_text()
    assert run("audit", "verify", str(log), "--head", head).code == 0
    log.write_text("".join(log.read_text().splitlines(keepends=True)[:2]))
    assert run("audit", "verify", str(log)).code == 0
    cut = run("audit", "verify", str(log), "--head", head)
    assert (cut.code, cut.out[:40]) == (1, "broken at entry 3: the head that was rem")
    log.write_text(log.read_text().replace("ukraine", "ukraina"))
    changed = run("audit", "verify", str(log), "--json")
    assert (changed.code, json.loads(changed.out)["entries"]) == (1, 1)
    assert run("audit", "verify", "--head", "12", dsn=database).code == 2
    refused = run("audit", "export", str(tmp_path / "no" / "log.jsonl"), dsn=database)
    assert (refused.code, "cannot be written" in refused.err) == (2, True)


def test_the_help_of_each_command_that_acts_offers_a_name(run: Run) -> None:
    acting = {name for name, command in _commands() if any("--by" in each.opts for each in command.params)}
    assert acting - {"audit list"} == {
        "db renew", "db restore",
        "import", "sample", "rollback", "remark", "withdraw", "readmit", "held accept", "held reject",
        "held approve", "held cancel",
        "theatre add", "theatre hide", "theatre unhide", "theatre remove", "places import", "places remove",
        "keys add", "keys revoke",
        "note add", "note edit", "note end", "note import", "event edit", "event end", "event release",
    }  # fmt: skip

"""The commands of notes and events, and every command of docs/notes.md in the order of the page."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.conftest import Done, Run

if TYPE_CHECKING:
    from tests.conftest import Databases

pytestmark = pytest.mark.db

PAGE = Path(__file__).parents[2] / "docs" / "notes.md"
ADD = (
    "note", "add", "ukraine", "--direction", "kupiansk", "--day", "2023-11-06", "--text", "en=Attacks go on.",
    "--text", "uk=Атаки тривають.", "--by", "Anna",
)  # fmt: skip


@pytest.fixture
def dsn(run: Run, database: str) -> str:
    run("theatre", "add", "ukraine", dsn=database)
    return database


@pytest.fixture
def said(run: Run, dsn: str) -> Callable[..., Done]:
    return lambda *argv: run(*argv, dsn=dsn)


def added(said: Callable[..., Done]) -> str:
    done = said(*ADD, "--json")
    assert done.code == 0, done.err
    return f"n{json.loads(done.out)['changed'][0]['id']}"


def test_every_command_of_the_page_does_what_it_says(
    run: Run, databases: Databases, sample_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dsn = databases.copy(sample_database)
    monkeypatch.chdir(tmp_path)
    events = databases.run(
        dsn,
        lambda connection: connection.fetchval(
            "SELECT f.id FROM feature_version f JOIN layer l ON l.id = f.layer"
            " WHERE l.theatre = 'ukraine-sample' AND l.name = 'events' ORDER BY lower(valid), f.id LIMIT 1"
        ),
    )
    names = {"$EVENT": str(events)}
    lines = [
        line
        for block in re.findall(r"```sh\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
        for line in block.splitlines()
    ]
    assert len(lines) >= 14
    for line in lines:
        words = [names.get(word, word) for word in shlex.split(line)]
        done = run(*words[1:], dsn=dsn)
        assert done.code == 0, (line, done.err)
        if words[1:3] == ["note", "add"]:
            names["$ID"] = re.findall(r"^(n\d+) new", done.out, re.MULTILINE)[0]


def test_a_note_is_written_shown_edited_and_ended_and_the_log_says_who(said: Callable[..., Done]) -> None:
    number = added(said)
    assert "Attacks go on." in said("note", "list", "ukraine").out
    edited = said(
        "note",
        "edit",
        "ukraine",
        number,
        "--text",
        "en=Quiet.",
        "--text",
        "uk=",
        "--by",
        "Bo",
        "--reason",
        "late",
    )
    assert "text_en: Attacks go on. -> Quiet." in edited.out
    assert "text_uk: Атаки тривають. -> nothing" in edited.out
    shown = said("note", "show", "ukraine", number).out
    assert re.findall(r"known from revision (\d)", shown) == ["2", "1"]
    assert said("note", "end", "ukraine", number, "--altogether").code == 0
    assert json.loads(said("note", "list", "ukraine", "--json").out) == []
    acts = [json.loads(line) for line in _log(said)]
    assert [(each["what"], each["by"]) for each in acts if each["what"].startswith("note")][:2] == [
        ("note add", "Anna"),
        ("note edit", "Bo"),
    ]
    (edit,) = [each for each in acts if each["what"] == "note edit"]
    assert (edit["reason"], edit["details"]["ids"]) == ("late", [int(number[1:])])


def _log(said: Callable[..., Done]) -> list[str]:
    path = Path("log.jsonl")
    assert said("audit", "export", str(path)).code == 0
    return path.read_text("utf-8").splitlines()


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("note", "end", "ukraine", "n1"), "--last and its last day, or --altogether"),
        (("note", "edit", "ukraine", "n1", "--text", "en=x"), "n1|1 is none"),
        (("note", "edit", "ukraine", "4.5E+15", "--text", "en=x"), "is no id"),
        (("note", "list", "ukraine.control2"), "no layer"),
        (("note", "add", "ukraine", "--direction", "lyman", "--text", "en=x"), "which day"),
        (("note", "add", "ukraine", "--direction", "lyman", "--day", "2023-11-06"), "in a language at least"),
        (
            ("note", "add", "ukraine", "--direction", "Nowhere", "--day", "2023-11-06", "--text", "en=x"),
            "where it is",
        ),
        ((*ADD, "--from", "2023-11-06"), "--day is one day"),
        ((*ADD, "--place", "37.66"), "no lon,lat"),
        ((*ADD, "--text", "en=Again."), "two things"),
        (("event", "edit", "ukraine.events", "--text", "x"), "its id, or --key"),
        (("event", "edit", "ukraine.events", "1", "--set", "text"), "FIELD=WORDS"),
        (("event", "show", "ukraine.events", "--key", "A1"), "in any revision"),
        (("event", "end", "ukraine.control", "1"), "importing its day again"),
        (("event", "release", "ukraine.events", "1"), "amended nothing"),
    ],
)
def test_a_command_that_cannot_be_says_what_would_do(
    said: Callable[..., Done], argv: tuple[str, ...], words: str
) -> None:
    done = said(*argv)
    assert done.code == 2
    assert re.search(words, done.err)
    assert json.loads(said("revisions", "--json").out) == []


def test_a_table_with_faults_is_told_row_by_row_and_exits_with_one(said: Callable[..., Done]) -> None:
    number = added(said)
    said("note", "export", "ukraine", "--out", "notes.csv")
    table = Path("notes.csv").read_text("utf-8-sig")
    assert number in table
    Path("notes.csv").write_text(table.replace(number, "n7").replace("2023-11-06", "6 Nov"), "utf-8")
    done = said("note", "import", "ukraine", "notes.csv")
    assert done.code == 1
    assert "no current note has this id" in done.out
    told: dict[str, Any] = json.loads(said("note", "import", "ukraine", "notes.csv", "--json").out)
    assert told["faults"][0]["column"] == "id"
    assert [each["revision"] for each in json.loads(said("revisions", "--json").out)] == [1]

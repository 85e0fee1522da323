"""Commands on theatres: what they print can be read again, and what cannot be undone is asked for twice."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.conftest import NOW, Databases
from tests.twins import USUAL, tell, world
from tileserver.cli.main import app
from tileserver.cli.session import clock
from tileserver.theatres import load_theatre, shipped
from tileserver.theatres.write import toml_of

pytestmark = pytest.mark.db

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(databases: Databases, database: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    databases.run(database, partial(tell, names=USUAL))
    monkeypatch.setenv("DATABASE_URL", database)

    def call(*arguments: str, answer: str = "") -> tuple[int, str]:
        clock.set(lambda: NOW)
        result = CliRunner().invoke(app, ["theatre", *arguments], input=answer)
        return result.exit_code, result.output if result.exception is None else str(result.exception)

    return call


def test_what_show_prints_is_what_add_takes(run: Run, tmp_path: Path) -> None:
    shown = tmp_path / "shown.toml"
    shown.write_text(run("show", "twin")[1], "utf-8")
    assert load_theatre(str(shown)) == world(USUAL)
    assert run("add", str(shown)) == (0, "twin: unchanged; layers control, frontline, events, notes\n")


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_definition_is_written_as_it_is_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / "shown.toml"
    path.write_text(toml_of(load_theatre(name)), "utf-8")
    assert load_theatre(str(path)) == load_theatre(name)


def test_a_hidden_theatre_is_listed_as_such(run: Run) -> None:
    assert run("hide", "twin") == (0, "twin: hidden\n")
    assert '"id":"twin","state":"hidden"' in run("list", "--json")[1]
    assert run("unhide", "twin") == (0, "twin: shown\n")
    assert '"id":"twin","state":"stored"' in run("list", "--json")[1]


def test_public_data_is_removed_by_force_only_and_after_a_question(run: Run) -> None:
    _, refused = run("remove", "twin", "--yes")
    assert "has public data: hide it" in refused
    assert "twin: stays" in run("remove", "twin", "--force", answer="n\n")[1]
    assert run("show", "twin")[0] == 0
    code, said = run("remove", "twin", "--force", "--yes")
    assert (code, said.splitlines()[-1]) == (0, "twin: removed, in revision 4")


def test_a_hidden_theatre_can_be_removed_without_force(run: Run) -> None:
    run("hide", "twin")
    assert run("remove", "twin", "--yes")[1].splitlines()[-1].startswith("twin: removed")


@pytest.mark.parametrize("command", ["hide", "unhide", "remove"])
def test_a_theatre_that_is_not_there_is_named(run: Run, command: str) -> None:
    code, said = run(command, "atlantis")
    assert code != 0
    assert "there is no theatre 'atlantis'" in said

"""Law: what a command prints obeys the same clock as the server, unless it is the desk's and says so."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer.main

import tileserver
from tests.embargo.commands import COMMANDS, Call, Desk, Mute, printed
from tests.embargo.exits import NEWEST, NEWEST_WITHOUT
from tests.embargo.said import DECLARED, TIME_OF_IMPORT
from tests.embargo.world import DAY_END, World
from tileserver.cli.main import app, main

SECOND = timedelta(seconds=1)

pytestmark = pytest.mark.db


def commands(group: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Yield every command with the words that call it; groups are none."""
    inner = getattr(group, "commands", None)
    if inner is None:
        yield " ".join(words), group
    for name, each in (inner or {}).items():
        yield from commands(each, (*words, name))


ALL = dict(commands(typer.main.get_command(app)))
CALLS = [call for entry in COMMANDS.values() if not isinstance(entry, Desk | Mute) for call in entry]

Run = Callable[[Call, str, datetime], bytes]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """A function that runs a command on the database *dsn* at *now*, and returns all that it prints."""

    def run(call: Call, dsn: str, now: datetime) -> bytes:
        monkeypatch.setattr(sys, "argv", ["tileserver", *call.line.format(out=tmp_path / "out").split()])
        monkeypatch.setenv("DATABASE_URL", dsn)
        monkeypatch.setenv("COLUMNS", "200")
        shelf = tmp_path / str(len(list(tmp_path.iterdir())))  # a new one each time, as `seed` fills it
        monkeypatch.setenv("TILESERVER_SHELF", str(shelf))
        raw = io.BytesIO()
        with redirect_stdout(io.TextIOWrapper(raw, "utf-8")) as text, pytest.raises(SystemExit) as end:
            main(lambda: now)
        text.flush()
        assert not end.value.code, call.line
        return raw.getvalue()

    return run


def test_every_command_has_its_answer() -> None:
    uncovered = ALL.keys() - COMMANDS.keys()
    assert not uncovered, "say in COMMANDS how these are tried, or why they need not be"
    assert not COMMANDS.keys() - ALL.keys(), "these are no longer there"


def test_what_is_the_desks_own_says_so_in_its_help() -> None:
    for name, entry in COMMANDS.items():
        if isinstance(entry, Desk):
            assert entry.says in " ".join(str(ALL[name].help).split()), name


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.line)
def test_a_command_tells_the_secret_when_the_horizon_passes_and_not_before(
    run: Run, world: World, call: Call
) -> None:
    before, after = (DAY_END + call.until + late for late in (-SECOND, SECOND))
    early = run(call, world.secret, before)
    # Without a secret the newest revision has a lower number, and a command refuses another one.
    without = replace(call, line=call.line.replace(f"--revision {NEWEST}", f"--revision {NEWEST_WITHOUT}"))
    innocent, other = run(without, world.innocent, before), run(call, world.other, before)
    assert printed(early, call, but_for=DECLARED) == printed(innocent, call, but_for=DECLARED)
    assert printed(early, call, but_for=TIME_OF_IMPORT) == printed(other, call, but_for=TIME_OF_IMPORT)
    told = printed(run(call, world.secret, after), call, but_for=DECLARED)
    assert (told != printed(early, call, but_for=DECLARED)) == call.shows


def test_there_is_one_clock() -> None:
    """No other module asks what time it is, so none has to be told when a test sets the clock."""
    root = Path(tileserver.__file__).parent
    asking = ("datetime.now(", "utcnow(", ".today(", "time.time(")
    found = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if any(word in path.read_text("utf-8") for word in asking)
    }
    assert found == {"times.py"}

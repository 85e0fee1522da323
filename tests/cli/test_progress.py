"""How far long work has come: a bar, or lines in a log; and the samples at a server's first start."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import asyncpg
import pytest
from rich.console import Console

from tests.conftest import ROOT, Databases, free_port
from tileserver.cli import progress
from tileserver.store.migrations import migrate
from tileserver.store.revisions import write_locked

Said = Callable[[bool], StringIO]

# The samples of a few days: all of them take two minutes.
_FEW_DAYS = """
import tileserver.samples.draw as draw
whole = draw.change_days
draw.change_days = lambda rows: whole(rows)[:4]
import tileserver.cli.progress as progress
progress._LINE_S = 0.0
from tileserver.cli.main import main
main()
"""


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Said:
    """A function that has what commands say on standard error go into a text, of a terminal or not."""

    def told(is_terminal: bool) -> StringIO:
        text = StringIO()
        monkeypatch.delenv("NO_PROGRESS", raising=False)
        monkeypatch.setattr(progress, "err", Console(file=text, force_terminal=is_terminal, width=100))
        return text

    return told


def test_a_log_is_told_a_line_now_and_then_and_nothing_of_short_work(
    said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    text = said(False)
    with progress.progress_bar() as show:
        for second in range(25):
            now[0] = 100.0 + second
            show("drawing [control]", second * 1000, 24000)
        now[0] += 10
        show("writing", 0, None)
    assert text.getvalue() == (
        "drawing [control] 10,000 of 24,000\ndrawing [control] 20,000 of 24,000\nwriting\n"
    )


def test_a_stage_that_begins_again_has_its_own_total_on_a_terminal(said: Said) -> None:
    text = said(True)
    with progress.progress_bar() as show:
        show("drawing [control]", 185, 185)
        show("writing", 0, None)
        show("drawing [control]", 12, 40)
    last = text.getvalue()
    assert "drawing [control]" in last
    assert "12/40" in last
    assert "12/185" not in last


@pytest.mark.parametrize("is_terminal", [True, False])
def test_nothing_is_said_where_nobody_wants_it(
    said: Said, monkeypatch: pytest.MonkeyPatch, is_terminal: bool
) -> None:
    text = said(is_terminal)
    monkeypatch.setattr(progress, "_LINE_S", 0.0)
    monkeypatch.setenv("NO_PROGRESS", "1")
    with progress.progress_bar() as show:
        show("drawing", 1, 2)
    assert text.getvalue() == ""


@pytest.mark.db
def test_a_server_that_loads_the_samples_says_so_and_how_far_it_is_and_answers_when_they_are_there(
    databases: Databases, tmp_path: Path
) -> None:
    dsn, port, log = databases.bare(), free_port(), tmp_path / "log"
    databases.run(dsn, migrate)

    async def hold(connection: asyncpg.Connection) -> subprocess.Popen[bytes]:
        async with write_locked(connection):  # so that no sample can be loaded yet
            server = _started(dsn, port, log)
            await asyncio.to_thread(_wait, lambda: "loading the samples, once" in log.read_text())
            await asyncio.sleep(6)  # longer than an older archive is waited for
            assert await asyncio.to_thread(_body, port, "/healthz") == b"", "nobody is shown an empty map"
            return server

    server = databases.run(dsn, hold)
    try:
        _wait(lambda: _body(port, "/healthz") == b'{"status":"ok"}')
        assert b'"ukraine-sample"' in _body(port, "/tilesets")
        plain = [line for line in log.read_text().splitlines() if not line.startswith("{")]
    finally:
        server.terminate()
        server.wait(30)
    assert plain[0] == "loading the samples, once: the server answers in some minutes"
    assert plain[-1] == f"serving at http://127.0.0.1:{port}; stop with Ctrl-C"
    assert "sample 1 of 2, western-front, laying out days 4 of 4" in plain
    assert "sample 2 of 2, ukraine-sample, drawing control 4 of 4" in plain


def _started(dsn: str, port: int, log: Path) -> subprocess.Popen[bytes]:
    environment = {key: value for key, value in os.environ.items() if key != "NO_PROGRESS"}
    environment |= {"DATABASE_URL": dsn, "PORT": str(port), "TILESERVER_LOG": "json"}
    argv = [sys.executable, "-c", _FEW_DAYS, "serve", "--sample"]
    with log.open("wb") as file:
        return subprocess.Popen(argv, env=environment, cwd=ROOT, stderr=file, stdout=file)


def _body(port: int, path: str) -> bytes:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            body: bytes = answer.read()
            return body
    except OSError:
        return b""


def _wait(holds: Callable[[], bool], within_s: float = 90) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)

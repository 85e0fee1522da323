"""The command line run in this process, and a small file to import."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tileserver.cli import session
from tileserver.cli.main import main

NOWHERE = "postgresql://reader:hush@127.0.0.1:1/map"
SQUARE = [[36.0, 48.0], [36.1, 48.0], [36.1, 48.1], [36.0, 48.1], [36.0, 48.0]]


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]
# On a busy machine a server that other tests of this process keep may say so while a command runs.
_OF_SERVERS = re.compile(r"^\[(error +\] task failed|warning +\] the desk is waited for) .*\n", re.MULTILINE)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """A function that runs a command in this process on the database *dsn*, without the shell's settings."""
    for name in [each for each in os.environ if each.startswith("TILESERVER_") and "_TEST_" not in each]:
        monkeypatch.delenv(name)

    def run(*argv: str, dsn: str = NOWHERE, **environment: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["tileserver", *argv])
        monkeypatch.setattr(session.out, "width", 200)  # how a table is folded is not what is tested
        for name, value in {"DATABASE_URL": dsn, **environment}.items():
            monkeypatch.setenv(name, value)
        code: Any = 0
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        assert "hush" not in said.out + said.err
        return Done(code, said.out, _OF_SERVERS.sub("", said.err))

    return run


def snapshot(path: Path, at: int = 1699563600) -> Path:
    """Write a state of one occupied square, published *at*."""
    geometry = {"type": "Polygon", "coordinates": [SQUARE]}
    feature = {"type": "Feature", "properties": {"fill": "#a52714"}, "geometry": geometry}
    file = path / f"{at}.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return file

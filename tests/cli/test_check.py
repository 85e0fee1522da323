"""``check`` and the caches of tiles: on disk, and shared with other machines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.conftest import free_port

pytestmark = pytest.mark.db


def test_check_sees_a_shelf_that_keeps_nothing(run: Run, database: str) -> None:
    done = run("check", "--json", dsn=database, PORT=str(free_port()), TILESERVER_SHELF="/proc/nowhere")
    assert done.code == 3
    assert "no tile is kept in /proc/nowhere" in done.out


def test_check_sees_a_shelf_on_a_disk_that_is_full(
    run: Run, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = {"PORT": str(free_port()), "TILESERVER_SHELF": str(tmp_path)}

    def found() -> dict[str, Any]:
        listed = json.loads(run("check", "--json", dsn=database, **there).out)
        return next(each for each in listed if each["what"] == "shelf")

    assert found() == {"what": "shelf", "ok": True, "detail": f"tiles are kept in {tmp_path}"}
    monkeypatch.setattr("tileserver.cli.probes.RESERVED", 1 << 62)  # more than is free on any disk
    full = found()
    assert not full["ok"]
    assert full["detail"].startswith(f"the disk of {tmp_path} has ")


def test_check_sees_a_shared_cache_that_is_away_and_shows_no_password(run: Run, database: str) -> None:
    url = f"redis://:hunter2@127.0.0.1:{free_port()}/0"
    done = run("check", "--json", dsn=database, PORT=str(free_port()), TILESERVER_SHARED_CACHE=url)
    assert done.code == 3
    assert "the server of TILESERVER_SHARED_CACHE is not used: it cannot be reached" in done.out
    assert "hunter2" not in done.out + done.err

"""Law: a site of static files holds what the public is told when it is made, and nothing else."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.embargo.said import DECLARED, without
from tests.embargo.world import DAY_END, EMBARGO, LONG, World
from tileserver.cli.main import main
from tileserver.export import pmtiles

pytestmark = pytest.mark.db

SECOND = timedelta(seconds=1)
_HASH = re.compile(rb"(?<=-)[0-9a-f]{16}(?=\.)")  # in a name of bytes, with the revision in them
MADE = {"made", "published", "horizon"}  # the moment alone

Make = Callable[[str, datetime], dict[str, Any]]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Make:
    """A function that makes the site of a database at a moment, and returns all that its files say."""

    def make(dsn: str, now: datetime) -> dict[str, Any]:
        folder = tmp_path / "site"
        line = f"site make {folder} --theatre toy --theatre crowd --zooms 5-6"
        monkeypatch.setattr(sys, "argv", ["tileserver", *line.split()])
        monkeypatch.setenv("DATABASE_URL", dsn)
        with pytest.raises(SystemExit) as end:
            main(lambda: now)
        assert not end.value.code
        return _said(folder)

    return make


def test_no_file_tells_the_secret_before_the_horizon_and_its_own_files_do_after(
    make: Make, world: World
) -> None:
    before = DAY_END + EMBARGO - SECOND
    early, innocent = make(world.secret, before), make(world.innocent, before)
    assert early.keys() == innocent.keys()
    for address, said in early.items():
        assert said == innocent[address], address
    late = make(world.secret, DAY_END + LONG + SECOND)
    told = {address for address in late if late[address] != early.get(address)}
    assert {"toy tiles", "tilesets/toy", "tilesets/toy/timeline", "toy events"} <= told


def _said(folder: Path) -> dict[str, Any]:
    """Return what each file says, by address, but for revisions and the moment."""
    listed = json.loads((folder / "site.json").read_bytes())
    found: dict[str, Any] = {
        f"{theatre} events": [json.loads((folder / one["file"]).read_bytes()) for one in pieces]
        for theatre, pieces in listed["events"].items()
    }
    for address, path in listed["files"].items():
        data = (folder / path).read_bytes()
        theatre = next((each for each in ("crowd", "toy") if f"/{each}" in address), "")
        key = address if theatre != "crowd" else f"crowd {address}"
        found[key] = _document(json.loads(data)) if path.endswith(".json") else data
    for theatre in listed["theatres"]:
        archives = sorted((folder / "tiles").glob(f"{theatre}-history-*.pmtiles"))
        found[f"{theatre} tiles"] = [_tiles(path) for path in archives]
        for text in ("method", "corrections"):
            found[f"{theatre} {text}"] = _page(folder / text / f"{theatre}.uk.html")
    found["page"] = _page(folder / "index.html")
    return found


def _page(path: Path) -> bytes:
    return _HASH.sub(b"", path.read_bytes())


def _document(document: Any) -> Any:
    history = document.get("time", {}).get("history") if isinstance(document, dict) else None
    for period in history["periods"] if history else ():
        period["id"] = period["id"].rpartition("-")[0]  # the rest names bytes, with the revision in them
    return without(document, {*DECLARED, *MADE})


def _tiles(path: Path) -> list[tuple[str, bytes]]:
    with pmtiles.reading(path) as archive:
        return [(str(address), data) for address, data in archive.tiles()]

"""Embedded clusters that run on the machine, whoever the starter was."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from tileserver.embedded.home import BACK
from tileserver.embedded.processes import postgres_folders


def running_data_dirs() -> list[Path]:
    """Return the data directories, ascending, of the clusters that run on the machine, as far as visible."""
    found = set()
    for pgdata in postgres_folders():
        home = pgdata.parent
        if pgdata.name == "data" and (home / "users.lock").exists():
            back = home / BACK
            with suppress(OSError):
                found.add(home.parent if home.name == "postgres" else Path(back.read_text().strip()))
    return sorted(found)

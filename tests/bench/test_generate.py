"""The benchmark's archive is reproducible, and the readers refuse nothing in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import asyncpg

from tests.bench.generate import Scale, write_archive, write_events
from tests.conftest import Databases
from tileserver.desk.importer import import_file
from tileserver.desk.job import Job, Outcome
from tileserver.ingest import ReadOptions
from tileserver.store.catalogue import add_theatre, load_layers
from tileserver.theatres import load_theatre

SCALE = Scale(days=6, vertices=1500, changes=60, events=80, enclaves=3)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    def written(name: str, seed: int) -> tuple[bytes, bytes]:
        archive, events = tmp_path / f"{name}.tar", tmp_path / f"{name}.csv"
        write_archive(archive, SCALE, seed)
        write_events(events, SCALE, seed)
        return archive.read_bytes(), events.read_bytes()

    first, again, other = written("first", 1), written("again", 1), written("other", 2)
    assert first == again
    assert first[0] != other[0]
    assert first[1] != other[1]


def test_the_invented_archive_imports_with_nothing_quarantined(databases: Databases, tmp_path: Path) -> None:
    write_archive(tmp_path / "archive.tar", SCALE)
    write_events(tmp_path / "events.csv", SCALE)

    async def load(connection: asyncpg.Connection) -> dict[str, Outcome]:
        await add_theatre(connection, load_theatre("ukraine"))
        layers = {each.layer.name: each for each in await load_layers(connection)}
        options = ReadOptions()
        return {
            "control": await import_file(
                Job(connection, layers, "control"), tmp_path / "archive.tar", options
            ),
            "events": await import_file(Job(connection, layers, "events"), tmp_path / "events.csv", options),
        }

    outcomes = databases.run(databases.new(), load)
    reports: dict[str, dict[str, Any]] = {name: outcome.report for name, outcome in outcomes.items()}
    assert outcomes["control"].snapshots == SCALE.days
    assert reports["control"]["quarantined"] == reports["events"]["quarantined"] == 0
    assert outcomes["events"].added == SCALE.events

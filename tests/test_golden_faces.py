"""Faces, their front and their history, drawn from wavy outlines, stay as they are; ``--bless`` rewrites.

Another vertex of the generaliser is another golden text. No day and no zoom can change unseen.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest
from starlette.testclient import TestClient

from tests.conftest import NOW, settings_for
from tests.desk.conftest import Desk
from tileserver.desk.importer import import_snapshots
from tileserver.desk.job import Job
from tileserver.grid import address_at
from tileserver.ingest import RawFeature, RawSnapshot, Report
from tileserver.tiles.text import dump_tile
from tileserver.web.app import create_app

if TYPE_CHECKING:
    from tests.conftest import Databases

GOLDEN = Path(__file__).parent / "golden" / "faces"
PLACE = (36.3, 48.2)  # longitude and latitude, degrees
DAYS = [datetime(2023, 11, day, 20, tzinfo=UTC) for day in (1, 3)]  # 22:00 in Kyiv
LAYERS = "ukraine.control,ukraine.frontline"
TILES = [*((zoom, "2023-11-01") for zoom in (2, 6, 9, 12)), (9, "2023-11-03")]

pytestmark = pytest.mark.db


def _wavy(lon: float, lat: float, radius: float, waves: int) -> bytes:
    """A ring of 240 vertices whose radius, in degrees, goes up and down; GeoJSON."""
    turns = [2 * math.pi * step / 240 for step in range(240)]
    reach = [radius * (1 + 0.2 * math.sin(waves * turn) + 0.02 * math.sin(40 * turn)) for turn in turns]
    ring = [
        [round(lon + far * math.cos(turn), 6), round(lat + far * math.sin(turn), 6)]
        for turn, far in zip(turns, reach, strict=True)
    ]
    return json.dumps({"type": "Polygon", "coordinates": [[*ring, ring[0]]]}).encode()


def _state(at: datetime, radius: float) -> RawSnapshot:
    drawn = [
        ("occupied", _wavy(36.3, 48.2, radius, 5)),
        ("unknown", _wavy(36.45, 48.2, 0.12, 3)),
        ("liberated", _wavy(36.05, 48.25, 0.1, 7)),
    ]
    return RawSnapshot(at, tuple(RawFeature(shape, {"status": status}) for status, shape in drawn), "drawn")


@pytest.fixture(scope="module")
def client(databases: Databases) -> Iterator[TestClient]:
    desk = Desk(databases)

    async def work(connection: asyncpg.Connection) -> None:
        job = Job(connection, await desk.layers(connection), "control", accept="drawn")
        states = [_state(DAYS[0], 0.2), _state(DAYS[1], 0.21)]
        await import_snapshots(job, states, Report(read=6), "drawn")

    desk.run(work)
    with TestClient(create_app(settings_for(desk.dsn), lambda: NOW)) as client:
        client.headers["Accept-Encoding"] = "identity"
        yield client


def _held_to(name: str, data: bytes, config: pytest.Config) -> None:
    path, text = GOLDEN / f"{name}.txt", dump_tile(data)
    if config.getoption("--bless"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    assert path.read_text("utf-8") == text


@pytest.mark.parametrize(("zoom", "day"), TILES)
def test_faces_and_their_front_are_as_they_were_drawn(
    zoom: int, day: str, client: TestClient, pytestconfig: pytest.Config
) -> None:
    answer = client.get(f"/tiles/{LAYERS}/{address_at(*PLACE, zoom)}.mvt?datetime={day}")
    assert answer.status_code == 200
    _held_to(f"{day}-z{zoom}", answer.content, pytestconfig)


def test_a_history_tile_is_as_it_was_drawn(client: TestClient, pytestconfig: pytest.Config) -> None:
    time = client.get(f"/tilesets/{LAYERS}").json()["time"]
    period = next(each["id"] for each in time["history"]["periods"] if each["first_day"] <= "2023-11-01")
    answer = client.get(f"/history/{LAYERS}/{period}/{address_at(*PLACE, 9)}.mvt")
    assert answer.status_code == 200
    _held_to("history-z9", answer.content, pytestconfig)


def test_every_golden_text_has_its_test() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == {
        *(f"{day}-z{zoom}" for zoom, day in TILES),
        "history-z9",
    }

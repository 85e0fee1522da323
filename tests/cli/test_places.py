"""A desk's places come in lists, nothing dropped silently; those of events are public with the events."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.cli.conftest import Run
from tests.conftest import Databases, settings_for
from tests.embargo.world import DAY_END, DECLARED, EMBARGO, PUBLIC, THE_SECRET, tell
from tileserver.errors import UnreadableSource
from tileserver.grid import BoundsLonLat
from tileserver.ingest.places import read_places
from tileserver.ingest.report import Report
from tileserver.store.catalogue import add_theatre
from tileserver.web.app import create_app

UKRAINE = BoundsLonLat(22.0, 44.0, 41.0, 53.0)
TABLE = """name_uk,name_en,lat,lon,kind,rank,comment
Синьківка,Synkivka,49.7594,37.6761,village,,
Роботине,Robotyne,47.4438,35.8339,,8,
Кліщіївка,Klishchiivka,48.5286,37.9567,hamlet,,
Кліщіївка,Klishchiivka,48.5286,37.9567,hamlet,,
,,48.1,37.1,,,
Далеко,Far,12.0,37.1,,,
Без місця,Nowhere,,,,,
Дивне,Odd,48.2,37.2,metropolis,,
"""


def _read(tmp_path: Path, text: str, bounds: BoundsLonLat = UKRAINE) -> tuple[list[Any], Report]:
    file, report = tmp_path / "villages.csv", Report()
    file.write_text(text, "utf-8")
    return read_places(file, bounds, report), report


def test_each_row_is_a_place_or_a_finding(tmp_path: Path) -> None:
    found, report = _read(tmp_path, TABLE)
    assert [(each.number, each.names["en"], each.zoom) for each in found] == [
        (1, "Synkivka", 9), (2, "Robotyne", 8), (3, "Klishchiivka", 10),
    ]  # fmt: skip
    assert report.balances
    assert report.as_dict()["counts"] == {
        "outside_bounds": 1,
        "null_geometry": 1,
        "unreadable_row": 2,
        "duplicate": 1,
        "other_fields_left_out": 1,
    }


def test_latitude_first_is_found_out_and_a_mixture_is_refused(tmp_path: Path) -> None:
    swapped = "name,lat,lon\nA,37.6761,49.7594\nB,35.8339,47.4438\n"
    found, report = _read(tmp_path, swapped)
    assert [(each.lon, each.lat) for each in found] == [(37.6761, 49.7594), (35.8339, 47.4438)]
    assert "swapped_coordinates" in report.as_dict()["counts"]
    with pytest.raises(UnreadableSource, match="axes"):
        _read(tmp_path, swapped + "C,48.5286,37.9567\nD,48.1,37.1\n")


def test_a_table_without_names_is_refused_with_its_columns(tmp_path: Path) -> None:
    with pytest.raises(UnreadableSource, match=r"no column name.*its columns are: lat, lon"):
        _read(tmp_path, "lat,lon\n1,2\n")
    assert _read(tmp_path, "name,lat,lon\n")[0] == []


@pytest.fixture(scope="module")
def dsn(databases: Databases) -> str:
    """A database with the toy theatre, whose events name places, the last one not public yet."""
    made = databases.new()
    databases.run(made, lambda connection: add_theatre(connection, DECLARED))
    databases.run(made, lambda connection: tell(connection, PUBLIC, ()))
    databases.run(made, lambda connection: tell(connection, THE_SECRET, ()))
    return made


@pytest.mark.db
def test_a_list_is_replaced_shown_and_removed(run: Run, dsn: str, tmp_path: Path) -> None:
    file = tmp_path / "villages.csv"
    file.write_text(TABLE, "utf-8")
    dry = run("places", "import", str(file), "--theatre", "toy", "--dry-run", dsn=dsn)
    assert (dry.code, "3 of 8 rows would be places of toy" in dry.out) == (0, True)
    assert json.loads(run("places", "list", "--json", dsn=dsn).out) == []
    for said in ("villages: 3 of 8 rows are places of toy\n", "in place of 3\n"):
        done = run("places", "import", str(file), "--theatre", "toy", dsn=dsn)
        assert (done.code, done.out.endswith(said)) == (0, True)
    with _client(dsn, before=EMBARGO) as client:
        answer = client.get("/tilesets/toy.events/places")
        assert answer.headers["content-type"] == "application/geo+json"
        names = [each["properties"].get("name_en") for each in answer.json()["features"]]
        assert names[:3] == ["Robotyne", "Synkivka", "Klishchiivka"]
        again = client.get("/tilesets/toy.events/places", headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304
    assert run("places", "import", str(file), "--theatre", "toi", dsn=dsn).code == 2
    assert "did you mean 'villages'?" in run("places", "remove", "vilages", dsn=dsn).err
    assert run("places", "remove", "villages", dsn=dsn).out == "villages: 3 places removed\n"


@pytest.mark.db
def test_a_place_that_an_event_names_is_public_with_the_event(dsn: str) -> None:
    for before, shown in ((EMBARGO, ["an eventville"]), (-EMBARGO, ["an eventville", "secret eventville"])):
        with _client(dsn, before) as client:
            found = client.get("/tilesets/toy.events/places").json()["features"]
            assert sorted(each["properties"]["name"] for each in found) == shown
            assert {each["properties"]["by"] for each in found} == {"data"}


@pytest.fixture(autouse=True)
def quiet_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client of the tests logs to whatever stream an earlier command was given, closed or not."""
    monkeypatch.setattr(logging.getLogger("httpx2"), "disabled", True)


def _client(dsn: str, before: timedelta) -> TestClient:
    """A client at an instant that lies *before* the secret's becoming public."""
    clock: Callable[[], Any] = lambda: DAY_END + EMBARGO - before  # noqa: E731
    return TestClient(create_app(settings_for(dsn), clock), raise_server_exceptions=False)

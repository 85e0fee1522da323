"""The shipped theatre's layers, and the real data where it is present."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tests.conftest import DATA
from tileserver.model import Layer, Theatre
from tileserver.theatres import load_theatre
from tileserver.times import day_zone


def in_zone(zone: ZoneInfo) -> Theatre:
    """The shipped theatre, its days counted in *zone*."""
    return msgspec.structs.replace(load_theatre("ukraine"), day_zone=zone.key)


@pytest.fixture(scope="session")
def theatre() -> Theatre:
    return load_theatre("ukraine")


@pytest.fixture(scope="session")
def control(theatre: Theatre) -> Layer:
    return theatre.layer("control")


@pytest.fixture(scope="session")
def events(theatre: Theatre) -> Layer:
    return theatre.layer("events")


@pytest.fixture(scope="session")
def notes(theatre: Theatre) -> Layer:
    return theatre.layer("notes")


@pytest.fixture(scope="session")
def kyiv(theatre: Theatre) -> ZoneInfo:
    return day_zone(theatre.day_zone)


@pytest.fixture(scope="session")
def real_data() -> Path:
    if not DATA.is_dir():
        pytest.skip("the real data is not here; set TILESERVER_SHARED to its folder")
    return DATA

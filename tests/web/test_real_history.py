"""The real two months: every day is the snapshot of that day, and no tile is too heavy."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from starlette.testclient import TestClient

from tests.addresses import addresses_in
from tests.web.histories import Reader
from tileserver.grid import BoundsLonLat, address_at
from tileserver.tiles.compress import compress

ALL = "ukraine.control,ukraine.frontline,ukraine.events"
STATES = "ukraine.control,ukraine.frontline"
FIRST, DAYS = date(2023, 10, 1), 61
FRONT = BoundsLonLat(35.5, 47.3, 38.5, 50.0)

pytestmark = [pytest.mark.db, pytest.mark.data]


def test_every_day_is_the_snapshot_of_that_day_status_by_status(archive_client: TestClient) -> None:
    archive_client.headers["Accept-Encoding"] = "identity"
    reader = Reader(archive_client, STATES)
    rng = random.Random(1)
    for zoom in (3, 5, 6, 8, 9, 11, 13):
        address = address_at(*rng.choice([(37.5, 48.2), (36.8, 49.6), (37.74, 48.14)]), zoom)
        for _ in range(6):
            day = FIRST + timedelta(days=rng.randrange(DAYS))
            assert reader.shown(day, address) == reader.snapshot(day, address), (day, address)


def test_events_are_on_the_days_of_their_windows(archive_client: TestClient) -> None:
    archive_client.headers["Accept-Encoding"] = "identity"
    reader = Reader(archive_client, "ukraine.events")
    address = address_at(37.74, 48.14, 13)
    for day in (FIRST + timedelta(days=number) for number in range(0, DAYS, 9)):
        assert reader.shown(day, address) == reader.snapshot(day, address), day


def test_no_tile_weighs_more_than_150_kb_compressed(archive_client: TestClient) -> None:
    archive_client.headers["Accept-Encoding"] = "identity"
    reader = Reader(archive_client, ALL)
    own = [
        each
        for each in reader.periods
        if each["first_day"] <= "2023-11-30" and each["last_day"] >= "2023-10-01"
    ]
    assert own
    addresses = [each for zoom in (0, 3, 4, 5, 6, 7) for each in addresses_in(FRONT, zoom)]
    addresses += [address_at(37.7, 48.1, zoom) for zoom in (8, 9, 10, 11, 13)]
    for period in own:
        for address in addresses:
            tile = archive_client.get(reader.url(period["id"], address)).content
            assert len(tile) <= 500_000
            assert max(len(compress(tile, "br")), len(compress(tile, "gzip"))) <= 150_000, (period, address)

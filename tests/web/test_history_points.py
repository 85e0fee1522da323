"""What happened is on the days it happened on, public once it is over, and thinned to what a tile holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from tests.conftest import NOW, settings_for
from tests.shapes import Feature, dot, fill, in_tile, layer, square, theatre
from tests.web.histories import OPEN_DAY, Reader
from tileserver.grid import TileAddress, address_at
from tileserver.web.app import create_app

if TYPE_CHECKING:
    from tests.conftest import Databases

DAY = timedelta(days=1)

pytestmark = pytest.mark.db


def test_a_note_is_on_every_day_of_it_in_each_period_and_without_its_words(
    databases: Databases, database: str
) -> None:
    start, over = datetime(2024, 1, 30, tzinfo=UTC), datetime(2024, 2, 2, tzinfo=UTC)
    said = {"side": "ru", "text": "a long story", "from": "2024-01-30", "to": "2024-02-01"}
    features = [
        Feature("notes", dot(4e6, 6e6), start, over, said, id=7),
        Feature("notes", dot(4e6, 6e6), over - timedelta(hours=6), over, {"side": "ua"}, id=8),
        Feature("notes", dot(4e6, 6e6), over + 30 * DAY, over + 31 * DAY, {"side": "ua"}, id=9),
    ]
    declared = theatre(layer("notes", "points"), embargo="48h")
    databases.run(database, lambda connection: fill(connection, declared, features))
    address = address_at(36, 47, 4)

    def read(now: datetime) -> tuple[list[str], list[list[dict[str, object]]]]:
        app = create_app(settings_for(database), lambda: now)
        with TestClient(app, raise_server_exceptions=False) as client:
            client.headers["Accept-Encoding"] = "identity"
            reader = Reader(client, "toy.notes")
            ids = [str(each["id"]) for each in reader.periods]
            layers = [reader.layers(name, address)["notes"] for name in ids]
            return ids, [[{"id": each["id"], **each["properties"]} for each in own] for own in layers]

    late = {"id": 8, "side": "ua", "from": 19754, "to": 19755}
    assert read(over + 2 * DAY - timedelta(seconds=1)) == ([], [])
    assert read(over + 2 * DAY) == (
        ["20240101-20240131-1-1-1706832000000000", "20240201-open-1-1"],
        [
            [{"id": 7, "side": "ru", "from": 19752, "to": OPEN_DAY}],
            [{"id": 7, "side": "ru", "from": 19754, "to": 19755}, late],
        ],
    )
    ids, tiles = read(NOW)
    assert ids == ["20240101-20240131-1-1-1706832000000000", "20240201-20240229-1-1", "20240301-open-1-1"]
    assert tiles[1] == [{"id": 7, "side": "ru", "from": 19754, "to": 19755}, late]


def test_points_go_by_a_fair_draw_until_a_tile_keeps_to_the_limit_and_it_says_how_many(
    databases: Databases, database: str
) -> None:
    at = datetime(2024, 1, 5, tzinfo=UTC)
    address = TileAddress(5, 17, 9)
    crowd = [
        Feature(
            "events",
            in_tile(address, dot(n % 4000, n // 4)),
            at,
            at + DAY,
            {"side": "ru" if n % 3 else "ua", "place": f"place number {n}", "text": "long " * 20},
            id=1000 + n,
        )
        for n in range(15_000)
    ]
    notes = [
        Feature("notes", in_tile(address, dot(5, 5)), at, at + DAY, {"side": "desk"}, id=n) for n in (1, 2)
    ]
    control = Feature("control", in_tile(address, square(0, 0, 3000)), at, None, {"status": "held"}, id=5)
    fields = {"side": "whose", "place": "where", "text": "what"}
    declared = theatre(
        layer("control"), layer("events", "points", fields=fields), layer("notes", "points", fields=fields)
    )
    databases.run(database, lambda connection: fill(connection, declared, [*crowd, *notes, control]))
    with TestClient(create_app(settings_for(database), lambda: NOW), raise_server_exceptions=False) as client:
        client.headers["Accept-Encoding"] = "identity"
        reader = Reader(client, "toy")
        (period,) = reader.periods
        whole = client.get(reader.url(period["id"], address)).content
        assert len(whole) <= 500_000
        layers = reader.layers(period["id"], address)
        assert (len(layers["control"]), len(layers["notes"])) == (1, 2)
        shown = layers["events"]
        assert {each["properties"]["left_out"] for each in shown} == {15_000 - len(shown)}
        assert not any("text" in each["properties"] for each in shown)
        assert sorted(each["id"] for each in shown) == list(range(1000, 1000 + len(shown)))
        assert len(shown) > 3_000
    with TestClient(create_app(settings_for(database), lambda: NOW), raise_server_exceptions=False) as client:
        again = client.get(reader.url(period["id"], address), headers={"Accept-Encoding": "identity"})
        assert again.content == whole

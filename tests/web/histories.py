"""How tests read history: periods, tiles, and the picture of a day put together from them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import shapely
from starlette.testclient import TestClient

from tileserver.grid import TileAddress
from tileserver.tiles.text import decode_tile

DAY = timedelta(days=1)
EPOCH_DAY = date(1970, 1, 1)
OPEN_DAY = 2**31 - 1

Shown = set[tuple[str, str, bytes]]  # layer, what it is, geometry in tile units


class Reader:
    """A reader who loads the history of one tileset, as its document says."""

    def __init__(self, client: TestClient, tileset: str) -> None:
        self.client, self.tileset = client, tileset
        self.block: dict[str, Any] = client.get(f"/tilesets/{tileset}").json()["time"]["history"]
        self.periods: list[dict[str, Any]] = self.block["periods"]
        self._tiles: dict[tuple[str, TileAddress], dict[str, list[dict[str, Any]]]] = {}

    def period(self, day: date) -> dict[str, Any]:
        """The period that *day* is in."""
        number = (day - EPOCH_DAY).days
        (found,) = [each for each in self.periods if each["first"] <= number < each["end"]]
        return found

    def url(self, period: str, address: TileAddress) -> str:
        """The path of a history tile."""
        return f"/history/{self.tileset}/{period}/{address}.mvt"

    def layers(self, period: str, address: TileAddress) -> dict[str, list[dict[str, Any]]]:
        """The features of a history tile, by layer."""
        key = (period, address)
        if key not in self._tiles:
            answer = self.client.get(self.url(period, address))
            assert answer.status_code in (200, 204), answer.text
            self._tiles[key] = decode_tile(answer.content)
        return self._tiles[key]

    def shown(self, day: date, address: TileAddress) -> Shown:
        """What a style shows of the history tile on *day*."""
        number = (day - EPOCH_DAY).days
        layers = self.layers(self.period(day)["id"], address)
        for name, features in layers.items():
            for each in features:
                first, end = each["properties"]["from"], each["properties"]["to"]
                assert type(first) is type(end) is int, (name, each)
                assert first < end
        return shapes(
            (name, each)
            for name, features in layers.items()
            for each in features
            if each["properties"]["from"] <= number < each["properties"]["to"]
        )

    def snapshot(self, day: date, address: TileAddress) -> Shown:
        """What the snapshot tile of *day* shows."""
        answer = self.client.get(f"/tiles/{self.tileset}/{address}.mvt?datetime={day}")
        assert answer.status_code in (200, 204), answer.text
        layers = decode_tile(answer.content)
        return shapes((name, each) for name, features in layers.items() for each in features)


def shapes(features: Iterable[tuple[str, dict[str, Any]]]) -> Shown:
    """Return the features without what only one of the two kinds of tile says of them."""
    found = [
        (name, str(each["properties"].get("status", "")), shapely.to_wkb(shapely.normalize(each["geometry"])))
        for name, each in features
    ]
    assert len(set(found)) == len(found)
    return set(found)


def unions(shown: Shown) -> dict[tuple[str, str], shapely.Geometry]:
    """Return one geometry for each layer and status."""
    found: dict[tuple[str, str], list[shapely.Geometry]] = {}
    for name, status, wkb in shown:
        found.setdefault((name, status), []).append(shapely.from_wkb(wkb))
    return {key: shapely.union_all(each) for key, each in found.items()}

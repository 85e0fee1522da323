"""How tests read history: periods, tiles, and the picture of a day put together from them."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

import shapely
from starlette.testclient import TestClient

from tileserver.grid import TileAddress
from tileserver.tiles.text import decode_tile

DAY = timedelta(days=1)
EPOCH_DAY = date(1970, 1, 1)
OPEN_DAY = 2**31 - 1

UNITED = {"control", "frontline"}  # of which a snapshot tile has no pieces

Layers = dict[str, list[dict[str, Any]]]  # features by layer
Picture = dict[
    tuple[str, str], str
]  # by layer and what it is: all that is drawn of it, in tile units, as text


class Reader:
    """A reader who loads the history of one tileset, as its document says."""

    def __init__(self, client: TestClient, tileset: str) -> None:
        self.client, self.tileset = client, tileset
        self.block: dict[str, Any] = client.get(f"/tilesets/{tileset}").json()["time"]["history"]
        self.periods: list[dict[str, Any]] = self.block["periods"]
        self._tiles: dict[tuple[str, TileAddress], Layers] = {}

    def period(self, day: date) -> dict[str, Any]:
        """The period that *day* is in."""
        number = (day - EPOCH_DAY).days
        (found,) = [each for each in self.periods if each["first"] <= number < each["end"]]
        return found

    def url(self, period: str, address: TileAddress) -> str:
        """The path of a history tile."""
        return f"/history/{self.tileset}/{period}/{address}.mvt"

    def layers(self, period: str, address: TileAddress) -> Layers:
        """The features of a history tile, by layer."""
        key = (period, address)
        if key not in self._tiles:
            answer = self.client.get(self.url(period, address))
            assert answer.status_code in (200, 204), answer.text
            self._tiles[key] = decode_tile(answer.content)
        return self._tiles[key]

    def shown(self, day: date, address: TileAddress) -> Picture:
        """What a style shows of the history tile on *day*."""
        return pieces_of(self.layers(self.period(day)["id"], address), (day - EPOCH_DAY).days)

    def snapshot(self, day: date, address: TileAddress) -> Picture:
        """What the snapshot tile of *day* shows."""
        answer = self.client.get(f"/tiles/{self.tileset}/{address}.mvt?datetime={day}")
        assert answer.status_code in (200, 204), answer.text
        return united_in(decode_tile(answer.content))


def pieces_of(layers: Layers, number: int) -> Picture:
    """Return what a history tile shows on the day *number*: its pieces, put together."""
    shown: dict[str, list[dict[str, Any]]] = {}
    for name, features in layers.items():
        for each in features:
            first, end = each["properties"]["from"], each["properties"]["to"]
            assert type(first) is type(end) is int, (name, each)
            assert first < end
        shown[name] = [
            each for each in features if each["properties"]["from"] <= number < each["properties"]["to"]
        ]
    return _picture(shown)


def united_in(layers: Layers) -> Picture:
    """Return what a snapshot tile shows, which has one feature for each status and class of line."""
    for name in UNITED & layers.keys():
        said = [(_said(each), each["id"]) for each in layers[name]]
        assert len(said) == len(dict(said)) == len({number for _, number in said}), (name, said)
    return _picture(layers)


def _said(feature: dict[str, Any]) -> str:
    properties = feature["properties"]
    return str(properties.get("status", properties.get("code", "")))


def _picture(layers: Layers) -> Picture:
    """Return one geometry for each layer and status; what is not united is only gathered."""
    found: dict[tuple[str, str], list[shapely.Geometry]] = {}
    for name, features in layers.items():
        for each in features:
            found.setdefault((name, _said(each)), []).append(each["geometry"])
    return {
        key: shapely.to_wkt(
            shapely.normalize((_together if key[0] in UNITED else shapely.geometrycollections)(geometries))
        )
        for key, geometries in found.items()
    }


def _together(geometries: list[shapely.Geometry]) -> shapely.Geometry:
    """Return areas or lines as one, of which no two may overlap."""
    whole = shapely.union_all(geometries)
    assert shapely.is_valid(geometries).all()
    assert shapely.area(geometries).sum() == shapely.area(whole)
    assert math.isclose(shapely.length(geometries).sum(), shapely.length(whole)) or shapely.area(whole)
    return whole if shapely.area(whole) else shapely.line_merge(whole)

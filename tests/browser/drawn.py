"""What should be drawn: the features that hold on a day, as the server's own history tiles have them."""

from __future__ import annotations

import json
import math
import urllib.request
from datetime import date
from typing import Any

import mapbox_vector_tile

WINDOW = 7  # days that the mark of an event stays, unless the reader says otherwise


def ids_of_tiles(
    server_url: str, camera: dict[str, Any], day: str, window: int = WINDOW
) -> dict[str, set[int]]:
    """The ids by layer of what is drawn on *day* in the tiles that this camera needs, asked from the server.

    Of events those of the shown day's period alone, on their own day and the days of the *window* after it.
    """
    with urllib.request.urlopen(f"{server_url}/tilesets/western-front") as answer:
        periods = json.load(answer)["time"]["history"]["periods"]
    period = next(each["id"] for each in periods if each["first_day"] <= day <= each["last_day"])
    number = (date.fromisoformat(day) - date(1970, 1, 1)).days
    found: dict[str, set[int]] = {}
    for z, x, y in tiles_of(camera):
        with urllib.request.urlopen(f"{server_url}/history/western-front/{period}/{z}/{x}/{y}.mvt") as answer:
            body = answer.read()
        layers = mapbox_vector_tile.decode(body) if body else {}
        for name, layer in layers.items():
            stays = window - 1 if name == "events" else 0
            held = {
                each["id"]
                for each in layer["features"]
                if each["properties"]["from"] <= number < each["properties"]["to"] + stays
            }
            found.setdefault(name, set()).update(held)
    return found


def tiles_of(camera: dict[str, Any]) -> list[tuple[int, int, int]]:
    """The addresses of 512 px tiles within both the screen and the tileset's bounds."""
    z = min(math.floor(camera["zoom"]), camera["maxzoom"])
    west, south, east, north = camera["bounds"]
    left, top = _tile(max(west, camera["west"]), min(north, camera["north"]), z)
    right, bottom = _tile(min(east, camera["east"]), max(south, camera["south"]), z)
    return [(z, x, y) for x in range(left, right + 1) for y in range(top, bottom + 1)]


def _tile(longitude: float, latitude: float, z: int) -> tuple[int, int]:
    across = (longitude + 180) / 360
    down = (1 - math.asinh(math.tan(math.radians(latitude))) / math.pi) / 2
    return math.floor(across * 2**z), math.floor(down * 2**z)

"""A sheet: all that a picture is made from, as one message; equal sheets make equal pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

from tileserver.model import Layer
from tileserver.picture.press.view import Camera

Theme: TypeAlias = Literal["light", "dark"]
Form: TypeAlias = Literal["png", "svg", "gif", "webp"]
ANIMATED: frozenset[Form] = frozenset(("gif", "webp"))


class Tile(msgspec.Struct, frozen=True):
    """A tile as served: address, and the bytes of an MVT."""

    z: int
    x: int
    y: int
    data: bytes


class RecentTiles(msgspec.Struct, frozen=True):
    """The comparison tiles of a day with the local day so many *days* before, of the picture's areas."""

    days: int
    tiles: tuple[Tile, ...]


class Village(msgspec.Struct, frozen=True):
    """A place that a desk or an event names, in degrees; the local name has no language, ``""``.

    `by` is ``desk`` or ``data``.
    """

    names: dict[str, str]
    zoom: int
    lon: float
    lat: float
    by: str


class Words(msgspec.Struct, frozen=True):
    """The words of a picture in its reader's language; an empty text is not said.

    ``remarks`` warn of layers that are old or missing, and say what the map is not, each a line.
    """

    title: str
    date: str
    credit: str
    language: str
    sentence: str = ""
    earlier: str = ""  # of events before the day, in the legend
    teeth: str = ""  # of the front, in the legend; {side} is named there
    remarks: tuple[str, ...] = ()
    recent: str = ""  # what is told of recent gains, in the legend
    sides: Mapping[str, str] = {}  # the names of both, by kind of gain


class Sheet(msgspec.Struct, frozen=True):
    """A picture before its drawing; *width* and *height* are pixels at *scale* 1.

    *layers* are drawn by role, from *tiles*; *ground* is the folder of the basemap's archives.
    """

    camera: Camera
    width: int
    height: int
    theme: Theme
    words: Words
    layers: tuple[Layer, ...]
    tiles: tuple[Tile, ...]
    ground: str
    day: str  # YYYY-MM-DD: of the ground, which has dates too
    today: tuple[Tile, ...] | None = None  # events of the day alone; None: *tiles* have no others
    scale: float = 1.0
    framed: bool = True  # with title, date, legend, credit around the map
    labels: bool = True
    legend: bool = True
    few_events: bool = False  # of the theatre, so that marks are large from afar
    legend_rows: int = 0  # room for so many rows at least
    recent: tuple[RecentTiles, ...] = ()  # of most days first
    spots: tuple[Village, ...] = ()
    amounts: Mapping[str, Mapping[str, str]] = {}  # told in the legend, by layer and code; of gains by kind

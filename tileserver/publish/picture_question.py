"""The question of a picture, with the days, the camera and the layers that follow from the question alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta

from tileserver.errors import BadParameter, UnknownPicture
from tileserver.model import Layer
from tileserver.picture.press.sheet import ANIMATED, Form, Theme
from tileserver.picture.press.view import Camera
from tileserver.tiles.tileset import Tileset
from tileserver.times import Period, day_period, parse_day

DRAWN = ("areas", "front", "events")  # roles; overlays where they are asked for by name
FRAMES = 100  # of an animation
_FRAME_PIXELS = 50_000_000  # of all frames together
_WIDE, _HIGH = 900, 560  # pixels of the map that a theatre's own zoom is meant for
_FRAME_SHARE = 0.76  # of a framed picture's height, that its map has, as a rule
_FARTHEST, _SMALLEST = 2.5, -1.8  # as the page opens


@dataclass(frozen=True, slots=True)
class PictureQuestion:
    """A picture, as asked for.

    ``first`` and ``last`` are local days, both included, equal but for an animation; ``None`` is the latest
    public one.
    Without a *camera* it is the theatre's own. *layers* are names that were asked for, none for all that
    the map shows unasked.
    """

    tileset: Tileset
    form: Form
    first: date | None
    last: date | None
    width: int
    height: int
    revision: int | None = None
    camera: Camera | None = None
    scale: float = 1.0
    theme: Theme = "light"
    language: str = "en"
    layers: frozenset[str] = frozenset()
    framed: bool = True
    labels: bool = True
    legend: bool = True
    window: int = 7  # days up to the last one whose events are on it
    recent: bool = True  # whether gains of the last days are drawn, where the front has sides


def days_of(question: PictureQuestion, time: dict[str, object]) -> list[date]:
    """Return the local day of each frame: in place of days that are not public yet the last public day."""
    tileset = question.tileset
    if time["first_day"] is None:
        raise UnknownPicture(f"nothing of {tileset.name} is public yet")
    first_day, last_day = parse_day(str(time["first_day"])), parse_day(str(time["last_day"]))
    newest = question.tileset.theatre.by_role("areas")
    known = newest and time["newest"].get(newest.name)  # type: ignore[attr-defined]
    last = min(question.last or parse_day(str(known or last_day)), last_day)
    first = last if question.form not in ANIMATED else min(question.first or last, last)
    if last < first_day:
        raise UnknownPicture(f"{tileset.name} has no map of {last}; its first day is {first_day}")
    first = max(first, first_day)
    number = (last - first).days + 1
    pixels = question.width * question.height * question.scale**2
    if number > FRAMES or number * pixels > _FRAME_PIXELS:
        most = min(FRAMES, int(_FRAME_PIXELS // pixels))
        raise BadParameter(f"{number} days are too many for an animation of that size; at most {most} fit")
    return [first + timedelta(days=n) for n in range(number)]


def own_camera(question: PictureQuestion) -> Camera:
    """Return the theatre's camera as its page opens in a window of the picture's size."""
    lon, lat, zoom = question.tileset.theatre.centre
    high = question.height * (_FRAME_SHARE if question.framed else 1)
    smaller = math.log2(min(1.0, question.width / _WIDE, high / _HIGH))
    return Camera(max(_FARTHEST, zoom + max(_SMALLEST, smaller)), lat, lon)


def drawn_layers(question: PictureQuestion) -> tuple[Layer, ...]:
    """Return the layers that the picture draws."""
    return tuple(each for each in question.tileset.declared if is_drawn(each, question))


def is_drawn(layer: Layer, question: PictureQuestion) -> bool:
    """Whether the picture draws *layer*."""
    return layer.role in DRAWN or (layer.role == "overlay" and layer.name in question.layers)


def window_of_days(question: PictureQuestion, day: date, length: int) -> Period:
    """Return *length* local days up to *day*, half-open; their tiles have the state at their end."""
    has_events = any(layer.role == "events" for layer in question.tileset.declared)
    first = day - timedelta(days=length - 1) if has_events else day
    zone = question.tileset.zone
    return Period(day_period(first, zone).start, day_period(day, zone).end)

"""Addresses of pictures become typed questions, as all else in `web.params`: strictly, in one step."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date
from typing import TypeVar, get_args

from starlette.requests import Request

from tileserver.errors import BadParameter, UnknownPicture, UnknownTheatre
from tileserver.languages import LANGUAGES
from tileserver.picture.press.sheet import ANIMATED, Form, Theme
from tileserver.picture.press.view import Camera
from tileserver.publish.picture_question import PictureQuestion
from tileserver.tiles.catalogue import Catalogue
from tileserver.tiles.current import Current
from tileserver.times import parse_day
from tileserver.web.params import DATED, Query, read_query

_Value = TypeVar("_Value")

DRAWN = (
    "width",
    "height",
    "scale",
    "map",
    "theme",
    "lang",
    "layers",
    "events",
    "frame",
    "labels",
    "legend",
    "recent",
)
_FORMS: dict[str, Form] = {form: form for form in get_args(Form)}
_THEMES: dict[str, Theme] = {theme: theme for theme in get_args(Theme)}
_LANGUAGES = {language: language for language in LANGUAGES}
_WINDOWS = {"1": 1, "7": 7, "30": 30}  # days, as the page offers
_SWITCHES = {"0": False, "1": True}
_SIZE = (1200, 630)  # as social networks show it
_ANIMATED_SIZE = (800, 600)
_SIDE = (200, 2400)  # pixels at scale 1
_SCALES = (1, 2, 3)
_PIXELS = 8_300_000  # of the picture: 3840 by 2160
_ZOOMS = (2.0, 14.0)  # of the page's map
_NUMBER = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{1,12})?\Z")
_WHOLE = re.compile(r"[1-9][0-9]{0,4}\Z")


async def picture_question(request: Request, current: Current) -> PictureQuestion:
    """Return the question of the picture in the path, with the parameters of the request."""
    form, theatre = request.path_params["form"], request.path_params["theatre"]
    return read_picture(theatre, form, read_query(request, (*DATED, *DRAWN)), await current.catalogue())


def read_picture(theatre: str, form: str, query: Query, catalogue: Catalogue) -> PictureQuestion:
    """Return the question of a picture of *theatre* in a *form*, for the route and for the command."""
    chosen, kind = query.choices, _form(form)
    layers = _layers(chosen, catalogue, theatre)
    first, last = _days(query.datetime, kind)
    width, height = _size(chosen, kind)
    return PictureQuestion(
        tileset=catalogue.tileset(",".join(f"{theatre}.{each}" for each in layers) or theatre),
        form=kind,
        first=first,
        last=last,
        width=width,
        height=height,
        revision=query.revision,
        camera=_camera(chosen.get("map")),
        scale=_scale(chosen.get("scale", "1"), width * height),
        theme=_one_of(chosen, "theme", _THEMES, "light"),
        language=_one_of(chosen, "lang", _LANGUAGES, "en"),
        layers=frozenset(layers),
        framed=_one_of(chosen, "frame", _SWITCHES, "1"),
        labels=_one_of(chosen, "labels", _SWITCHES, "1"),
        legend=_one_of(chosen, "legend", _SWITCHES, "1"),
        recent=_one_of(chosen, "recent", _SWITCHES, "1"),
        window=_one_of(chosen, "events", _WINDOWS, "7"),
    )


def _form(name: str) -> Form:
    if name not in _FORMS:
        raise UnknownPicture(f"there is no picture as {name[:20]!r}; there is {', '.join(_FORMS)}")
    return _FORMS[name]


def _layers(chosen: Mapping[str, str], catalogue: Catalogue, theatre: str) -> list[str]:
    """Return the layers that were asked for; none for all that the map shows unasked."""
    if theatre not in {*catalogue.theatres, *catalogue.unreadable}:
        raise UnknownTheatre(f"there is no theatre {theatre[:40]!r}; /tilesets lists those there are")
    names = chosen["layers"].split(",") if "layers" in chosen else []
    if any(not each or "." in each for each in names):
        raise BadParameter("layers are names with commas between them, such as control,frontline")
    return names


def _days(text: str | None, form: Form) -> tuple[date | None, date | None]:
    if form in ANIMATED:
        first, slash, last = (text or "").partition("/")
        if not slash:
            raise BadParameter("an animation needs a period of days, such as datetime=2022-09-01/2022-09-30")
        return _ordered(parse_day(first), parse_day(last))
    day = None if text in (None, "latest") else parse_day(text or "")
    return day, day


def _ordered(first: date, last: date) -> tuple[date, date]:
    if last < first:
        raise BadParameter(f"the period {first}/{last} ends before it begins")
    return first, last


def _size(chosen: Mapping[str, str], form: Form) -> tuple[int, int]:
    defaults = _ANIMATED_SIZE if form in ANIMATED else _SIZE
    width, height = (
        _whole(chosen.get(name, str(default)), name)
        for name, default in zip(("width", "height"), defaults, strict=True)
    )
    return width, height


def _whole(text: str, name: str) -> int:
    low, high = _SIDE
    if not _WHOLE.match(text) or not low <= int(text) <= high:
        raise BadParameter(f"{name} {text[:20]!r} is no whole number of pixels from {low} to {high}")
    return int(text)


def _scale(text: str, pixels: int) -> float:
    if text not in map(str, _SCALES):
        raise BadParameter(f"scale {text[:20]!r} is none of {', '.join(map(str, _SCALES))}")
    if pixels * int(text) ** 2 > _PIXELS:
        raise BadParameter(f"a picture has at most {_PIXELS} pixels; ask for a smaller size or scale")
    return float(text)


def _camera(text: str | None) -> Camera | None:
    """Return the camera ``zoom/latitude/longitude``, written as in a link to the map."""
    if text is None:
        return None
    parts = text.split("/")
    if len(parts) == 3 and all(map(_NUMBER.match, parts)):
        zoom, lat, lon = map(float, parts)
        if _ZOOMS[0] <= zoom <= _ZOOMS[1] and math.fabs(lat) <= 85 and math.fabs(lon) <= 180:
            return Camera(zoom, lat, lon)
    low, high = _ZOOMS
    raise BadParameter(f"map {text[:60]!r} is no zoom/latitude/longitude, zooms {low:g} to {high:g}")


def _one_of(chosen: Mapping[str, str], name: str, values: Mapping[str, _Value], default: str) -> _Value:
    text = chosen.get(name, default)
    if text not in values:
        raise BadParameter(f"{name} {text[:20]!r} is none of {', '.join(values)}")
    return values[text]

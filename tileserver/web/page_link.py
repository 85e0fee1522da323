"""Links to the map, in the grammar of the front end's ``address.ts``; nonsense counts as not said."""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlencode

from tileserver.web.languages import known_language

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_NUMBER = re.compile(r"-?[0-9]{1,4}(?:\.[0-9]{1,12})?\Z")
_REVISION = re.compile(r"[1-9][0-9]{0,14}\Z")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_LONGEST = 2_048  # characters of a query or a fragment; a longer one is nobody's link
_SAFE = "/,"  # what a reader may see in a link as it is


class LinkCamera(NamedTuple):
    """The middle of the map in degrees, and its zoom level."""

    zoom: float
    latitude: float
    longitude: float

    def __str__(self) -> str:
        """Return ``zoom/latitude/longitude``, as exact as a pixel."""
        return f"{round(self.zoom, 2):g}/{self.latitude:.4f}/{self.longitude:.4f}"


class PageLink(NamedTuple):
    """A link to the page or to the embed; an empty text, ``None`` or 0 for the parts that are not said.

    ``at`` and ``compare`` are local days as ISO text, ``at`` may be ``latest``. ``off`` and ``on`` are names
    of layers that are not as the theatre has them at first. ``rest`` are the parameters of the fragment that
    only the page understands.
    """

    theatre: str = ""
    at: str = ""
    compare: str = ""
    camera: LinkCamera | None = None
    revision: int = 0
    lang: str = ""
    theme: str = ""
    controls: str = ""
    facade: str = ""
    off: tuple[str, ...] = ()
    on: tuple[str, ...] = ()
    rest: tuple[tuple[str, str], ...] = ()

    @property
    def is_pinned(self) -> bool:
        """Whether a day is named, so that an embed stays there."""
        return self.at not in ("", "latest")

    def query(self, *, dressed: bool = True) -> str:
        """Return the link as a query; *dressed* with the parameters of embeds alone."""
        said = {
            "theatre": self.theatre,
            "at": self.at,
            "compare": self.compare,
            "revision": str(self.revision or "") if dressed else "",
            "map": str(self.camera or ""),
            "lang": self.lang,
            "theme": self.theme if dressed else "",
            "controls": self.controls if dressed else "",
            "facade": self.facade if dressed else "",
            "off": ",".join(self.off),
            "on": ",".join(self.on),
        }
        given = {name: text for name, text in said.items() if text}
        return urlencode(given, safe=_SAFE, quote_via=quote)

    @property
    def fragment(self) -> str:
        """The parameters that only the page understands, with ``#``; "" where there are none."""
        return "#" + urlencode(self.rest, safe=_SAFE, quote_via=quote) if self.rest else ""


_OURS = {"theatre", "at", "compare", "map", "revision", "lang", "theme", "controls", "facade", "off", "on"}


def read_link(query: str, fragment: str = "") -> PageLink:
    """Return the link of a URL with this *query* and *fragment*, which goes before the query."""
    within = _parameters(fragment)
    said = {**_parameters(query), **within}
    at, theatre = said.get("at", ""), said.get("theatre", "")
    revision = said.get("revision", "")
    return PageLink(
        theatre=theatre if _NAME.match(theatre) else "",
        at=at if at == "latest" or is_day(at) else "",
        compare=said["compare"] if is_day(said.get("compare", "")) else "",
        camera=_camera(said.get("map", "")),
        revision=int(revision) if _REVISION.match(revision) else 0,
        lang=known_language(said.get("lang", "")),
        theme=_one_of(said.get("theme", ""), "light", "dark"),
        controls=_one_of(said.get("controls", ""), "0", "1"),
        facade=_one_of(said.get("facade", ""), "0"),
        off=_names(said.get("off", "")),
        on=_names(said.get("on", "")),
        rest=tuple((name, text) for name, text in within.items() if name not in _OURS),
    )


def is_day(text: str) -> bool:
    """Whether *text* is a day of the calendar, such as ``2023-11-09``."""
    try:
        return bool(_DAY.match(text)) and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _parameters(text: str) -> dict[str, str]:
    """Return the parameters in *text*, of each name the first, as browsers look one up."""
    if len(text) > _LONGEST:
        return {}
    pairs = parse_qsl(text, keep_blank_values=True, errors="replace")
    return dict(reversed(pairs))


def _one_of(text: str, *known: str) -> str:
    return text if text in known else ""


def _names(text: str) -> tuple[str, ...]:
    return tuple(sorted({name for name in text.split(",")[:64] if _NAME.match(name)}))


def _camera(text: str) -> LinkCamera | None:
    parts = text.split("/")
    if len(parts) != 3 or not all(map(_NUMBER.match, parts)):
        return None
    camera = LinkCamera(*map(float, parts))
    within = 0 <= camera.zoom <= 22 and abs(camera.latitude) <= 85 and abs(camera.longitude) <= 180
    return camera if within else None

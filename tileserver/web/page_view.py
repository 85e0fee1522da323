"""A theatre on a day, by a link: the subject of a page, and its pictures. Asks memory alone."""

from __future__ import annotations

import math
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote, urlencode

from tileserver.languages import pick
from tileserver.markup import text_of
from tileserver.model import Theatre
from tileserver.publish.documents import time_block
from tileserver.tiles.catalogue import Catalogue
from tileserver.web.page_link import LinkCamera, PageLink, is_day

_WORLD_PX = 512  # width of the world at zoom 0, in page px
_LOWEST = 2.5  # zoom at which a page opens at least
_ROOM = (900, 560)  # that a theatre's own zoom is meant for
_FARTHEST = 2.0  # zoom of the page's map
NEAREST, NEAREST_OF_OWN = 12.0, 14.0  # of it on the build's basemap, and on a newsroom's own


class PublicDays(NamedTuple):
    """The public local days of a theatre, both inclusive, as ISO texts.

    ``latest`` is the newest day of control, where there is any, ``usual`` the day that pages open at.
    """

    first: str
    last: str
    latest: str
    usual: str

    def opening(self, at: str) -> str:
        """Return the day that a page begins at by its link; the nearest public day."""
        if at == "latest":
            return self.latest
        return min(max(at or self.usual, self.first), self.last)


class StillSize(NamedTuple):
    """A size of the picture that stands for the map, in page px.

    ``widest`` is the widest page that has it, 0 for any. The theatre is to be seen in ``room``, width and
    height, and its middle is moved ``right`` and ``down``, out of the way of what lies over the map.
    """

    width: int
    height: int
    widest: int
    room: tuple[int, int]
    right: int
    down: int


STILLS = (
    StillSize(520, 640, 520, (400, 460), 0, 34),
    StillSize(1000, 680, 1000, (600, 460), 90, 0),
    StillSize(1200, 720, 0, (800, 520), 130, 0),
)
# Of the reader's map, whose page lays it over the map: larger than most pages, about their middle.
OPENINGS = (
    StillSize(480, 900, 480, (400, 460), 0, 30),
    StillSize(1100, 800, 1000, (600, 460), 80, 40),
    StillSize(1600, 900, 1440, (900, 560), 80, 40),
    StillSize(2080, 1200, 0, (900, 560), 80, 40),
)
RECENT = "recent"  # as a link calls gains of the last days, beside names of layers
CARD = StillSize(1200, 630, 0, (900, 560), 0, 0)  # of social networks


class PageView(NamedTuple):
    """A theatre on one of its days, by a link."""

    theatre: Theatre
    link: PageLink
    days: PublicDays | None
    language: str
    nearest: float = NEAREST  # zoom

    @property
    def day(self) -> str:
        """The day that is shown, as ISO text; "" where nothing is public."""
        return self.days.opening(self.link.at) if self.days else ""

    @property
    def heading(self) -> str:
        """The title of the theatre, as text."""
        return text_of(pick(self.theatre.title, self.language)) or self.theatre.id

    @property
    def is_fixed(self) -> bool:
        """Whether an embed stays at the day of its link, and so has no time controls."""
        link = self.link
        return link.is_pinned and (link.revision > 0 or link.controls != "1")

    @property
    def shown(self) -> PageLink:
        """The link with the theatre named."""
        return self.link._replace(theatre=self.theatre.id)

    def camera(self, size: StillSize) -> LinkCamera:
        """Return where the map looks in *size*: at the link's camera, or at the theatre, whole."""
        if (camera := self.link.camera) is not None:
            return camera._replace(zoom=min(max(camera.zoom, _FARTHEST), self.nearest))
        longitude, latitude, zoom = self.theatre.centre
        width, height = size.room
        smaller = math.log2(min(1.0, width / _ROOM[0], height / _ROOM[1]))
        zoom = round(max(_LOWEST, zoom + max(-1.8, smaller)), 2)
        return _moved(LinkCamera(zoom, latitude, longitude), -size.right, -size.down)

    def picture(self, size: StillSize, theme: str, *, bare: bool = False) -> str:
        """Return the path of the picture of *size* in *theme* from the pages.

        *bare* is the map alone, to stand for the map: as SVG, which is lighter and sharp on any screen.
        """
        link = self.link
        asked = {
            "datetime": self.day,
            "revision": str(link.revision or ""),
            "map": str(self.camera(size)),
            "width": str(size.width),
            "height": str(size.height),
            "lang": self.language,
            "theme": theme,
            "layers": ",".join(self._seen()) if link.off or link.on else "",
            "frame": "0" if bare else "",
            "recent": "0" if RECENT in link.off else "",
        }
        given = {name: text for name, text in asked.items() if text}
        form = "svg" if bare else "png"
        return f"pictures/{quote(self.theatre.id)}.{form}?{urlencode(given, safe='/,', quote_via=quote)}"

    def _seen(self) -> list[str]:
        """Return the names of the layers on the map: overlays are off at first."""
        off, on = self.link.off, self.link.on
        drawn = [each for each in self.theatre.layers if each.role != "none"]
        return [
            each.name
            for each in drawn
            if each.name in on or (each.role != "overlay" and each.name not in off)
        ]


def days_of(catalogue: Catalogue, theatre: Theatre, now: datetime) -> PublicDays | None:
    """Return the public days of *theatre* at the instant *now*; ``None`` where nothing is public."""
    block = time_block(catalogue.tileset(theatre.id), now)
    first, last = block["first_day"], block["last_day"]
    if not first or not last:
        return None
    areas, opens_at = theatre.by_role("areas"), theatre.opens_at
    latest = (block["newest"].get(areas.name) if areas else None) or last
    return PublicDays(first, last, latest, opens_at if is_day(opens_at) else latest)


def _moved(camera: LinkCamera, right: int, down: int) -> LinkCamera:
    """Return *camera* moved by page px."""
    world = _WORLD_PX * 2**camera.zoom
    longitude = (camera.longitude + right * 360 / world + 180) % 360 - 180
    northing = math.asinh(math.tan(math.radians(camera.latitude))) - down * 2 * math.pi / world
    return LinkCamera(camera.zoom, math.degrees(math.atan(math.sinh(northing))), longitude)

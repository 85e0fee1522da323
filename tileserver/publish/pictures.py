"""The sheets of pictures: the tiles of a day, as readers have tiles, and the words around the map.

Everything is asked of `TileService`, so embargo, revisions and withdrawals hold in a picture as they do in a
tile. A name of a picture is made of the versions of its tiles and of all that is said around them: another
content has another name.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import msgspec

from tileserver.errors import BadParameter, UnknownPicture
from tileserver.model import Layer
from tileserver.picture.press.ground import CREDIT
from tileserver.picture.press.sheet import ANIMATED, Form, Sheet, Theme, Tile, Words
from tileserver.picture.press.view import Camera, View
from tileserver.publish import picture_words
from tileserver.publish.credits import plain_credit
from tileserver.publish.documents import time_block
from tileserver.tiles.locate import Located
from tileserver.tiles.question import Question
from tileserver.tiles.service import TileService
from tileserver.tiles.tileset import Tileset
from tileserver.times import day_period, parse_day

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


@dataclass(frozen=True, slots=True)
class PlannedPicture:
    """A picture whose content is located: a sheet of each day without its tiles, and their places."""

    form: Form
    sheets: tuple[Sheet, ...]
    tiles: tuple[tuple[tuple[Question, Located], ...], ...]  # of each sheet
    last: date

    @property
    def name(self) -> str:
        """The name of the content: equal names, equal pictures."""
        versions = [[(str(q.address), str(located.version)) for q, located in each] for each in self.tiles]
        said = msgspec.msgpack.encode((self.form, self.sheets, versions))
        return hashlib.blake2b(said, digest_size=16).hexdigest()


async def plan_picture(service: TileService, question: PictureQuestion, ground: str) -> PlannedPicture:
    """Return the plan of the picture that *question* asks for, over the basemap in the folder *ground*.

    Raises
    ------
    UnknownPicture
        Nothing is public on that day, or nothing at all.
    BadParameter
        There is no such revision, or the animation has too many frames.
    """
    tileset, current = question.tileset, service.current
    known = await current.periods_at(tileset, tileset.revision(question.revision))
    time = time_block(tileset, current.clock(), known)
    days = _days(question, time)
    camera = question.camera or _own_camera(question)
    view = View(camera, question.width, question.height)
    sheets, tiles = [], []
    for day in days:
        period = day_period(day, tileset.zone)
        asked = [
            Question(tileset, address, period, question.revision) for address in view.tiles(*tileset.zooms)
        ]
        tiles.append(tuple([(each, await service.locate(each)) for each in asked]))
        sheets.append(_sheet(question, camera, day, time["newest"], ground))
    return PlannedPicture(question.form, tuple(sheets), tuple(tiles), days[-1])


async def filled(service: TileService, plan: PlannedPicture) -> tuple[Sheet, ...]:
    """Return the sheets of *plan* with their tiles; any that cannot be had is an error: no half map.

    Raises
    ------
    StoreUnavailable
        The database does not answer, or a layer cannot be drawn.
    """
    return tuple(
        [
            msgspec.structs.replace(sheet, tiles=await _tiles(service, wanted))
            for sheet, wanted in zip(plan.sheets, plan.tiles, strict=True)
        ]
    )


async def _tiles(service: TileService, wanted: Sequence[tuple[Question, Located]]) -> tuple[Tile, ...]:
    found = []
    for (
        question,
        located,
    ) in wanted:  # one after the other: no more of the database than a tile takes
        answer, at = await service.answer(question, located), question.address
        found.append(Tile(at.z, at.x, at.y, answer.body.data))
    return tuple(found)


def _days(question: PictureQuestion, time: dict[str, object]) -> list[date]:
    """Return the local day of each frame: in place of days that are not public yet the last public day."""
    tileset = question.tileset
    if time["first_day"] is None:
        raise UnknownPicture(f"nothing of {tileset.name} is public yet")
    first_day, last_day = parse_day(str(time["first_day"])), parse_day(str(time["last_day"]))
    last = min(question.last or last_day, last_day)
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


def _own_camera(question: PictureQuestion) -> Camera:
    """Return the theatre's camera as its page opens in a window of the picture's size."""
    lon, lat, zoom = question.tileset.theatre.centre
    high = question.height * (_FRAME_SHARE if question.framed else 1)
    smaller = math.log2(min(1.0, question.width / _WIDE, high / _HIGH))
    return Camera(max(_FARTHEST, zoom + max(_SMALLEST, smaller)), lat, lon)


def _sheet(
    question: PictureQuestion,
    camera: Camera,
    day: date,
    newest: dict[str, str | None],
    ground: str,
) -> Sheet:
    tileset, language = question.tileset, question.language
    layers = tuple(each for each in tileset.declared if _is_drawn(each, question))
    own = [text for each in layers if newest[each.name] and (text := plain_credit(each))]
    words = Words(
        title=picture_words.pick(tileset.theatre.title, language),
        date=picture_words.spelled_day(day, language),
        credit=picture_words.credit(list(dict.fromkeys(own)), CREDIT, language),
        language=language,
        remarks=tuple(_remarks(question, layers, newest, day)),
    )
    return Sheet(
        camera, question.width, question.height, question.theme, words, layers, (), ground,
        question.scale, question.framed, question.labels, question.legend,
    )  # fmt: skip


def _is_drawn(layer: Layer, question: PictureQuestion) -> bool:
    return layer.role in DRAWN or (layer.role == "overlay" and layer.name in question.layers)


def _remarks(
    question: PictureQuestion, layers: Sequence[Layer], newest: dict[str, str | None], day: date
) -> list[str]:
    """Return remarks on layers that are older than *day*, and on layers that are not served now."""
    states = [each for each in layers if each.time == "state" and each.derived is None]
    ages = [(each.title, parse_day(last)) for each in states if (last := newest[each.name])]
    old = [picture_words.aged(title, last, question.language) for title, last in ages if last < day]
    gone = [
        picture_words.missing(each.stored.layer.title, question.language)
        for each in question.tileset.missing
        if _is_drawn(each.stored.layer, question)
    ]
    return old + gone

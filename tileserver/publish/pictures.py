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
from typing import NamedTuple

import msgspec

from tileserver.errors import BadParameter, NothingMeasured, StoreBusy, UnknownPicture
from tileserver.languages import pick
from tileserver.markup import text_of
from tileserver.model import Layer
from tileserver.picture.press.ground import CREDIT
from tileserver.picture.press.sheet import ANIMATED, Form, Sheet, Theme, Tile, Words
from tileserver.picture.press.view import Camera, View
from tileserver.publish import picture_words
from tileserver.publish.credits import plain_credit
from tileserver.publish.documents import time_block
from tileserver.publish.gains_service import GainsService
from tileserver.tiles.locate import Located
from tileserver.tiles.question import Question
from tileserver.tiles.service import TileService
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


class _Frame(NamedTuple):
    """A sheet without its tiles, and their places: of its window of days, and of its day alone."""

    sheet: Sheet
    tiles: tuple[tuple[Question, Located], ...]
    today: tuple[tuple[Question, Located], ...] | None


@dataclass(frozen=True, slots=True)
class PlannedPicture:
    """A picture whose content is located: a frame for each local day up to *last*.

    The picture *is_whole* unless something cannot be had at the moment.
    """

    form: Form
    frames: tuple[_Frame, ...]
    last: date
    is_whole: bool

    @property
    def name(self) -> str:
        """The name of the content: equal names, equal pictures."""
        versions = [
            [(str(question.address), str(located.version)) for question, located in own]
            for each in self.frames
            for own in (each.tiles, each.today or ())
        ]
        said = msgspec.msgpack.encode((self.form, [each.sheet for each in self.frames], versions))
        return hashlib.blake2b(said, digest_size=16).hexdigest()


async def plan_picture(
    service: TileService, gains: GainsService, question: PictureQuestion, ground: str
) -> PlannedPicture:
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
    sentence, is_whole = await _sentence(gains, question, days[-1])
    frames = []
    for day in days:
        words = _words(question, time["newest"], day, sentence)
        sheet = _sheet(question, camera, day, words, ground)
        older = _window(question, day, question.window)
        today = _window(question, day, 1) if older != _window(question, day, 1) else None
        frames.append(
            _Frame(
                sheet,
                await _located(service, question, camera, older),
                None if today is None else await _located(service, question, camera, today),
            )
        )
    return PlannedPicture(question.form, tuple(frames), days[-1], is_whole and not tileset.missing)


async def filled(service: TileService, plan: PlannedPicture) -> tuple[Sheet, ...]:
    """Return the sheets of *plan* with their tiles; any that cannot be had is an error: no half map.

    Raises
    ------
    StoreUnavailable
        The database does not answer, or a layer cannot be drawn.
    """
    return tuple(
        [
            msgspec.structs.replace(
                each.sheet,
                tiles=await _tiles(service, each.tiles),
                today=None if each.today is None else await _tiles(service, each.today),
            )
            for each in plan.frames
        ]
    )


def _window(question: PictureQuestion, day: date, length: int) -> Period:
    """Return *length* local days up to *day*, half-open; their tiles have the state at their end."""
    has_events = any(layer.role == "events" for layer in question.tileset.declared)
    first = day - timedelta(days=length - 1) if has_events else day
    zone = question.tileset.zone
    return Period(day_period(first, zone).start, day_period(day, zone).end)


async def _located(
    service: TileService, question: PictureQuestion, camera: Camera, period: Period
) -> tuple[tuple[Question, Located], ...]:
    tileset, view = question.tileset, View(camera, question.width, question.height)
    asked = [Question(tileset, each, period, question.revision) for each in view.tiles(*tileset.zooms)]
    return tuple([(each, await service.locate(each)) for each in asked])


async def _tiles(service: TileService, wanted: Sequence[tuple[Question, Located]]) -> tuple[Tile, ...]:
    found = []
    for question, located in wanted:  # one after the other: no more of the database than a tile takes
        answer, at = await service.answer(question, located), question.address
        found.append(Tile(at.z, at.x, at.y, answer.body.data))
    return tuple(found)


async def _sentence(gains: GainsService, question: PictureQuestion, day: date) -> tuple[str, bool]:
    """Return the sentence of the local *day*, '' where there is none, and whether that is for good."""
    if not question.framed or question.form in ANIMATED:
        return "", True
    revision = question.tileset.revision(question.revision)
    try:
        told = await gains.text_soon(question.tileset, revision, day, question.language)
    except NothingMeasured:
        return "", True
    except StoreBusy:
        return "", False
    return told.lead, True


def _days(question: PictureQuestion, time: dict[str, object]) -> list[date]:
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


def _own_camera(question: PictureQuestion) -> Camera:
    """Return the theatre's camera as its page opens in a window of the picture's size."""
    lon, lat, zoom = question.tileset.theatre.centre
    high = question.height * (_FRAME_SHARE if question.framed else 1)
    smaller = math.log2(min(1.0, question.width / _WIDE, high / _HIGH))
    return Camera(max(_FARTHEST, zoom + max(_SMALLEST, smaller)), lat, lon)


def _words(question: PictureQuestion, newest: dict[str, str | None], day: date, sentence: str) -> Words:
    tileset, language = question.tileset, question.language
    layers = _drawn(question)
    own = [text for each in layers if newest[each.name] and (text := plain_credit(each))]
    first = day - timedelta(days=question.window - 1)
    return Words(
        title=pick(tileset.theatre.title, language),
        date=picture_words.spelled_day(day, language),
        credit=picture_words.credit(list(dict.fromkeys(own)), CREDIT, language),
        language=language,
        sentence=sentence,
        earlier=picture_words.earlier(first, language),
        teeth=picture_words.teeth(language),
        remarks=tuple(_remarks(question, layers, newest, day)),
    )


def _sheet(question: PictureQuestion, camera: Camera, day: date, words: Words, ground: str) -> Sheet:
    return Sheet(
        camera,
        question.width,
        question.height,
        question.theme,
        words,
        _drawn(question),
        (),
        ground,
        day.isoformat(),
        scale=question.scale,
        framed=question.framed,
        labels=question.labels,
        legend=question.legend,
    )


def _drawn(question: PictureQuestion) -> tuple[Layer, ...]:
    return tuple(each for each in question.tileset.declared if _is_drawn(each, question))


def _is_drawn(layer: Layer, question: PictureQuestion) -> bool:
    return layer.role in DRAWN or (layer.role == "overlay" and layer.name in question.layers)


def _remarks(
    question: PictureQuestion, layers: Sequence[Layer], newest: dict[str, str | None], day: date
) -> list[str]:
    """Return the theatre's notice, and remarks on layers that are older than *day* or not served now."""
    states = [each for each in layers if each.time == "state" and each.derived is None]
    ages = [(each.title, parse_day(last)) for each in states if (last := newest[each.name])]
    old = [picture_words.aged(title, last, question.language) for title, last in ages if last < day]
    gone = [
        picture_words.missing(each.stored.layer.title, question.language)
        for each in question.tileset.missing
        if _is_drawn(each.stored.layer, question)
    ]
    notice = text_of(pick(question.tileset.theatre.notice, question.language))
    return [*filter(None, (notice,)), *old, *gone]

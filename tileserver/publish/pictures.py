"""The sheets of pictures: the tiles of a day, as readers have tiles, and the words around the map.

Everything is asked of the services that answer readers, so embargo, revisions and withdrawals hold in a
picture as they do in a tile. A name of a picture is made of the versions of its tiles and
of all that is said around them: another content has another name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import msgspec

from tileserver.compare.service import ComparisonService
from tileserver.errors import NothingMeasured, StoreBusy
from tileserver.picture.press.recent import sides_of_front
from tileserver.picture.press.sheet import ANIMATED, Form, Sheet, Tile, Village
from tileserver.picture.press.view import Camera, View
from tileserver.publish import picture_words
from tileserver.publish.documents import time_block
from tileserver.publish.gains import Gains
from tileserver.publish.gains_service import GainsService
from tileserver.publish.gains_text import gains_text
from tileserver.publish.picture_figures import Figures
from tileserver.publish.picture_question import (
    PictureQuestion,
    days_of,
    own_camera,
    window_of_days,
)
from tileserver.publish.picture_recent import (
    Known,
    RecentSpan,
    known_days,
    located_spans,
    recent_amounts,
    recent_tiles,
    side_names,
)
from tileserver.publish.picture_sheet import bare_sheet, has_few_events, words_around
from tileserver.tiles.locate import Located
from tileserver.tiles.question import Question
from tileserver.tiles.service import TileService
from tileserver.times import Period


class Sources(NamedTuple):
    """The services that pictures are made of."""

    tiles: TileService
    gains: GainsService
    comparisons: ComparisonService
    figures: Figures

    @classmethod
    def of(cls, tiles: TileService, gains: GainsService, comparisons: ComparisonService) -> Sources:
        """Return the sources over three services."""
        return cls(tiles, gains, comparisons, Figures(tiles.current, gains))


class _Frame(NamedTuple):
    """A sheet without its tiles, and their places: of its window of days, and of its day alone."""

    sheet: Sheet
    tiles: tuple[tuple[Question, Located], ...]
    today: tuple[tuple[Question, Located], ...] | None
    recent: tuple[RecentSpan, ...] = ()


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
        compared = [[str(tile) for span in each.recent for tile in span.tiles] for each in self.frames]
        said = msgspec.msgpack.encode((self.form, [each.sheet for each in self.frames], versions, compared))
        return hashlib.blake2b(said, digest_size=16).hexdigest()


async def plan_picture(sources: Sources, question: PictureQuestion, ground: str) -> PlannedPicture:
    """Return the plan of the picture that *question* asks for, over the basemap in the folder *ground*.

    Raises
    ------
    UnknownPicture
        Nothing is public on that day, or nothing at all.
    BadParameter
        There is no such revision, or the animation has too many frames.
    """
    tileset, current = question.tileset, sources.tiles.current
    known = await current.periods_at(tileset, tileset.revision(question.revision))
    time = time_block(tileset, current.clock(), known)
    days = days_of(question, time)
    camera = question.camera or own_camera(question)
    is_still = question.form not in ANIMATED
    gains, is_whole = await _gains(sources, question) if is_still and question.framed else (None, True)
    sentence = gains_text(tileset, gains, days[-1], question.language).lead if gains else ""
    few = has_few_events(tileset, tileset.revision(question.revision), current.clock())
    frames = []
    for day in days:
        words = words_around(question, camera, time["newest"], day, sentence)
        sheet = bare_sheet(question, camera, day, words, ground, few_events=few)
        frames.append(await _frame(sources, question, sheet))
    if is_still:
        areas = tileset.theatre.by_role("areas")
        since = known_days(tileset, known, areas.name, time["newest"].get(areas.name)) if areas else None
        frames = [await _told(sources, question, each, gains, since) for each in frames]
    return PlannedPicture(question.form, tuple(frames), days[-1], is_whole and not tileset.missing)


async def _frame(sources: Sources, question: PictureQuestion, sheet: Sheet) -> _Frame:
    """Return the frame of *sheet* with its tiles located."""
    day = date.fromisoformat(sheet.day)
    window, today = window_of_days(question, day, question.window), window_of_days(question, day, 1)
    tiles = await _located(sources.tiles, question, sheet.camera, window)
    if window == today:
        return _Frame(sheet, tiles, None)
    return _Frame(sheet, tiles, await _located(sources.tiles, question, sheet.camera, today))


async def _told(
    sources: Sources, question: PictureQuestion, frame: _Frame, gains: Gains | None, known: Known | None
) -> _Frame:
    """Return *frame* of a still picture with recent gains, named places, and the figures of its legend.

    *known* are the days of the areas.
    """
    day, tileset = date.fromisoformat(frame.sheet.day), question.tileset
    spans: tuple[RecentSpan, ...] = ()
    if question.recent and known is not None:
        spans = await located_spans(
            sources.comparisons,
            tileset,
            frame.sheet.layers,
            day,
            question.revision,
            known,
            [asked.address for asked, _ in frame.tiles],
        )
    view = View(frame.sheet.camera, question.width, question.height)
    spots: tuple[Village, ...] = await sources.figures.spots(tileset, view) if question.labels else ()
    sheet = msgspec.structs.replace(frame.sheet, spots=spots)
    if question.framed and question.legend:
        sheet = await _with_figures(sources, question, sheet, spans, gains)
    return frame._replace(sheet=sheet, recent=spans)


async def _with_figures(
    sources: Sources,
    question: PictureQuestion,
    sheet: Sheet,
    spans: Sequence[RecentSpan],
    gains: Gains | None,
) -> Sheet:
    """Return *sheet* with the figures of its legend, of the whole map."""
    tileset, language, day = question.tileset, question.language, date.fromisoformat(sheet.day)
    revision, areas = tileset.revision(question.revision), tileset.theatre.by_role("areas")
    window = window_of_days(question, day, question.window)
    happened = [each for each in sheet.layers if each.role == "events"]
    amounts = dict(await sources.figures.events(tileset, happened, revision, window, language))
    if areas is not None:
        amounts[areas.name] = await sources.figures.land(tileset, revision, day, language)
    words = sheet.words
    if (found := sides_of_front(sheet.layers)) is not None and spans:
        amounts["recent"] = recent_amounts(gains, found[1], spans, day, language)
        told = picture_words.recent([each.days for each in reversed(spans)], language)
        words = msgspec.structs.replace(words, recent=told, sides=side_names(found[1], tileset, language))
    return msgspec.structs.replace(sheet, words=words, amounts=amounts)


async def filled(sources: Sources, plan: PlannedPicture) -> tuple[Sheet, ...]:
    """Return the sheets of *plan* with their tiles; any that cannot be had is an error: no half map.

    Raises
    ------
    StoreUnavailable
        The database does not answer, or a layer cannot be drawn.
    StoreBusy
        Recent gains take too long to wait for.
    """
    service = sources.tiles
    return tuple(
        [
            msgspec.structs.replace(
                each.sheet,
                tiles=await _tiles(service, each.tiles),
                today=None if each.today is None else await _tiles(service, each.today),
                recent=await recent_tiles(sources.comparisons, each.recent),
            )
            for each in plan.frames
        ]
    )


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


async def _gains(sources: Sources, question: PictureQuestion) -> tuple[Gains | None, bool]:
    """Return the gains in the theatre, ``None`` where there are none, and whether that is for good."""
    try:
        return await sources.gains.gains_soon(
            question.tileset, question.tileset.revision(question.revision)
        ), True
    except NothingMeasured:
        return None, True
    except StoreBusy:
        return None, False

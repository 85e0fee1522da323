"""The sheet of a picture without its tiles, and the words around the map."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from tileserver.languages import pick
from tileserver.markup import text_of
from tileserver.model import Layer, Revision
from tileserver.picture.press.ground import COARSE_FROM, CREDIT
from tileserver.picture.press.sheet import Sheet, Words
from tileserver.picture.press.view import Camera
from tileserver.publish import picture_words
from tileserver.publish.credits import plain_credit
from tileserver.publish.picture_question import PictureQuestion, drawn_layers, is_drawn
from tileserver.tiles.horizon import horizon_of
from tileserver.tiles.locate import window_of
from tileserver.tiles.tileset import Tileset
from tileserver.times import Period, parse_day

_FEW_EVENTS = 500  # of which no week of a war covers the front from afar; as on the page


def words_around(
    question: PictureQuestion, camera: Camera, newest: dict[str, str | None], day: date, sentence: str
) -> Words:
    """Return the words around the map of the local *day* by *camera*; *newest* are the last days by layer."""
    tileset, language = question.tileset, question.language
    layers = drawn_layers(question)
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
        remarks=(*_remarks(question, layers, newest, day), *_coarse(camera, language)),
    )


def has_few_events(tileset: Tileset, revision: Revision, now: datetime) -> bool:
    """Return whether the public has so few events of *tileset* that their marks may be large from afar."""
    window = window_of(revision, Period(None, None), horizon_of(tileset, now))
    layers = [each.index.events for each in tileset.layers if each.stored.layer.role == "events"]
    return sum(int(each.events.selected(window).sum()) for each in layers if each) <= _FEW_EVENTS


def bare_sheet(
    question: PictureQuestion, camera: Camera, day: date, words: Words, ground: str, *, few_events: bool
) -> Sheet:
    """Return the sheet of the local *day*, without tiles, over the basemap in the folder *ground*."""
    return Sheet(
        camera,
        question.width,
        question.height,
        question.theme,
        words,
        drawn_layers(question),
        (),
        ground,
        day.isoformat(),
        scale=question.scale,
        framed=question.framed,
        labels=question.labels,
        legend=question.legend,
        few_events=few_events,
    )


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
        if is_drawn(each.stored.layer, question)
    ]
    notice = text_of(pick(question.tileset.theatre.notice, question.language))
    return [*filter(None, (notice,)), *old, *gone]


def _coarse(camera: Camera, language: str) -> list[str]:
    """Return the remark on a ground that is coarse at the zoom of *camera*; nothing elsewhere."""
    return [picture_words.coarse(language)] if camera.zoom >= COARSE_FROM else []

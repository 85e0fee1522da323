"""Notes of a theatre, by direction and day, in several languages: listed, written, amended and ended by id.

A note is an event whose layer has the role ``notes``. This module knows its words: which fields have its
texts, its direction, its arrows and sectors. All that is written is a draft (`desk.drafts`) in a new revision
(`desk.amend`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import shapely

from tileserver.declared import Direction, Text
from tileserver.desk.amend import Amended, current_event, end_events, write_drafts
from tileserver.desk.arrows import Drawn, said_strokes, spell_stored
from tileserver.desk.drafts import Draft, Place, days_of
from tileserver.desk.job import Job
from tileserver.desk.said_sources import said_sources, source_field
from tileserver.desk.worded import by_language, worded_fields
from tileserver.errors import BadParameter
from tileserver.model import DIRECTION, Revision, Theatre
from tileserver.store.amendments import StoredEvent, load_current
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection, translated
from tileserver.times import day_period, day_zone

TEXT = "text"


@dataclass(frozen=True, slots=True)
class Note:
    """A note as a row knows the note: local days, both included, and its place in degrees.

    ``texts`` and ``directions`` are by language, '' for the field without one. ``arrows`` and ``sectors`` are
    as the field has them, latitude first; ``sources`` is JSON text. ``known_to`` is ``None`` while current.
    """

    number: int
    first: date
    last: date
    lon: float
    lat: float
    directions: Text
    texts: Text
    arrows: str
    sectors: str
    sources: str
    known_from: Revision
    known_to: Revision | None


@dataclass(frozen=True, slots=True)
class NoteDraft:
    """Words to be said of a note; ``None``, or a language that is not there, stays as before.

    ``texts`` and ``directions`` are by language, '' for any: a direction that the theatre declares is said in
    all its languages, by its id or title. A text '' takes that language away, an empty tuple all ``arrows``
    or ``sectors``, of which each is as `desk.arrows.said_strokes` has it. ``place`` is longitude and latitude
    in degrees; ``first`` and ``last`` are local days, both included. ``base`` is the ``known_from`` of the
    note that the draft was made from: where another has taken its place meanwhile, the draft is refused.
    """

    texts: Text | None = None
    directions: Text | None = None
    place: Place | None = None
    first: date | None = None
    last: date | None = None
    arrows: tuple[str, ...] | None = None
    sectors: tuple[str, ...] | None = None
    sources: tuple[str, ...] | None = None
    base: Revision | None = None


def notes_layer(layers: Mapping[str, StoredLayer]) -> str:
    """Return the name of the layer of notes among *layers* of a theatre; `BadParameter` where none is."""
    found = next((name for name, each in layers.items() if each.layer.role == "notes"), None)
    if found is None:
        theatre = next(iter(layers.values())).theatre.id
        raise BadParameter(
            f'theatre {theatre} has no layer of notes: points of a window with a field "{DIRECTION}"'
        )
    return found


def note_of(row: StoredEvent, stored: StoredLayer) -> Note:
    """Return the note that *row* of *stored* is."""
    first, last = days_of(row.start, row.end, stored.theatre)
    said = row.properties
    sources = source_field(stored)
    return Note(
        row.id,
        first,
        last,
        row.lon,
        row.lat,
        by_language(said, DIRECTION),
        by_language(said, TEXT),
        str(said.get("arrow", "")),
        str(said.get("sector", "")),
        str(said.get(sources, "")) if sources else "",
        row.known_from,
        row.known_to,
    )


async def list_notes(
    connection: Connection,
    stored: StoredLayer,
    *,
    first: date | None = None,
    last: date | None = None,
    direction: str = "",
) -> list[Note]:
    """Return the current notes that hold on a local day from *first* to *last*, both included, by day.

    ``None`` is no limit; *direction* is one in any language, whatever its case.
    """
    with translated():
        rows = await load_current(connection, stored.layer_id, *period_of(first, last, stored.theatre))
    notes = [note_of(row, stored) for row in rows]
    wanted = direction_words(direction, stored.theatre) if direction else set()
    return [
        each
        for each in notes
        if not wanted or wanted & {words.casefold() for words in each.directions.values()}
    ]


def period_of(
    first: date | None, last: date | None, theatre: Theatre
) -> tuple[datetime | None, datetime | None]:
    """Return the half-open period of local days *first* to *last*, both included; ``None`` is no limit."""
    zone = day_zone(theatre.day_zone)
    start = None if first is None else day_period(first, zone).start
    return start, None if last is None else day_period(last, zone).end


def direction_words(text: str, theatre: Theatre) -> set[str]:
    """Return all words, in small letters, of the direction *text*: its own and, if declared, every title."""
    declared = declared_direction(text, theatre)
    titles = declared.title.values() if declared else ()
    return {each.casefold() for each in (text, *titles)}


def declared_direction(text: str, theatre: Theatre) -> Direction | None:
    """Return the direction of *theatre* with the id or a title *text*, in any language, whatever its case."""
    word = text.strip().casefold()
    for each in theatre.directions:
        if word == each.id or word in {title.casefold() for title in each.title.values()}:
            return each
    return None


async def add_note(job: Job, draft: NoteDraft, *, dry_run: bool = False) -> Amended:
    """Write a new note into the layer of *job*; the same words again change nothing."""
    made = draft_of(draft, job.stored, is_new=True)
    return await write_drafts(job, [(None, made)], "note add", dry_run=dry_run)


async def edit_note(job: Job, number: int, draft: NoteDraft, *, dry_run: bool = False) -> Amended:
    """Write *draft* into the note with the id *number*, in a new revision."""
    made = draft_of(draft, job.stored)
    return await write_drafts(job, [(number, made)], "note edit", dry_run=dry_run)


async def end_note(job: Job, number: int, last: date | None, *, dry_run: bool = False) -> Amended:
    """Let *last*, a local day that is included, be a note's last day; with ``None`` no day shows the note."""
    if last is None:
        return await end_events(job, [number], "note end", dry_run=dry_run)
    row = await current_event(job, number)
    if last > days_of(row.start, row.end, job.stored.theatre)[1]:
        raise BadParameter(f"{number} ends before {last}; to make it longer edit it")
    return await write_drafts(job, [(number, Draft(last=last))], "note end", dry_run=dry_run)


def draft_of(draft: NoteDraft, stored: StoredLayer, *, is_new: bool = False) -> Draft:
    """Return *draft* in the fields of *stored*; `BadParameter` for words without a field."""
    declared = _said_direction(draft, stored.theatre)
    fields = {
        **worded_fields(TEXT, draft.texts or {}, stored),
        **(declared_fields(declared, stored) if declared else {}),
        **worded_fields(DIRECTION, {} if declared else draft.directions or {}, stored),
        **_drawn(draft.arrows, "arrow", stored),
        **_drawn(draft.sectors, "sector", stored),
        **({} if draft.sources is None else said_sources(draft.sources, stored)),
    }
    place = draft.place or (place_of(declared) if declared and is_new else None)
    return Draft(fields, place, draft.first, draft.last, draft.base)


def _said_direction(draft: NoteDraft, theatre: Theatre) -> Direction | None:
    words = draft.directions or {}
    return declared_direction(words[""], theatre) if words.keys() == {""} else None


def declared_fields(direction: Direction, stored: StoredLayer) -> dict[str, str]:
    """Return the titles of *direction* in the fields of *stored*; '' in the fields of other languages."""
    own = {name for name in stored.layer.fields if name == DIRECTION or name.startswith(f"{DIRECTION}_")}
    plain = direction.title.get("en") or next(iter(direction.title.values()))
    return {name: direction.title.get(name.removeprefix(f"{DIRECTION}_"), "") for name in own} | {
        DIRECTION: plain
    }


def _drawn(said: Sequence[str] | None, drawn: Drawn, stored: StoredLayer) -> dict[str, str]:
    if said is None:
        return {}
    if drawn not in stored.layer.fields:
        raise BadParameter(f"layer {stored.layer.name} has no field {drawn!r}: declare it in the definition")
    return {drawn: spell_stored(said_strokes(said, drawn, stored), stored.layer.precision)}


def place_of(direction: Direction) -> Place:
    """Return the place of a declared direction, longitude and latitude in degrees: of an area one within."""
    if direction.point is not None:
        return direction.point
    inner = shapely.point_on_surface(shapely.Polygon(direction.area))
    return round(inner.x, 2), round(inner.y, 2)

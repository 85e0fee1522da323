"""The forms of a single event or note, filled from its row, and read as a draft of changes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TypeGuard

from starlette.requests import Request

from tileserver.desk.amend import EventPast
from tileserver.desk.arrows import DRAWN, Drawn, said_strokes, spell_said, spell_stored, stored_strokes
from tileserver.desk.drafts import Draft, Place, days_of
from tileserver.desk.notes import Note
from tileserver.desk.reasons import LONGEST_REASON
from tileserver.errors import BadParameter
from tileserver.ingest import END_COLUMNS, START_COLUMNS
from tileserver.model import Revision
from tileserver.newsroom.held_pages import remark_fields, remark_of
from tileserver.newsroom.layout import button, choice, field, form, text_area, text_of, void
from tileserver.newsroom.start_page import link
from tileserver.numerals import whole_number
from tileserver.picture.html import Html, element, table
from tileserver.store.amendments import StoredEvent
from tileserver.store.catalogue import StoredLayer
from tileserver.times import parse_day

_FIELD = "field-"  # before the name of a field of the layer, in a form
_FIRST = ("text", "direction")
_LISTED = 30  # notes of a layer
_SAID = 120  # characters of each, in the list
_DRAWN_HINT = "[side] lon,lat lon,lat ..., longitude first; several with semicolons between, or GeoJSON"
_REASON_HINT = "for the desk and the audit log"
_LONG = 60  # characters from which a text has a field of several lines
_PLACE = re.compile(r"\s*(-?\d{1,3}(?:\.\d+)?)\s*[,;\s]\s*(-?\d{1,3}(?:\.\d+)?)\s*\Z")


def word_for(stored: StoredLayer) -> str:
    """Return the word for an entry of *stored* as a title has."""
    return "Note" if stored.layer.role == "notes" else "Event"


def search_form(layers: list[StoredLayer], layer: str) -> Iterator[Html]:
    """Yield the form by which an event is found, and a link to a new note for each layer of notes."""
    names = [(str(each.ref), str(each.ref)) for each in layers]
    hint = "as tiles have it; on the map it is in the address once the card of an event is open"
    yield element(
        "form",
        choice("Layer", "layer", names, layer),
        field("Id", "id", hint=hint, inputmode="numeric"),
        field("Or key", "key", hint="what the source knows it by"),
        button("Open"),
        method="get",
        action="/desk/events",
        class_="box",
    )
    notes = [each for each in layers if each.layer.role == "notes"]
    for each in notes:
        yield element("p", link(f"/desk/events?layer={each.ref}&new=1", f"Write a new note into {each.ref}"))


def notes_table(stored: StoredLayer, notes: Sequence[Note]) -> Html:
    """Return a table of the newest of *notes*, each with a link to its form."""
    newest = sorted(notes, key=lambda each: (each.first, each.last), reverse=True)[:_LISTED]
    rows = [
        (
            link(f"/desk/events?layer={stored.ref}&id={each.number}", f"{each.first} to {each.last}"),
            _first_words(each.directions),
            _first_words(each.texts),
            str(each.number),
        )
        for each in newest
    ]
    caption = f"The newest {len(rows):,} of {len(notes):,}" if len(rows) < len(notes) else "The newest first"
    return table(caption, ("days", "direction", "what it says", "id"), rows)


def _first_words(texts: Mapping[str, str]) -> str:
    return (texts.get("en") or next(iter(texts.values()), ""))[:_SAID]


def event_forms(
    request: Request, stored: StoredLayer, past: EventPast | None, given: Mapping[str, object] | None = None
) -> Iterator[Html]:
    """Yield the forms of *past*, or of a new note for ``None``, and the versions that revisions know.

    Where a form was refused, *given* has what it said, and is shown again.
    """
    row = past.current if past else None
    if past is not None and row is None:
        yield element("p", "It has ended: no day shows it from then on.", class_="bad")
    hidden = [void("input", type="hidden", name="layer", value=str(stored.ref))]
    if past is not None:
        hidden.append(void("input", type="hidden", name="id", value=past.number))
    if row is not None:
        base = str(row.known_from) if given is None else text_of(given, "base")  # what the form was made from
        hidden.append(void("input", type="hidden", name="base", value=base))
    if past is None or row is not None:
        shown = shown_fields(stored, row) if row else {}
        said = shown if given is None else {name: text_of(given, name) for name in given}
        yield _edit_form(request, stored, hidden, said, "Save as a new version" if row else "Write it")
    if past is not None and row is not None:
        yield _end_form(request, hidden)
    if past is not None:
        yield from _versions(stored, past)


def _edit_form(
    request: Request,
    stored: StoredLayer,
    hidden: list[Html],
    said: Mapping[str, str],
    sends: str,
) -> Html:
    return element(
        "div",
        form(
            request,
            "/desk/events/edit",
            *hidden,
            *_fields(stored, said),
            field("Place", "place", said.get("place", ""), "longitude, latitude in degrees"),
            field("First day", "first", said.get("first", ""), type="date"),
            field("Last day", "last", said.get("last", ""), "included", type="date"),
            field(
                "Reason",
                "reason",
                said.get("reason", ""),
                _REASON_HINT,
                required="",
                maxlength=LONGEST_REASON,
            ),
            remark_fields(remark_of(said)),
            button(sends),
        ),
        class_="box",
    )


def _end_form(request: Request, hidden: list[Html]) -> Html:
    reason = void("input", name="reason", required="", maxlength=LONGEST_REASON)
    told = "No day shows it from then on, and no import brings it back. Earlier revisions keep it."
    return element(
        "div",
        form(
            request,
            "/desk/events/end",
            element("h2", "End it"),
            element("p", told),
            *hidden,
            element("p", element("label", "Reason to end it", reason), class_="field"),
            button("End it", "danger"),
        ),
        class_="box",
    )


def _fields(stored: StoredLayer, said: Mapping[str, str]) -> Iterator[Html]:
    layer = stored.layer
    days = {*START_COLUMNS, *END_COLUMNS}  # which follow from first and last day
    for name in sorted(layer.fields.keys() - days, key=_rank):
        meaning = _DRAWN_HINT if _is_drawn(name, stored) else layer.fields[name]
        own = f"{_FIELD}{name}"
        value = said.get(own, "")
        if name == layer.category and layer.categories:
            options = [("", "none"), *((each.code, each.code) for each in layer.categories)]
            yield choice(name, own, options, value, meaning)
        elif len(value) > _LONG or name.startswith("text"):
            yield text_area(name, own, value, meaning)
        else:
            yield field(name, own, value, meaning)


def _rank(name: str) -> tuple[int, str]:
    """Return the place of the field *name* in a form: words, then directions, then all others."""
    return next((place for place, start in enumerate(_FIRST) if name.startswith(start)), len(_FIRST)), name


def _versions(stored: StoredLayer, past: EventPast) -> Iterator[Html]:
    rows = []
    for each in past.rows:
        first, last = days_of(each.start, each.end, stored.theatre)
        words = "; ".join(f"{name}: {value}" for name, value in each.properties.items())
        known = f"{each.known_from}" + (f" to {each.known_to}" if each.known_to else " on")
        rows.append((known, f"{first} to {last}", f"{each.lon:.4f}, {each.lat:.4f}", words))
    yield element("h2", "Its versions")
    yield table("Newest first", ("known in revisions", "days", "place", "what it says"), rows)


def shown_fields(stored: StoredLayer, row: StoredEvent) -> dict[str, str]:
    """Return the texts of a form's fields that show *row*, by their names."""
    first, last = days_of(row.start, row.end, stored.theatre)
    said = {f"{_FIELD}{name}": _shown(stored, name, str(value)) for name, value in row.properties.items()}
    return {**said, "place": f"{row.lon:.5f}, {row.lat:.5f}", "first": str(first), "last": str(last)}


def _is_drawn(name: str, stored: StoredLayer) -> TypeGuard[Drawn]:
    return name in DRAWN and stored.layer.role == "notes"


def _shown(stored: StoredLayer, name: str, text: str) -> str:
    """Return the *text* of a field, its places longitude first as everywhere at the desk."""
    if not _is_drawn(name, stored):
        return text
    try:
        return spell_said(stored_strokes(text))
    except BadParameter:  # a file brought it; what cannot be drawn is shown as it is
        return text


def draft_of(given: Mapping[str, object], shown: Mapping[str, str], stored: StoredLayer) -> Draft:
    """Return the draft of a form: all fields, place and days, both included, that differ from *shown*.

    What was not touched stays as it is stored, which may be more exact.
    """
    said = {name: text for name in given if (text := text_of(given, name)) != _plain(shown.get(name, ""))}
    base = whole_number(text_of(given, "base"))
    fields = {name.removeprefix(_FIELD): text for name, text in said.items() if name.startswith(_FIELD)}
    for name, text in fields.items():
        if _is_drawn(name, stored):
            fields[name] = spell_stored(said_strokes([text], name, stored), stored.layer.precision)
    return Draft(
        fields,
        _place(said.get("place", "")),
        _day(said.get("first", "")),
        _day(said.get("last", "")),
        None if base is None else Revision(base),
    )


def _plain(text: str) -> str:
    """Return *text* with the line ends that a browser sends."""
    return "\r\n".join(text.splitlines()).strip()


def _place(text: str) -> Place | None:
    if not text:
        return None
    found = _PLACE.match(text)
    if found is None:
        raise BadParameter(f"{text[:60]!r} is no place; write longitude, latitude in degrees, as 37.5, 48.5")
    return float(found[1]), float(found[2])


def _day(text: str) -> date | None:
    return parse_day(text) if text else None

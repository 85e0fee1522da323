"""Forms for a single event or note: found by its id, edited as a new version, ended, or written anew."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tileserver.desk.amend import Amended, EventPast, end_events, find_event, write_drafts
from tileserver.desk.job import Job, Outcome
from tileserver.desk.layers import checked_layers, layers_of
from tileserver.desk.notes import list_notes
from tileserver.desk.reasons import check_words
from tileserver.errors import BadParameter
from tileserver.event_keys import event_id
from tileserver.model import LayerRef
from tileserver.newsroom.event_forms import (
    draft_of,
    event_forms,
    notes_table,
    search_form,
    shown_fields,
    word_for,
)
from tileserver.newsroom.held_pages import remark_of
from tileserver.newsroom.layout import (
    desk_page,
    filled,
    text_of,
)
from tileserver.newsroom.room import Newsroom, visitor_of
from tileserver.numerals import whole_number
from tileserver.picture.html import element
from tileserver.store.audit import Deed
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection

Written = Callable[[Job], Awaitable[Amended]]

_OF_NOTES: dict[str, Deed] = {"add": "note add", "edit": "note edit", "end": "note end"}
_OF_EVENTS: dict[str, Deed] = {"edit": "event edit", "end": "event end"}


class EventForms:
    """``/desk/events``."""

    def __init__(self, room: Newsroom) -> None:
        self._room = room

    @property
    def routes(self) -> list[Route]:
        """Every route."""
        return [
            Route("/desk/events", self.page, methods=["GET"]),
            Route("/desk/events/edit", self.edit, methods=["POST"]),
            Route("/desk/events/end", self.end, methods=["POST"]),
        ]

    async def page(self, request: Request) -> Response:
        """Answer with the form of ``?layer=`` and ``?id=`` or ``?key=``, of a new note, or a search."""
        asked = request.query_params
        async with self._room.database() as connection:
            layers = [each for each in await checked_layers(connection) if each.layer.drawn_as == "points"]
            stored = next((each for each in layers if str(each.ref) == asked.get("layer")), None)
            number = _number(asked, stored) if stored else None
            past = await find_event(connection, stored, number) if stored and number is not None else None
            if stored is not None and (past is not None or asked.get("new")):
                return desk_page(request, _title(stored, past), list(event_forms(request, stored, past)))
            noted = [each for each in layers if each.layer.role == "notes"]
            tables = [(each, found) for each in noted if (found := await list_notes(connection, each))]
        body = list(search_form(layers, asked.get("layer", "")))
        for each, found in tables:
            body += [element("h2", f"Notes of {each.ref}"), notes_table(each, found)]
        return desk_page(request, "Events and notes", body)

    async def edit(self, request: Request) -> Response:
        """Write the new version."""
        given = await filled(request)
        number = _read_id(text_of(given, "id"))

        async def write(job: Job) -> Amended:
            row = None
            if number is not None:
                row = (await find_event(job.connection, job.stored, number)).current
            shown = shown_fields(job.stored, row) if row else {}
            draft = draft_of(given, shown, job.stored)
            deed = deed_of(job.stored, "add" if number is None else "edit")
            return await write_drafts(job, [(number, draft)], deed)

        try:
            return await self._done(request, given, write)
        except BadParameter as error:
            return await self._again(request, given, number, error)

    async def _again(
        self, request: Request, given: Mapping[str, object], number: int | None, error: BadParameter
    ) -> Response:
        """Answer with the reason above the form as sent, so that nobody types a note twice."""
        ref = LayerRef.parse(text_of(given, "layer"))
        async with self._room.database() as connection:
            stored = (await layers_of(connection, ref.theatre, ref.layer))[ref.layer]
            past = None if number is None else await find_event(connection, stored, number)
        told = element("p", f"{error}; nothing was written", class_="bad", role="alert")
        forms = event_forms(request, stored, past, given)
        return desk_page(request, _title(stored, past), [told, *forms], status=error.status)

    async def end(self, request: Request) -> Response:
        """End an event from the next revision on."""
        given = await filled(request)
        number = _read_id(text_of(given, "id"))
        if number is None:
            raise BadParameter("say which event ends: its id")
        return await self._done(
            request, given, lambda job: end_events(job, [number], deed_of(job.stored, "end"))
        )

    async def _done(self, request: Request, given: Mapping[str, object], write: Written) -> Response:
        who_and_why = visitor_of(request).name, text_of(given, "reason"), remark_of(given)
        outcome = await write_event(self._room, text_of(given, "layer"), *who_and_why, write)
        if outcome is None:
            said = "Nothing changed: that is said already."
            return desk_page(request, "Events and notes", [element("p", said, role="status")])
        if outcome.held is not None:
            return RedirectResponse(f"/desk/held/{outcome.held}", 303)
        return RedirectResponse(f"/desk/revisions/{outcome.revision}", 303)


async def write_event(
    room: Newsroom, layer: str, by: str, reason: str, remark: dict[str, str], write: Written
) -> Outcome | None:
    """Let *write* write one event of *layer*; return the revision or held import, ``None`` for no change."""
    if not reason:
        raise BadParameter("say why: the reason stays with the revision and in the audit log")
    check_words(reason, remark)
    async with room.database() as connection:
        return (await write(await _job(connection, LayerRef.parse(layer), by, reason, remark))).outcome


async def _job(connection: Connection, ref: LayerRef, by: str, reason: str, remark: dict[str, str]) -> Job:
    layers = await layers_of(connection, ref.theatre, ref.layer)
    return Job(connection, layers, ref.layer, accept=reason, remark=remark, by=by, reason=reason)


def _title(stored: StoredLayer, past: EventPast | None) -> str:
    word = word_for(stored)
    return f"New {word.lower()}" if past is None else f"{word} {past.number}"


def _number(asked: Mapping[str, str], stored: StoredLayer) -> int | None:
    """Return the id in tiles that is asked for, by itself or by the key of the source; ``None`` for none."""
    number, key = _read_id(asked.get("id", "")), asked.get("key", "").strip()
    if number is None and key:
        return event_id(stored.layer.name, key)
    return number


def _read_id(text: str) -> int | None:
    """Return the id in tiles that *text* says, ``None`` for no text."""
    text = text.strip()
    number = whole_number(text)
    if text and number is None:
        raise BadParameter(f"{text[:40]!r} is no id: ids are whole numbers, as tiles have them")
    return number


def deed_of(stored: StoredLayer, what: Literal["add", "edit", "end"]) -> Deed:
    """Return the deed for the audit log, of an event or note of *stored*.

    `BadParameter` for a new event, which has a source.
    """
    if stored.layer.role == "notes":
        return _OF_NOTES[what]
    if what == "add":
        raise BadParameter(f"a new event comes from its source, by an import into {stored.ref}")
    return _OF_EVENTS[what]

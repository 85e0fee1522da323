"""The revisions, the page of each with the processes that serve the revision, and the way back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tileserver.counted import counted
from tileserver.desk.audit import entries_of
from tileserver.desk.corrections import Layers, Rollback, can_go_back, check_revision, rollback
from tileserver.desk.differences import DifferencePeriod, difference_periods
from tileserver.desk.layers import checked_layers, layers_of, theatre_and_layer
from tileserver.desk.reasons import LONGEST_REASON, check_words
from tileserver.errors import BadParameter
from tileserver.model import Revision
from tileserver.newsroom.held_pages import remark_fields, remark_of
from tileserver.newsroom.layout import button, choice, desk_page, facts, field, filled, form, text_of
from tileserver.newsroom.room import Newsroom, second, visitor_of
from tileserver.newsroom.servers import following, is_awaited, servers_section
from tileserver.newsroom.start_page import link, revisions_table
from tileserver.numerals import whole_number
from tileserver.picture.html import Html, element, table
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection
from tileserver.store.revision_log import RevisionEntry, differences, list_revisions, newest_revision
from tileserver.times import format_instant, system_clock

_LISTED = 300


class RevisionRoutes:
    """``/desk/revisions`` and ``/desk/rollback``."""

    def __init__(self, room: Newsroom) -> None:
        self._room = room

    @property
    def routes(self) -> list[Route]:
        """Every route."""
        return [
            Route("/desk/revisions", self.all, methods=["GET"]),
            Route("/desk/revisions/{number:int}", self.one, methods=["GET"]),
            Route("/desk/rollback", self.roll_back, methods=["POST"]),
        ]

    async def all(self, request: Request) -> Response:
        """Answer with the newest revisions."""
        async with self._room.database() as connection:
            layers = await checked_layers(connection)
            found = await list_revisions(connection, layers, removed=True)
        body = list(revisions_table(found[:_LISTED], counted(len(found), "revision")))
        return desk_page(request, "Revisions", body)

    async def one(self, request: Request) -> Response:
        """Answer with a revision: its changes, the processes that serve that revision, the way back."""
        number = request.path_params["number"]
        async with self._room.database() as connection:
            layers = await checked_layers(connection)
            check_revision(number, await newest_revision(connection))
            entry = next(
                (
                    each
                    for each in await list_revisions(connection, layers, removed=True)
                    if each.revision == number
                ),
                None,
            )
            found = await following(connection, number)
            told = await _differences(connection, layers, entry, number)
            acts = await entries_of(connection, number)
            back = await _way_back(request, connection, layers, entry, number)
        rows = [("Committed", second(found.committed)), *_said(entry, acts)]
        again = 1 if is_awaited(found, system_clock()) else 0
        body = [facts(rows), *servers_section(found), *told, *back]
        return desk_page(request, f"Revision {number}", body, again=again)

    async def roll_back(self, request: Request) -> Response:
        """Roll a layer back, as the form says."""
        given = await filled(request)
        to, by = whole_number(text_of(given, "to")), visitor_of(request).name
        if to is None:
            raise BadParameter("say to which revision: a number")
        done = await roll_back(
            self._room, text_of(given, "layer"), to, text_of(given, "reason"), remark_of(given), by
        )
        if done.revision is None:
            said = f"Nothing changed: it holds what it held at revision {to}."
            return desk_page(request, "Roll back", [element("p", said, role="status")])
        return RedirectResponse(f"/desk/revisions/{done.revision}", 303)


async def roll_back(
    room: Newsroom, name: str, revision: int, reason: str, remark: dict[str, str], by: str
) -> Rollback:
    """Roll the layer or theatre *name* back to *revision*, by a named person."""
    if not reason:
        raise BadParameter("say why it is rolled back: the reason stays with the revision, and it is blank")
    check_words(reason, remark)
    async with room.database() as connection:
        theatre, layer = theatre_and_layer(name)
        layers: Layers = await layers_of(connection, theatre, layer)
        return await rollback(connection, layers, layer, revision, reason, remark, by)


async def _way_back(
    request: Request,
    connection: Connection,
    layers: Sequence[StoredLayer],
    entry: RevisionEntry | None,
    number: int,
) -> list[Html]:
    """Return the form that rolls back the layers that would change, or words where no layer would."""
    touched = [each for each in layers if entry and str(each.ref) in entry.layers]
    if number < 2 or not touched:
        return []
    found = await can_go_back(connection, touched, Revision(number - 1))
    if found:
        return [_rollback_form(request, number, sorted(str(each.ref) for each in found))]
    words = f"There is nothing to roll back: what held at revision {number - 1} holds now."
    return [element("h2", "Roll back"), element("p", words, class_="empty")]


def _rollback_form(request: Request, number: int, names: Sequence[str]) -> Html:
    told = f"The layer holds again what it held at revision {number - 1}. Nothing is lost: it can be undone."
    return form(
        request,
        "/desk/rollback",
        element("h2", "Roll back"),
        element("p", told),
        choice("Layer", "layer", [(each, each) for each in names]),
        field("To revision", "to", str(number - 1), type="number", min=1, max=number, required=""),
        field("Reason", "reason", hint="stays with the revision", required="", maxlength=LONGEST_REASON),
        remark_fields({}),
        button("Roll back", "danger"),
    )


def _said(revision: RevisionEntry | None, acts: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Give the summary of *revision*, each act with its person and reason, each layer with its rows."""
    yield "What", revision.summary if revision else "changes no layer"
    for act in acts:
        where = urlencode({"theatre": act["theatre"], "what": act["what"]})
        done = link(f"/desk/audit?{where}", f"{act['what']}, by {act['by'] or 'nobody named'}")
        yield done, act["reason"] or "no reason was given"
    for ref, counts in (revision.layers if revision else {}).items():
        if not (counts.features_added or counts.features_ended):
            continue  # a front that follows, or a withdrawal
        yield ref, f"{counted(counts.features_added, 'version')} came, {counts.features_ended:,} ended"


async def _differences(
    connection: Connection, layers: Sequence[StoredLayer], entry: RevisionEntry | None, number: int
) -> list[Html]:
    if entry is None or number < 2:
        return []
    found = [
        (str(each.ref), period)
        for each in layers
        if str(each.ref) in entry.layers
        for period in difference_periods(await differences(connection, each, number - 1, number))
    ]
    if not found:
        return []
    columns = ("layer", "from", "to", "came", "went", "km\u00b2 where most changed")
    return [element("h2", "What it changed"), table("By period", columns, _rows(found))]


def _rows(found: Sequence[tuple[str, DifferencePeriod]]) -> Iterator[tuple[str | int, ...]]:
    for ref, each in found:
        start, end = format_instant(each.start), format_instant(each.end)
        yield ref, start, end, each.added, each.gone, each.largest.words if each.largest else ""

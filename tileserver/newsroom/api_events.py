"""Single events and notes by the desk's API: written, edited as a new version, ended."""

from __future__ import annotations

from collections.abc import Awaitable

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tileserver.desk.amend import Amended, end_events, write_drafts
from tileserver.desk.drafts import Draft
from tileserver.desk.job import Job, Outcome
from tileserver.model import Revision
from tileserver.newsroom.api_bodies import Remark, body_of
from tileserver.newsroom.api_document import DeskApiRoute
from tileserver.newsroom.event_pages import deed_of, write_event
from tileserver.newsroom.room import Newsroom, visitor_of
from tileserver.times import parse_day


class EventBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An event or note to be written: a new note without ``id``, else changed fields.

    ``place`` is longitude and latitude in degrees, ``first`` and ``last`` are local days, both included;
    ``base`` is the revision from which on the version was known that the edit was made from.
    """

    layer: str
    reason: str
    id: int | None = None
    fields: dict[str, str] = {}
    place: tuple[float, float] | None = None
    first: str = ""
    last: str = ""
    base: int | None = None
    remark: Remark = {}


class EndEventBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An event or note to be ended from the next revision on."""

    layer: str
    reason: str
    id: int
    remark: Remark = {}


class EventApi:
    """``/desk/api/events``."""

    def __init__(self, room: Newsroom) -> None:
        self._room = room

    @property
    def table(self) -> list[DeskApiRoute]:
        """Every route."""
        end = "End an event or note"
        return [
            DeskApiRoute("POST", "/desk/api/events", "Write or edit an event or note", self.write, EventBody),
            DeskApiRoute("POST", "/desk/api/events/end", end, self.end, EndEventBody),
        ]

    async def write(self, request: Request) -> Response:
        """Write a new event, or a new version."""
        body = await body_of(request, EventBody)
        first, last = (parse_day(text) if text else None for text in (body.first, body.last))
        base = None if body.base is None else Revision(body.base)
        draft = Draft(body.fields, body.place, first, last, base)

        def write(job: Job) -> Awaitable[Amended]:
            deed = deed_of(job.stored, "add" if body.id is None else "edit")
            return write_drafts(job, [(body.id, draft)], deed)

        by, reason = visitor_of(request).name, body.reason.strip()
        return _told(await write_event(self._room, body.layer, by, reason, body.remark, write))

    async def end(self, request: Request) -> Response:
        """End an event."""
        body = await body_of(request, EndEventBody)

        def write(job: Job) -> Awaitable[Amended]:
            return end_events(job, [body.id], deed_of(job.stored, "end"))

        by, reason = visitor_of(request).name, body.reason.strip()
        return _told(await write_event(self._room, body.layer, by, reason, body.remark, write))


def _told(outcome: Outcome | None) -> Response:
    """Answer with the revision, or the number of the held import; with neither for no change."""
    said = {"revision": outcome and outcome.revision, "held": outcome and outcome.held}
    return Response(msgspec.json.encode(said), media_type="application/json")

"""One event corrected: its text, day, place, kind or sources, as a new row in a new revision; or ended.

The desk's word stands above the event's source until it is released (`desk.amended`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from tileserver.declared import Text
from tileserver.desk.amend import Amended, end_events, release_events, write_drafts
from tileserver.desk.drafts import Draft, Drafted, Place, days_of
from tileserver.desk.job import Job
from tileserver.desk.said_sources import said_sources
from tileserver.desk.worded import worded_fields
from tileserver.errors import BadParameter
from tileserver.model import Revision, Theatre
from tileserver.store.catalogue import StoredLayer


@dataclass(frozen=True, slots=True)
class EventDraft:
    """Words to be said of an event; ``None``, or a field that is not there, stays as before.

    ``fields`` are those of the layer, '' takes one away; ``texts`` are by language, '' for any; ``kind`` is a
    code of the layer's category. ``sources`` are addresses, or ``publisher=address``. ``place`` is longitude
    and latitude in degrees; ``first`` and ``last`` are local days, both included. ``base`` is the
    ``known_from`` of the row that the draft was made from: where another took its place, it is refused.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    texts: Text | None = None
    kind: str | None = None
    place: Place | None = None
    first: date | None = None
    last: date | None = None
    sources: tuple[str, ...] | None = None
    base: Revision | None = None


@dataclass(frozen=True, slots=True)
class PartChange:
    """A part of an event that a draft changes, as words: a field, ``place`` or ``days``; '' is nothing."""

    part: str
    before: str
    after: str


async def edit_event(job: Job, number: int, draft: EventDraft, *, dry_run: bool = False) -> Amended:
    """Write *draft* into the event with the id *number*, in a new revision, above its source.

    `BadParameter` for what its layer does not allow; nothing was written then.
    """
    made = event_draft(draft, job.stored)
    return await write_drafts(job, [(number, made)], "event edit", dry_run=dry_run)


async def end_event(job: Job, number: int, *, dry_run: bool = False) -> Amended:
    """End the event with the id *number*: no day of a new revision shows the event."""
    return await end_events(job, [number], "event end", dry_run=dry_run)


async def release_event(job: Job, number: int, *, dry_run: bool = False) -> Amended:
    """Follow the source of the event with the id *number* again."""
    return await release_events(job, [number], dry_run=dry_run)


def event_draft(draft: EventDraft, stored: StoredLayer) -> Draft:
    """Return *draft* in the fields of *stored*; `BadParameter` for words without a field."""
    category = stored.layer.category
    if draft.kind is not None and not category:
        raise BadParameter(f"{stored.ref} has no kinds")
    fields = {
        **draft.fields,
        **worded_fields("text", draft.texts or {}, stored),
        **({} if draft.kind is None else {category: draft.kind}),
        **({} if draft.sources is None else said_sources(draft.sources, stored)),
    }
    return Draft(fields, draft.place, draft.first, draft.last, draft.base)


def part_changes(drafted: Drafted, theatre: Theatre) -> list[PartChange]:
    """Return the changes of *drafted*, part by part; a new event changes all its parts from nothing.

    Days are local, both ends included; the place is longitude and latitude in degrees.
    """
    before, after = drafted.before, drafted.feature
    old = {} if before is None else dict(before.properties)
    found = [
        PartChange(name, str(old.get(name, "")), str(after.properties.get(name, "")))
        for name in dict.fromkeys([*old, *after.properties])
        if old.get(name) != after.properties.get(name)
    ]
    if before is None or before.wkb != after.wkb:
        was = "" if before is None else f"{before.lon:.5f},{before.lat:.5f}"
        found.append(PartChange("place", was, "{:.5f},{:.5f}".format(*drafted.place)))
    if before is None or (before.start, before.end) != (drafted.start, drafted.end):
        days = [] if before is None else days_of(before.start, before.end, theatre)
        now = days_of(drafted.start, drafted.end, theatre)
        found.append(PartChange("days", "/".join(map(str, days)), "/".join(map(str, now))))
    return found

"""The desk writes, amends, ends and releases events and notes: each in a new revision, as an import does.

What it says goes through the stages of an import (`desk.importer.commit`), so that withdrawals, exactness,
warnings and the list of corrections hold as for any file; and it stands above the event's source from then on
(`desk.amended`).
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, replace

from tileserver.desk.arrows import check_stored
from tileserver.desk.drafts import Draft, Drafted, is_coarser, make_drafted
from tileserver.desk.importer import commit
from tileserver.desk.job import Job, Outcome
from tileserver.desk.prepared import Amending, Prepared, prepared
from tileserver.errors import BadParameter
from tileserver.ingest import Report
from tileserver.model import ID_BITS, DatedFeature, Feature, hash_id
from tileserver.store.amendments import UNTOLD, StoredEvent, load_current, load_rows_of, standing_amendments
from tileserver.store.audit import Deed
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection, translated
from tileserver.store.revisions import write_locked
from tileserver.store.withdrawn import withdrawn_ids

_NAMED = 5  # ids in the summary of a revision


@dataclass(frozen=True, slots=True)
class Amended:
    """Outcome of drafts: the events with their new words, and the import that wrote the changes.

    ``outcome`` is ``None`` where nothing was written: for a dry run, and where ``drafted`` is said already.
    Where the theatre wants several persons it is held until another one approves it, as an import of a file.
    """

    drafted: tuple[Drafted, ...]
    outcome: Outcome | None

    @property
    def changed(self) -> tuple[Drafted, ...]:
        """The drafts that change anything."""
        return tuple(each for each in self.drafted if not each.is_said)


@dataclass(frozen=True, slots=True)
class EventPast:
    """All that any revision knows of an event: its rows, the newest first.

    ``is_amended`` says that the desk's word stands above its source; ``wrote`` that it never had a source.
    """

    number: int
    rows: tuple[StoredEvent, ...]
    is_amended: bool
    wrote: bool

    @property
    def current(self) -> StoredEvent | None:
        """The row that is known now; ``None`` where the event has ended."""
        return next((row for row in self.rows if row.known_to is None), None)


async def find_event(connection: Connection, stored: StoredLayer, number: int) -> EventPast:
    """Return the event of *stored* with the id *number*; `BadParameter` where no revision knows the id."""
    with translated():
        rows = await load_rows_of(connection, stored.layer_id, [number])
        standing = await standing_amendments(connection, stored.layer_id)
    if not rows:
        raise BadParameter(f"{stored.ref} has no event or note {number} in any revision")
    return EventPast(number, tuple(rows), number in standing, standing.get(number) == b"")


async def write_drafts(
    job: Job,
    drafts: Sequence[tuple[int | None, Draft]],
    deed: Deed,
    *,
    adopt: bool = False,
    dry_run: bool = False,
) -> Amended:
    """Write each draft into its event, by its id in tiles; a single revision for all, or none.

    Without an id it is a new one; with *adopt* an id that no revision knows is that of a new one, too.

    Raises
    ------
    BadParameter
        An id that is not current or is there twice, or a draft that its layer does not allow; nothing was
        written then.
    """
    _check_points(job.stored)
    async with _writing(job, dry_run=dry_run):
        made = await _made(job, drafts, adopt=adopt)
        changed = [each for each in made if not each.is_said]
        if dry_run or not changed:
            return Amended(made, None)
        standing = await standing_amendments(job.connection, job.stored.layer_id)
        sources = {
            each.number: UNTOLD
            if is_coarser(each, job.stored.layer)
            else _source(standing, each.number, each.before)
            for each in changed
        }
        before = frozenset(_dated(each.before) for each in changed if each.before is not None)
        given = _given(job, Amending(deed, sources, before=before), changed)
        return Amended(made, await commit(job, given))


async def end_events(job: Job, numbers: Collection[int], deed: Deed, *, dry_run: bool = False) -> Amended:
    """End the events with the ids *numbers*: no day of the next revision shows any.

    Earlier revisions do, and no import of their source brings one back. Errors are those of `write_drafts`.
    """
    _check_points(job.stored)
    async with _writing(job, dry_run=dry_run):
        current = await _current_of(job, numbers)
        if dry_run:
            return Amended((), None)
        standing = await standing_amendments(job.connection, job.stored.layer_id)
        sources = {number: _source(standing, number, row) for number, row in current.items()}
        before = frozenset(map(_dated, current.values()))
        given = _given(job, Amending(deed, sources, frozenset(current), before=before))
        return Amended((), await commit(job, given))


async def release_events(job: Job, numbers: Collection[int], *, dry_run: bool = False) -> Amended:
    """Take the desk's word on the events with the ids *numbers* back, and follow their source again.

    What the source said when the desk amended an event holds again, and later imports are followed.
    `BadParameter` where one is not amended, or has no source; nothing was changed then.
    """
    stored = job.stored
    _check_points(stored)
    async with _writing(job, dry_run=dry_run):
        standing = await standing_amendments(job.connection, stored.layer_id)
        if wrong := [each for each in numbers if not standing.get(each)]:
            raise BadParameter(
                f"the desk has amended nothing that a source says of {', '.join(map(str, wrong[:10]))} in"
                f" {stored.ref}; nothing was changed"
            )
        rows = await load_rows_of(job.connection, stored.layer_id, numbers)
        told = {row.id: row for row in reversed(rows) if row.feature_hash == standing[row.id]}
        if dry_run:
            return Amended((), None)
        ids, before = frozenset(numbers), frozenset(_dated(row) for row in rows if row.known_to is None)
        own = Amending("event release", ended=ids, released=ids, before=before)
        again = [Drafted(_feature(row), row.start, row.end, None) for row in told.values()]
        return Amended((), await commit(job, _given(job, own, again)))


@asynccontextmanager
async def _writing(job: Job, *, dry_run: bool) -> AsyncIterator[None]:
    """Hold the writers' lock from the reading of current rows to the commit; a dry run waits for nobody."""
    with translated():
        async with nullcontext() if dry_run else write_locked(job.connection):
            yield


async def _made(job: Job, drafts: Sequence[tuple[int | None, Draft]], *, adopt: bool) -> tuple[Drafted, ...]:
    numbers = [number for number, _ in drafts if number is not None]
    if len({*numbers}) < len(numbers):
        raise BadParameter("the same id is there twice; say once what it is to be")
    fresh = await unknown_ids(job.connection, job.stored, numbers) if adopt else set()
    current = await _current_of(job, [number for number in numbers if number not in fresh])
    made = []
    for number, draft in drafts:
        if job.stored.layer.role == "notes":
            check_stored(draft.fields, job.stored)
        if number is None:
            made.append(await _new(job, draft))
        else:
            made.append(make_drafted(job.stored, number, draft, current.get(number)))
    return tuple(made)


async def _new(job: Job, draft: Draft) -> Drafted:
    """Return *draft* as a new event, or as the current event with the same words."""
    made = make_drafted(job.stored, secrets.randbits(ID_BITS), draft, None)
    rows = await load_current(job.connection, job.stored.layer_id, made.start, made.end)
    twins = (replace(made, before=row) for row in rows)
    return next((twin for twin in twins if twin.is_said), made)


async def current_event(job: Job, number: int) -> StoredEvent:
    """Return the current row of the event with the id *number*; `BadParameter` where there is none."""
    with translated():
        return (await _current_of(job, [number]))[number]


async def unknown_ids(connection: Connection, stored: StoredLayer, numbers: Collection[int]) -> set[int]:
    """Return the ids among *numbers*, ids in tiles, that no revision of the layer knows and none withdrew."""
    rows = await load_rows_of(connection, stored.layer_id, numbers)
    withdrawn = await withdrawn_ids(connection, stored.layer_id)
    return {*numbers} - {row.id for row in rows} - withdrawn.keys()


async def _current_of(job: Job, numbers: Collection[int]) -> dict[int, StoredEvent]:
    stored = job.stored
    rows = await load_rows_of(job.connection, stored.layer_id, numbers)
    current = {row.id: row for row in rows if row.known_to is None}
    if missing := [number for number in numbers if number not in current]:
        past = {row.id for row in rows}
        why = [f"{each} has ended" if each in past else f"{each} is none" for each in missing[:10]]
        raise BadParameter(f"{stored.ref} has no such event or note: {', '.join(why)}; nothing was changed")
    for number, n in Counter(row.id for row in rows if row.known_to is None).items():
        if n > 1:
            raise BadParameter(
                f"{number} is {n} events of which the same is said in several periods: their source has no"
                " keys to tell them apart, so correct them in its file"
            )
    return current


def _source(standing: Mapping[int, bytes], number: int, before: StoredEvent | None) -> bytes:
    """Return the hash of the source's words on an event when the desk first amended the event."""
    if number in standing:
        return standing[number]
    return b"" if before is None else before.feature_hash


def _given(job: Job, amending: Amending, drafted: Sequence[Drafted] = ()) -> Prepared:
    numbers = amending.ids
    named = ", ".join(map(str, numbers[:_NAMED])) + (", ..." if len(numbers) > _NAMED else "")
    origin = f"{amending.deed} {named}" + (f": {job.reason.strip()}" if job.reason.strip() else "")
    report = Report(read=len(drafted), imported=len(drafted))
    return prepared(
        report,
        origin=origin,
        features={each.feature.feature_hash: each.feature for each in drafted},
        periods=frozenset(DatedFeature(each.feature.feature_hash, each.start, each.end) for each in drafted),
        amending=amending,
    )


def _dated(row: StoredEvent) -> DatedFeature:
    return DatedFeature(row.feature_hash, row.start, row.end)


def _feature(row: StoredEvent) -> Feature:
    keyed_id = None if row.id == hash_id(row.feature_hash) else row.id
    return Feature(row.feature_hash, dict(row.properties), row.wkb, keyed_id)


def _check_points(stored: StoredLayer) -> None:
    if stored.layer.drawn_as != "points":
        raise BadParameter(
            f"{stored.ref} has no events or notes; a state is corrected by importing its day again"
        )

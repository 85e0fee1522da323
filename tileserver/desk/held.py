"""Held imports at the desk: list, review, accept, reject."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from tileserver.declared import Text
from tileserver.desk.consent import Consent, missing_of, note_consent
from tileserver.desk.importer import commit
from tileserver.desk.job import Job, Outcome, Progress, Shown, no_progress
from tileserver.desk.judge import Ruling
from tileserver.desk.prepared import Prepared, unpack
from tileserver.desk.preview import Preview, preview
from tileserver.desk.said_times import publish_instant
from tileserver.desk.verdict import Effect, Verdict, judge
from tileserver.desk.withdrawn import hide
from tileserver.desk.writing import hold
from tileserver.store.audit import Act, Deed, append
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection, translated
from tileserver.store.held import (
    HeldImport,
    decide,
    find_held,
    held_content,
    judge_again,
    layer_names,
    list_held,
    reject_waiting,
)
from tileserver.store.revisions import NothingChanged, open_revision, write_locked
from tileserver.store.scheduled import Approval, approvals, lock_waiting


@dataclass(frozen=True, slots=True)
class HeldReview:
    """A held import under review: its rulings, and its effects on the rows known now.

    ``added`` and ``ended`` count versions of features. Of one that is decided there is only what was kept.
    """

    found: HeldImport
    layer: str
    rulings: list[Ruling]
    added: int = 0
    ended: int = 0
    effects: Sequence[Effect] = ()
    approvals: Sequence[Approval] = ()
    missing: int = 0  # persons who have to approve it yet


async def waiting(
    connection: Connection, layers: Collection[StoredLayer], *, decided: bool = False
) -> list[HeldReview]:
    """Return the imports into *layers* that wait, or all there ever were, the oldest first."""
    there = {each.layer_id: each for each in layers}
    found = [each for each in await list_held(connection, decided=decided) if each.layer_id in there]
    given = await approvals(connection, [each.id for each in found])
    return [_review(there[each.layer_id], each, given) for each in found]


def _review(stored: StoredLayer, found: HeldImport, given: Collection[Approval]) -> HeldReview:
    """Return a review of an import by the rulings of the last judgement."""
    own = [each for each in given if each.number == found.id]
    missing = missing_of(stored.theatre.reviewers, found.plan.imported_by, own)
    left = missing if found.state == "waiting" else 0
    return HeldReview(found, str(stored.ref), _rulings(found), approvals=own, missing=left)


async def review(connection: Connection, layers: Collection[StoredLayer], number: int) -> HeldReview:
    """Return the held import *number* with the last judgement, waiting or decided."""
    with translated():
        found = await find_held(connection, number)
        return _review(_layer(layers, found), found, await approvals(connection, [number]))


async def look(connection: Connection, layers: Collection[StoredLayer], number: int) -> HeldReview:
    """Judge a held import again, against the current rows, and return the review.

    The new rulings are kept, and are what an acceptance covers; not where somebody has agreed to those of
    before.
    """
    with translated():
        found = await find_held(connection, number)
        stored = _layer(layers, found)
        kept = _review(stored, found, await approvals(connection, [number]))
        if found.state != "waiting":
            return kept
        given = unpack(await held_content(connection, number))
        verdict: Verdict | None = None
        async with open_revision(connection) as writer:  # taken back: nothing is written
            hiding = await hide(writer, stored, given)
            verdict = await judge(writer, stored, given, hiding.taken)
            raise NothingChanged
        assert verdict is not None  # whatever else is raised above goes through
        if found.plan.agreed_by is None and not kept.approvals:  # else it is as was agreed to
            await judge_again(connection, number, [asdict(each) for each in verdict.rulings], verdict.newest)
        added, ended = len(verdict.proposal.fresh), len(verdict.proposal.gone)
        return replace(kept, rulings=verdict.rulings, added=added, ended=ended, effects=verdict.effects)


async def preview_held(
    connection: Connection, layers: Collection[StoredLayer], number: int
) -> tuple[StoredLayer, Preview]:
    """Return the layer of the held import *number*, and the change that an acceptance would make now.

    Of one that is decided there is only its account.
    """
    with translated():
        found = await find_held(connection, number)
        stored = _layer(layers, found)
        if found.state != "waiting":
            return stored, Preview(found.origin, found.report, _rulings(found))
        given = unpack(await held_content(connection, number))
    nobody_yet = Consent("", "a look", None, None)
    return stored, await preview(held_job(connection, layers, found, nobody_yet, "accept"), given)


async def keep_for_review(job: Job, given: Prepared) -> tuple[int | None, Preview]:
    """Keep *given* until the desk decides, even where no rule is broken; return number and change.

    The number is ``None`` where all of it is known already, and then nothing is kept.
    """
    told = await preview(job, given)
    if told.nothing:
        return None, told
    assert told.verdict is not None  # there is always one of what is judged
    outcome = Outcome(report=given.report)
    await hold(job, given, told.verdict, outcome)
    return outcome.held, told


async def accept(
    connection: Connection,
    layers: Collection[StoredLayer],
    number: int,
    reason: str,
    progress: Progress = no_progress,
    remark: Text | None = None,
    by: str = "",
    publish_at: datetime | None = None,
) -> tuple[str, Outcome]:
    """Publish the held import *number*, in one revision that records the reason; return layer and outcome.

    *remark* is what readers are told of it, see `Job.remark`, ``None`` what was said when it was imported;
    *by* is who accepts. With *publish_at* (UTC),
    or where it had one before, it is only agreed, and becomes public then: see `desk.due`. Where the theatre
    wants several persons this is the word of one of them, who may not be the one who imported it; the last
    one publishes.

    Raises
    ------
    BadParameter
        It is decided already; it breaks a rule and there is no *reason*; or *by* may not approve it.
    HeldBack
        The import would break more now than the desk was shown; nothing is changed then.
    """
    with translated():
        async with write_locked(connection):
            found = await lock_waiting(connection, number)
            stored = _layer(layers, found)
            given = unpack(await held_content(connection, number))
            consent = Consent(by, reason, publish_at, remark)
            deed: Deed = "approve" if stored.theatre.reviewers > 1 else "accept"
            job = held_job(connection, layers, found, consent, deed, progress)
            agreed = await note_consent(job, given, found, consent)
            if agreed is not None:
                return str(stored.ref), agreed
            return str(stored.ref), await commit(job, given)


def held_job(
    connection: Connection,
    layers: Collection[StoredLayer],
    found: HeldImport,
    consent: Consent,
    deed: Deed,
    progress: Progress = no_progress,
) -> Job:
    """Return the job of publishing the held import *found*, within the rulings shown to the desk."""
    stored = _layer(layers, found)
    broken = frozenset(each.broken for each in _rulings(found))
    shown = Shown(found.id, broken, found.judged, deed)
    own = {each.layer.name: each for each in layers if each.ref.theatre == stored.ref.theatre}
    said = found.plan.remark if consent.remark is None else consent.remark
    return Job(connection, own, stored.layer.name, progress, consent.reason, shown, said, consent.by)


async def publish_instant_of(
    connection: Connection, layers: Collection[StoredLayer], number: int, text: str, now: datetime
) -> datetime | None:
    """Return the instant (UTC) of *text*, said of the held import *number*; errors as `publish_instant`."""
    return publish_instant(text, _layer(layers, await find_held(connection, number)).theatre, now)


async def reject(connection: Connection, number: int, reason: str, by: str = "") -> None:
    """Drop the held import *number*; its account stays, and the audit log has who did."""
    with translated():
        async with connection.transaction():
            await decide(connection, number, "rejected", reason, None)
            await _note_rejected(connection, number, by, reason)


async def supersede(connection: Connection, number: int, revision: int, by: str) -> None:
    """Reject the import *number* where still waiting: *revision* published a newer delivery of its file.

    In the transaction of the caller, who has nothing left to lock.
    """
    why = f"superseded by revision {revision}"
    if await reject_waiting(connection, number, why):
        await _note_rejected(connection, number, by, why)


async def _note_rejected(connection: Connection, number: int, by: str, reason: str) -> None:
    found = await find_held(connection, number)
    theatre, layer = await layer_names(connection, found.layer_id)
    details = {"held": number, "file": found.origin}
    await append(connection, Act("reject", by, theatre, (layer,), reason=reason, details=details))


def _layer(layers: Collection[StoredLayer], found: HeldImport) -> StoredLayer:
    return next(each for each in layers if each.layer_id == found.layer_id)


def _rulings(found: HeldImport) -> list[Ruling]:
    kept: Sequence[Mapping[str, Any]] = found.rulings
    return [
        Ruling(
            each["rule"],
            each["words"],
            each["status"],
            None if each["at"] is None else msgspec.convert(each["at"], datetime),
        )
        for each in kept
    ]

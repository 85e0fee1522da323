"""One import, from a file to a revision: the sequence of its stages, one file each.

======== ============================================================ ============================
read     a file becomes raw snapshots, or raw features with periods    `ingest`
gather   each feature is repaired, projected and hashed                `desk.gather`, `desk.prepare`
propose  the periods in which each would hold, beside those known now  `desk.proposal`, `desk.periods`
judge    reasons to hold the proposal back, and its effects in km2     `desk.verdict`, `desk.judge`
write    the rows that come and go, in the open revision               `desk.writing`
redraw   faces and front lines follow, where states changed            `desk.redraw`, `desk.draw`
======== ============================================================ ============================

The file is read whole; then there is one transaction and one revision, and nothing is visible before its end.
An import that is held back writes nothing but itself (`store.held`); accepted later (`desk.held`), it enters
again at *propose*. The samples enter at *gather*. What all stages share is a `Job`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from tileserver.desk.amended import check_unmoved
from tileserver.desk.file_hash import file_sha256
from tileserver.desk.gather import gather_features, gather_snapshots
from tileserver.desk.import_acts import published_act
from tileserver.desk.job import Job, Outcome
from tileserver.desk.prepared import Prepared
from tileserver.desk.proposal import complete_already
from tileserver.desk.redraw import redraw
from tileserver.desk.taken import take_at_once
from tileserver.desk.verdict import Effect, Verdict, judge, last_effects
from tileserver.desk.withdrawn import hide
from tileserver.desk.writing import check_shown, conclude, hold, write_rows
from tileserver.ingest import (
    RawFeature,
    RawSnapshot,
    ReadOptions,
    Report,
    count_items,
    gives_snapshots,
    read_features,
    read_snapshots,
)
from tileserver.ingest.report import printable
from tileserver.store.audit import append
from tileserver.store.connect import translated
from tileserver.store.days import add_days
from tileserver.store.held import decide
from tileserver.store.revisions import NothingChanged, Writer, open_revision


async def import_file(job: Job, path: Path, options: ReadOptions, *, complete: bool = False) -> Outcome:
    """Import *path* into the layer of *job* and bring up to date the lines that derive from the layer.

    Parameters
    ----------
    job : Job
        Where to, and whether it is published whatever rule it breaks.
    complete : bool
        The file is the whole of the layer: what it does not hold ends, in this revision.

    Raises
    ------
    BadParameter
        *complete* for a layer of snapshots, each of which is complete already.
    ImportFailed
        The file cannot be used; nothing was written.
    StoreUnavailable
        The database went away; nothing was written.

    Notes
    -----
    Running it again changes nothing. Interrupted anywhere it leaves nothing behind. What is held back
    changes nothing either, and is kept for the desk: see `Outcome.held`.
    """
    return await commit(job, await gather_file(job, path, options, complete=complete))


async def gather_file(job: Job, path: Path, options: ReadOptions, *, complete: bool = False) -> Prepared:
    """Return all of *path*, read and repaired; of the database nothing is read or written.

    Parameters and errors are those of `import_file`.
    """
    stored, report, origin = job.stored, Report(), printable(path.name)
    if not gives_snapshots(stored.layer, options):
        features = read_features(path, stored.theatre, stored.layer, options, report)
        given = await gather_features(job, features, report, origin, complete=complete)
    elif complete:
        raise complete_already(stored)
    else:
        snapshots = read_snapshots(path, stored.theatre, stored.layer, options, report)
        given = await gather_snapshots(job, snapshots, report, origin, count_items(path))
    return replace(given, sha256=file_sha256(path))


async def import_snapshots(
    job: Job, snapshots: Iterable[RawSnapshot], report: Report, origin: str, *, total: int | None = None
) -> Outcome:
    """Import whole states; each holds until the next state that is known."""
    return await commit(job, await gather_snapshots(job, snapshots, report, origin, total))


async def import_features(
    job: Job, features: Iterable[RawFeature], report: Report, origin: str, *, complete: bool = False
) -> Outcome:
    """Import features that carry their own periods; features that are known already stay as known.

    So do features that are missing here, unless the file is *complete*: then they end in this revision, and
    an edited feature is one that ended and one that came.
    """
    return await commit(job, await gather_features(job, features, report, origin, complete=complete))


async def commit(job: Job, given: Prepared) -> Outcome:
    """Publish *given* and the lines that follow as one revision; or hold the whole import back.

    Raises `HeldBack` where more is broken than an acceptance was shown; nothing was written then.
    """
    outcome = Outcome(report=given.report)
    with translated():
        async with open_revision(job.connection) as writer:
            if job.shown is not None:
                await check_unmoved(writer, job.stored, given, job.shown.number)
            hiding = await hide(writer, job.stored, given)
            verdict = await judge(writer, job.stored, given, hiding.taken)
            proposal, outcome.rulings, outcome.effects = verdict.proposal, verdict.rulings, verdict.effects
            outcome.report = verdict.report
            outcome.hidden, outcome.coarsened = hiding.taken, hiding.coarsened
            check_shown(job, given, verdict)
            fresh = await add_days(writer, job.stored.layer_id, given.days)
            is_held = bool(verdict.rulings) and not job.accept
            nothing = proposal.nothing and not fresh and not any(hiding) and given.amending is None
            if is_held or nothing or job.waits:
                raise NothingChanged
            await _publish(writer, job, given, verdict, outcome)
    if is_held or (job.waits and not nothing):
        if not is_held and any(hiding):
            await take_at_once(job, given, outcome)
        await hold(job, given, verdict, outcome)
    elif job.shown is not None and outcome.revision is None:
        await _accept_known(job, job.shown.number, given, outcome)
    return outcome


async def _publish(writer: Writer, job: Job, given: Prepared, verdict: Verdict, outcome: Outcome) -> None:
    """Write the proposal of *verdict* into the open revision, draw, and tell the audit log."""
    proposal = verdict.proposal
    job.progress("writing", 0, None)
    await write_rows(writer, job, given, proposal, outcome)
    if job.stored.layer.drawn_as == "faces":
        drawn = await redraw(writer, job, proposal.before, proposal.after, given.features)
        outcome.faces_added, outcome.faces_ended = drawn
    await conclude(writer, job, given, outcome)
    await append(writer.connection, published_act(job, given, outcome, _told(verdict)))


def _told(verdict: Verdict) -> list[Effect]:
    """Return the effects for the audit log: where no rule was broken, the effects of the last change."""
    return verdict.effects or last_effects(verdict)


async def _accept_known(job: Job, number: int, given: Prepared, outcome: Outcome) -> None:
    """Accept the held import *number*, of which nothing is new."""
    with translated():
        async with job.connection.transaction():
            await decide(job.connection, number, "accepted", job.accept, None)
            await append(job.connection, published_act(job, given, outcome, []))

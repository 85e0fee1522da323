"""Rows of one import into the open revision, or of an import that is held back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Literal

from tileserver.counted import counted
from tileserver.desk.amended import write_amendments
from tileserver.desk.import_acts import held_act
from tileserver.desk.job import Job, Outcome
from tileserver.desk.prepared import Prepared, pack
from tileserver.desk.proposal import Proposal, state_hash
from tileserver.desk.settled import settled_warning
from tileserver.desk.verdict import Verdict
from tileserver.errors import HeldBack
from tileserver.model import Feature, LayerId
from tileserver.store.audit import append
from tileserver.store.connect import translated
from tileserver.store.held import HeldPlan, QuarantineRow, decide, keep
from tileserver.store.revisions import FeatureRow, SnapshotRow, Writer


async def write_rows(writer: Writer, job: Job, given: Prepared, proposal: Proposal, outcome: Outcome) -> None:
    """Write new snapshots and features, end features that are gone, and count both in *outcome*.

    So with the desk's own word on events, and with what an accepted file takes away of it.
    """
    layer_id = job.stored.layer_id
    await write_amendments(writer, job.stored, given, proposal)
    if proposal.snapshots:
        new = sorted(proposal.snapshots.items())
        rows = [SnapshotRow(at, state_hash(state), given.origins[at]) for at, state in new]
        await writer.add_snapshots(layer_id, rows)
        outcome.snapshots = len(rows)
    await _write_features(writer, layer_id, proposal, given.features, outcome)
    await writer.quarantine(layer_id, quarantine_rows(given))


async def _write_features(
    writer: Writer, layer_id: LayerId, proposal: Proposal, features: Mapping[bytes, Feature], outcome: Outcome
) -> None:
    fresh, gone = proposal.fresh, proposal.gone
    # Read before anything is closed: the only row of a feature may be the one that is split.
    missing = {each.feature_hash for each in fresh} - features.keys()
    every = {**await writer.features(layer_id, missing), **features}
    new = [every[each.feature_hash] for each in fresh] if gone else []
    ids = {each.id for each in new if each.keyed_id is not None}
    outcome.edited += len(await writer.current_rows(layer_id, ids) & gone) if ids else 0
    await writer.close_features(layer_id, gone)
    rows = [FeatureRow.of(every[each.feature_hash], each.start, each.end) for each in sorted(fresh, key=str)]
    outcome.added += await writer.add_features(layer_id, rows)
    outcome.ended += len(gone)


async def conclude(writer: Writer, job: Job, given: Prepared, outcome: Outcome) -> None:
    """Sum the revision up, and decide the held import that the revision publishes, if any."""
    outcome.revision = writer.revision
    is_withdrawn = bool(outcome.hidden or outcome.coarsened)
    outcome.settled = await settled_warning(
        writer.connection, job.layers.values(), writer.revision, is_withdrawn=is_withdrawn
    )
    summary, report = _summary(outcome, job, given), outcome.report
    if job.accept and outcome.rulings:
        summary += f"; accepted: {job.accept}"
        words = [each.words for each in outcome.rulings]
        report = {**report, "accepted": {"reason": job.accept, "rulings": words}}
    await writer.commit_revision(summary, report, job.remark)
    if job.shown is not None:
        await decide(writer.connection, job.shown.number, "accepted", job.accept, writer.revision)


def _summary(outcome: Outcome, job: Job, given: Prepared) -> str:
    if given.states is not None:
        return f"{counted(outcome.snapshots, 'snapshot')} of {job.stored.ref} from {given.origin}"
    if given.amending is not None:
        return f"{job.stored.ref}: {given.origin}"
    edited = f", {outcome.edited} of them edits of events that were known" if outcome.edited else ""
    without = outcome.ended - outcome.edited
    ended = f", and {without} that it does not hold ended" if without else ""
    hidden = f", and {outcome.hidden} with a hidden source out of every revision" if outcome.hidden else ""
    coarser = (
        f", and more exact versions of {outcome.coarsened} out of every revision" if outcome.coarsened else ""
    )
    added = counted(outcome.added, "feature")
    return f"{added} of {job.stored.ref} from {given.origin}{edited}{ended}{hidden}{coarser}"


async def hold(job: Job, given: Prepared, verdict: Verdict, outcome: Outcome) -> None:
    """Keep *given* until the desk decides, or until its time; the same import keeps its number.

    *outcome* is told the number, the time, and how many persons have to approve it.
    """
    digest, content = pack(given)
    outcome.publish_at = job.publish_at
    outcome.missing = job.stored.theatre.reviewers - 1
    outcome.waits_for = _waits_for(job, verdict)
    is_agreed = outcome.waits_for == "time"
    with translated():
        async with job.connection.transaction():
            number, is_new = await keep(
                job.connection,
                job.stored.layer_id,
                given.origin,
                digest,
                [asdict(each) for each in verdict.rulings],
                verdict.newest,
                given.report,
                content,
                quarantine_rows(given),
                HeldPlan(job.by, job.publish_at, job.by if is_agreed else None, dict(job.remark)),
                job.accept if is_agreed else "",
            )
            if is_new or job.publish_at is not None:
                await append(job.connection, held_act(job, given, verdict, number, is_agreed=is_agreed))
    outcome.held = number


def _waits_for(job: Job, verdict: Verdict) -> Literal["decision", "persons", "time"]:
    if verdict.rulings and not job.accept:
        return "decision"
    if job.stored.theatre.reviewers > 1:
        return "persons"
    return "decision" if job.publish_at is None else "time"


def check_shown(job: Job, given: Prepared, verdict: Verdict) -> None:
    """Raise `HeldBack` where a held import would break more now than the desk was shown."""
    if job.shown is None:
        return
    fresh = [each.words for each in verdict.rulings if each.broken not in job.shown.broken]
    if given.complete and verdict.newest != job.shown.newest:
        fresh.append("as the complete file it would end what came since")
    if fresh:
        number = job.shown.number
        raise HeldBack(
            f"held import {number} does not fit what is known now, for something was imported since: "
            + "; ".join(fresh)
            + f"; look again with: tileserver held show {number}"
        )


def quarantine_rows(given: Prepared) -> list[QuarantineRow]:
    """Return the quarantined features of *given* as rows."""
    return [(each.finding.value, each.origin, each.raw) for each in given.quarantined]

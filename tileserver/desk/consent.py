"""The word of one person for a held import: enough to publish the import, or not yet."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from tileserver.declared import Text
from tileserver.desk.amended import check_unmoved
from tileserver.desk.job import Job, Outcome
from tileserver.desk.prepared import Prepared
from tileserver.desk.verdict import judge
from tileserver.desk.withdrawn import hide
from tileserver.desk.writing import check_shown
from tileserver.errors import BadParameter
from tileserver.store.audit import Act, Deed, append
from tileserver.store.held import HeldImport
from tileserver.store.instance import database_time
from tileserver.store.revisions import NothingChanged, open_revision
from tileserver.store.scheduled import Approval, add_approval, approvals, person_of, schedule
from tileserver.times import format_instant


class Consent(NamedTuple):
    """One person's word for a held import: name, reason, the first public instant (UTC), words for readers.

    ``None`` is what the import has itself: its instant, or at once, and its words.
    """

    by: str
    reason: str
    publish_at: datetime | None
    remark: Text | None


def missing_of(reviewers: int, imported_by: str, given: Collection[Approval]) -> int:
    """Return how many persons have to approve yet, of *reviewers* with the importing person."""
    persons = {each.person for each in given} - {person_of(imported_by)}
    return max(0, reviewers - 1 - len(persons))


async def note_consent(job: Job, given: Prepared, found: HeldImport, consent: Consent) -> Outcome | None:
    """Note *consent* in the caller's transaction; return the outcome where that does not publish the import.

    ``None`` where it is to be published now. Errors are those of `desk.held.accept`.
    """
    reviewers = job.stored.theatre.reviewers
    outcome = Outcome(report=found.report, held=found.id)
    if reviewers > 1:
        await _approve(job, found, consent)
        there = await approvals(job.connection, [found.id])
        outcome.missing = missing_of(reviewers, found.plan.imported_by, there)
    outcome.publish_at = consent.publish_at or found.plan.publish_at
    now = await database_time(job.connection)
    is_later = outcome.publish_at is not None and outcome.publish_at > now
    if not outcome.missing and not is_later:
        return None
    outcome.waits_for = "persons" if outcome.missing else "time"
    await _check_fits(job, given)
    if not outcome.missing:
        assert outcome.publish_at is not None
        await schedule(
            job.connection, found.id, consent.by, consent.reason, outcome.publish_at, dict(job.remark)
        )
    await _note(job, outcome, "approve" if outcome.missing else "schedule")
    return outcome


async def _approve(job: Job, found: HeldImport, consent: Consent) -> None:
    if not person_of(consent.by):
        raise BadParameter(f"say who approves held import {found.id}")
    if person_of(consent.by) == person_of(found.plan.imported_by):
        who = found.plan.imported_by
        raise BadParameter(f"held import {found.id} is by {who}, so another person has to approve it")
    await add_approval(job.connection, found.id, consent.by, consent.reason)


async def _check_fits(job: Job, given: Prepared) -> None:
    """Raise `HeldBack` where *given* would break more than the desk was shown; nothing is written."""
    async with open_revision(job.connection) as writer:
        assert job.shown is not None  # what is agreed to was held
        await check_unmoved(writer, job.stored, given, job.shown.number)
        hiding = await hide(writer, job.stored, given)
        check_shown(job, given, await judge(writer, job.stored, given, hiding.taken))
        raise NothingChanged


async def _note(job: Job, outcome: Outcome, what: Deed) -> None:
    at = outcome.publish_at
    details = {
        "held": outcome.held,
        **({"publish_at": format_instant(at)} if at is not None else {}),
        **({"missing": outcome.missing} if outcome.missing else {}),
    }
    ref = job.stored.ref
    act = Act(what, job.by, ref.theatre, (ref.layer,), reason=job.accept, details=details)
    await append(job.connection, act)

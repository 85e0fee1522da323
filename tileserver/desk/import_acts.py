"""Entries of the audit log on an import: published, held back, or accepted later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tileserver.desk.job import Job, Outcome
from tileserver.desk.prepared import Prepared
from tileserver.desk.verdict import Effect, Verdict
from tileserver.store.audit import Act, Deed
from tileserver.times import format_instant


def published_act(job: Job, given: Prepared, outcome: Outcome, effects: Sequence[Effect]) -> Act:
    """Return the entry of an import that is published, with the numbers of rows and km2 by status.

    What was found in the file is in the report of the revision.
    """
    revisions = () if outcome.revision is None else (int(outcome.revision),)
    own = given.amending
    details: dict[str, Any] = {**_what_of(given), **_numbers(outcome), "km2": _km2(effects)}
    if job.shown is not None:
        details |= {"held": job.shown.number, **_does(given)}
    if outcome.rulings:
        details["accepted"] = [each.words for each in outcome.rulings]
    if job.remark:
        details["remark"] = dict(job.remark)
    what: Deed = "import" if own is None else own.deed
    if job.shown is not None:
        what = job.shown.deed
    ref = job.stored.ref
    return Act(what, job.by, ref.theatre, (ref.layer,), revisions, job.reason or job.accept, _said(details))


def held_act(job: Job, given: Prepared, verdict: Verdict, number: int, *, is_agreed: bool) -> Act:
    """Return the entry of an import held as *number*, with the reasons; *is_agreed*: for its time alone."""
    proposal, ref = verdict.proposal, job.stored.ref
    details = {
        **_what_of(given),
        **_does(given),
        "held": number,
        "would_add": len(proposal.fresh),
        "would_end": len(proposal.gone),
        "km2": _km2(verdict.effects),
        "why": [each.words for each in verdict.rulings],
        "publish_at": "" if job.publish_at is None else format_instant(job.publish_at),
    }
    what: Deed = "schedule" if is_agreed else "hold"
    return Act(what, job.by, ref.theatre, (ref.layer,), (), job.reason, _said(details))


def _what_of(given: Prepared) -> dict[str, Any]:
    own = given.amending
    return {"file": given.origin, "sha256": given.sha256} if own is None else {"ids": own.ids}


def _does(given: Prepared) -> dict[str, Any]:
    """Return the desk's own deed that is held or agreed to, where *given* is no file."""
    return {} if given.amending is None else {"does": given.amending.deed}


def _numbers(outcome: Outcome) -> dict[str, int]:
    names = ("snapshots", "added", "ended", "edited", "hidden", "coarsened")
    return {name: getattr(outcome, name) for name in names}


def _km2(effects: Sequence[Effect]) -> list[dict[str, Any]]:
    return [
        {
            "at": format_instant(each.at),
            "status": each.status,
            "before": round(each.before, 1),
            "after": round(each.after, 1),
        }
        for each in effects
    ]


def _said(details: dict[str, Any]) -> dict[str, Any]:
    """Return *details* without empty values."""
    return {name: value for name, value in details.items() if value not in ("", 0, [])}

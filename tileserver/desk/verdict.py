"""Reasons to hold an import back, judged against the current rows, and its effects in km2."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from tileserver.desk.amended import judge_amended, without_amended
from tileserver.desk.judge import (
    Ruling,
    Sizes,
    Tally,
    Yardstick,
    judge_empty,
    judge_ended,
    judge_hidden,
    judge_states,
    judge_tally,
)
from tileserver.desk.periods import stepping
from tileserver.desk.prepared import Prepared, pack
from tileserver.desk.proposal import Proposal, propose
from tileserver.desk.withdrawn import without_withdrawn
from tileserver.desk.yardstick import yardstick_of
from tileserver.findings import Finding
from tileserver.model import Feature, Revision
from tileserver.store.catalogue import StoredLayer
from tileserver.store.held import accepted_quarantine, was_accepted
from tileserver.store.revisions import Writer, without_nul

EFFECTS = 5  # instants at which the effects of an import are told


class Effect(NamedTuple):
    """Land of one status at the instant *at*, in km2: as known now, and by the import."""

    at: datetime
    status: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """A proposal with the reasons against, and its effects where there are reasons.

    ``newest`` is the layer's newest revision, against which it was judged; ``report`` is the file's account,
    with what stays away because it was withdrawn; ``yardstick`` measures the states of areas, and is
    ``None`` for any other layer.
    """

    proposal: Proposal
    rulings: list[Ruling]
    effects: list[Effect]
    newest: Revision
    report: dict[str, Any]
    yardstick: Yardstick | None = None


async def judge(writer: Writer, stored: StoredLayer, given: Prepared, hidden: int = 0) -> Verdict:
    """Judge *given* as a proposal to the layer in the open revision; nothing is written.

    *hidden* features that the layer had have gone for their sources.
    """
    sifted = await without_amended(writer, stored, await without_withdrawn(writer, stored, given))
    proposal = await propose(writer, stored, sifted)
    rulings = await _tally_rulings(writer, stored, given, proposal)
    rulings += await judge_amended(writer, stored, given, proposal)
    rulings += judge_hidden(stored.layer, len(proposal.current) + hidden, hidden)
    newest = await writer.newest(stored.layer_id)
    if not is_measured(stored):
        return Verdict(proposal, rulings, [], newest, sifted.report)
    yardstick = await proposal_yardstick(writer, stored, given.features, proposal)
    # Features with periods of their own are no new state of a layer that has none yet.
    if proposal.current or given.states is not None:
        rulings += judge_states(stored.layer, proposal.before, proposal.after, yardstick)
    effects = _effects(proposal, rulings, yardstick) if rulings else []
    return Verdict(proposal, rulings, effects, newest, sifted.report, yardstick)


async def _tally_rulings(
    writer: Writer, stored: StoredLayer, given: Prepared, proposal: Proposal
) -> list[Ruling]:
    ends = given.complete and not proposal.current <= proposal.target
    put_aside = await _put_aside(writer, stored, given, ends=ends)
    # A file that does nothing but hide is not one of which nothing is left.
    left = given.report["imported"] + given.report["counts"].get(Finding.HIDDEN, 0)
    tally = Tally(given.report["read"], left, put_aside, given.complete)
    rulings = judge_tally(stored.layer, tally)
    if rulings and proposal.nothing and not put_aside:
        # The desk has accepted this very file before: it is no news.
        rulings = [] if await was_accepted(writer.connection, stored.layer_id, pack(given)[0]) else rulings
    rulings += judge_empty(proposal.snapshots) if stored.layer.time == "state" else []
    if not is_measured(stored) and given.complete and tally.left:
        ended = await _ended(writer, stored, given, proposal)
        rulings += judge_ended(stored.layer, len(proposal.current), ended)
    return rulings


def is_measured(stored: StoredLayer) -> bool:
    """Whether the layer has states of areas, whose land is measured."""
    return stored.layer.kind == "areas" and stored.layer.time == "state"


async def _ended(writer: Writer, stored: StoredLayer, given: Prepared, proposal: Proposal) -> int:
    """Count the current features that the complete file *given* leaves out; an edited event is there."""
    gone = proposal.current - proposal.target
    if not judge_ended(stored.layer, len(proposal.current), len(gone)):
        return 0  # few enough, whichever of them were edited
    there = await writer.features(stored.layer_id, {each.feature_hash for each in gone})
    come = {given.features[each.feature_hash].id for each in proposal.target - proposal.current}
    return sum(there[each.feature_hash].id not in come for each in gone)


async def _put_aside(writer: Writer, stored: StoredLayer, given: Prepared, *, ends: bool) -> dict[str, int]:
    """Count, by meaning, the quarantined features that no earlier revision has put aside already.

    Where the file *ends* features by leaving them out, only what the desk accepted counts as put aside: an
    import that was published because little of it was quarantined ended nothing, and this one may.
    """
    if not given.report["quarantined"]:
        return {}
    known = await accepted_quarantine(writer.connection, stored.layer_id)
    known |= await writer.quarantined(stored.layer_id, accepted=ends)
    counts = Counter(
        each.finding.meaning
        for each in given.quarantined
        if (each.finding.value, without_nul(each.origin), without_nul(each.raw)) not in known
    )
    if unkept := given.report["quarantined"] - len(given.quarantined):
        counts["more than is kept of one file"] = unkept
    return dict(counts)


async def proposal_yardstick(
    writer: Writer, stored: StoredLayer, fresh: Mapping[bytes, Feature], proposal: Proposal
) -> Yardstick:
    """Return the yardstick for the states that *proposal* changes; *fresh* has by hash new features."""
    wanted: set[bytes] = set()
    for _, was, before, now in stepping(proposal.before, proposal.after):
        if was != now:
            wanted |= was | before | now
    there = await writer.features(stored.layer_id, wanted - fresh.keys())
    statuses = await writer.statuses(stored.layer_id, stored.layer.category)
    return yardstick_of(stored.layer, {**there, **fresh}, statuses)


def _effects(proposal: Proposal, rulings: list[Ruling], yardstick: Yardstick) -> list[Effect]:
    """Return the effects at the instants that the *rulings* are about, and at the last change."""
    changed = {at: (was, now) for at, was, _, now in stepping(proposal.before, proposal.after) if was != now}
    ruled = [each.at for each in rulings if each.at in changed]
    found = []
    for at in sorted({*ruled[: EFFECTS - 1], *sorted(changed)[-1:]}, key=str):
        assert at is not None  # only those that are in changed
        found += effects_at(at, *map(yardstick.exact, changed[at]))
    return found


def last_effects(verdict: Verdict) -> list[Effect]:
    """Return the effects at the last instant that changes; none of a layer whose land is not measured."""
    if verdict.yardstick is None:
        return []
    return _effects(verdict.proposal, [], verdict.yardstick)


def effects_at(at: datetime, before: Sizes, after: Sizes) -> list[Effect]:
    """Return the effects at the instant *at* (UTC) of a state that becomes another, by status."""
    statuses = sorted({*before, *after})
    return [Effect(at, each, before.get(each, 0.0), after.get(each, 0.0)) for each in statuses]

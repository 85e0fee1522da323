"""What an import would change of what is known, and why that has to be held back."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from tileserver.desk.ground import ground_of
from tileserver.desk.judge import Ground, Ruling, Tally, judge_empty, judge_states, judge_tally
from tileserver.desk.periods import State, periods_of, states_of, stepping
from tileserver.desk.prepared import Prepared, pack
from tileserver.errors import BadParameter
from tileserver.model import DatedFeature
from tileserver.store.catalogue import StoredLayer
from tileserver.store.held import accepted_quarantine, was_accepted
from tileserver.store.revisions import Writer, without_nul

EFFECTS = 5  # instants at which it is said what an import changes


class Effect(NamedTuple):
    """What a status holds at the instant *at*, in km2: as is known now, and as the import says."""

    at: datetime
    status: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Change:
    """A layer as it is known and as it is to be: versions, states, and the whole states that are new."""

    known: set[DatedFeature]
    target: set[DatedFeature]
    before: Mapping[datetime, State]
    after: Mapping[datetime, State]
    snapshots: Mapping[datetime, State]

    @property
    def nothing(self) -> bool:
        """Whether everything is known already."""
        return not self.snapshots and self.known == self.target


async def change_of(writer: Writer, stored: StoredLayer, given: Prepared) -> Change:
    """Return what *given* makes of the layer as it is known in the open revision."""
    snapshots = await writer.snapshots(stored.layer_id)
    known = await writer.current(stored.layer_id)
    if given.states is not None:
        new = {at: state for at, state in given.states.items() if snapshots.get(at) != state_hash(state)}
        before = states_of(known, snapshots)
        after = {**before, **new}
        return Change(known, periods_of(after) if new else known, before, after, new)
    if given.complete and snapshots:
        raise complete_already(stored)
    target = set(given.periods) if given.complete else known | given.periods
    return Change(known, target, states_of(known), states_of(target), {})


def complete_already(stored: StoredLayer) -> BadParameter:
    """Return what is wrong with ``--complete`` for a layer of snapshots."""
    return BadParameter(
        f"{stored.ref} holds snapshots, each of which is the whole state from its instant on: to correct one"
        " import it again, to take one out withdraw it; --complete is for features with periods of their own"
    )


def check_own(stored: StoredLayer) -> None:
    """Refuse to import into a layer that follows another one.

    What it held of its own nothing would draw, and its definition could not be added again.
    """
    if stored.layer.drawn_as == "face_lines":
        origin = f"{stored.ref.theatre}.{stored.layer.drawn_from}"
        raise BadParameter(f"{stored.ref} derives from {origin} and follows it; import into {origin} instead")


def state_hash(state: State) -> bytes:
    """Return what names a whole state."""
    return hashlib.blake2b(b"".join(sorted(state)), digest_size=16).digest()


async def judge(
    writer: Writer, stored: StoredLayer, given: Prepared, change: Change
) -> tuple[list[Ruling], list[Effect]]:
    """Return why *given* has to be held back, and then what it changes."""
    ends = given.complete and not change.known <= change.target
    put_aside = await _put_aside(writer, stored, given, ends=ends)
    tally = Tally(given.report["read"], given.report["imported"], put_aside, given.complete)
    rulings = judge_tally(stored.layer, tally)
    if rulings and change.nothing and not put_aside:
        # The desk has accepted this very file before: it is no news.
        rulings = [] if await was_accepted(writer.connection, stored.layer_id, pack(given)[0]) else rulings
    rulings += judge_empty(change.snapshots) if stored.layer.time == "state" else []
    if stored.layer.kind != "areas" or stored.layer.time != "state":
        return rulings, []
    ground = await _ground(writer, stored, given, change)
    # Features with periods of their own are no new state of a layer that has none yet.
    if change.known or given.states is not None:
        rulings += judge_states(stored.layer, change.before, change.after, ground)
    return rulings, _effects(change, rulings, ground) if rulings else []


async def _put_aside(writer: Writer, stored: StoredLayer, given: Prepared, *, ends: bool) -> dict[str, int]:
    """Count, by what it means, what is put aside that was not put aside by an earlier revision.

    Where the file *ends* what it does not hold, only what the desk accepted counts as known: what was
    published because little of it was put aside ended nothing, and this may.
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


async def _ground(writer: Writer, stored: StoredLayer, given: Prepared, change: Change) -> Ground:
    wanted: set[bytes] = set()
    for _, was, before, now in stepping(change.before, change.after):
        if was != now:
            wanted |= was | before | now
    there = await writer.features(stored.layer_id, wanted - given.features.keys())
    statuses = await writer.statuses(stored.layer_id, stored.layer.category)
    return ground_of(stored.layer, {**there, **given.features}, statuses)


def _effects(change: Change, rulings: list[Ruling], ground: Ground) -> list[Effect]:
    """Return what changes at the instants that the *rulings* are about, and at the last that changes."""
    changed = {at: (was, now) for at, was, _, now in stepping(change.before, change.after) if was != now}
    ruled = [each.at for each in rulings if each.at in changed]
    found = []
    for at in sorted({*ruled[: EFFECTS - 1], *sorted(changed)[-1:]}, key=str):
        assert at is not None  # only those that are in changed
        before, after = map(ground.exact, changed[at])
        found += [
            Effect(at, status, before.get(status, 0.0), after.get(status, 0.0))
            for status in sorted({*before, *after})
        ]
    return found

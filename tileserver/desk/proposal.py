"""Proposals: the current rows of a layer, beside the rows that an import would make."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tileserver.desk.periods import State, periods_of, states_of
from tileserver.desk.prepared import Prepared
from tileserver.desk.relisting import merged
from tileserver.errors import BadParameter
from tileserver.model import DatedFeature
from tileserver.store.catalogue import StoredLayer
from tileserver.store.revisions import Writer


@dataclass(frozen=True, slots=True)
class Proposal:
    """Features of a layer that are current, and features that are to be; the states of either.

    Periods are half-open; a state holds until the next instant. ``snapshots`` are the new whole states.
    """

    current: set[DatedFeature]
    target: set[DatedFeature]
    before: Mapping[datetime, State]
    after: Mapping[datetime, State]
    snapshots: Mapping[datetime, State]

    @property
    def nothing(self) -> bool:
        """Whether everything is known already."""
        return not self.snapshots and self.current == self.target

    @property
    def fresh(self) -> set[DatedFeature]:
        """The features that would come."""
        return self.target - self.current

    @property
    def gone(self) -> set[DatedFeature]:
        """The features that would go, or hold in other periods."""
        return self.current - self.target


async def propose(writer: Writer, stored: StoredLayer, given: Prepared) -> Proposal:
    """Return the rows that *given* would make of the layer, beside the rows that the open revision knows.

    Raises `BadParameter` for a complete file of features where the layer has snapshots.
    """
    snapshots = await writer.snapshots(stored.layer_id)
    current = await writer.current(stored.layer_id)
    if given.states is not None:
        new = {at: state for at, state in given.states.items() if snapshots.get(at) != state_hash(state)}
        before = states_of(current, snapshots)
        after = {**before, **new}
        return Proposal(current, periods_of(after) if new else current, before, after, new)
    if given.complete and snapshots:
        raise complete_already(stored)
    target = await merged(writer, stored, current, given)
    return Proposal(current, target, states_of(current), states_of(target), {})


def complete_already(stored: StoredLayer) -> BadParameter:
    """Return the refusal of ``--complete`` for a layer of snapshots."""
    return BadParameter(
        f"{stored.ref} holds snapshots, each of which is the whole state from its instant on: to correct one"
        " import it again, to take one out withdraw it; --complete is for features with periods of their own"
    )


def state_hash(state: State) -> bytes:
    """Return the hash of a whole state, 16 bytes: equal for equal sets of features."""
    return hashlib.blake2b(b"".join(sorted(state)), digest_size=16).digest()

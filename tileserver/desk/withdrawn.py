"""Withdrawals of events: out of every revision, and out of later imports until the desk decides otherwise."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from tileserver.desk.prepared import Prepared
from tileserver.errors import BadParameter
from tileserver.findings import Finding
from tileserver.ingest.report import left_out_of
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection, translated
from tileserver.store.corrections import Taken, erase_features, record_withdrawal
from tileserver.store.revisions import Writer, write_locked
from tileserver.store.withdrawn import note_withdrawn, readmit_ids, withdrawn_ids


async def withdraw_within(writer: Writer, stored: StoredLayer, ids: Collection[int], reason: str) -> Taken:
    """Take the events with *ids* out of every revision, as a part of the open revision.

    Once for a revision and layer. *ids* are ids in tiles: `event_keys.event_id` of an event that has a key.
    Those that no revision has are kept out of later imports as well: what a source hides before it was ever
    imported is not to come in by an older file.
    """
    taken, _ = await erase_features(writer, stored.layer_id, ids)
    await note_withdrawn(writer, stored.layer_id, ids, reason)
    if taken.layers:
        await record_withdrawal(writer, taken.layers, {"ids": sorted(ids)}, reason)
    return taken


async def without_withdrawn(writer: Writer, stored: StoredLayer, given: Prepared) -> Prepared:
    """Return *given* without the dated features that were withdrawn; its account says how many, and why.

    What is current all the same, as another period of what was said, stays.
    """
    reasons = await withdrawn_ids(writer.connection, stored.layer_id)
    found = {
        each: number for each in given.periods if (number := given.features[each.feature_hash].id) in reasons
    }
    for each in await writer.current_rows(stored.layer_id, found.values()) if found else ():
        found.pop(each, None)
    if not found:
        return given
    examples = [f"id {number}: {reasons[number]}" for number in sorted(found.values())]
    report = left_out_of(given.report, Finding.WITHDRAWN, examples)
    return replace(given, periods=given.periods - found.keys(), report=report)


async def readmit(connection: Connection, stored: StoredLayer, ids: Collection[int], reason: str) -> int:
    """Let imports bring back the events with *ids*, and return their number; the withdrawal stays.

    `BadParameter` where one of them is not kept out, or for a blank *reason*; nothing was changed then.
    """
    if not reason.strip():
        raise BadParameter("say why it may come back: the reason is kept, and it is blank")
    with translated():
        async with write_locked(connection):
            done = await readmit_ids(connection, stored.layer_id, ids, reason)
            if missing := {*ids} - done:
                shown = ", ".join(map(str, sorted(missing)[:10]))
                raise BadParameter(f"nothing keeps {shown} out of {stored.ref}; nothing was changed")
    return len(done)

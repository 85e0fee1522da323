"""Withdrawals of events: out of every revision, and out of later imports until the desk decides otherwise."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import NamedTuple

from tileserver.desk.prepared import Prepared
from tileserver.errors import BadParameter
from tileserver.findings import Finding
from tileserver.ingest.report import left_out_of
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection, translated
from tileserver.store.corrections import erase_other_rows, record_withdrawal
from tileserver.store.revisions import Writer, write_locked
from tileserver.store.withdrawn import note_withdrawn, readmit_ids, withdrawn_ids

HIDDEN_REASON = "its source is hidden by the publisher"


async def without_withdrawn(writer: Writer, stored: StoredLayer, given: Prepared) -> Prepared:
    """Return *given* without the dated features that were withdrawn; its account says how many, and why.

    What is current all the same, as another period of what was said, stays.
    """
    reasons = await withdrawn_ids(writer.connection, stored.layer_id)
    found = {
        each: number
        for each in given.periods
        if (number := given.features[each.feature_hash].id) in reasons
        # What is hidden may come without its sources, unless the desk withdrew it as well.
        and (reasons[number] != HIDDEN_REASON or given.hidden.get(number) != each.feature_hash)
    }
    for each in await writer.current_rows(stored.layer_id, found.values()) if found else ():
        found.pop(each, None)
    if not found:
        return given
    examples = [f"id {number}: {reasons[number]}" for number in sorted(found.values())]
    report = left_out_of(given.report, Finding.WITHDRAWN, examples)
    return replace(given, periods=given.periods - found.keys(), report=report)


class Hiding(NamedTuple):
    """Numbers of events with a hidden source: taken out of every revision, and newly kept out of imports."""

    taken: int = 0
    kept_out: int = 0


async def hide(writer: Writer, stored: StoredLayer, given: Prepared) -> Hiding:
    """Take events that *given* hides out of every revision, as a part of the open revision.

    The version without sources stays. All else of these events is kept out of later imports, as what was
    withdrawn is.
    """
    if not given.hidden:
        return Hiding()
    layer_id = stored.layer_id
    taken = await erase_other_rows(writer, layer_id, given.hidden)
    known = await withdrawn_ids(writer.connection, layer_id)
    fresh = given.hidden.keys() - known.keys()
    await note_withdrawn(writer, layer_id, fresh, HIDDEN_REASON)
    if taken.layers:
        await record_withdrawal(writer, taken.layers, {"ids": sorted(taken.ids)}, HIDDEN_REASON)
    return Hiding(len(taken.ids), len(fresh))


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

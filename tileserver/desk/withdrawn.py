"""Withdrawals of events: out of every revision, and out of later imports until the desk decides otherwise."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import NamedTuple

from tileserver.desk.prepared import Prepared
from tileserver.errors import BadParameter
from tileserver.findings import Finding
from tileserver.ingest.report import left_out_of
from tileserver.store.audit import Act, append
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection, translated
from tileserver.store.corrections import erase_more_exact, erase_other_rows, record_withdrawal
from tileserver.store.revisions import Writer, write_locked
from tileserver.store.withdrawn import note_withdrawn, readmit_ids, withdrawn_ids

HIDDEN_REASON = "its source is hidden by the publisher"
COARSER_REASON = "its place is told less exactly now"


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
    """Numbers of events that an import takes, whole or in part, out of every revision.

    With a hidden source: ``taken``, and newly ``kept_out`` of imports. ``coarsened`` are those whose more
    exact versions go, for their place is told less exactly now.
    """

    taken: int = 0
    kept_out: int = 0
    coarsened: int = 0


async def hide(writer: Writer, stored: StoredLayer, given: Prepared) -> Hiding:
    """Take events hidden by *given*, and the more exact places of others, out of every revision.

    The version without sources stays. All else of the hidden events is kept out of later imports, as what was
    withdrawn is. An event whose place is told less exactly is not: only its more exact versions go.
    """
    coarsened = await _coarsen(writer, stored, given)
    if not given.hidden:
        return Hiding(coarsened=coarsened)
    layer_id = stored.layer_id
    taken = await erase_other_rows(writer, layer_id, given.hidden)
    known = await withdrawn_ids(writer.connection, layer_id)
    fresh = given.hidden.keys() - known.keys()
    await note_withdrawn(writer, layer_id, fresh, HIDDEN_REASON)
    if taken.layers:
        await record_withdrawal(writer, taken.layers, {"ids": sorted(taken.ids)}, HIDDEN_REASON)
    return Hiding(len(taken.ids), len(fresh), coarsened)


async def _coarsen(writer: Writer, stored: StoredLayer, given: Prepared) -> int:
    """Take versions more exact than *given* out of every revision; return the number of events."""
    evidence = stored.layer.evidence
    if evidence is None or not evidence.is_inexact:
        return 0
    metres = {each.code: each.metres for each in evidence.classes}
    told: dict[int, float] = {}
    for each in given.periods:
        feature = given.features[each.feature_hash]
        if feature.keyed_id is not None:
            width = metres.get(str(feature.properties.get(evidence.exactness)), 0.0)
            told[feature.keyed_id] = min(width, told.get(feature.keyed_id, width))
    wide = {number: width for number, width in told.items() if width}
    if not wide:
        return 0
    taken = await erase_more_exact(writer, stored.layer_id, wide, evidence.exactness, metres)
    if taken.layers:
        await record_withdrawal(
            writer, taken.layers, {"more_exact_than_now": sorted(taken.ids)}, COARSER_REASON
        )
    return len(taken.ids)


async def readmit(
    connection: Connection, stored: StoredLayer, ids: Collection[int], reason: str, by: str = ""
) -> int:
    """Let imports bring back the events with *ids*, and return their number; the withdrawal stays.

    *by* is who does it, for the audit log.

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
            ref, details = stored.ref, {"ids": sorted(done)}
            await append(
                connection, Act("readmit", by, ref.theatre, (ref.layer,), reason=reason, details=details)
            )
    return len(done)

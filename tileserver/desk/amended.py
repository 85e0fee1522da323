"""Amendments: the desk's own word on an event or note stands above the word of its source.

An import leaves out each event that the desk has amended or ended, and says so; those of which the source
says something else now than it did then it tells apart. Only what protects somebody goes before the desk's
word: a source that is hidden, a place that is told less exactly (`desk.withdrawn`). Where a complete file no
longer has an event that the desk amended, the import is held back: to end it would take the desk's word away
unseen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tileserver.desk.judge import Ruling
from tileserver.desk.prepare import unkeyed_hash
from tileserver.desk.prepared import Prepared
from tileserver.desk.proposal import Proposal
from tileserver.errors import HeldBack
from tileserver.findings import Finding
from tileserver.ingest.report import left_out_of
from tileserver.model import DatedFeature, Feature, hash_id
from tileserver.store.amendments import UNTOLD, amend, lift, standing_amendments
from tileserver.store.catalogue import StoredLayer
from tileserver.store.revisions import Writer

_LISTED = 10


async def without_amended(writer: Writer, stored: StoredLayer, given: Prepared) -> Prepared:
    """Return *given* with the desk's own word on amended events.

    Its account says how many are left out. What the desk has ended is not in it.
    """
    if given.amending is not None or given.states is not None:
        return given
    standing = await standing_amendments(writer.connection, stored.layer_id)
    found = {
        each: number for each in given.periods if (number := _amended(each, given, standing)) is not None
    }
    current = await writer.current_rows(stored.layer_id, found.values()) if found else set()
    told = {each: number for each, number in found.items() if each not in current}
    if not told:
        return given
    report = given.report
    for finding, examples in _examples(told, given, standing).items():
        report = left_out_of(report, finding, examples)
    features = await writer.features(stored.layer_id, {each.feature_hash for each in current})
    return replace(
        given,
        periods=given.periods - told.keys() | current,
        features={**given.features, **features},
        report=report,
    )


def _amended(each: DatedFeature, given: Prepared, standing: Mapping[int, bytes]) -> int | None:
    """Return the id under which *each* is amended: its own, or the one of before its source had keys."""
    feature = given.features[each.feature_hash]
    ids = (feature.id, hash_id(unkeyed_hash(feature)))
    return next((number for number in ids if number in standing), None)


def _examples(
    told: Mapping[DatedFeature, int], given: Prepared, standing: Mapping[int, bytes]
) -> dict[Finding, list[str]]:
    found: dict[Finding, list[str]] = {}
    for each, number in sorted(told.items(), key=lambda pair: pair[1]):
        feature = given.features[each.feature_hash]
        is_same = standing[number] in (UNTOLD, feature.feature_hash, unkeyed_hash(feature))
        finding = Finding.AMENDED if is_same else Finding.AMENDED_ANEW
        found.setdefault(finding, []).append(f"id {number}{'' if is_same else _said(feature)}")
    return found


def _said(feature: Feature) -> str:
    words = "; ".join(f"{name}: {value}" for name, value in feature.properties.items())
    return f": its source says now {words[:150]}"


async def judge_amended(
    writer: Writer, stored: StoredLayer, given: Prepared, proposal: Proposal
) -> list[Ruling]:
    """Return the ruling on a complete file that would end events which the desk amended."""
    ids = await _ended(writer, stored, given, proposal)
    if not ids:
        return []
    shown = ", ".join(map(str, sorted(ids)[:_LISTED])) + (", ..." if len(ids) > _LISTED else "")
    said = f"{len(ids):,} that the desk wrote or amended would end, for the complete file does not have them"
    return [Ruling("amended", f"{said}: id {shown}")]


async def _ended(writer: Writer, stored: StoredLayer, given: Prepared, proposal: Proposal) -> set[int]:
    """Return the ids of amended events that the complete file *given* would end."""
    if not given.complete or not proposal.gone:
        return set()
    standing = await standing_amendments(writer.connection, stored.layer_id)
    rows = await writer.current_rows(stored.layer_id, standing) & proposal.gone
    there = await writer.features(stored.layer_id, {each.feature_hash for each in rows})
    return {there[each.feature_hash].id for each in rows}


async def check_unmoved(writer: Writer, stored: StoredLayer, given: Prepared, number: int) -> None:
    """Raise `HeldBack` where the desk's word, held as *number*, is on rows that are not current any more."""
    own = given.amending
    if own is None or await writer.current_rows(stored.layer_id, own.ids) == own.before:
        return
    ids = ", ".join(map(str, own.ids[:_LISTED]))
    raise HeldBack(
        f"held import {number} does not fit what is known now: id {ids} was changed since it was written;"
        " reject it, and write it anew"
    )


async def write_amendments(writer: Writer, stored: StoredLayer, given: Prepared, proposal: Proposal) -> None:
    """Let the desk's word in *given* stand, or leave events to their source again.

    Before the rows are written: what an accepted complete file ends is left to its source as well.
    """
    own = given.amending
    if own is None:
        await lift(writer, stored.layer_id, await _ended(writer, stored, given, proposal))
        return
    await amend(writer, stored.layer_id, own.sources)
    await lift(writer, stored.layer_id, own.released)

"""Events that are listed again: rows that give way to an import, and rows of the import that are known.

An event that has a key has one version at a time. A row with the same key and another text, place or period
is a new version of the event; the same row again is nothing. What was imported before its source had keys,
and a file that is read without its keys, are recognised by what they say: geometry, properties and period.
"""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime
from typing import TypeAlias

from tileserver.desk.prepare import said_of, unkeyed_hash
from tileserver.desk.prepared import Prepared
from tileserver.model import DatedFeature, Feature
from tileserver.store.catalogue import StoredLayer
from tileserver.store.revisions import Writer

_Said: TypeAlias = tuple[bytes, datetime, datetime | None]  # whatever the key: what is said, and of when


async def merged(
    writer: Writer, stored: StoredLayer, current: set[DatedFeature], given: Prepared
) -> set[DatedFeature]:
    """Return the features that are to be current once *given*, features with half-open periods, is imported.

    Of a complete file these are the file's alone.
    """
    if given.amending and given.amending.ended:
        current = current - await writer.current_rows(stored.layer_id, given.amending.ended)
    keyed = {each: given.features[each.feature_hash] for each in given.periods if _is_keyed(each, given)}
    if keyed:
        ids = {feature.id for feature in keyed.values()}
        older = await writer.current_rows(stored.layer_id, ids) - keyed.keys()
        older |= {_without_key(each, feature) for each, feature in keyed.items()} - given.periods
        current = current - older
    said = keyed.keys() | _known_as(current, given.periods - keyed.keys())
    return set(said) if given.complete else current | said


def _is_keyed(each: DatedFeature, given: Prepared) -> bool:
    return given.features[each.feature_hash].keyed_id is not None


def _without_key(each: DatedFeature, feature: Feature) -> DatedFeature:
    """Return *each* as its row was before the source had keys."""
    return each._replace(feature_hash=unkeyed_hash(feature))


def _known_as(current: set[DatedFeature], unkeyed: Set[DatedFeature]) -> set[DatedFeature]:
    """Return *unkeyed*, each as the event that says the same already, where the event has a key."""
    fresh = {_said(each): each for each in unkeyed - current}
    twins = {said: each for each in current if (said := _said(each)) in fresh} if fresh else {}
    return (current & unkeyed) | {twins.get(said, each) for said, each in fresh.items()}


def _said(each: DatedFeature) -> _Said:
    return said_of(each.feature_hash), each.start, each.end

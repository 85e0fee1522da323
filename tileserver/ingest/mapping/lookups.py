"""Second files of a source, in which keys of its rows are looked up: names of sources, classes of events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from tileserver.errors import UnreadableSource
from tileserver.ingest.containers.table import Table
from tileserver.ingest.mapping.declared import LookupRule, listed, spelled
from tileserver.ingest.mapping.values import flat, text_of_value, value_at

Lookup: TypeAlias = Mapping[str, tuple[Any, ...]]  # key -> its values

MOST = 500_000  # keys of one file, which are kept


def read_lookup(rule: LookupRule, tables: Iterable[Table], name: str) -> Lookup:
    """Return the values of each key in *tables*; a later row of a key wins.

    `UnreadableSource` where no table can be read, or has any key.
    """
    found: dict[str, tuple[Any, ...]] = {}
    for table in tables:
        for row in table.rows():
            if row.number == 0:
                raise UnreadableSource(
                    f"{table.member}, where [lookup.{name}] looks, cannot be read: {row.trouble}"
                )
            for key, values in _entries(rule, row.values):
                found[key] = tuple(flat(value_at(values, each) for each in listed(rule.value)))
            if len(found) > MOST:
                raise UnreadableSource(f"[lookup.{name}] has more than {MOST:,} keys")
    if not found:
        raise UnreadableSource(
            f"[lookup.{name}] looks in {rule.file!r}, of which nothing with a key is beside the file, in its"
            " folder or archive; put that file there"
        )
    return found


def _entries(rule: LookupRule, values: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the keys of a record with their records: its own, or of a record by key each of its members."""
    if rule.entry != "":
        key = text_of_value(value_at(values, spelled(rule.entry)))
        if key:
            yield key, values
        return
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield name, value


def looked_up(said: Iterable[Any], lookup: Lookup | None) -> list[Any]:
    """Return the values of the keys in *said*; a key without values in *lookup* stays as written."""
    if lookup is None:
        return list(said)
    return [value for each in said for value in lookup.get(text_of_value(each), (each,))]

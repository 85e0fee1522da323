"""Columns that would tell the exact place of an event, where its layer has classes of exactness."""

from __future__ import annotations

from collections.abc import Iterable

from tileserver.ingest.mapping.declared import FieldRule, IdRule, listed, spelled
from tileserver.ingest.mapping.load import LoadedMapping
from tileserver.ingest.mapping.names import PLAIN_LATS, PLAIN_LONS
from tileserver.ingest.mapping.places import Places
from tileserver.ingest.mapping.properties import columns_of
from tileserver.ingest.mapping.values import steps_of
from tileserver.ingest.spelling import fold
from tileserver.model import Layer


def check_places(loaded: LoadedMapping, layer: Layer) -> None:
    """Raise `BadParameter` where a field, the category or the key of an event is made of the place itself.

    The id in tiles follows from the key alone: whoever tries places one by one finds the key again, and the
    exact place with it. A column is the place's where either of the two paths begins with the other.
    """
    if not layer.evidence or not layer.evidence.is_inexact:
        return
    rules = loaded.rules
    places = Places(rules.geometry, rules.file.decimals).columns
    given = {name: name for name in layer.fields} if rules.fields is None else rules.fields
    for name, each in given.items():
        if _overlap(columns_of(each if isinstance(each, FieldRule) else FieldRule(each)), places):
            raise loaded.complaint(
                ("fields", name), f"{name!r} would tell the place as the file has it: leave it out"
            )
    if rules.category is not None and _overlap(listed(rules.category.column), places):
        raise loaded.complaint(("category",), "the category would tell the place as the file has it")
    for column in () if rules.id is None else _key_columns(rules.id):
        if _overlap([column], places) or fold(_last(column)) in (*PLAIN_LONS, *PLAIN_LATS):
            raise loaded.complaint(
                ("id",),
                f"{column!r} tells the place, and layer {layer.name!r} has classes of exactness: from the"
                " public id, which follows from the key, the exact place could be found again. Let the key be"
                " what nobody can guess the place from: the source's own id",
            )


def _key_columns(rule: IdRule) -> tuple[str, ...]:
    return (*listed(rule.column), *(spelled(each.column) for each in rule.parts))


def _overlap(columns: Iterable[str], places: Iterable[str]) -> bool:
    """Whether any of *columns* equals, contains or lies within any of *places*."""
    paths = [steps_of(each) for each in places]
    for steps in map(steps_of, columns):
        if any(steps[: len(path)] == path[: len(steps)] for path in paths):
            return True
    return False


def _last(column: str) -> str:
    steps = steps_of(column)
    return steps[-1] if steps else column

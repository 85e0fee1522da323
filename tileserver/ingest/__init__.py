"""Files of publishers become raw features: a reader for each dialect, limits, and the account of an import.

A new publisher's files need no code as a rule: see `mapping`. To add a reader where a mapping cannot say it:

1. Write ``ingest/<dialect>.py`` with one function ``read``, a `SnapshotReader` where each file is the whole
   state of the layer from its date on (as `deepstate`), or a `FeatureReader` where each thing has dates of
   its own (as `uacontrolmap`).
2. Take from the neighbours: `containers.sources` opens files, folders and archives within `limits`, and
   `containers` reads any format as rows; `dates` reads
   dates as the layer declares them; `spelling` turns words into codes of the legend; `fields` keeps the
   properties that the layer declares; `frame` turns coordinates into longitude and latitude; `formats` says
   by the first bytes of a file that cannot be read which format it is in.
3. Yield `RawFeature` or `RawSnapshot` of `raw`, as `SnapshotReader` and `FeatureReader` say. Nothing is
   checked or repaired here beyond what has to be told from the file: `desk.prepare` does that for all.
4. Count in the `Report`: ``report.read`` for every item, and each item that is not yielded as a finding
   that is quarantined or left out; a new kind of fault is a new `findings.Finding`.
5. Register ``read`` in one of the two tables below, and name the dialect in ``docs/definition.md``; a layer
   then says ``reader = "<dialect>"`` in its definition, and ``tileserver import --reader`` takes it.
6. Copy ``tests/ingest/test_uacontrolmap.py`` or ``tests/ingest/test_deepstate.py``; `test_readers.py`
   beside them fails until steps 5 and 6 are done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from tileserver.errors import BadParameter
from tileserver.ingest.containers.sources import member_names
from tileserver.ingest.deepstate import read as read_deepstate
from tileserver.ingest.geojson import END_COLUMNS, START_COLUMNS
from tileserver.ingest.geojson import read as read_geojson
from tileserver.ingest.geojson import read_states as read_geojson_states
from tileserver.ingest.mapping.of_layer import mapping_for
from tileserver.ingest.mapping.opening import open_source
from tileserver.ingest.mapping.plan import IntakePlan
from tileserver.ingest.mapping.reader import read_features as read_mapped_features
from tileserver.ingest.mapping.reader import read_snapshots as read_mapped_snapshots
from tileserver.ingest.options import ReadOptions
from tileserver.ingest.raw import RawFeature, RawSnapshot
from tileserver.ingest.report import Quarantined, Report
from tileserver.ingest.uacontrolmap import read as read_uacontrolmap
from tileserver.model import Layer, Theatre

__all__ = [
    "END_COLUMNS",
    "READERS",
    "START_COLUMNS",
    "Quarantined",
    "RawFeature",
    "RawSnapshot",
    "ReadOptions",
    "Report",
    "count_items",
    "gives_snapshots",
    "read_features",
    "read_snapshots",
]

# Both take the file, archive or folder; the theatre, whose bounds say where things can lie, and in whose
# day zone plain dates are; the layer; the caller's options; and the report that is counted in. Both raise
# `UnreadableSource` for a file of another format, and `HostileSource` over a limit. Geometries are texts in
# longitude and latitude, properties are in the layer's vocabulary, periods are half-open.
SnapshotReader: TypeAlias = Callable[  # states ascending in time, each instant once; features without periods
    [Path, Theatre, Layer, ReadOptions, Report], Iterator[RawSnapshot]
]
FeatureReader: TypeAlias = Callable[  # features with a period each, in the file's order
    [Path, Theatre, Layer, ReadOptions, Report], Iterator[RawFeature]
]

_SNAPSHOTS: dict[str, SnapshotReader] = {
    "deepstate": read_deepstate,
    "geojson": read_geojson_states,
}
_FEATURES: dict[str, FeatureReader] = {
    "geojson": read_geojson,
    "uacontrolmap": read_uacontrolmap,
}
READERS = tuple(sorted({*_SNAPSHOTS, *_FEATURES}))


def gives_snapshots(layer: Layer, options: ReadOptions) -> bool:
    """Whether the layer's reader gives whole states (`read_snapshots`) rather than dated features.

    Raises
    ------
    BadParameter
        There is no such reader, or whole states are asked of a reader that has none.
    """
    mapping = mapping_for(layer, options)
    if mapping is not None:
        return mapping.rules.means == "snapshot"
    name = options.reader or layer.reader
    if name not in READERS:
        raise BadParameter(f"there is no reader {name[:40]!r}; there are {', '.join(READERS)}")
    wanted = options.whole_state or layer.whole_state
    if wanted and (name not in _SNAPSHOTS or layer.time != "state"):
        raise BadParameter(
            f"layer {layer.name!r} by reader {name!r} has no whole states; each thing has its dates"
        )
    return name in _SNAPSHOTS and (wanted or name not in _FEATURES)


def count_items(path: Path) -> int | None:
    """Return the number of files in an archive or folder, for a progress bar; ``None`` for a single file."""
    return len(member_names(path)) or None


def read_snapshots(
    path: Path, theatre: Theatre, layer: Layer, options: ReadOptions, report: Report
) -> Iterator[RawSnapshot]:
    """Yield the states of *layer* in *path*, ascending in time, each instant once.

    Properties are in the layer's vocabulary, geometries in longitude and latitude and otherwise unchecked;
    items put aside or left out are counted in *report*. Plain dates are local days of *theatre*, whose
    bounds say where things can lie.

    Raises
    ------
    BadParameter
        The reader gives dated features.
    UnreadableSource
        The file is none of the reader's dialect, or cannot be read.
    HostileSource
        The file is over a limit.
    """
    if not gives_snapshots(layer, options):
        raise BadParameter(f"reader {options.reader or layer.reader!r} gives dated features, not snapshots")
    mapping = mapping_for(layer, options)
    if mapping is not None:
        plan = IntakePlan.of(mapping, theatre, layer, options.at, options.axes)
        source = open_source(path, plan.dialect, lookups=plan.lookup_files)
        yield from read_mapped_snapshots(source, plan, report)
        return
    yield from _SNAPSHOTS[options.reader or layer.reader](path, theatre, layer, options, report)


def read_features(
    path: Path, theatre: Theatre, layer: Layer, options: ReadOptions, report: Report
) -> Iterator[RawFeature]:
    """Yield the features of *layer* in *path*, each with its own half-open period, in the file's order.

    In all else as `read_snapshots`; `BadParameter` where the reader gives snapshots.
    """
    if gives_snapshots(layer, options):
        raise BadParameter(f"reader {options.reader or layer.reader!r} gives snapshots, not dated features")
    mapping = mapping_for(layer, options)
    if mapping is not None:
        plan = IntakePlan.of(mapping, theatre, layer, options.at, options.axes)
        source = open_source(path, plan.dialect, lookups=plan.lookup_files)
        yield from read_mapped_features(source, plan, report)
        return
    yield from _FEATURES[options.reader or layer.reader](path, theatre, layer, options, report)

"""Files become raw features: readers of publishers' dialects, limits, and the account of what was read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from tileserver.errors import BadParameter
from tileserver.ingest.archive import is_tar, member_names
from tileserver.ingest.deepstate import read as read_deepstate
from tileserver.ingest.geojson import END_COLUMNS, START_COLUMNS
from tileserver.ingest.geojson import read as read_geojson
from tileserver.ingest.geojson_states import read as read_geojson_states
from tileserver.ingest.options import ReadOptions
from tileserver.ingest.report import Quarantined, Report
from tileserver.ingest.uacontrolmap import read as read_uacontrolmap
from tileserver.model import Layer, RawFeature, RawSnapshot, Theatre

__all__ = [
    "END_COLUMNS",
    "READERS",
    "START_COLUMNS",
    "Quarantined",
    "ReadOptions",
    "Report",
    "count_items",
    "gives_snapshots",
    "read_features",
    "read_snapshots",
]

_SNAPSHOTS: dict[str, Callable[[Path, Theatre, Layer, ReadOptions, Report], Iterator[RawSnapshot]]] = {
    "deepstate": read_deepstate,
    "geojson": read_geojson_states,
}
_FEATURES: dict[str, Callable[[Path, Theatre, Layer, ReadOptions, Report], Iterator[RawFeature]]] = {
    "geojson": read_geojson,
    "uacontrolmap": read_uacontrolmap,
}
READERS = tuple(sorted({*_SNAPSHOTS, *_FEATURES}))


def gives_snapshots(layer: Layer, options: ReadOptions) -> bool:
    """Whether the layer's reader gives whole states (`read_snapshots`) or dated features.

    `BadParameter` where there is no such reader, or whole states are asked of one that has none.
    """
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
    """Return how many files an archive or folder holds, for a progress bar; ``None`` for a single file."""
    return len(member_names(path)) if path.is_dir() or is_tar(path) else None


def read_snapshots(
    path: Path, theatre: Theatre, layer: Layer, options: ReadOptions, report: Report
) -> Iterator[RawSnapshot]:
    """Yield the states of *layer* in *path*, ascending in time, each instant once.

    Properties are in the layer's vocabulary, geometries in longitude and latitude and otherwise unchecked;
    what is put aside or left out is counted in *report*. Plain dates are local days of *theatre*, whose
    bounds say where things can lie. Raises `UnreadableSource` and `HostileSource`.
    """
    if not gives_snapshots(layer, options):
        raise BadParameter(f"reader {options.reader or layer.reader!r} gives dated features, not snapshots")
    yield from _SNAPSHOTS[options.reader or layer.reader](path, theatre, layer, options, report)


def read_features(
    path: Path, theatre: Theatre, layer: Layer, options: ReadOptions, report: Report
) -> Iterator[RawFeature]:
    """Yield the features of *layer* in *path*, each with its own period, in the file's order.

    Otherwise as `read_snapshots`.
    """
    if gives_snapshots(layer, options):
        raise BadParameter(f"reader {options.reader or layer.reader!r} gives snapshots, not dated features")
    yield from _FEATURES[options.reader or layer.reader](path, theatre, layer, options, report)

"""Files become raw features: readers of publishers' dialects, limits, and the account of what was read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from tileserver.errors import BadParameter
from tileserver.ingest.archive import is_tar, member_names
from tileserver.ingest.deepstate import read as read_deepstate
from tileserver.ingest.geojson import read as read_geojson
from tileserver.ingest.options import ReadOptions
from tileserver.ingest.report import Quarantined, Report
from tileserver.ingest.uacontrolmap import read as read_uacontrolmap
from tileserver.model import Layer, RawFeature, RawSnapshot

__all__ = [
    "Quarantined",
    "ReadOptions",
    "Report",
    "count_items",
    "gives_snapshots",
    "read_features",
    "read_snapshots",
]

_SNAPSHOTS: dict[str, Callable[[Path, Layer, ReadOptions, Report], Iterator[RawSnapshot]]] = {
    "deepstate": read_deepstate,
}
_FEATURES: dict[str, Callable[[Path, Layer, ZoneInfo, ReadOptions, Report], Iterator[RawFeature]]] = {
    "geojson": read_geojson,
    "uacontrolmap": read_uacontrolmap,
}


def gives_snapshots(layer: Layer, options: ReadOptions) -> bool:
    """Whether the layer's reader gives whole states (`read_snapshots`) or dated features."""
    return _reader(layer, options) in _SNAPSHOTS


def count_items(path: Path) -> int | None:
    """Return how many files an archive or folder holds, for a progress bar; ``None`` for a single file."""
    return len(member_names(path)) if path.is_dir() or is_tar(path) else None


def read_snapshots(path: Path, layer: Layer, options: ReadOptions, report: Report) -> Iterator[RawSnapshot]:
    """Yield the states of *layer* in *path*, ascending in time, each instant once.

    Properties are in the layer's vocabulary; what is put aside or left out is counted in *report*.
    Geometries are unchecked. Raises `UnreadableSource` and `HostileSource`.
    """
    reader = _reader(layer, options)
    if reader not in _SNAPSHOTS:
        raise BadParameter(f"reader {reader!r} gives dated features, not snapshots")
    yield from _SNAPSHOTS[reader](path, layer, options, report)


def read_features(
    path: Path, layer: Layer, zone: ZoneInfo, options: ReadOptions, report: Report
) -> Iterator[RawFeature]:
    """Yield the features of *layer* in *path*, each with its own period, in the file's order.

    Plain dates are local days in *zone*. Otherwise as `read_snapshots`.
    """
    reader = _reader(layer, options)
    if reader not in _FEATURES:
        raise BadParameter(f"reader {reader!r} gives snapshots, not dated features")
    yield from _FEATURES[reader](path, layer, zone, options, report)


def _reader(layer: Layer, options: ReadOptions) -> str:
    name = options.reader or layer.reader
    if name not in _SNAPSHOTS and name not in _FEATURES:
        known = ", ".join(sorted([*_SNAPSHOTS, *_FEATURES]))
        raise BadParameter(f"there is no reader {name[:40]!r}; there are {known}")
    return name

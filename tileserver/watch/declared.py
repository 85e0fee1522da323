"""The file of watched sources, TOML: its keys, its rules, and complaints with line and near miss."""

from __future__ import annotations

import hashlib
import re
import tomllib
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from tileserver.complaints import explain, line_of, near_miss, read_toml
from tileserver.errors import BadParameter, TileserverError
from tileserver.ingest import READERS, ReadOptions
from tileserver.ingest.mapping.load import LoadedMapping, load_mapping, shipped_mappings
from tileserver.model import LayerRef
from tileserver.times import parse_duration

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}\Z")
_SHORTEST = {"every": "1s", "settle": "0s", "longest": "10s"}
_LONGEST = {"every": "7d", "settle": "1d", "longest": "1d"}


class WatchEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table ``[[watch]]``: files, the layer to which the files go, the options of each import, a schedule.

    Attributes
    ----------
    files
        Paths of folders and files, and patterns; relative ones from the folder of the TOML file.
    every, settle, longest
        Durations: between two looks; for which a file has to stay as it is before it is read; of one import.
    """

    layer: str
    files: str | list[str]
    name: str = ""  # the layer's, where there is none
    every: str = "1m"
    settle: str = "10s"
    longest: str = "1h"
    mapping: str = ""
    reader: str = ""
    date_column: str = ""
    end_column: str = ""
    category_column: str = ""
    axes: Literal["", "auto", "lonlat", "latlon"] = ""
    whole_state: bool = False
    complete: bool = False

    @property
    def patterns(self) -> tuple[str, ...]:
        """Paths and patterns."""
        return (self.files,) if isinstance(self.files, str) else tuple(self.files)

    @property
    def ref(self) -> LayerRef:
        """The layer."""
        return LayerRef.parse(self.layer)

    def seconds(self, which: Literal["every", "settle", "longest"]) -> float:
        """Return a duration in seconds."""
        return parse_duration(getattr(self, which)).total_seconds()

    def options(self) -> ReadOptions:
        """Return the options of an import, the mapping read anew; `BadParameter` where there is none."""
        return ReadOptions(
            date_column=self.date_column,
            end_column=self.end_column,
            category_column=self.category_column,
            reader=self.reader,
            axes=self.axes,
            whole_state=self.whole_state,
            mapping=load_mapping(self.mapping) if self.mapping else None,
        )

    def terms(self, mapping: LoadedMapping | None) -> bytes:
        """Return a hash, 16 bytes, of all that decides how files are read: options, text of the *mapping*."""
        said = msgspec.structs.replace(self, name="", files="", every="", settle="", longest="")
        return hashlib.blake2b(msgspec.json.encode([said, mapping and mapping.text]), digest_size=16).digest()


class WatchFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All entries of a file."""

    watch: list[WatchEntry]


_Fault: TypeAlias = tuple[str, str]  # key, words


def load_watch(path: Path) -> tuple[WatchEntry, ...]:
    """Return the entries of the TOML file *path*, named, with absolute paths.

    Raises
    ------
    BadParameter
        There is no such file, or it does not hold together: with the line, the key and what would do.
    """
    text = read_toml(path, str(path), "says no sources")
    return _parse(text, path.name, path.absolute().parent)


def _parse(text: str, name: str, folder: Path) -> tuple[WatchEntry, ...]:
    try:
        declared = msgspec.convert(tomllib.loads(text), WatchFile)
    except msgspec.ValidationError as error:
        raise BadParameter(f"{name}, {explain(error, text, WatchFile)}") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadParameter(f"{name}: {error}") from error
    if not declared.watch:
        raise BadParameter(f"{name}: it has no [[watch]], so nothing would be watched")
    found: dict[str, WatchEntry] = {}
    for number, given in enumerate(declared.watch):
        entry = _placed(given, folder)
        fault = _fault(entry) or _twice(entry, found)
        if fault is not None:
            raise BadParameter(_complaint(name, text, number, *fault))
        found[entry.name] = entry
    return tuple(found.values())


def complaint(path: Path, number: int, field: str, words: str) -> str:
    """Return *words* on the *field* of the entry *number* of the file *path*, with its line."""
    return _complaint(path.name, path.read_text("utf-8"), number, field, words)


def _complaint(name: str, text: str, number: int, field: str, words: str) -> str:
    return f"{name}, line {line_of(text, ['watch', number, field])}: {words}"


def _placed(entry: WatchEntry, folder: Path) -> WatchEntry:
    """Return *entry* named, its relative paths from *folder* on."""
    mapping = entry.mapping
    if mapping and mapping not in shipped_mappings() and (folder / mapping).is_file():
        mapping = str(folder / mapping)
    files = [str(folder / each) if each else "" for each in entry.patterns]
    return msgspec.structs.replace(entry, name=entry.name or entry.layer, files=files, mapping=mapping)


def _twice(entry: WatchEntry, found: dict[str, WatchEntry]) -> _Fault | None:
    if entry.name not in found:
        return None
    return "name", f"two entries are called {entry.name!r}; give each a name of its own"


def _fault(entry: WatchEntry) -> _Fault | None:
    """Return the first fault of *entry*, its key and words, in the order of its keys."""
    try:
        entry.ref  # noqa: B018 - looked at for its refusal
    except TileserverError as error:
        return "layer", str(error)
    if not entry.patterns or not all(entry.patterns):
        return "files", "it has to name a folder, a file or a pattern, or a list of such"
    if not _NAME.match(entry.name):
        return "name", f"{entry.name[:80]!r} has to be of small letters, digits, dots, - and _"
    return _duration_fault(entry) or _reading_fault(entry)


def _duration_fault(entry: WatchEntry) -> _Fault | None:
    for field, shortest in _SHORTEST.items():
        text = getattr(entry, field)
        try:
            given = parse_duration(text)
        except BadParameter as error:
            return field, str(error)
        if not parse_duration(shortest) <= given <= parse_duration(_LONGEST[field]):
            return field, f"{text!r} has to be from {shortest} to {_LONGEST[field]}"
    return None


def _reading_fault(entry: WatchEntry) -> _Fault | None:
    if entry.reader and entry.reader not in READERS:
        said = f"there is no reader {entry.reader[:40]!r}{near_miss(entry.reader, READERS)}"
        return "reader", f"{said}; there are {', '.join(READERS)}"
    if not entry.mapping:
        return None
    for field in ("reader", "date_column", "end_column", "category_column", "whole_state"):
        if getattr(entry, field):
            return field, "the mapping says itself how a file is read: leave this out"
    try:
        load_mapping(entry.mapping)
    except BadParameter as error:
        return "mapping", str(error)
    return None

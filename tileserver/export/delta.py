"""The difference between two archives as an archive of its own, and a base with that put in.

A delta has the container of its base. Its tiles are those of the result that the base lacks or has with
other bytes, each as whichever is smaller: whole, packed with gzip as in the result; or one frame of
Zstandard (RFC 8878), as its first bytes tell, with a raw dictionary (``zstd --patch-from``): the forms
of the delta's tiles before it, the last `_REACH` bytes of them, and then the form of the base's tile
there. A form is a byte that is 1 and an opened tile (`opened`), or a byte that is 0 and an MVT tile. So
a change is told once, not at every zoom. Under ``delta`` the metadata have the manifest: which file it
is for, which file comes out, which tiles go, and what the result says of itself otherwise than the
base.
"""

from __future__ import annotations

import gzip
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import zstandard

from tileserver.errors import BadParameter, UnreadableSource
from tileserver.export.archive import Written, new_archive, replacing, sha256_of
from tileserver.export.container import ArchiveReader, Metadata, reading
from tileserver.export.opened import close_tile, open_tile
from tileserver.export.pmtiles import place_of
from tileserver.grid import TileAddress
from tileserver.tiles.compress import compress

_MANIFEST = "delta"
_NEEDED = ("name", "description", "attribution", "bounds", "center", "minzoom", "maxzoom")
_FRAME = bytes.fromhex("28b52ffd")  # RFC 8878, 3.1.1: the magic number
_LEVEL = 19  # an archive is made once and fetched by many
_REACH = 1 << 18  # bytes: some tiles of low zooms, and not more time than drawing them takes
_LARGEST = 1 << 26  # bytes of a form: thirty times what a tile may have, opened
_SMALLEST_WINDOW = 10  # as a power of two


def write_delta(base: Path, result: Path, delta: Path, folder: Path) -> Written:
    """Write the difference of *result* from *base* to *delta*, which grows in *folder*; all have one format.

    `BadParameter` where the formats differ, the archives are of two tilesets, or the base would be lost.
    """
    _same_format(base, result, delta)
    if base.resolve() == delta.resolve():
        raise BadParameter(f"{delta.name} is the base itself, which is needed to apply the delta to")
    removed: list[str] = []
    with replacing(delta, folder) as part, reading(base) as old, reading(result) as new:
        if old.metadata["name"] != new.metadata["name"]:
            raise BadParameter(f"{base.name} is of {old.metadata['name']}, not of {new.metadata['name']}")
        with new_archive(part) as archive, _readable(base):
            chain = _Chain()
            for address, before, after in _side_by_side(old, new):
                if after is None:
                    removed.append(str(address))
                elif after != before:
                    archive.put(address, chain.patch(address, before, after))
            files = {"base": _file_block(base), "result": _file_block(result)}
            manifest = {**files, "changed": archive.tiles, "removed": removed}
            archive.finish(_said(old.metadata, new.metadata, manifest))
        written = archive.written(part)
    return replace(written, path=delta)


def apply_delta(base: Path, delta: Path, result: Path) -> Written:
    """Write *base* with *delta* put in to *result*: byte for byte the archive that the delta was made from.

    Raises
    ------
    UnreadableSource
        *delta* has no manifest, *base* is another file than the one it is for, or either is damaged.
    BadParameter
        The formats differ.
    """
    _same_format(base, delta, result)
    with reading(delta) as new:
        manifest = _manifest_of(new, delta)
        if sha256_of(base) != manifest["base"]["sha256"]:
            raise UnreadableSource(f"{base.name} is not the archive that {delta.name} is for; fetch it whole")
        removed = set(manifest["removed"])
        with replacing(result) as part, reading(base) as old:
            with new_archive(part) as archive, _readable(delta):
                chain = _Chain()
                for address, before, after in _side_by_side(old, new):
                    data = before if after is None else chain.patched(address, before, after)
                    if data is not None and str(address) not in removed:
                        archive.put(address, data)
                archive.finish(_restored(old.metadata, manifest))
            written = archive.written(part)
            if written.sha256 != manifest["result"]["sha256"]:
                raise UnreadableSource(
                    f"{delta.name} is damaged, or another version wrote it; fetch it whole"
                )
    return replace(written, path=result)


@contextmanager
def _readable(archive: Path) -> Iterator[None]:
    """Turn whatever comes of the bytes of a damaged archive into `UnreadableSource`."""
    try:
        yield
    except (
        zstandard.ZstdError,
        zlib.error,
        gzip.BadGzipFile,
        sqlite3.Error,
        LookupError,
        ValueError,
    ) as error:
        raise UnreadableSource(f"{archive.name} is damaged: {error}") from error
    except EOFError as error:
        raise UnreadableSource(f"{archive.name} ends too early") from error


def _same_format(*paths: Path) -> None:
    if len({path.suffix for path in paths}) > 1:
        names = ", ".join(path.name for path in paths)
        raise BadParameter(f"base, delta and result have one format, and one ending: {names}")


class _Chain:
    """The forms of the tiles of a delta so far: the first part of the dictionary of the next."""

    def __init__(self) -> None:
        self._forms = b""

    def patch(self, address: TileAddress, before: bytes | None, after: bytes) -> bytes:
        """Return the smaller of the tile *after*, packed with gzip, and its frame; *before* is the base's."""
        form, dictionary = _form(address, gzip.decompress(after)), self._dictionary(address, before)
        # A window over both, so that all of the dictionary is seen (zstd manual, "patch-from").
        parameters = zstandard.ZstdCompressionParameters.from_level(
            _LEVEL,
            source_size=len(form),
            dict_size=len(dictionary),
            window_log=max((len(form) + len(dictionary)).bit_length(), _SMALLEST_WINDOW),
            write_dict_id=False,
        )
        compressor = zstandard.ZstdCompressor(dict_data=_raw(dictionary), compression_params=parameters)
        self._add(form)
        return min(after, compressor.compress(form), key=len)

    def patched(self, address: TileAddress, before: bytes | None, after: bytes) -> bytes:
        """Return the tile that `patch` made *after* from, packed with gzip."""
        if not after.startswith(_FRAME):
            self._add(_form(address, gzip.decompress(after)))
            return after
        if not 0 < zstandard.frame_content_size(after) <= _LARGEST:
            raise UnreadableSource("the delta is damaged: it opens to a tile of absurd size")
        dictionary = _raw(self._dictionary(address, before))
        form = zstandard.ZstdDecompressor(dict_data=dictionary).decompress(after)
        self._add(form)
        return compress(close_tile(form[1:], address) if form[0] else form[1:], "gzip")

    def _dictionary(self, address: TileAddress, before: bytes | None) -> bytes:
        return (self._forms + (b"" if before is None else _form(address, gzip.decompress(before)))) or b"\0"

    def _add(self, form: bytes) -> None:
        self._forms = (self._forms + form)[-_REACH:]


def _form(address: TileAddress, tile: bytes) -> bytes:
    opened = open_tile(tile, address)
    return b"\0" + tile if opened is None else b"\1" + opened


def _raw(dictionary: bytes) -> zstandard.ZstdCompressionDict:
    return zstandard.ZstdCompressionDict(dictionary, dict_type=zstandard.DICT_TYPE_RAWCONTENT)


def _said(old: Metadata, new: Metadata, manifest: Metadata) -> Metadata:
    """Return the metadata of a delta: as much of *new* as any archive needs, and the *manifest*."""
    other = {name: value for name, value in new.items() if name not in old or old[name] != value}
    gone = sorted(old.keys() - new.keys())
    needed = {name: new[name] for name in _NEEDED}
    return {
        **needed,
        "format": "delta",
        "vector_layers": [],
        _MANIFEST: {**manifest, "metadata": other, "gone": gone},
    }


def _restored(old: Metadata, manifest: Metadata) -> Metadata:
    """Return the metadata of the result, in the one order that all archives have theirs in."""
    kept = {name: value for name, value in old.items() if name not in manifest["gone"]}
    return dict(sorted({**kept, **manifest["metadata"]}.items()))


def _file_block(path: Path) -> dict[str, Any]:
    return {"sha256": sha256_of(path), "bytes": path.stat().st_size}


def _manifest_of(archive: ArchiveReader, path: Path) -> dict[str, Any]:
    manifest: dict[str, Any] | None = archive.metadata.get(_MANIFEST)
    if manifest is None:
        raise UnreadableSource(f"{path.name} is a whole archive, and no delta")
    return manifest


def _side_by_side(
    old: ArchiveReader, new: ArchiveReader
) -> Iterator[tuple[TileAddress, bytes | None, bytes | None]]:
    """Yield each address of either archive with the packed bytes that both have there, in their order."""
    mine, theirs = old.tiles(), new.tiles()
    before, after = next(mine, None), next(theirs, None)
    while before or after:
        places = [place_of(each[0]) for each in (before, after) if each]
        address, one, other = None, None, None
        if before and place_of(before[0]) == min(places):
            (address, one), before = before, next(mine, None)
        if after and place_of(after[0]) == min(places):
            (address, other), after = after, next(theirs, None)
        assert address is not None
        yield address, one, other

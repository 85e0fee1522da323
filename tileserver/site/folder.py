"""A new site: files under names of their bytes, and the list of files by address."""

from __future__ import annotations

import gzip
import hashlib
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from tileserver.errors import BadParameter, Unavailable
from tileserver.site.asking import NOWHERE

LIST = "site.json"
FILES, TILES = "files", "tiles"

_NAMED_BY = 16  # hexadecimal digits of the hash in a name
_LONGEST = 80  # letters of an address in a name
_PACKED = (".html", ".json", ".js", ".css", ".csv", ".mvt", ".txt", ".svg")
_UNSPOKEN = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True)
class NewSite:
    """A folder of files; ``files`` names by address of a server the file that answers there."""

    folder: Path
    files: dict[str, str] = field(default_factory=dict)

    def keep(self, address: str, data: bytes, suffix: str) -> str:
        """Keep the bytes *data* as the answer at *address*, a path with its query; return the file's path."""
        stem = _UNSPOKEN.sub("-", address.partition("?")[0])  # so that equal answers are one file
        path = self.file(stem[:_LONGEST].removesuffix(suffix), data, suffix)
        self.files[address] = path
        return path

    def keep_json(self, address: str, document: Any) -> str:
        """Keep *document* as the answer at *address*."""
        return self.keep(address, msgspec.json.encode(document), ".json")

    def file(self, stem: str, data: bytes, suffix: str) -> str:
        """Write *data* under *stem* and a name of its bytes; return the path."""
        digest = hashlib.sha256(data).hexdigest()[:_NAMED_BY]
        return self.put(f"{FILES}/{stem}-{digest}{suffix}", data)

    def put(self, path: str, data: bytes) -> str:
        """Write the bytes *data* to *path*, and beside a text its gzip form; return *path*."""
        if NOWHERE.encode() in data:
            raise Unavailable(f"{path} names an address of the server, which a site has not")
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        if target.suffix in _PACKED:
            packed = gzip.compress(data, 9, mtime=0)
            if len(packed) < len(data):
                target.with_name(f"{target.name}.gz").write_bytes(packed)
        return path


def is_site(folder: Path) -> bool:
    """Whether *folder* is a site."""
    return (folder / LIST).is_file()


def replace_site(new: Path, folder: Path) -> None:
    """Put the folder *new* into the place of *folder*, a site or nothing."""
    old = folder.with_name(f".{folder.name}.old")
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def check_target(folder: Path) -> None:
    """Raise `BadParameter` where a site would take the place of something else."""
    if folder.exists() and not is_site(folder) and (not folder.is_dir() or any(folder.iterdir())):
        raise BadParameter(f"{folder} holds something that is no site; name an empty folder, or a new one")

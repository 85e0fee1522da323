"""SHA-256 of an imported file or folder, by which anybody can tell the file."""

from __future__ import annotations

import hashlib
from pathlib import Path


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hex; of a folder that of the lines of ``sha256sum`` of its files.

    The lines are ``HEX  PATH``, with paths below the folder, ascending by their characters.
    """
    if path.is_dir():
        files = sorted(each.relative_to(path).as_posix() for each in path.rglob("*") if each.is_file())
        lines = "".join(f"{_sha256(path / each)}  {each}\n" for each in files)
        return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()
    return _sha256(path)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""Room on the disks that a server writes to."""

from __future__ import annotations

import os
from contextlib import suppress
from errno import EDQUOT, EFBIG, ENOSPC
from pathlib import Path
from tempfile import NamedTemporaryFile

# What the embedded PostgreSQL's log may take between two checkpoints (max_wal_size): with less it may have to
# end, and does not start again until there is room. Tiles can be drawn anew, so they leave it alone.
RESERVED = 512 * 1024 * 1024

NO_ROOM = frozenset({ENOSPC, EDQUOT, EFBIG})  # of the disk, a quota, a bound of the process


def write_whole(path: Path, data: bytes) -> None:
    """Write the bytes of *data* to *path*, all or none: where there is no room the file of before stays.

    Raises
    ------
    OSError
        The data cannot be written.
    """
    if (path.exists() and not path.is_file()) or path.is_symlink():  # a pipe, another's name
        path.write_bytes(data)
        return
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        made = Path(file.name)
        try:
            file.write(data)
            file.flush()
            made.chmod(mode)
            made.replace(path)
        except BaseException:
            with suppress(FileNotFoundError):
                made.unlink()
            raise


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def free_bytes(folder: Path) -> int:
    """Return the free bytes on the disk of *folder*, or of the place in which *folder* would be made.

    Raises
    ------
    OSError
        The disk cannot be asked.
    """
    place = folder.resolve()
    while not place.exists():
        place = place.parent
    room = os.statvfs(place)
    return room.f_bavail * room.f_frsize


def room_for_tiles(capacity: int, size: int, folder: Path) -> int:
    """Return the bytes allowed to tiles in *folder*, which take *size* now.

    They are *capacity* at most, and nothing of what is `RESERVED`.

    Raises
    ------
    OSError
        The disk cannot be asked.
    """
    return min(capacity, size + max(free_bytes(folder) - RESERVED, 0))

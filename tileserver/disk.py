"""Room on the disks that a server writes to."""

from __future__ import annotations

import os
from pathlib import Path

# What the embedded PostgreSQL's log may take between two checkpoints (max_wal_size): with less it may have to
# end, and does not start again until there is room. Tiles can be drawn anew, so they leave it alone.
RESERVED = 512 * 1024 * 1024


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

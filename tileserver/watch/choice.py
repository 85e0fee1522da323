"""The choice of the step for a file, from its present state and its last reading; pure."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

from tileserver.store.watching import WatchedFile
from tileserver.watch.looking import Sighting

Step: TypeAlias = Literal["rest", "read", "retry"]

_FIRST_PAUSE_S = 30.0
_LONGEST_PAUSE_S = 3600.0


def step_of(sighting: Sighting, before: WatchedFile | None, terms: bytes) -> Step:
    """Return the step for a file: to be read once settled, to be tried again when due, or to be left alone.

    *terms* are the hash of all that decides how the file is read.

    A file that was imported is not read again because its mapping was edited: that would rewrite the past by
    itself. A file that failed or is held is, for the edit may be what it waited for.
    """
    if before is None or before.stamp != sighting.stamp or before.gone_at is not None:
        return "read"
    if before.result not in ("failed", "held"):
        return "rest"
    if before.terms != terms:
        return "read"
    return "retry" if before.result == "failed" else "rest"


def spared_hash(before: WatchedFile | None, terms: bytes) -> str:
    """Return in hex the hash of bytes with which a file need not be imported; '' for none.

    So a file that was replaced by its equal, or touched, or is back, is as it was. One that failed or is held
    is read whatever its bytes, for it is only read where there is a reason to.
    """
    if before is None:
        return ""
    done = before.result in ("imported", "unchanged") or (before.result == "held" and before.terms == terms)
    return before.hash.hex() if done else ""


def pause_s(failures: int, every_s: float) -> float:
    """Return the seconds from the last of some *failures* in a row to the next try: ever more, to an hour."""
    first = max(_FIRST_PAUSE_S, every_s)
    return float(min(max(_LONGEST_PAUSE_S, every_s), first * 2 ** min(failures - 1, 20)))


def pause_left_s(file: WatchedFile, now: datetime, every_s: float) -> float:
    """Return the seconds from *now*, UTC, to the next try of a file that failed before a start.

    However the clock was set meanwhile, they are not more than the whole pause.
    """
    left = 0.0 if file.next_try is None else (file.next_try - now).total_seconds()
    return min(max(left, 0.0), pause_s(file.failures, every_s))

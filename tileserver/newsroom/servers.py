"""Which serving processes obey a revision, and the seconds that each took."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from tileserver.picture.html import Html, element, table
from tileserver.store.connect import Connection
from tileserver.store.followers import FollowingProcess, committed_at, list_followers

_WATCHED_S = 120.0  # after a commit: who has not followed by then is not waited for on the page


class Following(NamedTuple):
    """The serving processes, and the instant (UTC) at which the revision was committed."""

    revision: int
    committed: datetime | None
    processes: Sequence[FollowingProcess]

    @property
    def is_obeyed(self) -> bool:
        """Whether every process serves the revision, or a later revision."""
        return all((each.revision or 0) >= self.revision for each in self.processes)

    def seconds(self, each: FollowingProcess) -> float | None:
        """Return the seconds from the commit until a process served just this revision.

        ``None`` where it does not yet, or serves a later one.
        """
        if each.revision != self.revision or each.obeyed_at is None or self.committed is None:
            return None
        return max(0.0, (each.obeyed_at - self.committed).total_seconds())


async def following(connection: Connection, revision: int) -> Following:
    """Return who obeys *revision*."""
    return Following(revision, await committed_at(connection, revision), await list_followers(connection))


def is_awaited(found: Following, now: datetime) -> bool:
    """Whether somebody is still to follow at *now* (UTC), and may soon."""
    if found.committed is None or found.is_obeyed:
        return False
    return (now - found.committed).total_seconds() < _WATCHED_S


def servers_section(found: Following) -> list[Html]:
    """Return the table of the serving processes, for a page."""
    if not found.processes:
        words = "No serving process is connected to this database, or a pooler is between."
        return [element("h2", "Who shows it"), element("p", words, class_="empty")]
    done = sum((each.revision or 0) >= found.revision for each in found.processes)
    took = [s for each in found.processes if (s := found.seconds(each)) is not None]
    words = f"{done:,} of {len(found.processes):,} serving processes obey revision {found.revision}"
    if found.is_obeyed and took:
        words += f"; the last one {max(took):.1f} s after it"
    rows = [(each.name, *_state(found, each)) for each in found.processes]
    more = "Browsers and shared caches in front show what they hold until it ends: a minute, unless settled."
    return [
        element("h2", "Who shows it"),
        element("p", f"{words}.", class_="good" if found.is_obeyed else "lead", role="status"),
        table("Serving processes", ("process", "serves revision", "obeys", "seconds"), rows),
        element("p", more, class_="faint"),
    ]


def _state(found: Following, each: FollowingProcess) -> tuple[str, str, str]:
    seconds = found.seconds(each)
    return (
        "?" if each.revision is None else str(each.revision),
        "yes" if (each.revision or 0) >= found.revision else "not yet",
        "" if seconds is None else f"{seconds:.1f}",
    )


def servers_document(found: Following) -> dict[str, Any]:
    """Return the same as values of JSON."""
    return {
        "revision": found.revision,
        "obeyed": found.is_obeyed,
        "processes": [
            {
                "process": each.name,
                "revision": each.revision,
                "obeys": (each.revision or 0) >= found.revision,
                "seconds": found.seconds(each),
            }
            for each in found.processes
        ],
    }

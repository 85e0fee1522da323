"""Changes of settled days, whose tiles caches keep for long: a warning for the desk."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta

from tileserver.model import Revision, Theatre
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection
from tileserver.store.corrected import load_corrected
from tileserver.times import TICK, day_zone, local_day, parse_duration, system_clock

_LATEST = datetime(9999, 1, 1, tzinfo=UTC)


async def settled_warning(
    connection: Connection,
    layers: Collection[StoredLayer],
    revision: Revision,
    *,
    is_withdrawn: bool = False,
    now: datetime | None = None,
) -> str:
    """Return a sentence for the desk where *revision* changes days that are settled at *now*; else nothing.

    *layers* are those of a theatre, as they were before. Where *is_withdrawn*, data was taken out of every
    revision and has left no trace by which to tell the days: then it is said always.
    """
    theatre = next((each.theatre for each in layers), None)
    if theatre is None or theatre.correction_window is None:
        return ""
    days = await _settled_days(connection, layers, revision, parse_duration(theatre.correction_window), now)
    if days:
        first, last = min(days), max(days)
        said = f"days from {first} to {last} were said not to change any more, and do"
        return f"{said} (correction_window {theatre.correction_window}): {purge_words(theatre)}"
    return purge_words(theatre) if is_withdrawn else ""


def purge_words(theatre: Theatre) -> str:
    """Return the duty of the desk where settled days of *theatre* change, in words."""
    return (
        "browsers may show old days as they were for up to two days, shared caches for a month;"
        f" purge the surrogate key {theatre.id} there, some seconds after this"
    )


def copies_words(revision: Revision) -> str:
    """Return the duty of whoever withdraws something in *revision* to copies that were made before."""
    return (
        f"archives, packs and static sites that say an earlier revision than {revision} hold it for good:"
        " make yours anew (tileserver export, tileserver site make, site upload), and tell whoever took one"
    )


async def _settled_days(
    connection: Connection,
    layers: Collection[StoredLayer],
    revision: Revision,
    window: timedelta,
    now: datetime | None,
) -> set[date]:
    """Return the first and last local days of each change of *revision* beyond *window*, in any order.

    None where nothing was told before. Of events also those that last longer than the window: they become
    public when they are over, and change the days of their beginning then.
    """
    days: set[date] = set()
    for stored in layers if any(each.revisions for each in layers) else ():
        if stored.layer.drawn_as == "face_lines":
            continue  # as the areas that it follows
        embargo = parse_duration(stored.layer.embargo or stored.theatre.embargo)
        end = (now or system_clock()) - embargo - window
        zone = day_zone(stored.theatre.day_zone)
        upto = end if stored.layer.time == "state" else _LATEST
        for row in await load_corrected(connection, stored, {revision: upto}):
            if row.start < end:
                days |= {local_day(row.start, zone), local_day(min(row.end, end) - TICK, zone)}
    return days

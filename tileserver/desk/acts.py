"""Acts of the desk beside imports and corrections, each with its entry in the audit log, or not at all."""

from __future__ import annotations

from collections.abc import Sequence

from tileserver.desk.layers import layers_of
from tileserver.store.audit import Act, Deed, append
from tileserver.store.connect import Connection, translated
from tileserver.store.keys import StoredKey, add_key, find_key, revoke_key
from tileserver.store.places import NamedPlace, keep_list, remove_list
from tileserver.store.renewal import renew_editions, state_gone_back_to
from tileserver.store.theatres import remove_theatre, set_hidden
from tileserver.times import format_instant


async def hide_theatre(
    connection: Connection, theatre: str, by: str, reason: str = "", *, hidden: bool
) -> bool:
    """Hide *theatre* from readers, or show *theatre* again; whether anything changed."""
    await layers_of(connection, theatre)
    with translated():
        async with connection.transaction():
            changed = await set_hidden(connection, theatre, hidden=hidden)
            if changed:
                what: Deed = "theatre hide" if hidden else "theatre unhide"
                await append(connection, Act(what, by, theatre, reason=reason))
    return changed


async def drop_theatre(connection: Connection, theatre: str, by: str, reason: str) -> int:
    """Delete *theatre* and all its rows, of every revision; return the revision that records the removal."""
    names = tuple(await layers_of(connection, theatre))
    with translated():
        async with connection.transaction():
            revision = await remove_theatre(connection, theatre, reason)
            await append(connection, Act("theatre remove", by, theatre, names, (revision,), reason))
    return revision


async def import_places(
    connection: Connection,
    name: str,
    theatre: str | None,
    places: Sequence[tuple[int, NamedPlace]],
    by: str,
    reason: str = "",
    **file: str,
) -> int:
    """Let the list *name* be *places*, as `keep_list` does; *file* names the file and its SHA-256."""
    with translated():
        async with connection.transaction():
            before = await keep_list(connection, name, theatre, places)
            details = {"list": name, "places": len(places), "before": before, **file}
            await append(connection, Act("places import", by, theatre or "", reason=reason, details=details))
    return before


async def drop_places(connection: Connection, name: str, by: str, reason: str = "") -> int:
    """Remove the list *name*; return its number of places, 0 where there is no such list."""
    with translated():
        async with connection.transaction():
            removed = await remove_list(connection, name)
            if removed:
                details = {"list": name, "places": removed}
                await append(connection, Act("places remove", by, reason=reason, details=details))
    return removed


async def note_key(connection: Connection, new: StoredKey, by: str, reason: str = "") -> None:
    """Store a partner's key; of the text nothing is in the log, nor the hash of the text."""
    details = {
        "key": new.id,
        "label": new.label,
        "tilesets": list(new.tilesets),
        "class": new.embargo_class,
        "origins": list(new.origins),
        "per_minute": new.per_minute,
        "per_month": new.per_month,
        "expires": None if new.expires is None else format_instant(new.expires),
    }
    with translated():
        async with connection.transaction():
            await add_key(connection, new)
            await append(connection, Act("key add", by, reason=reason, details=details))


async def end_key(connection: Connection, key_id: str, by: str, reason: str = "") -> bool:
    """Revoke a key for good; whether the key was good before. `BadParameter` where there is no such key."""
    found = await find_key(connection, key_id)
    with translated():
        async with connection.transaction():
            was_good = await revoke_key(connection, key_id)
            if was_good:
                details = {"key": key_id, "label": found.label}
                await append(connection, Act("key revoke", by, reason=reason, details=details))
    return was_good


async def note_restore(connection: Connection, what: Deed, by: str, reason: str = "", **backup: str) -> int:
    """Give periods of history new names after *what*, a restore; return of how many layers.

    The entry stands in the log as that was in the *backup*, of which it says all that is known, and to what
    moment the database went back.
    """
    with translated():
        async with connection.transaction():
            layers = await renew_editions(connection)
            state = await state_gone_back_to(connection)
            moments = {"committed": state.committed, "replayed": state.replayed}
            said = {name: format_instant(at) for name, at in moments.items() if at is not None}
            named = {name: text for name, text in backup.items() if text}
            details = {**named, "revision": state.revision, **said, "layers": layers}
            await append(connection, Act(what, by, reason=reason, details=details))
    return layers

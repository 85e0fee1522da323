"""A new definition of a theatre: stored, and all that changes by the definition drawn anew; or nothing."""

from __future__ import annotations

import hashlib

import msgspec

from tileserver.desk.job import Progress
from tileserver.desk.redraw_all import rebuild_stale
from tileserver.ingest.mapping.of_layer import check_mappings
from tileserver.model import Theatre
from tileserver.store.audit import Act, append
from tileserver.store.catalogue import add_theatre
from tileserver.store.connect import Connection, translated
from tileserver.store.revisions import write_locked


async def declare(
    connection: Connection, theatre: Theatre, progress: Progress, by: str = "", reason: str = ""
) -> bool:
    """Store *theatre*, and draw anew whatever draws otherwise now; return whether anything changed.

    All or nothing, and while nobody else writes: the definition is checked against the data of this moment.
    *by* is who declares it and *reason* why, for the audit log.

    Raises
    ------
    BadParameter
        The data that the theatre has contradicts the definition, or a mapping does not fit its layer.
    """
    check_mappings(theatre)
    names = tuple(each.name for each in theatre.layers)
    with translated():
        async with write_locked(connection):
            changed = await add_theatre(connection, theatre)
            await rebuild_stale(connection, progress)
            if changed:
                await append(
                    connection, Act("theatre add", by, theatre.id, names, (), reason, _hash(theatre))
                )
    return changed


def _hash(theatre: Theatre) -> dict[str, str]:
    """Return the SHA-256 of the definition as canonical JSON, texts of mappings included."""
    said = msgspec.json.encode(theatre, order="deterministic")
    return {"sha256": hashlib.sha256(said).hexdigest()}

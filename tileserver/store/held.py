"""Held imports in the database: kept, listed, and decided once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

import asyncpg

from tileserver.errors import BadParameter
from tileserver.model import LayerId, Revision
from tileserver.store.revisions import without_nul, write_locked

Decision: TypeAlias = Literal["accepted", "rejected"]
QuarantineRow: TypeAlias = tuple[str, str, str]  # finding, origin, raw text


@dataclass(frozen=True, slots=True)
class HeldImport:
    """A held import without its features, which is kept from ``kept_at`` to ``decided``, both inclusive.

    ``judged`` is the layer's newest revision when the import was judged last.
    """

    id: int
    layer_id: LayerId
    kept_at: datetime
    origin: str
    rulings: list[dict[str, Any]]
    judged: Revision
    report: dict[str, Any]
    state: str
    reason: str
    decided: datetime | None
    revision: Revision | None


_AGAIN = """
    UPDATE held SET rulings = $3, judged = $4
    WHERE layer = $1 AND digest = $2 AND state = 'waiting' RETURNING id
"""
_KEEP = """
    INSERT INTO held (layer, origin, digest, rulings, judged, report, content)
    VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id
"""
_COLUMNS = "id, layer, since, origin, rulings, judged, report, state, reason, decided, revision"


async def keep(
    connection: asyncpg.Connection,
    layer_id: LayerId,
    origin: str,
    digest: bytes,
    rulings: Sequence[dict[str, Any]],
    judged: Revision,
    report: dict[str, Any],
    content: bytes,
    quarantined: Iterable[QuarantineRow],
) -> tuple[int, bool]:
    """Keep an import until the desk decides; return its number, and whether the number is new.

    *content* is the import as `desk.prepared.pack` gave it in bytes, *digest* its digest: an import with the
    same digest that waits already keeps its number.
    """
    async with write_locked(connection):
        again = await connection.fetchval(_AGAIN, layer_id, digest, list(rulings), judged)
        if again is not None:
            return int(again), False
        number = await connection.fetchval(
            _KEEP,
            layer_id,
            without_nul(origin),
            digest,
            list(rulings),
            judged,
            report,
            content,
        )
        await connection.copy_records_to_table(
            "held_quarantine",
            records=[(number, *map(without_nul, row)) for row in quarantined],
            columns=["held", "finding", "origin", "raw"],
        )
    return int(number), True


async def judge_again(
    connection: asyncpg.Connection, number: int, rulings: Sequence[dict[str, Any]], judged: Revision
) -> None:
    """Replace the rulings on a held import, with the revision *judged* against."""
    await connection.execute(
        "UPDATE held SET rulings = $2, judged = $3 WHERE id = $1", number, list(rulings), judged
    )


async def list_held(connection: asyncpg.Connection, *, decided: bool) -> list[HeldImport]:
    """Return the imports that wait, with *decided* all there ever were, ascending by number."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM held WHERE $1 OR state = 'waiting' ORDER BY id", decided
    )
    return [HeldImport(*row) for row in rows]


async def find_held(connection: asyncpg.Connection, number: int) -> HeldImport:
    """Return the import *number*, waiting or decided; `BadParameter` for an unknown number."""
    row = await connection.fetchrow(f"SELECT {_COLUMNS} FROM held WHERE id = $1", number)
    if row is None:
        raise BadParameter(f"there is no held import {number}; list them with: tileserver held list --all")
    return HeldImport(*row)


async def layer_names(connection: asyncpg.Connection, layer_id: LayerId) -> tuple[str, str]:
    """Return the names of the theatre and of the layer itself."""
    row = await connection.fetchrow("SELECT theatre, name FROM layer WHERE id = $1", layer_id)
    return row["theatre"], row["name"]


async def held_content(connection: asyncpg.Connection, number: int) -> bytes:
    """Return the packed bytes of a waiting import; `BadParameter` once *number* is decided."""
    found = await find_held(connection, number)
    content = await connection.fetchval(
        "SELECT content FROM held WHERE id = $1 AND state = 'waiting'", number
    )
    if content is None:
        raise BadParameter(f"held import {number} was {found.state} already")
    return bytes(content)


async def decide(
    connection: asyncpg.Connection, number: int, decision: Decision, reason: str, revision: Revision | None
) -> None:
    """Accept or reject a waiting import, in the caller's transaction; `BadParameter` once decided."""
    done = await connection.fetchval(
        "UPDATE held SET state = $2, reason = $3, revision = $4, content = NULL, decided = clock_timestamp()"
        " WHERE id = $1 AND state = 'waiting' RETURNING id",
        number,
        decision,
        reason,
        revision,
    )
    if done is None:
        found = await find_held(connection, number)
        raise BadParameter(f"held import {number} was {found.state} already")


async def reject_waiting(connection: asyncpg.Connection, number: int, why: str) -> bool:
    """Reject the import *number* where still waiting; return whether any was."""
    done = await connection.fetchval(
        "UPDATE held SET state = 'rejected', reason = $2, content = NULL, decided = clock_timestamp()"
        " WHERE id = $1 AND state = 'waiting' RETURNING true",
        number,
        why,
    )
    return bool(done)


async def accepted_quarantine(connection: asyncpg.Connection, layer_id: LayerId) -> set[QuarantineRow]:
    """Return the quarantined features of the held imports into a layer that the desk accepted."""
    rows = await connection.fetch(
        "SELECT DISTINCT finding, q.origin, raw FROM held_quarantine q JOIN held h ON h.id = q.held"
        " WHERE h.layer = $1 AND h.state = 'accepted'",
        layer_id,
    )
    return {(row["finding"], row["origin"], row["raw"]) for row in rows}


async def was_accepted(connection: asyncpg.Connection, layer_id: LayerId, digest: bytes) -> bool:
    """Whether the desk accepted the held import *digest* into a layer before."""
    found = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM held WHERE layer = $1 AND digest = $2 AND state = 'accepted')",
        layer_id,
        digest,
    )
    return bool(found)

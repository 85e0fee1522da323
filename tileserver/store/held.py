"""Held imports in the database: kept, listed, and decided once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeAlias

import asyncpg

from tileserver.declared import Text
from tileserver.errors import BadParameter, TooManyAtOnce
from tileserver.model import LayerId, Revision
from tileserver.store.revisions import without_nul, write_locked

Decision: TypeAlias = Literal["accepted", "rejected"]
MOST_WAITING = 1_000  # imports of a theatre that wait; a day each of some years
MOST_OF_ONE = 200  # of them by one named person
MOST_BYTES = 4 << 30  # that they take, packed, in the database
QuarantineRow: TypeAlias = tuple[str, str, str]  # finding, origin, raw text


class HeldPlan(NamedTuple):
    """Origin and future of a held import: the importing person, and the first public instant (UTC).

    With ``agreed_by``, whose decision that is, it becomes public at ``publish_at`` (UTC), not before; without
    it waits for the desk, and ``None`` there is as soon as the desk decides. ``remark`` is for readers then.
    """

    imported_by: str
    publish_at: datetime | None
    agreed_by: str | None
    remark: Text


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
    plan: HeldPlan


_AGAIN = """
    UPDATE held SET rulings = $3, judged = $4, publish_at = coalesce($5, publish_at),
        agreed_by = CASE WHEN $5::timestamptz IS NULL THEN agreed_by ELSE $6 END,
        remark = CASE WHEN $5::timestamptz IS NOT NULL OR agreed_by IS NULL AND $7::jsonb <> '{}' THEN $7
            ELSE remark END,
        reason = CASE WHEN $5::timestamptz IS NULL THEN reason ELSE $8 END
    WHERE layer = $1 AND digest = $2 AND state = 'waiting' RETURNING id
"""
_KEEP = """
    INSERT INTO held (layer, origin, digest, rulings, judged, report, content, imported_by, publish_at,
        agreed_by, remark, reason)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id
"""

_WAITING = """
    SELECT count(*)::int AS number, coalesce(sum(octet_length(held.content)), 0)::bigint AS bytes,
        count(*) FILTER (WHERE held.imported_by = $2)::int AS own
    FROM held JOIN layer ON layer.id = held.layer
    WHERE held.state = 'waiting' AND layer.theatre = (SELECT theatre FROM layer WHERE id = $1)
"""

# Fields of a held import, and the columns of older names that some of them are.
_OWN = {
    each.name: {"layer_id": "layer", "kept_at": "since"}.get(each.name, each.name)
    for each in fields(HeldImport)
    if each.name != "plan"
}
_COLUMNS = ", ".join([*_OWN.values(), *HeldPlan._fields])


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
    plan: HeldPlan,
    reason: str,
) -> tuple[int, bool]:
    """Keep an import until the desk decides; return its number, and whether the number is new.

    *content* is the import as `desk.prepared.pack` gave it in bytes, *digest* its digest: an import with the
    same digest that waits already keeps its number. It takes the time of *plan*, where there is one, and its
    words for readers, until somebody agreed. The *reason* is that of an agreement over broken rules, '' for
    none. `TooManyAtOnce` where as much waits for the theatre, or from this person, as may.
    """
    async with write_locked(connection):
        again = await connection.fetchval(_AGAIN, layer_id, digest, list(rulings), judged, *plan[1:], reason)
        if again is not None:
            if plan.publish_at is not None:
                await connection.execute("DELETE FROM held_approval WHERE held = $1", again)
            return int(again), False
        await _check_room(connection, layer_id, len(content), plan.imported_by)
        number = await connection.fetchval(
            _KEEP,
            layer_id,
            without_nul(origin),
            digest,
            list(rulings),
            judged,
            report,
            content,
            *plan,
            reason,
        )
        await connection.copy_records_to_table(
            "held_quarantine",
            records=[(number, *map(without_nul, row)) for row in quarantined],
            columns=["held", "finding", "origin", "raw"],
        )
    return int(number), True


async def _check_room(connection: asyncpg.Connection, layer_id: LayerId, size: int, by: str) -> None:
    row = await connection.fetchrow(_WAITING, layer_id, by)
    decide_first = "publish or reject some of them first: tileserver held list"
    if row["number"] >= MOST_WAITING:
        raise TooManyAtOnce(
            f"as many imports as may ({MOST_WAITING:,}) wait for the desk already; {decide_first}"
        )
    if by and row["own"] >= MOST_OF_ONE:
        raise TooManyAtOnce(
            f"as many imports by {by} as may of one person ({MOST_OF_ONE:,}) wait for the desk already;"
            f" {decide_first}"
        )
    if row["bytes"] + size > MOST_BYTES:
        raise TooManyAtOnce(
            f"what waits for the desk would take more than {MOST_BYTES >> 20:,} MB of the database;"
            f" {decide_first}"
        )


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
    return [_held(row) for row in rows]


async def find_held(connection: asyncpg.Connection, number: int) -> HeldImport:
    """Return the import *number*, waiting or decided; `BadParameter` for an unknown number."""
    row = await connection.fetchrow(f"SELECT {_COLUMNS} FROM held WHERE id = $1", number)
    if row is None:
        raise BadParameter(f"there is no held import {number}; list them with: tileserver held list --all")
    return _held(row)


def _held(row: asyncpg.Record) -> HeldImport:
    plan = HeldPlan(*(row[name] for name in HeldPlan._fields))
    own = {name: row[column] for name, column in _OWN.items()}
    return HeldImport(**own, plan=plan)


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

"""Rows rewritten: current again as in an earlier revision, or taken out of every revision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg

from tileserver.model import LayerId, Revision
from tileserver.store.revisions import Writer


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of rows known in revisions; ``identity`` are the columns by which two rows say the same."""

    name: str
    identity: tuple[str, ...]
    rest: tuple[str, ...]

    def same(self, one: str, other: str) -> str:
        """Return the SQL condition that the rows *one* and *other* say the same, in whatever revisions."""
        return " AND ".join(f"{one}.{name} = {other}.{name}" for name in ("layer", *self.identity))

    def columns(self, of: str = "", without: str = "") -> str:
        """Return its columns, qualified by the row *of*, without ``known`` and without *without*."""
        names = [name for name in ("layer", *self.identity, *self.rest) if name != without]
        return ", ".join(f"{of}.{name}" if of else name for name in names)


_SNAPSHOTS = _Table("snapshot", ("at", "content"), ("origin",))
_FEATURES = _Table("feature_version", ("id", "content", "valid"), ("properties", "geom"))
_AMENDMENTS = _Table("amendment", ("id", "source"), ())
_FACES = _Table("face", ("band", "cell", "id", "content", "valid"), ("properties", "km2", "geom"))


@dataclass(slots=True)
class Taken:
    """Rows that a withdrawal takes, or gives another period, of all revisions together."""

    features: int = 0
    faces: int = 0
    snapshots: list[datetime] = field(default_factory=list)
    layers: set[LayerId] = field(default_factory=set)
    ids: set[int] = field(default_factory=set, compare=False)  # of the features, where they were told by it


async def restore(writer: Writer, layers: Sequence[LayerId], revision: Revision) -> int:
    """Make *layers* current as known in *revision*; return the number of rows written.

    Rows that say the same stay; all others end with the writer's revision, or come back as they were.
    """
    changed = 0
    for table in (_SNAPSHOTS, _FEATURES, _AMENDMENTS, _FACES):
        for text in (_close_later(table), _copy_back(table)):
            rows = await writer.connection.fetch(text, list(layers), revision, writer.revision)
            changed += sum(row["n"] for row in rows)
            writer.touched.update(row["layer"] for row in rows)
    return changed


async def would_restore(
    connection: asyncpg.Connection, layers: Sequence[LayerId], revision: Revision
) -> set[LayerId]:
    """Return the layers among *layers* with a row that `restore` would write."""
    found: set[LayerId] = set()
    for table in (_SNAPSHOTS, _FEATURES, _AMENDMENTS, _FACES):
        text = f"""
            SELECT one FROM unnest($1::integer[]) AS one WHERE
                EXISTS (SELECT FROM {table.name} AS current WHERE layer = one AND {_is_later(table)})
                OR EXISTS (SELECT FROM {table.name} AS past WHERE layer = one AND {_is_earlier(table)})
        """
        found.update(row["one"] for row in await connection.fetch(text, list(layers), revision))
    return found


def _is_later(table: _Table) -> str:
    return f"""upper_inf(known) AND NOT known @> $2::bigint AND NOT EXISTS (
        SELECT FROM {table.name} AS past WHERE {table.same("past", "current")} AND past.known @> $2::bigint
    )"""


def _is_earlier(table: _Table) -> str:
    return f"""known @> $2::bigint AND NOT upper_inf(known) AND NOT EXISTS (
        SELECT FROM {table.name} AS current
        WHERE {table.same("past", "current")} AND upper_inf(current.known)
    )"""


# The rows are found, and sorted, before the first is written. PostgreSQL (15.18) loses rows from a GiST
# index whose only page is split while a nested loop goes on searching it: what an earlier round found dead is
# remembered by its place on the page, and marked on the page that took its place.
def _close_later(table: _Table) -> str:
    return f"""
        WITH found AS (
            SELECT current.ctid AS place FROM {table.name} AS current
            WHERE layer = ANY($1::integer[]) AND {_is_later(table)}
            ORDER BY 1
        ), done AS (
            UPDATE {table.name} AS current SET known = int8range(lower(known), $3::bigint)
            FROM found WHERE current.ctid = found.place RETURNING layer
        ) SELECT layer, count(*)::int AS n FROM done GROUP BY 1
    """


def _copy_back(table: _Table) -> str:
    return f"""
        WITH done AS (
            INSERT INTO {table.name} ({table.columns()}, known)
            SELECT {table.columns()}, int8range($3::bigint, NULL) FROM {table.name} AS past
            WHERE layer = ANY($1::integer[]) AND {_is_earlier(table)}
            ORDER BY past.ctid
            RETURNING layer
        ) SELECT layer, count(*)::int AS n FROM done GROUP BY 1
    """


async def erase_features(writer: Writer, layer_id: LayerId, ids: Iterable[int]) -> tuple[Taken, set[int]]:
    """Take the features with *ids* out of every revision; also return the ids that no feature has."""
    wanted = set(ids)
    rows = await writer.connection.fetch(
        "DELETE FROM feature_version WHERE layer = $1 AND id = ANY($2::bigint[]) RETURNING id",
        layer_id,
        sorted(wanted),
    )
    await _forget_amendments(writer, layer_id, wanted)
    return _taken(writer, layer_id, rows), wanted - {row["id"] for row in rows}


async def erase_other_rows(writer: Writer, layer_id: LayerId, kept: Mapping[int, bytes | None]) -> Taken:
    """Take the rows of features, by id, out of every revision, but for rows with the *kept* hash."""
    rows = await writer.connection.fetch(
        "DELETE FROM feature_version AS row USING unnest($2::bigint[], $3::bytea[]) AS kept (id, content)"
        " WHERE row.layer = $1 AND row.id = kept.id AND row.content IS DISTINCT FROM kept.content"
        " RETURNING row.id, upper_inf(row.known) AS current",
        layer_id,
        list(kept.keys()),
        list(kept.values()),
    )
    await _forget_amendments(writer, layer_id, {row["id"] for row in rows if row["current"]})
    return _taken(writer, layer_id, rows)


async def erase_more_exact(
    writer: Writer, layer_id: LayerId, told: Mapping[int, float], field: str, metres: Mapping[str, float]
) -> Taken:
    """Take the rows of features out of every revision whose class has fewer metres than *told*, by id.

    *field* has the code of a class, *metres* its metres by code; a code that is none of them is exact.
    """
    rows = await writer.connection.fetch(
        "DELETE FROM feature_version AS row USING unnest($2::bigint[], $3::float8[]) AS told (id, metres)"
        " WHERE row.layer = $1 AND row.id = told.id"
        " AND coalesce(($4::jsonb ->> (row.properties ->> $5::text))::float8, 0) < told.metres"
        " RETURNING row.id, upper_inf(row.known) AS current",
        layer_id,
        list(told.keys()),
        list(told.values()),
        dict(metres),
        field,
    )
    # What the desk has said less exactly than its source stands; what was too exact gives way to the source.
    await _forget_amendments(writer, layer_id, {row["id"] for row in rows if row["current"]})
    return _taken(writer, layer_id, rows)


async def erase_period(writer: Writer, layer_id: LayerId, start: datetime, end: datetime | None) -> Taken:
    """Take the features that hold at any instant of ``[start, end)`` out of every revision."""
    rows = await writer.connection.fetch(
        "DELETE FROM feature_version WHERE layer = $1 AND valid && tstzrange($2, $3) RETURNING id",
        layer_id,
        start,
        end,
    )
    await _forget_amendments(writer, layer_id, {row["id"] for row in rows})
    return _taken(writer, layer_id, rows)


async def _forget_amendments(writer: Writer, layer_id: LayerId, ids: Iterable[int]) -> None:
    await writer.connection.execute(
        "DELETE FROM amendment WHERE layer = $1 AND id = ANY($2::bigint[])", layer_id, sorted(ids)
    )


def _taken(writer: Writer, layer_id: LayerId, rows: Sequence[asyncpg.Record]) -> Taken:
    layers = {layer_id} if rows else set()
    writer.touched |= layers
    return Taken(features=len(rows), layers=layers, ids={row["id"] for row in rows})


async def bridge_period(
    writer: Writer, layers: Sequence[LayerId], start: datetime, end: datetime | None
) -> Taken:
    """Let the state just before *start* hold in ``[start, end)``, in every revision; ``end=None``: for ever.

    Whatever holds from *end* on, and before *start*, stays as it is in every revision. Whether a row holds
    just before *start*, and whether it holds at *end*, does not depend on the revisions that know it: so each
    row is moved by itself, and rows of one feature that meet at *end* thereby become one again.
    """
    snapshots = await writer.connection.fetch(
        "DELETE FROM snapshot WHERE layer = ANY($1::integer[]) AND at >= $2"
        " AND at < coalesce($3, 'infinity'::timestamptz) RETURNING layer, at",
        list(layers),
        start,
        end,
    )
    taken = Taken(snapshots=sorted({row["at"] for row in snapshots}))
    taken.layers.update(row["layer"] for row in snapshots)
    found = {}
    for table in (_FEATURES, _FACES):
        found[table.name] = [
            layer
            for text in _bridges(table)
            for (layer,) in await writer.connection.fetch(text, list(layers), start, end)
        ]
        if end is not None:
            await writer.connection.execute(_join_at(table), list(layers), end)
        taken.layers.update(found[table.name])
    taken.features, taken.faces = len(found["feature_version"]), len(found["face"])
    writer.touched |= taken.layers
    return taken


def _bridges(table: _Table) -> list[str]:
    """Return the statements for rows that lie inside, begin inside, and end inside or at the start."""
    mine = "layer = ANY($1::integer[])"
    inside = f"""
        DELETE FROM {table.name} WHERE {mine} AND lower(valid) >= $2::timestamptz
            AND coalesce(upper(valid), 'infinity') <= coalesce($3::timestamptz, 'infinity')
        RETURNING layer
    """
    beginning = f"""
        UPDATE {table.name} SET valid = tstzrange($3::timestamptz, upper(valid))
        WHERE {mine} AND lower(valid) >= $2::timestamptz AND lower(valid) < $3::timestamptz
        RETURNING layer
    """
    ending = f"""
        UPDATE {table.name} SET valid = tstzrange(lower(valid), $3::timestamptz)
        WHERE {mine} AND lower(valid) < $2::timestamptz AND upper(valid) >= $2::timestamptz
            AND upper(valid) < coalesce($3::timestamptz, 'infinity')
        RETURNING layer
    """
    return [inside, beginning, ending]


def _join_at(table: _Table) -> str:
    """Return the statement that makes one row of two rows of one feature that meet, where both are known.

    Where only one of the two is known it stays as it is: so each row is replaced by up to three.
    """
    names = [name for name in table.identity if name != "valid"]
    same = " AND ".join(f"one.{name} = other.{name}" for name in ("layer", *names))
    return f"""
        WITH meeting AS (
            SELECT one.ctid AS first, other.ctid AS second, one.known * other.known AS shared,
                tstzrange(lower(one.valid), upper(other.valid)) AS valid
            FROM {table.name} AS one JOIN {table.name} AS other ON {same}
            WHERE one.layer = ANY($1::integer[]) AND upper(one.valid) = $2 AND lower(other.valid) = $2
                AND one.known && other.known
            ORDER BY 1
        ), joined AS (
            SELECT place, range_agg(shared) AS known FROM meeting, unnest(ARRAY[first, second]) AS place
            GROUP BY 1
        ), gone AS (
            DELETE FROM {table.name} AS old USING joined WHERE old.ctid = joined.place
            RETURNING old.*, int8multirange(old.known) - joined.known AS apart
        )
        INSERT INTO {table.name} ({table.columns(without="valid")}, valid, known)
        SELECT {table.columns("old", "valid")}, meeting.valid, shared
        FROM meeting JOIN {table.name} AS old ON old.ctid = first
        UNION ALL
        SELECT {table.columns("gone", "valid")}, gone.valid, unnest(apart) FROM gone
    """


async def record_withdrawal(
    writer: Writer, layers: Iterable[LayerId], what: dict[str, Any], reason: str
) -> None:
    """Record the withdrawal and its *reason*; begin a new edition of *layers*: no URL is given twice."""
    for layer in sorted(layers):
        await writer.connection.execute(
            "INSERT INTO withdrawal (revision, layer, what, reason) VALUES ($1, $2, $3, $4)",
            writer.revision,
            layer,
            what,
            reason,
        )
    await writer.connection.execute(
        "UPDATE layer SET edition = edition + 1 WHERE id = ANY($1::integer[])", list(layers)
    )


async def snapshot_instants(connection: asyncpg.Connection, layer_id: LayerId) -> set[datetime]:
    """Return the instants of the whole states of *layer* that any revision knows."""
    rows = await connection.fetch("SELECT DISTINCT at FROM snapshot WHERE layer = $1", layer_id)
    return {row["at"] for row in rows}

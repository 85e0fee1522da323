"""Writing in the database: one import is one transaction is one revision."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from tileserver.declared import Text
from tileserver.model import DatedFeature, Feature, LayerId, Revision, hash_id

_LOCK = 7_266_002  # writers take turns; readers never wait


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """A row of ``feature_version`` to be written: valid in ``[start, end)``, ``end=None`` for no end.

    ``wkb`` is EWKB in EPSG:3857.
    """

    id: int
    feature_hash: bytes
    start: datetime
    end: datetime | None
    properties: dict[str, Any]
    wkb: bytes

    @classmethod
    def of(cls, feature: Feature, start: datetime, end: datetime | None) -> FeatureRow:
        """Return the row of *feature* in ``[start, end)``."""
        return cls(feature.id, feature.feature_hash, start, end, dict(feature.properties), feature.wkb)


@dataclass(frozen=True, slots=True)
class SnapshotRow:
    """A whole state as read, from the instant *at* on: its hash, and the file of origin."""

    at: datetime
    state_hash: bytes
    origin: str


@dataclass(slots=True)
class Writer:
    """One open revision; all its writes become visible together, or not at all."""

    connection: asyncpg.Connection
    revision: Revision
    touched: set[LayerId]

    async def current(self, layer_id: LayerId) -> set[DatedFeature]:
        """Return the features of a layer, each with its period, as known in this revision."""
        rows = await self.connection.fetch(
            "SELECT content, lower(valid) AS start, upper(valid) AS end FROM feature_version"
            " WHERE layer = $1 AND known @> $2::bigint",
            layer_id,
            self.revision,
        )
        return {DatedFeature(row["content"], row["start"], row["end"]) for row in rows}

    async def snapshots(self, layer_id: LayerId) -> dict[datetime, bytes]:
        """Return the hash of each whole state of *layer_id* that is current, by its instant."""
        rows = await self.connection.fetch(
            "SELECT at, content FROM snapshot WHERE layer = $1 AND upper_inf(known)", layer_id
        )
        return {row["at"]: row["content"] for row in rows}

    async def features(self, layer_id: LayerId, hashes: Iterable[bytes]) -> dict[bytes, Feature]:
        """Return, by hash, the features with *hashes* that any revision of the layer knows."""
        rows = await self.connection.fetch(
            "SELECT DISTINCT ON (content) content, id, properties, geom FROM feature_version"
            " WHERE layer = $1 AND content = ANY($2::bytea[])",
            layer_id,
            list(hashes),
        )
        return {row["content"]: _feature(row) for row in rows}

    async def current_rows(self, layer_id: LayerId, ids: Iterable[int]) -> set[DatedFeature]:
        """Return the current features with *ids*, ids in tiles, each with its half-open period."""
        rows = await self.connection.fetch(
            "SELECT content, lower(valid) AS start, upper(valid) AS end FROM feature_version"
            " WHERE layer = $1 AND upper_inf(known) AND id = ANY($2::bigint[])",
            layer_id,
            list(ids),
        )
        return {DatedFeature(row["content"], row["start"], row["end"]) for row in rows}

    async def close_features(self, layer_id: LayerId, gone: Collection[DatedFeature]) -> None:
        """Let no revision from now on know the rows of *gone*; older revisions keep knowing each."""
        if not gone:
            return
        self.touched.add(layer_id)
        await self.connection.execute(
            "UPDATE feature_version f SET known = int8range(lower(f.known), $2)"
            " FROM unnest($3::bytea[], $4::timestamptz[], $5::timestamptz[]) AS gone (content, start, stop)"
            " WHERE f.layer = $1 AND upper_inf(f.known)"
            " AND f.content = gone.content AND lower(f.valid) = gone.start"
            " AND upper(f.valid) IS NOT DISTINCT FROM gone.stop",
            layer_id,
            self.revision,
            [each.feature_hash for each in gone],
            [each.start for each in gone],
            [each.end for each in gone],
        )

    async def add_features(self, layer_id: LayerId, rows: Iterable[FeatureRow]) -> int:
        """Copy *rows* in and return their number."""
        known = asyncpg.Range(self.revision, None)
        records = [
            (
                layer_id,
                row.id,
                row.feature_hash,
                asyncpg.Range(row.start, row.end),
                known,
                row.properties,
                row.wkb,
            )
            for row in rows
        ]
        if records:
            self.touched.add(layer_id)
            await self.connection.copy_records_to_table(
                "feature_version",
                records=records,
                columns=["layer", "id", "content", "valid", "known", "properties", "geom"],
            )
        return len(records)

    async def add_snapshots(self, layer_id: LayerId, rows: Sequence[SnapshotRow]) -> None:
        """Remember the whole states that were read; each replaces the current one of its instant."""
        if not rows:
            return
        await self.connection.execute(
            "UPDATE snapshot SET known = int8range(lower(known), $2)"
            " WHERE layer = $1 AND upper_inf(known) AND at = ANY($3::timestamptz[])",
            layer_id,
            self.revision,
            [row.at for row in rows],
        )
        known = asyncpg.Range(self.revision, None)
        await self.connection.copy_records_to_table(
            "snapshot",
            records=[(layer_id, row.at, row.state_hash, row.origin, known) for row in rows],
            columns=["layer", "at", "content", "origin", "known"],
        )
        self.touched.add(layer_id)

    async def quarantine(self, layer_id: LayerId, rows: Iterable[tuple[str, str, str]]) -> None:
        """Keep the features that could not be used, each as finding, origin and raw text."""
        await self.connection.copy_records_to_table(
            "quarantine",
            records=[(self.revision, layer_id, *map(without_nul, row)) for row in rows],
            columns=["revision", "layer", "finding", "origin", "raw"],
        )

    async def newest(self, layer_id: LayerId) -> Revision:
        """Return the newest earlier revision that touched the layer; 0 before the first."""
        newest = await self.connection.fetchval(
            "SELECT coalesce(max(revision), 0) FROM revision_layer WHERE layer = $1", layer_id
        )
        return Revision(newest)

    async def quarantined(self, layer_id: LayerId, *, accepted: bool = False) -> set[tuple[str, str, str]]:
        """Return the features that earlier revisions could not use: finding, origin and raw text of each.

        With *accepted*, of the revisions that the desk accepted alone.
        """
        rows = await self.connection.fetch(
            "SELECT DISTINCT finding, origin, raw FROM quarantine q JOIN revision r ON r.id = q.revision"
            " WHERE layer = $1 AND (NOT $2 OR r.report ? 'accepted')",
            layer_id,
            accepted,
        )
        return {(row["finding"], row["origin"], row["raw"]) for row in rows}

    async def statuses(self, layer_id: LayerId, category: str) -> dict[bytes, str]:
        """Return, by hash, the value of *category* of each feature that any revision of the layer knows."""
        rows = await self.connection.fetch(
            "SELECT DISTINCT content, coalesce(properties ->> $2, '') AS status FROM feature_version"
            " WHERE layer = $1",
            layer_id,
            category,
        )
        return {row["content"]: row["status"] for row in rows}

    async def commit_revision(self, summary: str, report: dict[str, Any], remark: Text | None = None) -> None:
        """Name the revision and tell every server; only called when something was written.

        *remark* is for the public, by language, '' for any; *summary* and *report* are the desk's.
        """
        await self.connection.execute(
            "UPDATE revision SET summary = $2, report = $3, remark = $4, committed = clock_timestamp()"
            " WHERE id = $1",
            self.revision,
            summary,
            report,
            remark or {},
        )
        await self.note_layers()

    async def note_layers(self) -> None:
        """Remember which layers the revision touched, and tell every server."""
        await self.connection.executemany(
            "INSERT INTO revision_layer (revision, layer) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            [(self.revision, layer_id) for layer_id in sorted(self.touched)],
        )
        await self.connection.execute("SELECT pg_notify('tileserver_revision', $1)", str(self.revision))


def _feature(row: asyncpg.Record) -> Feature:
    """Return the feature of a row; the id of an event that has a key is not that of its hash."""
    content, number = row["content"], row["id"]
    keyed_id = None if number == hash_id(content) else number
    return Feature(content, row["properties"], row["geom"], keyed_id)


def without_nul(text: str) -> str:
    """Return *text* without NUL, which no text in PostgreSQL has; a hostile file may."""
    return text.replace("\0", "")


class NothingChanged(Exception):
    """Raised inside `open_revision` to leave without a trace."""


@asynccontextmanager
async def write_locked(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """Hold the writers' lock, in one transaction, without a revision of one's own."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        yield


@asynccontextmanager
async def open_revision(connection: asyncpg.Connection) -> AsyncIterator[Writer]:
    """Open the next revision; commit at the end, roll all back on any error or on `NothingChanged`.

    Revisions are numbered in the order in which they commit: the lock is held until then.
    """
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        revision = await connection.fetchval(
            "INSERT INTO revision (id, summary, report)"
            " SELECT coalesce(max(id), 0) + 1, '', '{}' FROM revision RETURNING id"
        )
        yield Writer(connection, revision, set())
    except NothingChanged:
        await transaction.rollback()
    except BaseException:
        if not connection.is_closed():
            await transaction.rollback()
        raise
    else:
        await transaction.commit()

"""Writing: one import is one transaction is one revision."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from tileserver.model import DatedFeature, Feature

_LOCK = 7_266_002  # writers take turns; readers never wait


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """A row of ``feature_version`` to be written: valid in ``[start, end)``, ``end=None`` while it holds.

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
    """A whole state that was read: from *at* on, a hash of what it held, and the file it came in."""

    at: datetime
    state_hash: bytes
    origin: str


@dataclass(slots=True)
class Writer:
    """One open revision; everything it writes becomes visible together, or not at all."""

    connection: asyncpg.Connection
    revision: int
    touched: set[int]

    async def current(self, layer: int) -> set[DatedFeature]:
        """Return the features of *layer*, each with its period, as known in this revision."""
        rows = await self.connection.fetch(
            "SELECT content, lower(valid) AS start, upper(valid) AS end FROM feature_version"
            " WHERE layer = $1 AND known @> $2::bigint",
            layer,
            self.revision,
        )
        return {DatedFeature(row["content"], row["start"], row["end"]) for row in rows}

    async def snapshots(self, layer: int) -> dict[datetime, bytes]:
        """Return the hash of each whole state that is known now, by its instant."""
        rows = await self.connection.fetch(
            "SELECT at, content FROM snapshot WHERE layer = $1 AND upper_inf(known)", layer
        )
        return {row["at"]: row["content"] for row in rows}

    async def features(self, layer: int, hashes: Iterable[bytes]) -> dict[bytes, Feature]:
        """Return, by hash, the features of *layer* that any revision knows of those with *hashes*."""
        rows = await self.connection.fetch(
            "SELECT DISTINCT ON (content) content, properties, geom FROM feature_version"
            " WHERE layer = $1 AND content = ANY($2::bytea[])",
            layer,
            list(hashes),
        )
        return {row["content"]: Feature(row["content"], row["properties"], row["geom"]) for row in rows}

    async def close_features(self, layer: int, gone: Collection[DatedFeature]) -> None:
        """End our belief in these versions with this revision; older revisions keep them."""
        if not gone:
            return
        self.touched.add(layer)
        await self.connection.execute(
            "UPDATE feature_version f SET known = int8range(lower(f.known), $2)"
            " FROM unnest($3::bytea[], $4::timestamptz[], $5::timestamptz[]) AS gone (content, start, stop)"
            " WHERE f.layer = $1 AND upper_inf(f.known)"
            " AND f.content = gone.content AND lower(f.valid) = gone.start"
            " AND upper(f.valid) IS NOT DISTINCT FROM gone.stop",
            layer,
            self.revision,
            [each.feature_hash for each in gone],
            [each.start for each in gone],
            [each.end for each in gone],
        )

    async def add_features(self, layer: int, rows: Iterable[FeatureRow]) -> int:
        """Copy *rows* in and return their number."""
        known = asyncpg.Range(self.revision, None)
        records = [
            (
                layer,
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
            self.touched.add(layer)
            await self.connection.copy_records_to_table(
                "feature_version",
                records=records,
                columns=["layer", "id", "content", "valid", "known", "properties", "geom"],
            )
        return len(records)

    async def add_snapshots(self, layer: int, rows: Sequence[SnapshotRow]) -> None:
        """Remember which whole states were read; one that changed replaces the one known before."""
        if not rows:
            return
        await self.connection.execute(
            "UPDATE snapshot SET known = int8range(lower(known), $2)"
            " WHERE layer = $1 AND upper_inf(known) AND at = ANY($3::timestamptz[])",
            layer,
            self.revision,
            [row.at for row in rows],
        )
        known = asyncpg.Range(self.revision, None)
        await self.connection.copy_records_to_table(
            "snapshot",
            records=[(layer, row.at, row.state_hash, row.origin, known) for row in rows],
            columns=["layer", "at", "content", "origin", "known"],
        )
        self.touched.add(layer)

    async def quarantine(self, layer: int, rows: Iterable[tuple[str, str, str]]) -> None:
        """Keep what could not be used: finding, origin, raw text."""
        await self.connection.copy_records_to_table(
            "quarantine",
            records=[(self.revision, layer, *map(without_nul, row)) for row in rows],
            columns=["revision", "layer", "finding", "origin", "raw"],
        )

    async def newest(self, layer: int) -> int:
        """Return the newest revision before this one that touched *layer*; 0 before the first."""
        newest = await self.connection.fetchval(
            "SELECT coalesce(max(revision), 0) FROM revision_layer WHERE layer = $1", layer
        )
        return int(newest)

    async def quarantined(self, layer: int, *, accepted: bool = False) -> set[tuple[str, str, str]]:
        """Return what earlier revisions, or those that the desk *accepted*, could not use.

        Each is finding, origin and raw text.
        """
        rows = await self.connection.fetch(
            "SELECT DISTINCT finding, origin, raw FROM quarantine q JOIN revision r ON r.id = q.revision"
            " WHERE layer = $1 AND (NOT $2 OR r.report ? 'accepted')",
            layer,
            accepted,
        )
        return {(row["finding"], row["origin"], row["raw"]) for row in rows}

    async def statuses(self, layer: int, category: str) -> dict[bytes, str]:
        """Return, by hash, the value of *category* of each feature of *layer* that any revision knows."""
        rows = await self.connection.fetch(
            "SELECT DISTINCT content, coalesce(properties ->> $2, '') AS status FROM feature_version"
            " WHERE layer = $1",
            layer,
            category,
        )
        return {row["content"]: row["status"] for row in rows}

    async def commit_revision(self, summary: str, report: dict[str, Any]) -> None:
        """Name the revision and tell every server; only called when something was written."""
        await self.connection.execute(
            "UPDATE revision SET summary = $2, report = $3, committed = clock_timestamp() WHERE id = $1",
            self.revision,
            summary,
            report,
        )
        await self.note_layers()

    async def note_layers(self) -> None:
        """Remember which layers the revision touched, and tell every server."""
        await self.connection.executemany(
            "INSERT INTO revision_layer (revision, layer) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            [(self.revision, layer) for layer in sorted(self.touched)],
        )
        await self.connection.execute("SELECT pg_notify('tileserver_revision', $1)", str(self.revision))


def without_nul(text: str) -> str:
    """Return *text* as PostgreSQL can keep it, which has no NUL in a text; a hostile file may."""
    return text.replace("\0", "")


class NothingChanged(Exception):
    """Raised inside `open_revision` to leave it without a trace."""


@asynccontextmanager
async def write_locked(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """Hold the writers' lock, in one transaction, without a revision of one's own."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        yield


@asynccontextmanager
async def open_revision(connection: asyncpg.Connection) -> AsyncIterator[Writer]:
    """Open the next revision; commit at the end, roll all of it back on any error or on `NothingChanged`.

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

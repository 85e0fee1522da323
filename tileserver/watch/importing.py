"""Import of one watched file: of a copy, so that the bytes that are hashed are the bytes that are read."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import structlog

from tileserver.config import read_settings
from tileserver.desk.importer import import_file
from tileserver.desk.job import Job, Outcome, no_progress
from tileserver.desk.layers import layers_of
from tileserver.desk.redraw_all import rebuild_stale
from tileserver.errors import (
    HostileSource,
    SchemaMismatch,
    StoreUnavailable,
    TileserverError,
    UnreadableSource,
)
from tileserver.ingest.limits import LIMITS, MB
from tileserver.store.connect import Connection, connect
from tileserver.watch.declared import WatchEntry
from tileserver.watch.looking import parts_of, sight
from tileserver.watch.messages import LONGEST, Came, Errand, Reply

log = structlog.get_logger()

_PIECE = 1 << 20


async def answer(errand: Errand, dsn: str, room: Path) -> Reply:
    """Import the file of an *errand*, copied into the empty folder *room*, and return the reply."""
    path = Path(os.fsdecode(errand.path))
    before = sight(path)
    if before is None:
        return Reply("moving")
    reply = Reply("failed", stamp=before.stamp)
    try:
        copy, found = _copied(path, room)
        if (after := sight(path)) is None or after.stamp != before.stamp:
            return Reply("moving")
        reply = Reply("failed", stamp=before.stamp, hash=found)
        if found == errand.spared:
            return _as(reply, "same")
        outcome = await _imported(errand.entry, copy, dsn)
    except TileserverError as error:
        away = type(error) is StoreUnavailable or isinstance(error, SchemaMismatch)
        return _as(reply, "away" if away else "failed", str(error))
    except Exception as error:  # whatever is wrong with one file, the next one has its turn
        log.error("import failed unforeseen", file=path.name, exc_info=error)
        return _as(reply, "failed", f"an error of the program ({type(error).__name__}); see the log")
    return _of(outcome, reply)


def _as(reply: Reply, result: Came, said: str = "") -> Reply:
    return Reply(result, said[:LONGEST], None, None, reply.hash, reply.stamp)


def _of(outcome: Outcome, reply: Reply) -> Reply:
    report = outcome.report
    aside = f", {report['quarantined']:,} put aside" if report["quarantined"] else ""
    warned = f"; {outcome.settled}" if outcome.settled else ""
    said = f"{report['imported']:,} of {report['read']:,} imported{aside}{warned}"
    if outcome.held is not None:
        why = "; ".join(ruling.words for ruling in outcome.rulings)
        return Reply("held", why[:LONGEST], None, outcome.held, reply.hash, reply.stamp)
    if outcome.revision is None:
        return _as(reply, "unchanged", f"nothing changed; {said}")
    return Reply("imported", said, outcome.revision, None, reply.hash, reply.stamp)


def _copied(path: Path, room: Path) -> tuple[Path, str]:
    """Copy a file with its parts into *room*; return the copy, and the hash of all bytes in hex."""
    digest = hashlib.blake2b(digest_size=16)
    try:
        for each in (path, *parts_of(path)):
            digest.update(f"{each.suffix}\0{each.stat().st_size}\0".encode())
            with each.open("rb") as source, (room / each.name).open("wb") as target:
                size = 0
                while piece := source.read(_PIECE):
                    if (size := size + len(piece)) > LIMITS.spooled_bytes:
                        raise HostileSource(f"{path.name} has more than {LIMITS.spooled_bytes // MB} MB")
                    digest.update(piece)
                    target.write(piece)
    except OSError as error:
        raise UnreadableSource(f"{path.name} cannot be read: {error.strerror}") from error
    return room / path.name, digest.hexdigest()


async def _imported(entry: WatchEntry, path: Path, dsn: str) -> Outcome:
    options = entry.options()
    connection: Connection = await connect(dsn)
    try:
        layers = await layers_of(connection, entry.ref.theatre, entry.ref.layer)
        await rebuild_stale(connection, no_progress)
        reason = f"watched: {entry.name}"
        job = Job(connection, layers, entry.ref.layer, by=read_settings().by, reason=reason)
        return await import_file(job, path, options, complete=entry.complete)
    finally:
        await connection.close(timeout=10)


def emptied(room: Path) -> Path:
    """Empty the folder *room*, made where there is none, and return the folder."""
    shutil.rmtree(room, ignore_errors=True)
    room.mkdir(parents=True)
    return room

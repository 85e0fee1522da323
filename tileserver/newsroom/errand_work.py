"""The work of an errand, in a process of its own, which bears a file's use of memory and time."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog

from tileserver.counted import counted
from tileserver.desk.held import accept, keep_for_review, preview_held, publish_instant_of
from tileserver.desk.importer import gather_file
from tileserver.desk.job import Job, Outcome, Progress
from tileserver.desk.layers import checked_layers, layers_of
from tileserver.desk.preview import Preview
from tileserver.desk.preview_document import preview_document
from tileserver.desk.preview_page import findings_tables, preview_sections
from tileserver.desk.redraw_all import rebuild_stale
from tileserver.desk.said_times import first_instant
from tileserver.errors import TileserverError
from tileserver.model import LayerRef
from tileserver.newsroom.errand_messages import (
    Errand,
    ErrandResult,
    Failure,
    HeldAccount,
    LookAt,
    Publish,
    ReadFile,
)
from tileserver.picture.html import join
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection, connect
from tileserver.store.instance import database_time
from tileserver.store.sayable import sayable

log = structlog.get_logger()

LONGEST = 4_000  # characters of a refusal


async def work(errand: Errand, dsn: str, progress: Progress) -> ErrandResult:
    """Do *errand* in the database *dsn*; a refusal is a result."""
    try:
        connection = await connect(dsn)
        try:
            with sayable():
                return await _done(connection, errand, progress)
        finally:
            await connection.close(timeout=10)
    except TileserverError as error:
        return _failed(error.status, error.title, str(error))
    except Exception as error:  # whatever one file does, the page says so
        log.error("an errand failed unforeseen", exc_info=error)
        words = f"an error of the program ({type(error).__name__}); the log of the desk's server has more"
        return _failed(500, "Internal error", words)


async def _done(connection: Connection, errand: Errand, progress: Progress) -> ErrandResult:
    match errand:
        case ReadFile():
            return await _read(connection, errand, progress)
        case LookAt():
            return await _look(connection, errand.number)
        case Publish():
            return await _publish(connection, errand, progress)


async def _read(connection: Connection, errand: ReadFile, progress: Progress) -> ErrandResult:
    ref = LayerRef.parse(errand.layer)
    layers = await layers_of(connection, ref.theatre, ref.layer)
    stored = layers[ref.layer]
    at = first_instant(errand.at, stored.theatre)
    job = Job(connection, layers, ref.layer, progress, remark=errand.remark, by=errand.by)
    path = Path(os.fsdecode(errand.path))
    given = await gather_file(job, path, replace(errand.options(), at=at), complete=errand.complete)
    progress("comparing with what is public", 0, None)
    number, told = await keep_for_review(job, given)
    if number is None:
        return _nothing_of(told.report)
    return ErrandResult("read", held=number, account=_account(number, stored, told))


def _nothing_of(report: dict[str, Any]) -> ErrandResult:
    """Return the account of a file that would change nothing: all known, or put aside."""
    read, known, aside = report["read"], report["imported"], report["quarantined"]
    if known:
        words = f"Nothing would change: all of it is known ({known:,} of {counted(read, 'row')})."
    else:
        words = (
            f"Nothing of the file can be used, so nothing waits: none of {counted(read, 'row')} came through."
        )
    if aside:
        words = f"{words} Put aside: {aside:,}; the reasons are below."
    return ErrandResult(words, findings=str(join(findings_tables(report))), is_bad=bool(aside) or not known)


async def _look(connection: Connection, number: int) -> ErrandResult:
    stored, told = await preview_held(connection, await checked_layers(connection), number)
    return ErrandResult("looked at", held=number, account=_account(number, stored, told))


def _account(number: int, stored: StoredLayer, told: Preview) -> HeldAccount:
    sections = preview_sections(stored, told, is_live=True)
    document = {"layer": str(stored.ref), **preview_document(told)}
    return HeldAccount(number, str(stored.ref), str(sections.body), sections.style, document)


async def _publish(connection: Connection, errand: Publish, progress: Progress) -> ErrandResult:
    layers = await checked_layers(connection)
    await rebuild_stale(connection, progress)
    now = await database_time(connection)
    at = await publish_instant_of(connection, layers, errand.number, errand.at, now)
    said = errand.reason, progress, errand.remark, errand.by, at
    _, outcome = await accept(connection, layers, errand.number, *said)
    return ErrandResult(_published(outcome), held=errand.number, revision=outcome.revision)


def _published(outcome: Outcome) -> str:
    if outcome.held is not None:
        return "Agreed; it is not public yet."
    if outcome.revision is None:
        return "Nothing changed: all of it was known by now."
    warned = f" {outcome.settled}" if outcome.settled else ""
    return f"Published, in revision {outcome.revision}.{warned}"


def _failed(status: int, title: str, detail: str) -> ErrandResult:
    return ErrandResult("", failure=Failure(status, title, detail[:LONGEST]))

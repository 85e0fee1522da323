"""Imports for a time: published when the time has come, by whichever process runs, once; or cancelled.

Any process whose role may import can do it: `tileserver watch run`, a server whose role may write, or
`tileserver held publish-due`. An import is locked while it is looked at and published, so that of two
processes one finds that nothing is left to do. Both the clock of the caller and the database's have to say
that the time has come.
"""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import datetime
from typing import NamedTuple

import structlog

from tileserver.desk.consent import Consent
from tileserver.desk.held import held_job
from tileserver.desk.importer import commit
from tileserver.desk.job import Outcome, Progress, no_progress
from tileserver.desk.prepared import unpack
from tileserver.desk.redraw_all import rebuild_stale
from tileserver.errors import BadParameter, HeldBack, Unavailable
from tileserver.store.audit import Act, append
from tileserver.store.catalogue import load_layers
from tileserver.store.connect import Connection, connect, translated
from tileserver.store.held import HeldImport, held_content, layer_names
from tileserver.store.migrations import check_schema, has_schema, may_write
from tileserver.store.revisions import write_locked
from tileserver.store.scheduled import approvals, due, lock_due, lock_waiting, unschedule
from tileserver.times import Clock, format_instant

log = structlog.get_logger()

_LOOK_S = 1.0  # between two looks, so that what is due is public some seconds after its time
_AFTER_FAILURE_S = 10.0


class Published(NamedTuple):
    """A scheduled import that was due: its outcome, or the trouble for which the desk has to look again."""

    number: int
    layer: str
    outcome: Outcome | None
    trouble: str = ""


async def publish_due(
    connection: Connection, now: datetime, progress: Progress = no_progress
) -> list[Published]:
    """Publish every scheduled import whose time has come by *now* (UTC), each in a revision of its own.

    One that would break more than the desk was shown, because something was imported meanwhile, is not
    published: it loses its time, and waits for the desk.
    """
    with translated():
        numbers = await due(connection, now)
    if numbers:
        await rebuild_stale(connection, progress)
    tried = [await _publish(connection, number, now, progress) for number in numbers]
    return [each for each in tried if each is not None]


async def _publish(
    connection: Connection, number: int, now: datetime, progress: Progress
) -> Published | None:
    try:
        with translated():
            async with write_locked(connection):
                found = await lock_due(connection, number, now)
                if found is None:
                    return None  # another process was first, or it was cancelled
                layers = await load_layers(connection)
                given = unpack(await held_content(connection, number))
                consent = Consent(found.plan.agreed_by or "", found.reason, None, found.plan.remark)
                job = held_job(connection, layers, found, consent, "publish", progress)
                return Published(number, str(job.stored.ref), await commit(job, given))
    except HeldBack as error:
        layer = await _give_back(connection, number, str(error))
        return Published(number, layer, None, str(error))


async def _give_back(connection: Connection, number: int, why: str) -> str:
    """Let a scheduled import wait for the desk again, by nobody's decision; return its layer."""
    with translated():
        async with connection.transaction():
            found = await lock_waiting(connection, number)
            return await _unschedule(connection, found, "", why)


async def cancel(connection: Connection, number: int, by: str, reason: str) -> None:
    """Take time and approvals from the held import *number*, which waits for the desk again.

    `BadParameter` where it has neither, or is decided.
    """
    with translated():
        async with connection.transaction():
            found = await lock_waiting(connection, number)
            if found.plan.publish_at is None and not await approvals(connection, [number]):
                raise BadParameter(f"held import {number} has no time and no approval; there is only: reject")
            await _unschedule(connection, found, by, reason)


async def _unschedule(connection: Connection, found: HeldImport, by: str, reason: str) -> str:
    await unschedule(connection, found.id)
    theatre, layer = await layer_names(connection, found.layer_id)
    at = found.plan.publish_at
    details = {"held": found.id, "publish_at": None if at is None else format_instant(at)}
    await append(connection, Act("cancel", by, theatre, (layer,), reason=reason, details=details))
    return f"{theatre}.{layer}"


async def follow_due(dsn: str, clock: Clock) -> None:
    """Have imports published as their times come, in a process of its own each time, until cancelled.

    Ends at once where the role at *dsn* may not write. A database that is away is waited for.
    """
    trouble = ""
    while True:
        try:
            if not await _follow(dsn, clock):
                return
        except (Unavailable, OSError) as error:
            if str(error) != trouble:
                trouble = str(error)
                log.warning("scheduled imports wait", reason=trouble)
        await asyncio.sleep(_LOOK_S)


async def _follow(dsn: str, clock: Clock) -> bool:
    connection = await connect(dsn)
    try:
        with translated():
            if not await has_schema(connection):
                return True
            if not await may_write(connection):
                return False
            await check_schema(connection)
            while True:
                if await due(connection, clock()):
                    await _publish_apart(dsn)
                await asyncio.sleep(_LOOK_S)
    finally:
        connection.terminate()


async def _publish_apart(dsn: str) -> None:
    """Run the command that publishes due imports, in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tileserver",
        "held",
        "publish-due",
        env={**os.environ, "DATABASE_URL": dsn},
        stdout=asyncio.subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for us, who end it
    )
    try:
        if await process.wait():
            log.error("scheduled imports not published", code=process.returncode)
            await asyncio.sleep(_AFTER_FAILURE_S)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

"""Corrections: a layer back to an earlier revision, or rows out of every revision."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from tileserver.declared import Text
from tileserver.desk.settled import settled_warning
from tileserver.errors import BadParameter
from tileserver.model import Revision
from tileserver.store.audit import Act, Deed, append
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection, translated
from tileserver.store.corrected import set_remark
from tileserver.store.corrections import (
    Taken,
    bridge_period,
    erase_features,
    erase_period,
    record_withdrawal,
    restore,
    snapshot_instants,
    would_restore,
)
from tileserver.store.revisions import NothingChanged, Writer, open_revision
from tileserver.store.withdrawn import note_withdrawn
from tileserver.times import format_instant

Layers: TypeAlias = Mapping[str, StoredLayer]  # those of one theatre, by name
Take: TypeAlias = Callable[[Writer], Awaitable[Taken]]
Agree: TypeAlias = Callable[["Withdrawal"], bool]


@dataclass(frozen=True, slots=True)
class Rollback:
    """Revision of a rollback, ``None`` where nothing had changed, and the number of rows written.

    ``settled`` is a warning where it changes days that were said not to change any more.
    """

    revision: Revision | None
    rows: int
    settled: str = ""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Rows that a withdrawal takes, before the desk agrees and after.

    ``goes_on`` says that no snapshot begins where the period ends: the last state withdrawn holds again from
    there on.
    """

    revision: Revision
    taken: Taken
    goes_on: bool


async def rollback(
    connection: Connection,
    layers: Layers,
    name: str | None,
    revision: int,
    reason: str,
    remark: Text | None = None,
    by: str = "",
) -> Rollback:
    """Make a layer and the lines derived from the layer, or all *layers*, current as known in *revision*.

    Writes a new revision; every earlier one stays as it is, and whatever was withdrawn stays withdrawn. The
    *reason* is the desk's, the *remark* for readers, by language; *by* is who does it, for the audit log.
    `BadParameter` where there is no such revision, or where the layer cannot be corrected by itself.
    """
    chosen = list(layers.values()) if name is None else _with_derived(layers, name, "roll back")
    done = Rollback(None, 0)
    with translated():
        async with open_revision(connection) as writer:
            target = check_revision(revision, writer.revision - 1)
            rows = await restore(writer, [each.layer_id for each in chosen], target)
            if not rows:
                raise NothingChanged
            what = chosen[0].ref if name else chosen[0].theatre.id
            summary = f"{what} as known in revision {revision}" + (f": {reason}" if reason else "")
            await writer.commit_revision(summary, {"rollback": revision, "reason": reason}, remark)
            warning = await settled_warning(writer.connection, chosen, writer.revision)
            done = Rollback(writer.revision, rows, warning)
            details = {"to": target, "rows": rows, **({"remark": remark} if remark else {})}
            await _note(writer, "rollback", by, chosen, reason, details)
    return done


async def can_go_back(
    connection: Connection, layers: Sequence[StoredLayer], revision: Revision
) -> list[StoredLayer]:
    """Return the layers among *layers* that `rollback` to *revision* would change.

    Lines that derive from a layer go back with that layer, and are not among them.
    """
    own = [each for each in layers if each.layer.drawn_from == each.layer.name]
    found = await would_restore(connection, [each.layer_id for each in own], revision)
    return [each for each in own if each.layer_id in found]


async def put_remark(
    connection: Connection, revision: int, remark: Text, by: str = "", reason: str = ""
) -> Revision:
    """Put *remark*, the desk's public words by language, on a past *revision*, in place of any before.

    *by* is who does it, the *reason* the desk's own, both for the audit log. Returns the revision
    that says so, which changes no layer. Errors are those of `set_remark`.
    """
    with translated():
        async with open_revision(connection) as writer:
            await set_remark(writer, check_revision(revision, writer.revision - 1), remark)
            await writer.commit_revision(f"a remark on revision {revision}", {"remarked": revision})
            await _note(writer, "remark", by, (), reason, {"of": revision, "remark": remark})
    return writer.revision


async def withdraw_features(
    connection: Connection,
    layers: Layers,
    name: str,
    ids: Collection[int],
    reason: str,
    agree: Agree,
    by: str = "",
) -> Withdrawal | None:
    """Take the features with *ids*, the ids in tiles, out of every revision.

    Returns ``None`` where *agree* says no, and nothing was written then. `BadParameter` where an id is not
    there, or where the layer has no features of its own.
    """
    stored = _with_derived(layers, name, "withdraw")[0]
    if stored.layer.has_faces:
        raise BadParameter(
            f"the areas of {stored.ref} are drawn together: withdraw a period of it, with --from and --to"
        )

    async def take(writer: Writer) -> Taken:
        taken, missing = await erase_features(writer, stored.layer_id, ids)
        if missing:
            shown = ", ".join(map(str, sorted(missing)[:10]))
            raise BadParameter(f"{stored.ref} has no feature {shown} in any revision; nothing was withdrawn")
        return taken

    return await _withdraw(connection, stored, {"ids": sorted(ids)}, (by, reason), take, agree)


async def withdraw_period(
    connection: Connection,
    layers: Layers,
    name: str,
    start: datetime,
    end: datetime | None,
    reason: str,
    agree: Agree,
    by: str = "",
) -> Withdrawal | None:
    """Take the features and states in ``[start, end)`` out of every revision; ``end=None`` is for ever.

    Of a layer of snapshots the snapshots in the period never were, nor any line derived from the layer: the
    state just before *start* holds until *end*. Of any other layer each feature goes that holds at some
    instant of the period.
    Returns ``None`` where there is nothing to take, or *agree* says no; nothing was written then.
    """
    chosen = _with_derived(layers, name, "withdraw")
    stored = chosen[0]
    instants = await snapshot_instants(connection, stored.layer_id)

    async def take(writer: Writer) -> Taken:
        if instants or stored.layer.has_faces:
            return await bridge_period(writer, [each.layer_id for each in chosen], start, end)
        return await erase_period(writer, stored.layer_id, start, end)

    what = {"from": format_instant(start), "to": format_instant(end)}
    goes_on = bool(instants) and end is not None and end not in instants
    return await _withdraw(connection, stored, what, (by, reason), take, agree, goes_on=goes_on)


async def _withdraw(
    connection: Connection,
    stored: StoredLayer,
    what: dict[str, Any],
    who_and_why: tuple[str, str],
    take: Take,
    agree: Agree,
    *,
    goes_on: bool = False,
) -> Withdrawal | None:
    """Take, ask, and only then commit: exactly the rows that were agreed to are gone."""
    by, reason = who_and_why
    if not reason.strip():
        raise BadParameter("say why it is withdrawn: the reason stays with the revision, and it is blank")
    done: Withdrawal | None = None
    with translated():
        async with open_revision(connection) as writer:
            taken = await take(writer)
            if not taken.layers:
                raise NothingChanged
            asked = Withdrawal(writer.revision, taken, goes_on)
            if not agree(asked):
                raise NothingChanged
            if taken.snapshots:
                what["snapshots"] = [format_instant(at) for at in taken.snapshots]
            await record_withdrawal(writer, taken.layers, what, reason)
            await note_withdrawn(writer, stored.layer_id, taken.ids, reason)
            await writer.commit_revision(f"withdrawal from {stored.ref}: {reason}", {"withdrawn": what})
            details = {**what, "versions": taken.features, "faces": taken.faces}
            await _note(writer, "withdraw", by, [stored], reason, details)
            done = asked
    return done


async def _note(
    writer: Writer,
    what: Deed,
    by: str,
    chosen: Sequence[StoredLayer],
    reason: str,
    details: Mapping[str, Any],
) -> None:
    theatre = chosen[0].ref.theatre if chosen else ""
    names = tuple(each.layer.name for each in chosen)
    await append(writer.connection, Act(what, by, theatre, names, (writer.revision,), reason, details))


def _with_derived(layers: Layers, name: str, verb: str) -> list[StoredLayer]:
    """Return the layer *name*, followed by the lines that derive from the layer."""
    origin = layers[name].layer.drawn_from
    if origin != name:
        raise BadParameter(
            f"{layers[name].ref} derives from {layers[origin].ref}: {verb} that one, and it follows"
        )
    own = [each for each in layers.values() if each.layer.drawn_from == name]
    return sorted(own, key=lambda each: each.layer.name != name)


def check_revision(revision: int, newest: int) -> Revision:
    """Return *revision* as an existing revision; `BadParameter` unless the number lies from 1 to *newest*."""
    if not 1 <= revision <= newest:
        raise BadParameter(f"revision {revision} does not exist; the newest is {newest}")
    return Revision(revision)

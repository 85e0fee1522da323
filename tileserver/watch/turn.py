"""The turns of one entry: each look finds its files, and has at most a single file imported."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from tileserver.config import read_settings
from tileserver.desk.held import supersede
from tileserver.desk.layers import layers_of
from tileserver.errors import BadRequest, ImportFailed, StoreUnavailable
from tileserver.ingest.mapping.of_layer import mapping_for
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection
from tileserver.store.watching import WatchedFile, keep_file, list_files, note_gone, note_look, touch_file
from tileserver.times import Clock, format_instant
from tileserver.watch.choice import Step, pause_left_s, pause_s, spared_hash, step_of
from tileserver.watch.declared import WatchEntry
from tileserver.watch.looking import Sighting, look_at
from tileserver.watch.messages import Errand, Reply
from tileserver.watch.order import in_order
from tileserver.watch.process import ImportProcess

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Look:
    """Files that may be read now, in their order; whether others settle; seconds to the next look."""

    ready: tuple[Sighting, ...]
    is_settling: bool
    wait_s: float
    known: dict[str, WatchedFile]
    terms: bytes


class EntryTurns:
    """Looks at one entry; ``due_at`` is the time of the next look, in seconds of `time.monotonic`."""

    def __init__(self, entry: WatchEntry, process: ImportProcess, clock: Clock) -> None:
        self.entry = entry
        self.due_at = time.monotonic()
        self.is_done = False  # nothing to be read, nothing to be waited for
        self._process = process
        self._clock = clock
        self._settling: dict[str, tuple[tuple[int, int], float]] = {}  # size and time of content, since when
        self._tries: dict[str, float] = {}  # when the next one of a file that failed is due
        self._lost: dict[str, int] = {}  # how often the database went away while a file was imported
        self._trouble = ""  # of the entry, as logged

    def begin(self, known: Iterable[WatchedFile]) -> None:
        """Begin anew, from the last readings of the files: pauses after failures go on, and are bounded."""
        every, now, steady = self.entry.seconds("every"), self._clock(), time.monotonic()
        self.due_at, self.is_done = steady, False
        for each in known:
            if each.next_try is not None:
                self._tries.setdefault(each.path, steady + pause_left_s(each, now, every))

    async def look(self, connection: Connection) -> None:
        """Look once: note files that are gone, have at most one imported, and say when to look again."""
        began, trouble = time.monotonic(), ""
        look = _Look((), False, self.entry.seconds("every"), {}, b"")
        try:
            found = await asyncio.to_thread(look_at, self.entry.patterns)
            layers = await layers_of(connection, self.entry.ref.theatre, self.entry.ref.layer)
            known = await list_files(connection, self.entry.name)
            look = self._sorted(found, known, layers[self.entry.ref.layer])
        except (BadRequest, ImportFailed) as error:
            trouble = str(error)
        else:
            await self._note_gone(connection, found, look.known)
            if look.ready:
                await self._read(connection, look.ready[0], look)
        if trouble != self._trouble:
            self._tell_trouble(trouble)
        await note_look(connection, self.entry.name, self._clock(), trouble)
        self.due_at = began + (0 if look.ready else look.wait_s)
        self.is_done = not look.ready and not look.is_settling

    def _sorted(self, found: Sequence[Sighting], known: Sequence[WatchedFile], stored: StoredLayer) -> _Look:
        """Return the files that may be read now; raises the trouble with the entry as a whole."""
        options, by_path = self.entry.options(), {each.path: each for each in known}
        terms = self.entry.terms(mapping_for(stored.layer, options))
        now = time.monotonic()
        ready, is_settling, wait_s = list[Sighting](), False, self.entry.seconds("every")
        self._note_content(found, now)
        for each in found:
            step = step_of(each, by_path.get(each.label), terms)
            if step == "rest":
                continue
            settle_s = self._settling[each.label][1] + self.entry.seconds("settle") - now
            left_s = max(settle_s, self._try_s(each.label, step, now))
            if left_s <= 0:
                ready.append(each)
            wait_s, is_settling = min(wait_s, left_s), is_settling or settle_s > 0
        ordered = in_order(ready, stored.theatre, stored.layer, options)
        return _Look(tuple(ordered), is_settling, wait_s, by_path, terms)

    def _note_content(self, found: Sequence[Sighting], now: float) -> None:
        """Note from when on, in seconds of the steady clock, each file has had its size and time."""
        before, self._settling = self._settling, {}
        for each in found:
            content = each.size, each.modified
            kept = before.get(each.label)
            self._settling[each.label] = kept if kept and kept[0] == content else (content, now)

    def _try_s(self, label: str, step: Step, now: float) -> float:
        """Return the seconds to the next try of a file that failed, or that the database did not survive."""
        return self._tries.get(label, now) - now if step == "retry" or label in self._lost else 0.0

    async def _note_gone(
        self, connection: Connection, found: Sequence[Sighting], known: dict[str, WatchedFile]
    ) -> None:
        here = {each.label for each in found}
        gone = [each.path for each in known.values() if each.gone_at is None and each.path not in here]
        if gone:
            await note_gone(connection, self.entry.name, gone, self._clock())
            log.info("watched files gone", entry=self.entry.name, files=len(gone), file=gone[0])

    async def _read(self, connection: Connection, sighting: Sighting, look: _Look) -> None:
        before = look.known.get(sighting.label)
        errand = Errand(self.entry, os.fsencode(sighting.path), spared_hash(before, look.terms))
        reply = await self._process.ask(errand, self.entry.seconds("longest"))
        if reply.result == "moving":
            self._settling.pop(sighting.label, None)
        elif reply.result == "away":
            lost = self._lost[sighting.label] = self._lost.get(sighting.label, 0) + 1
            self._tries[sighting.label] = time.monotonic() + (pause_s(lost, 0) if lost > 1 else 0)
            raise StoreUnavailable(reply.said)
        elif reply.result == "same":
            await touch_file(connection, self.entry.name, sighting.label, reply.stamp)
        else:
            await self._keep(connection, sighting, reply, before, look.terms)
        self._lost.pop(sighting.label, None)

    async def _keep(
        self,
        connection: Connection,
        sighting: Sighting,
        reply: Reply,
        before: WatchedFile | None,
        terms: bytes,
    ) -> None:
        failures, next_try, now = 0, None, self._clock()
        if reply.result == "failed":
            failures = 1 if before is None or before.result != "failed" else before.failures + 1
            pause = pause_s(failures, self.entry.seconds("every"))
            self._tries[sighting.label] = time.monotonic() + pause
            next_try = now + timedelta(seconds=pause)
        file = WatchedFile(
            self.entry.name,
            sighting.label,
            *(reply.stamp if reply.hash else sighting.stamp),
            bytes.fromhex(reply.hash),
            terms,
            reply.result,  # type: ignore[arg-type]
            reply.said,
            reply.revision,
            reply.held,
            now,
            failures,
            next_try,
        )
        async with connection.transaction():
            await keep_file(connection, file)
            if before is not None and before.held is not None and file.revision is not None:
                await supersede(connection, before.held, file.revision, read_settings().by)
        _tell(file)

    def _tell_trouble(self, trouble: str) -> None:
        if trouble:
            log.error("watched files not looked at", entry=self.entry.name, error=trouble)
        elif self._trouble:
            log.info("watched files looked at again", entry=self.entry.name)
        self._trouble = trouble


def _tell(file: WatchedFile) -> None:
    entry, path, said = file.entry, file.path, file.said
    if file.result == "failed":
        again = format_instant(file.next_try)
        log.error(
            "watched file failed", entry=entry, file=path, error=said, failures=file.failures, next_try=again
        )
    elif file.result == "held":
        log.warning("watched file held back", entry=entry, file=path, held=file.held, reason=said)
    else:
        log.info("watched file imported", entry=entry, file=path, revision=file.revision, account=said)

"""Tiles on disk, shared by all processes of a machine and kept beyond their end.

A key names a content, so nothing is ever invalidated. What was withdrawn keeps its bytes here, but nothing
names it any more.

Nothing here ever fails a reader. What the disk changed is not there rather than wrong; a file that is damaged
is put aside, and a new one begun; a folder that is away, full or not ours is tried again, and said until then
(`Shelf.trouble`). A disk that hangs holds up one thread, and no reader for longer than a moment.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from errno import ENOENT
from pathlib import Path

import structlog

from tileserver.config import Settings
from tileserver.errors import ShelfUnavailable
from tileserver.origin import came_from
from tileserver.tiles.shelf_faults import FAILURES, is_busy, is_damage, is_doubtful, words_of
from tileserver.tiles.shelf_file import FILE, ShelfFile
from tileserver.tiles.shelf_opening import open_file, put_aside

log = structlog.get_logger()

_PATIENCE_S = 0.03  # of a reader while another process commits; then the tile is rendered
_AGAIN_S = 0.002
_WRITTEN_S = 5.0  # the same of one that nobody waits for
_QUICK_S = 0.02  # a read that takes longer sends the next ones to a thread
_SLOW_S = 5.0  # for so long
_PAUSE_S = 5.0  # between two attempts to open or to write what could not be
_NOTED_S = 60.0  # between two notes of what was used, if nothing is written
_LOOK_S = 2.0  # between two looks whether the file is still in its place
_TOGETHER = 256  # tiles in one transaction
_LINGER_S = 0.05  # after the first of them, for others to come: most of a transaction costs the same for many
_WAITING = 32 * 1024 * 1024  # bytes that may wait to be written; what comes then is kept in memory alone


class Shelf:
    """A bounded store of tiles in a folder, for any number of processes to read and write.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    capacity : int
        Bytes on disk. When there is no more room, what nobody asked for the longest leaves.
    """

    def __init__(self, folder: Path, capacity: int) -> None:
        self.trouble = ""  # why tiles are not read, or not kept; nothing if all is well
        self.generation = 0  # counts up where a file is let go: what was kept may be gone
        self.folder, self.capacity = folder, capacity
        self._path = folder / FILE
        self._file: ShelfFile | None = None
        self._broken: BaseException | None = None  # what a reader met, for the writer to mend
        self._again = self._slow_until = self._noted_at = 0.0  # on the monotonic clock
        self._changed = threading.Condition()
        self._waiting: dict[str, bytes] = {}
        self._weight = 0
        self._idle, self._closing = True, False
        self._readers = ThreadPoolExecutor(1, "shelf-reader")
        self._hanging: Future[dict[str, bytes] | None] | None = None
        self._open()
        self._writer = threading.Thread(target=self._work, name="shelf-writer", daemon=True)
        self._writer.start()

    def look(self, names: Sequence[str]) -> dict[str, bytes] | None:
        """Return the undamaged tiles among *names*, at once; empty bytes for an empty tile.

        Read on the event loop as long as the disk is quick: a thread would take longer than the reading.
        ``None`` where a read of the last seconds was slow, or the file is written to: only waiting can tell.
        """
        found = None if self._is_slow else self._look(names)
        if found:
            came_from("shelf")
        return found

    async def get_many(self, names: Sequence[str]) -> dict[str, bytes]:
        """Return the undamaged tiles among *names*; empty bytes for an empty tile."""
        deadline = time.monotonic() + _PATIENCE_S
        while (found := await self._look_by_thread(names) if self._is_slow else self._look(names)) is None:
            if time.monotonic() > deadline:
                return {}
            await asyncio.sleep(_AGAIN_S)
        if found:
            came_from("shelf")
        return found

    def get(self, name: str) -> bytes | None:
        """Return the tile *name*; empty bytes for an empty tile, ``None`` where none is kept or undamaged."""
        deadline = time.monotonic() + _PATIENCE_S
        while (found := self._look((name,))) is None and time.monotonic() < deadline:
            time.sleep(_AGAIN_S)
        return (found or {}).get(name)

    def has_many(self, names: Sequence[str]) -> set[str]:
        """Return the names of *names* under which something is kept, damaged or not."""
        deadline = time.monotonic() + _WRITTEN_S
        while (file := self._file) is not None and time.monotonic() < deadline:
            try:
                return file.has_many(names)
            except FAILURES as error:
                self._suffer(file, error)
                time.sleep(_AGAIN_S)
        return set()

    def put(self, tiles: Iterable[tuple[str, bytes]]) -> int:
        """Keep *tiles* now, all or none, and return their bytes.

        Raises
        ------
        ShelfUnavailable
            They cannot be written, or take more than there may be.
        """
        if (file := self._file) is None:
            raise ShelfUnavailable(f"TILESERVER_SHELF cannot be opened: {self.trouble or 'it was closed'}")
        try:
            size = file.put(tiles)
        except ValueError as error:
            raise ShelfUnavailable(str(error)) from error
        except FAILURES as error:
            self._suffer(file, error)
            raise ShelfUnavailable(f"the tiles on disk cannot be written: {error}") from error
        self._be_well()
        return size

    def keep_many(self, tiles: Iterable[tuple[str, bytes]]) -> None:
        """Have *tiles* written, soon and if possible; no reader waits, and none is failed."""
        with self._changed:
            if self._closing or time.monotonic() < self._again:
                return
            for name, data in tiles:
                if self._weight < _WAITING and name not in self._waiting:
                    self._waiting[name] = data
                    self._weight += len(data)
            self._changed.notify_all()

    def flush(self, wait_s: float = 10.0) -> None:
        """Wait until nothing is to be written or mended any more; *wait_s* seconds at most."""
        with self._changed:
            self._changed.wait_for(lambda: self._idle and not self._is_due(), wait_s)

    @property
    def size(self) -> int:
        """Bytes that the tiles and their index take on disk; 0 where the file cannot be asked now."""
        try:
            return 0 if (file := self._file) is None else file.size
        except FAILURES:
            return 0

    def __len__(self) -> int:
        return 0 if self._file is None else len(self._file)

    def close(self) -> None:
        """Write the waiting tiles and the last uses, close the file; a thread still at work finds nothing."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._writer.join(_PAUSE_S)
        self._readers.shutdown(wait=False)

    @property
    def _is_slow(self) -> bool:
        return time.monotonic() < self._slow_until

    async def _look_by_thread(self, names: Sequence[str]) -> dict[str, bytes] | None:
        if self._hanging is not None and not self._hanging.done():
            return {}
        with self._changed:
            if self._closing:  # which takes no more
                return {}
            reading = self._readers.submit(self._look, names)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(reading), _PATIENCE_S)
        except TimeoutError:
            self._hanging = reading
            return {}

    def _look(self, names: Sequence[str]) -> dict[str, bytes] | None:
        """Return the undamaged tiles among *names*; ``None`` where the caller has to ask again."""
        file, begun = self._file, time.monotonic()
        if file is None or self._broken is not None:
            return {}
        try:
            return file.get(names)
        except FAILURES as error:
            self._suffer(file, error)
            return {}
        finally:
            if time.monotonic() - begun > _QUICK_S:
                self._slow_until = time.monotonic() + _SLOW_S

    def _suffer(self, file: ShelfFile | None, error: BaseException) -> None:
        """Say the trouble with *file*, and have the file mended unless the trouble may pass by itself."""
        if is_busy(error) or file is not self._file:
            return
        self._say(error)
        if file is None or not (is_damage(error) or is_doubtful(error) or not file.is_in_place):
            self._again = time.monotonic() + _PAUSE_S
            return
        with self._changed:
            self._broken = error
            self._changed.notify_all()

    def _say(self, error: BaseException) -> None:
        if (said := words_of(error)) != self.trouble:
            name = getattr(error, "sqlite_errorname", type(error).__name__)
            log.error("the shelf cannot be used", error=str(error), code=name)
        self.trouble = said

    def _be_well(self) -> None:
        if self.trouble:
            log.info("the shelf can be used again")
        self.trouble = ""

    def _is_due(self) -> bool:
        return bool(self._waiting) or self._broken is not None or self._closing

    def _is_pressing(self) -> bool:
        return len(self._waiting) >= _TOGETHER or self._broken is not None or self._closing

    def _work(self) -> None:
        """Write and mend, as long as the shelf is open; in a thread of its own."""
        closing = False
        while not closing:
            with self._changed:
                self._idle = True
                self._changed.notify_all()
                self._changed.wait_for(self._is_due, _PAUSE_S if self._file is None else _LOOK_S)
                self._changed.wait_for(self._is_pressing, _LINGER_S if self._waiting else 0)
                self._idle = False
                some = [*self._waiting.items()][:_TOGETHER]
                closing = self._closing and len(some) == len(self._waiting)
            if self._file is not None and not self._closing and not self._file.is_in_place:
                self._broken = FileNotFoundError(ENOENT, "its file was moved or removed")
                self._say(self._broken)
            if self._broken is not None or self._file is None:
                self._mend()
            self._write(some)
        file, self._file = self._file, None  # first: who still holds it has met no trouble
        if file is not None:
            file.close()

    def _write(self, some: list[tuple[str, bytes]]) -> None:
        """Write *some* tiles, else the uses; tiles that cannot be written are dropped."""
        file = self._file
        try:
            if file is not None and some:
                file.put(some)
                self._be_well()
            elif file is not None and (self._closing or time.monotonic() - self._noted_at > _NOTED_S):
                self._noted_at = time.monotonic()
                file.note_uses()
        except ValueError as error:
            log.warning("tiles are too large for the shelf", error=str(error))
        except FAILURES as error:
            self._suffer(file, error)
        with self._changed:
            for name, data in some:
                del self._waiting[name]
                self._weight -= len(data)

    def _mend(self) -> None:
        """Begin a new file where the old file is damaged or gone."""
        (file, self._file), error = (self._file, None), self._broken
        if file is not None:
            self.generation += 1
            with suppress(*FAILURES):
                file.close()
            if error is not None and is_damage(error):
                with suppress(*FAILURES):
                    put_aside(self._path, file.inode, error)
        self._open()
        with self._changed:
            self._broken = None

    def _open(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = open_file(self._path, self.capacity)
        except FAILURES as error:
            self._say(error)
            return
        if self._file.is_readonly:
            self._say(PermissionError(0, "the shelf may be read and not written to"))
        else:
            self._be_well()


def open_shelf(settings: Settings) -> Shelf | None:
    """Return the shelf that *settings* name, if any."""
    return None if settings.shelf is None else Shelf(settings.shelf, settings.shelf_mb * 1024 * 1024)

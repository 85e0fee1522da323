"""Questions to the process that reads binary containers, and the reasons of its death."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from tileserver.errors import HostileSource, UnreadableSource
from tileserver.ingest.containers.apart.messages import (
    Listed,
    Record,
    Request,
    Unread,
    longest,
    read_messages,
)
from tileserver.ingest.containers.table import Row, Table
from tileserver.ingest.limits import MB, Limits

_KEPT = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")
# Libraries end so where memory is refused: by themselves, or by using what they did not get.
_OUT_OF_MEMORY = (-signal.SIGABRT, -signal.SIGSEGV, -signal.SIGBUS, -signal.SIGKILL)
_SET = {"OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2", "PYTHONDONTWRITEBYTECODE": "1"}


class ReaderProcesses:
    """Processes that read binary containers: a single process, unless several answers are read in turns."""

    def __init__(self, limits: Limits) -> None:
        """Take the *limits* that each process gets; none is started before there is a question."""
        self._limits = limits
        self._idle: list[subprocess.Popen[bytes]] = []

    def close(self) -> None:
        """End the processes that wait for questions; a process that answers ends with its answer's reader."""
        while self._idle:
            _end(self._idle.pop())

    def list_tables(self, request: Request, member: str) -> Iterator[Table]:
        """Yield the tables of a file.

        `UnreadableSource` where there are none, `HostileSource` where reading goes over a limit.
        """
        found = [listed for listed in self._ask(request) if isinstance(listed, Listed)]
        if not found:
            raise UnreadableSource(f"it is {request.kind} without a layer or sheet that has rows")
        yield from (self._table(request, member, listed) for listed in found)

    def _table(self, request: Request, member: str, listed: Listed) -> Table:
        asked = msgspec.structs.replace(request, table=listed.name)
        return Table(
            member,
            listed.name,
            request.kind,
            tuple(listed.columns),
            listed.crs,
            lambda: self._rows(asked),
            listed.found,
        )

    def _rows(self, request: Request) -> Iterator[Row]:
        try:
            for each in self._ask(request):
                if isinstance(each, Record):
                    yield Row(each.number, each.values, each.geometry, each.trouble)
        except UnreadableSource as error:
            yield Row(0, {}, None, str(error))

    def _ask(self, request: Request) -> Iterator[Listed | Record]:
        """Yield the answer; a caller that does not wait for its end ends the process."""
        process = self._idle.pop() if self._idle else _start(self._limits)
        asked, answers = cast(BinaryIO, process.stdin), cast(BinaryIO, process.stdout)
        is_complete = False
        try:
            asked.write(msgspec.json.encode(request) + b"\n")
            asked.flush()
            for message in read_messages(answers, longest(request.row_bytes) + MB):
                if isinstance(message, Unread):
                    raise (HostileSource if message.is_hostile else UnreadableSource)(message.why)
                yield message
            is_complete = True
        except (EOFError, BrokenPipeError) as error:
            raise self._death(process.wait()) from error
        finally:
            if is_complete:
                self._idle.append(process)
            else:
                _end(process)

    def _death(self, code: int) -> HostileSource | UnreadableSource:
        if code == -signal.SIGXCPU:
            return HostileSource(f"it takes more than {self._limits.reader_seconds} s to read")
        if code in _OUT_OF_MEMORY:
            return HostileSource(
                f"it needs more than {self._limits.reader_bytes // MB} MB of memory, or is broken"
            )
        return UnreadableSource(f"it is broken: its reader ended with {code}")


def _start(limits: Limits) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tileserver.ingest.containers.apart", str(limits.reader_bytes)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(os.environ),
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


def request_of(path: Path, kind: str, encoding: str, header: int, limits: Limits) -> Request:
    """Return the question for the tables of the file *path* within *limits*."""
    return Request(str(path), kind, None, encoding, header, limits.line_bytes, limits.reader_seconds)


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the process: of *ours* only names in need, so no credentials."""
    return {name: ours[name] for name in _KEPT if name in ours} | _SET

"""Ends of processes: of a dead postmaster's children, and of our own in good order."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tileserver.errors import ClusterUnavailable

PATIENCE_S = 20.0


def clear_after_crash(pgdata: Path, socket_dir: Path) -> None:
    """End the processes left by a postmaster that no longer answers, and forget its process id if reused.

    PostgreSQL itself steps over a lock file whose process is gone, checking that no backend is left; it
    stops at one whose number another process of the same user has by now, or a zombie that nobody
    collects. Only these are removed here, after no process in the data directory is left.
    """
    end_processes(pgdata)
    for lock_file in (pgdata / "postmaster.pid", *socket_dir.glob(".s.PGSQL.*.lock")):
        if Path(f"/proc/{_noted_pid(lock_file)}").exists():
            lock_file.unlink()


def end_processes(pgdata: Path) -> None:
    """End all of PostgreSQL that is at work in a data directory, as a power cut would.

    First as it wants to be ended at once; one that cannot hear, because it is stopped, by force.
    """
    begun = time.monotonic()
    deadline = begun + PATIENCE_S
    while left := processes_in(pgdata):
        for pid in left:
            with suppress(ProcessLookupError):
                deaf = time.monotonic() - begun > PATIENCE_S / 4
                os.kill(pid, signal.SIGKILL if deaf else signal.SIGQUIT)
        if time.monotonic() > deadline:
            pids = " ".join(map(str, left))
            raise ClusterUnavailable(f"PostgreSQL in {pgdata} does not answer nor end: kill -9 {pids}")
        time.sleep(0.05)


def processes_in(pgdata: Path) -> list[int]:
    """PostgreSQL's processes with `pgdata` as their working directory; empty without /proc."""
    return [pid for pid, folder in _at_work() if folder == pgdata]


def postgres_folders() -> set[Path]:
    """Data directories in which a PostgreSQL is at work whose processes are visible."""
    return {folder for _, folder in _at_work()}


def _at_work() -> Iterator[tuple[int, Path]]:
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            program = (entry / "exe").readlink().name  # "postgres (deleted)" after an upgrade
            if program.startswith(("postgres", "initdb")):
                yield int(entry.name), (entry / "cwd").readlink()


def _noted_pid(lock_file: Path) -> str:
    try:
        return str(int(lock_file.read_text().splitlines()[0]))
    except (FileNotFoundError, IndexError, ValueError):
        return "none"


@contextmanager
def leaving_in_order() -> Iterator[None]:
    """Turn signals that would end us at once into `SystemExit`, so that locks and processes are let go."""

    def leave(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    mine = [n for n in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(n) is signal.SIG_DFL]
    for number in mine:
        signal.signal(number, leave)
    try:
        yield
    finally:
        for number in mine:
            signal.signal(number, signal.SIG_DFL)

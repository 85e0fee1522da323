"""Imports as the desk runs them: the command line as a process, timed, with its peak memory."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from tests.bench.servers import ROOT
from tileserver.store.connect import connect


@dataclass(frozen=True, slots=True)
class Import:
    """One import: what of, how long in seconds, the process's peak memory in bytes, and what it left."""

    layer: str
    source_bytes: int
    seconds: float
    peak_bytes: int
    items: int  # snapshots of a state layer, features of a window layer
    rows: int


def run_cli(
    dsn: str, *words: str, checkout: Path = ROOT, more: Mapping[str, str] | None = None
) -> tuple[float, int]:
    """Run ``tileserver *words`` of *checkout* over *dsn*; return seconds and peak memory in bytes."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "tileserver", *words],
        env={**os.environ, "DATABASE_URL": dsn, "PYTHONPATH": str(checkout), **(more or {})},
        cwd=checkout,
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"tileserver {' '.join(words)} ended with {process.returncode}")
    return time.perf_counter() - started, usage.ru_maxrss * 1024


def import_layer(dsn: str, layer: str, path: Path, checkout: Path = ROOT) -> Import:
    """Import *path* into ``ukraine.<layer>``."""
    before = _rows(dsn)
    seconds, peak = run_cli(dsn, "import", f"ukraine.{layer}", str(path), checkout=checkout)
    rows = _rows(dsn) - before
    items = _snapshots(dsn) if layer == "control" else rows
    return Import(layer, path.stat().st_size, seconds, peak, items, rows)


def table_bytes(dsn: str) -> int:
    """Return the bytes of all feature versions and faces with their indexes."""
    return _value(dsn, "SELECT pg_total_relation_size('feature_version') + pg_total_relation_size('face')")


def _rows(dsn: str) -> int:
    return _value(dsn, "SELECT count(*) FROM feature_version")


def _snapshots(dsn: str) -> int:
    return _value(dsn, "SELECT count(*) FROM snapshot WHERE upper_inf(known)")


def _value(dsn: str, query: str) -> int:
    async def ask() -> int:
        connection: asyncpg.Connection = await connect(dsn)
        try:
            return int(await connection.fetchval(query))
        finally:
            await connection.close()

    return asyncio.run(ask())

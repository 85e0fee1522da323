"""``/metrics`` at a port of its own, for all processes of a server; the readers' port shows nothing.

Each process writes its figures into files of one folder (the Prometheus client's multiprocess mode), and the
process that began the server reads all of them when it is asked. A process that ended keeps its counts, and
has no states any more.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tileserver.errors import BadParameter
from tileserver.setting_values import Endpoint

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Metric

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # which the client looks at when it is first imported, and here
_STATES = re.compile(r"gauge_live[a-z]+_(\d+)\.db")


@contextmanager
def exposing(endpoint: Endpoint | None) -> Iterator[None]:
    """Answer ``/metrics`` at *endpoint*, if any, with the figures of all processes that begin meanwhile.

    Raises
    ------
    BadParameter
        Something else listens there, or the address is none of this machine's.
    """
    if endpoint is None:
        yield
        return
    with TemporaryDirectory(prefix="tileserver-metrics-") as folder, _told(folder):
        from prometheus_client import CollectorRegistry, values  # noqa: PLC0415 - now

        # The command has imported the client long before, while nothing was told; and a server of one process
        # counts in the process of the command.
        before, values.ValueClass = values.ValueClass, values.get_value_class()  # type: ignore[no-untyped-call]
        registry = CollectorRegistry(support_collectors_without_names=True)
        registry.register(AllProcesses(Path(folder)))
        try:
            with _answering(endpoint, registry):
                yield
        finally:
            values.ValueClass = before  # which counts without the folder


@contextmanager
def _answering(endpoint: Endpoint, registry: CollectorRegistry) -> Iterator[None]:
    """Answer at *endpoint* with the figures of *registry*, until the block ends."""
    from prometheus_client import start_http_server  # noqa: PLC0415 - it looks at the folder

    try:
        server, thread = start_http_server(endpoint.port, endpoint.host, registry)
    except OSError as error:
        raise BadParameter(
            f"cannot show metrics at {endpoint}: {error.strerror or error}; set TILESERVER_METRICS to"
            " another address, or stop what listens there"
        ) from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def _told(folder: str) -> Iterator[None]:
    """Let the client write into *folder*, in this process and in every process that begins meanwhile."""
    os.environ[FOLDER] = folder
    try:
        yield
    finally:
        del os.environ[FOLDER]


class AllProcesses:
    """A collector over the *folder* of all processes, without the states of ended processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        """Return the figures of all."""
        from prometheus_client import multiprocess  # noqa: PLC0415 - it looks at the folder

        numbers = {found[1] for file in self._folder.iterdir() if (found := _STATES.fullmatch(file.name))}
        for number in map(int, numbers):
            if not Path(f"/proc/{number}").exists():
                multiprocess.mark_process_dead(number, str(self._folder))  # type: ignore[no-untyped-call]
        # A process makes a file first, and gives it its room then: in between it has not even a head.
        files = [file.path for file in os.scandir(self._folder) if file.name.endswith(".db") and _size(file)]
        merged: Iterable[Metric] = multiprocess.MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]
        return merged


def _size(file: os.DirEntry[str]) -> int:
    """Return the bytes of a file, or zero where another reader has just taken the file away."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0

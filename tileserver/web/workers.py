"""The worker processes of a server, under uvicorn's supervisor, each with a line to its parent that ends.

In uvicorn both processes hold both ends of the pipe between them, so the death of one is told to nobody: a
worker that is killed while it is asked whether it lives stops the supervisor for the whole of its patience,
half a minute without a new worker or an obeyed SIGTERM; and workers go on without a parent that was killed,
on a socket which the next start then cannot have. With one end each, the other reads the end of the file.
"""

from __future__ import annotations

import os
import signal
from socket import socket

from uvicorn.config import Config
from uvicorn.supervisors import multiprocess


class _Worker(multiprocess.Process):
    """A worker process, seen from the parent and, in `target`, from inside."""

    def start(self) -> None:
        """Begin the process, and leave the end of the pipe that is for the child to the child."""
        super().start()
        self.child_conn.close()

    def target(self, sockets: list[socket] | None = None) -> None:
        """Serve, in the new process, on *sockets*."""
        self.parent_conn.close()
        super().target(sockets)

    def always_pong(self) -> None:
        """Answer pings of the parent until the parent hangs up; then end as by SIGTERM."""
        try:
            super().always_pong()
        except (EOFError, OSError):
            os.kill(os.getpid(), signal.SIGTERM)


def run_workers(config: Config, door: socket) -> None:
    """Serve on *door* by the processes that *config* asks for; replace each that dies, until told to end."""
    multiprocess.Process = _Worker  # type: ignore[misc]  # the supervisor knows its processes by this name
    multiprocess.Multiprocess(config, sockets=[door]).run()

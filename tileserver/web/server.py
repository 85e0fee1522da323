"""The server process: its socket, and uvicorn with the options that the answers rely on.

The socket may be handed over, by systemd or by the process that this one was before: what connects while
nobody serves waits in the kernel's queue, and no connection is lost.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType
from typing import NoReturn

import uvicorn

from tileserver.config import Settings
from tileserver.errors import BadParameter
from tileserver.web.workers import run_workers

_HANDED_OVER = 3  # sd_listen_fds(3): the first descriptor that is handed over


@contextmanager
def listening(settings: Settings, names: str = "HOST and PORT") -> Iterator[socket.socket]:
    """Lend the socket that a server will listen on; ``::`` is every address, of IPv4 too.

    *names* are the settings that say where. A socket that was handed over (``LISTEN_FDS``,
    sd_listen_fds(3)) is taken in the place of a new one.

    Raises
    ------
    BadParameter
        Something else listens there, or the address is none of this machine's.
    """
    if os.environ.pop("LISTEN_PID", "") == str(os.getpid()) and os.environ.pop("LISTEN_FDS", "") == "1":
        with socket.socket(fileno=_HANDED_OVER) as door:
            yield door
        return
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            door.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(settings.host != "::"))
        try:
            door.bind((settings.host, settings.port))
        except OSError as error:
            raise BadParameter(
                f"cannot listen on port {settings.port} of {settings.host}: {error.strerror or error};"
                f" set {names} to others, or stop what listens there"
            ) from error
        yield door


def address_of(settings: Settings, door: socket.socket) -> str:
    """Return the address at which *door* is reached, as a URL."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{door.getsockname()[1]}"


def begin_again(door: int) -> NoReturn:
    """Become the same command anew, with the code of now, on the socket with the descriptor *door*."""
    os.dup2(door, _HANDED_OVER, inheritable=True)
    os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-m", "tileserver", *sys.argv[1:]])


def run_server(settings: Settings, door: socket.socket) -> bool:
    """Answer requests on *door* until told to end; exit code 3 where the server could not start.

    Return whether SIGHUP asks for a new beginning; several workers are begun anew one after the other, on
    and on. Each process reads its settings from the environment, the database's address among them.
    """
    config = _options(settings)
    if settings.workers > 1:
        run_workers(config, door)
        return False
    server, told = uvicorn.Server(config), Event()

    def hang_up(number: int, frame: FrameType | None) -> None:
        told.set()
        server.should_exit = True

    signal.signal(signal.SIGHUP, hang_up)
    try:
        server.run(sockets=[door])
    except KeyboardInterrupt:  # which it has obeyed
        return False
    if not server.started:
        sys.exit(3)
    return told.is_set()


def _options(settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        "tileserver.web.app:app_from_environment",
        factory=True,
        workers=settings.workers,
        http="tileserver.web.wire:Wire",
        log_config=None,
        server_header=False,
        ws="none",  # there are no web sockets here, so a wish for one is passed over (RFC 9110 7.8)
        proxy_headers=False,  # behind a proxy TILESERVER_PUBLIC_URL says what readers see
        date_header=True,
        timeout_graceful_shutdown=10,
        timeout_worker_healthcheck=30,  # also for a new worker to be there before the old one ends
        timeout_keep_alive=60,
    )

"""The server process: its socket, and uvicorn with the options that the answers rely on."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from uvicorn.supervisors import Multiprocess

from tileserver.config import Settings
from tileserver.errors import BadParameter


@contextmanager
def listening(settings: Settings) -> Iterator[socket.socket]:
    """Lend the socket that a server will listen on; ``::`` is every address, of IPv4 too.

    Raises
    ------
    BadParameter
        Something else listens there, or the address is none of this machine's.
    """
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
                " set HOST and PORT to others, or stop what listens there"
            ) from error
        yield door


def address_of(settings: Settings, door: socket.socket) -> str:
    """Return the address at which *door* is reached, as a URL."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{door.getsockname()[1]}"


def run_server(settings: Settings, door: socket.socket) -> None:
    """Answer requests on *door* until told to end; exit code 3 where the server could not start.

    Each process reads its settings from the environment, the database's address among them.
    """
    config = uvicorn.Config(
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
        timeout_keep_alive=60,
    )
    if settings.workers > 1:
        Multiprocess(config, sockets=[door]).run()
        return
    server = uvicorn.Server(config)
    try:
        server.run(sockets=[door])
    except KeyboardInterrupt:  # which it has obeyed
        return
    if not server.started:
        sys.exit(3)

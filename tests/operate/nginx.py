"""Debian's nginx with the very file of docker/nginx, in which addresses and folders alone are others."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT, free_port

FILE = ROOT / "docker" / "nginx" / "nginx.conf"
PROGRAM = "/usr/sbin/nginx"
_PREFIX = "# rewrite ^/maps/"
_PATIENCE_S = 10


@dataclass(frozen=True)
class Cache:
    """A running nginx."""

    port: int
    folder: Path
    master: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """The address of its readers, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def workers(self) -> list[int]:
        """The processes that answer."""
        children = Path(f"/proc/{self.master.pid}/task/{self.master.pid}/children").read_text().split()
        said = {int(pid): Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children}
        return [pid for pid, line in said.items() if b"worker process" in line]

    def kill_worker(self) -> None:
        """End a process that answers, as the kernel does where memory is short."""
        os.kill(self.workers[0], signal.SIGKILL)

    def log(self) -> list[str]:
        """Lines of the log of answers."""
        return (self.folder / "access.log").read_text().splitlines()


def configuration(folder: Path, port: int, servers: Sequence[int], *, prefix: bool = False) -> str:
    """Return the text of the file, for *port* and the ports of two *servers*; *prefix*: with the path."""
    text = FILE.read_text("utf-8")
    first, second = re.findall(r"172\.31\.213\.\d+:8000", text)
    changes = {
        " /tmp/": f" {folder}/",
        first: f"127.0.0.1:{servers[0]}",
        second: f"127.0.0.1:{servers[1]}",
        "listen 8080": f"listen 127.0.0.1:{port}",
        "/var/cache/nginx": str(folder / "cache"),
        "/dev/stdout": str(folder / "access.log"),
    }
    if prefix:
        changes[_PREFIX] = _PREFIX.removeprefix("# ")
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    # The folders of tests admit nobody but who made them.
    return text if os.geteuid() else f"user root;\n{text}"


@contextmanager
def cache_before(servers: Sequence[int], folder: Path, *, prefix: bool = False) -> Iterator[Cache]:
    """Run nginx in *folder* before the ports of two *servers*."""
    (folder / "cache").mkdir(parents=True, exist_ok=True)
    port, file = free_port(), folder / "nginx.conf"
    file.write_text(configuration(folder, port, servers, prefix=prefix))
    log = (folder / "error.log").open("ab")
    argv = [PROGRAM, "-c", str(file), "-p", str(folder), "-g", "daemon off;"]
    master = subprocess.Popen(argv, stderr=log)
    try:
        _wait_for(port)
        yield Cache(port, folder, master)
    finally:
        master.terminate()
        master.wait(10)
        log.close()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/cache-healthz").close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("nginx does not answer")

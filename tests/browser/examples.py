"""The pages of docs/examples as a partner has them: on a server of their own, with tiles of ours."""

from __future__ import annotations

import functools
import http.server
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import ROOT

WRITTEN = "http://127.0.0.1:8000"  # our server, as the pages have it
_PACKAGES = ROOT / "tileserver" / "web" / "frontend" / "node_modules"


@contextmanager
def partner(folder: Path, server_url: str, name: str) -> Iterator[str]:
    """Copy the example *name* into *folder*, beside installed packages, and serve it from another origin."""
    shutil.copytree(ROOT / "docs" / "examples" / name, folder, dirs_exist_ok=True)
    for each in (*folder.glob("*.html"), *folder.glob("*.js")):
        each.write_text(each.read_text("utf-8").replace(WRITTEN, server_url), "utf-8")
    with beside_packages(folder) as url:
        yield url


@contextmanager
def beside_packages(folder: Path) -> Iterator[str]:
    """Serve *folder* with the packages of the front end's build in it, from another origin than ours."""
    (folder / "node_modules").symlink_to(_PACKAGES.resolve())
    handler = functools.partial(_Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_address[1]}"
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

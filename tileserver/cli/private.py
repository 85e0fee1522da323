"""A page served on this machine alone for as long as somebody looks: on a port of its own, by a token."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_HOST = "127.0.0.1"
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "frame-ancestors 'none'",  # beside the page's own, which says all else
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def serve_privately(page: str, announce: Callable[[str], None]) -> None:
    """Serve *page*, HTML in UTF-8, at an address that *announce* is told, until Ctrl-C.

    Nothing is served at any other path, and nothing to a request that came by another host's name: a page
    on the web cannot read it through the browser of whoever looks.
    """
    path = f"/{secrets.token_urlsafe(24)}/"
    with PrivateServer(page.encode(), path) as server:
        announce(f"http://{server.origin}{path}")
        try:
            server.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            return


class PrivateServer(ThreadingHTTPServer):
    """Server of one body, bytes of HTML, at one path; on a free port of 127.0.0.1."""

    daemon_threads = True

    def __init__(self, body: bytes, path: str) -> None:
        super().__init__((_HOST, 0), _Handler)
        self.body, self.path = body, path

    @property
    def origin(self) -> str:
        """Host and port."""
        return f"{_HOST}:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: PrivateServer
    server_version, sys_version = "private", ""
    timeout = 10  # seconds that a client may take

    def do_GET(self) -> None:
        """Answer with the page, or with 404 and no word."""
        if not self._may_see():
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            return
        self.send_response(200)
        for name, value in {**_HEADERS, "Content-Length": str(len(self.server.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(self.server.body)

    do_HEAD = do_GET

    def _may_see(self) -> bool:
        hosts = {self.server.origin, f"localhost:{self.server.server_port}"}
        there = secrets.compare_digest(self.path.encode("utf-8", "replace"), self.server.path.encode())
        by_name = self.headers.get_all("Host", []) in [[each] for each in hosts]
        return there and by_name and self.headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin")

    def log_message(self, *_: object) -> None:
        """Log nothing: the token would stand in the log."""

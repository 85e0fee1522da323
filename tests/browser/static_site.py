"""A site of both samples as the command makes it, and nginx over it, by the documented configuration."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import ROOT, free_port

FRAME = """
daemon off; pid {folder}/pid; error_log stderr; worker_processes 1;
events {{ worker_connections 256; }}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  include {folder}/site.conf;
}}
"""


def make_site(dsn: str, folder: Path) -> None:
    """Make the site of all that is in the database *dsn*."""
    command = [sys.executable, "-m", "tileserver", "site", "make", str(folder), "--theatre", "western-front"]
    environment = {**os.environ, "DATABASE_URL": dsn}
    subprocess.run(
        [*command, "--theatre", "ukraine-sample"], env=environment, cwd=ROOT, check=True, timeout=600
    )


@contextmanager
def nginx_over(site: Path, folder: Path) -> Iterator[str]:
    """Serve *site* by nginx, whose files lie in *folder*; yield the address, without a slash at its end."""
    port = free_port()
    documented = (ROOT / "docs" / "examples" / "nginx-site.conf").read_text("utf-8")
    own = documented.replace("listen 8080", f"listen 127.0.0.1:{port}").replace("/srv/site", str(site))
    assert own.count(str(site)) == documented.count("/srv/site")
    (folder / "site.conf").write_text(own)
    (folder / "nginx.conf").write_text(_account() + FRAME.format(folder=folder))
    nginx = subprocess.Popen(["/usr/sbin/nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)])
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        nginx.terminate()
        nginx.wait(10)


def _account() -> str:
    """Let nginx's workers be root where the test is: pytest's folders admit nobody but who made them."""
    return "" if os.geteuid() else "user root;\n"

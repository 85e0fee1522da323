"""The site of these pages, made by ``make docs``; no page of it asks another host for anything."""

from __future__ import annotations

import html
import subprocess
import sys
from pathlib import Path

from sphinx.application import Sphinx

project = "tileserver"
extensions = ["myst_parser"]
exclude_patterns = ["_site", "examples"]
myst_heading_anchors = 4  # as the forge has them, so that a link works in both
html_theme = "furo"
html_title = "tileserver"
html_static_path = ["site"]
html_css_files = ["tables.css"]
html_copy_source = False
html_show_copyright = False
nitpicky = True


def setup(app: Sphinx) -> None:
    """Have the reference of all commands written before the pages are read."""
    app.connect("builder-inited", _write_commands)


def _write_commands(app: Sphinx) -> None:
    """What every command says with --help, as a page: ``_reference/help.md``."""
    said = [sys.executable, "-m", "typer", "tileserver.cli.main", "utils", "docs", "--name", "tileserver"]
    text = subprocess.run(said, check=True, capture_output=True, text=True).stdout
    page = Path(app.srcdir) / "_reference" / "help.md"
    page.parent.mkdir(exist_ok=True)
    page.write_text(html.unescape(text).replace("# `tileserver`", "# Every command's help", 1), "utf-8")

"""The command line: every command, one line of work each."""

from tileserver.cli.main import main

__all__ = ["main"]

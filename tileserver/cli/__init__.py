"""The command line: a command types its options, asks one thing of the rooms below, and prints the answer.

Modules named for commands hold the commands alone. Beside them: `session` lends the database, a service and
the printing that all share; `options` types texts; `outcome` and `differences` print what the desk did and
compared; `probes` are the steps of ``tileserver check``.
"""

from tileserver.cli.main import main

__all__ = ["main"]

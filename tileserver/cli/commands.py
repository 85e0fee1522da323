"""The commands by name, in the order of a newcomer's needs, and their modules.

A process imports the module of the command that it runs, and no other: the desk's server begins one for each
import, and all rooms together are a second of processor time.
"""

from __future__ import annotations

from collections import UserDict
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

# The module of each, and its function or group there; further modules give a group more commands.
_PLACES = {
    "serve": "serving:serve",
    "theatre": "theatre:theatre",
    "import": "desk:import_",
    "mapping": "mapping:mapping",
    "places": "places:places",
    "keys": "keys:keys",
    "note": "note:note note_table",
    "event": "event:event",
    "held": "held:held scheduled",
    "watch": "watch:watch",
    "desk": "newsroom:desk",
    "sample": "desk:sample",
    "layers": "look:layers",
    "timeline": "look:timeline",
    "area": "measure:area",
    "series": "measure:series",
    "change": "measure:change",
    "gains": "gains:gains",
    "tile": "look:tile",
    "picture": "picture:picture",
    "revisions": "revisions:revisions",
    "diff": "revisions:diff",
    "rollback": "revisions:rollback",
    "remark": "revisions:remark",
    "withdraw": "revisions:withdraw",
    "readmit": "revisions:readmit",
    "seed": "seed:seed",
    "export": "export:export",
    "apply": "export:apply",
    "audit": "audit:audit",
    "site": "site:site",
    "migrate": "installation:migrate",
    "check": "installation:check",
    "db": "cluster:db",
}


class Commands(TyperGroup):
    """The group of all commands."""

    def __init__(self, **form: Any) -> None:
        super().__init__(**form)
        self.commands = _Imported(_PLACES)


class _Imported(UserDict[str, Any]):
    """Commands by name; a name of a module gives way to its command at the first question."""

    def __getitem__(self, name: str) -> Any:
        """Return a command, after the import of its module."""
        found = super().__getitem__(name)
        if isinstance(found, str):
            found = self[name] = _import(name, found)
        return found


def _import(name: str, place: str) -> Any:
    first, *others = place.split()
    module, _, attribute = first.partition(":")
    command = getattr(import_module(f"tileserver.cli.{module}"), attribute)
    for other in others:
        import_module(f"tileserver.cli.{other}")
    part = typer.Typer(rich_markup_mode="rich", pretty_exceptions_enable=False)
    if isinstance(command, typer.Typer):
        part.add_typer(command, name=name)
    else:
        part.command(name)(command)
    return get_group(part).commands[name]

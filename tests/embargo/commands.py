"""Every command and how it is tried: one entry for each, or the command is not covered."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias

from tests.embargo.exits import AT_SECRET, BOTH_PLACES
from tests.embargo.said import without
from tests.embargo.world import EMBARGO, LONG


@dataclass(frozen=True)
class Call:
    """One command line; what it prints *shows* the secret once that is older than *until*, or never does."""

    line: str
    until: timedelta = EMBARGO
    shows: bool = True
    part: Callable[[Any], Any] | None = None  # what is looked at of a JSON document; all of it


@dataclass(frozen=True)
class Desk:
    """The desk's own, which says so in its help."""

    says: str = "does not obey the embargo"


@dataclass(frozen=True)
class Mute:
    """Prints nothing that anybody else wrote into a layer, and why."""

    why: str


Entry: TypeAlias = Sequence[Call] | Desk | Mute


def _archived(made: Any) -> Any:
    """Return what is in the tiles of archives; their metadata say the revision."""
    return [(each["tiles"], each["tiles_sha256"]) for each in made]


def _in_site(made: Any) -> Any:
    """Return what is in the tiles of a site; tests/embargo/test_site.py looks at all of its files."""
    return _archived(made["archives"])


def _layer(name: str) -> Callable[[Any], Any]:
    return lambda document: [each for each in document if each["layer"] == name]


def _stage(tileset: str, stage: str, until: timedelta = EMBARGO, at: str = "2024-01-09") -> Call:
    return Call(f"tile {tileset} {BOTH_PLACES} --at {at} --stage {stage}", until)


COMMANDS: Mapping[str, Entry] = {
    "places import": Mute("what it read in the caller's own file"),
    "places list": Mute("names of lists, which have no date"),
    "places remove": Mute("how many places a list had"),
    "keys add": Mute("a key, and what its operator has just said of it"),
    "keys list": Mute("what is declared of keys"),
    "keys show": Mute("what is declared of a key, and how often it was used"),
    "keys revoke": Mute("the id of a key"),
    "keys usage": Mute("how often keys were used"),
    "keys sign": Mute("the caller's own address, and a signature"),
    "layers": [
        Call("layers"),
        Call("layers --json", part=_layer("toy.control")),
        Call("layers --json", part=_layer("toy.events")),
        Call("layers --json", LONG, part=_layer("toy.late")),
    ],
    "timeline": [
        Call("timeline toy.control"),
        Call("timeline toy.control --json"),
        Call("timeline toy.events --json"),
        Call("timeline toy --json", LONG),
    ],
    "area": [
        Call("area toy.control"),
        Call("area toy.control --at 2024-01-10 --json"),
        Call("area toy.control --at 2024-01-09 --regions toy.late --region-name text --json"),
        Call("area toy.control --at 2024-01-09 --revision 6 --csv", shows=False),
        Call("area toy --json", LONG),
    ],
    "series": [
        Call("series toy.control"),
        Call("series toy.control --to 2099-01-01 --json"),
        Call("series toy.control --regions toy.late --region-name text --csv"),
        Call("series toy.control --revision 6 --csv", shows=False),
        Call("series toy --csv", LONG),
    ],
    "change": [
        Call("change toy.control 2024-01-03 2024-01-09"),
        Call("change toy.control 2024-01-03 2099-01-01 --csv"),
        Call("change toy.control 2024-01-03 2024-01-09 --regions toy.late --region-name text --json"),
        Call("change toy.control 2024-01-03 2024-01-09 --revision 6 --json", shows=False),
        Call("change toy 2024-01-03 2024-01-09 --json", LONG),
    ],
    "gains": [
        Call("gains toy.control --days 3"),
        Call("gains toy.control --days 1 --at 2024-01-04 --json", shows=False),
    ],
    "picture": [
        Call("picture toy --out -.svg --layers control --size 200x200"),
        Call("picture toy --out -.svg --layers events --size 200x200 --at 2024-01-09"),
        Call("picture toy --out -.svg --size 200x200", LONG),
        Call("picture toy --out -.png --layers control --size 200x200 --at 2024-01-03", shows=False),
    ],
    "tile": [
        Call(f"tile toy.control {BOTH_PLACES}"),
        *(_stage("toy.control", stage) for stage in ("version", "sql", "rows", "text", "mvt")),
        *(_stage("toy.events", stage) for stage in ("sql", "rows")),
        *(_stage("toy", stage, LONG, "../2024-01-09") for stage in ("version", "sql")),
        Call(f"tile toy.notes {AT_SECRET} --at 2024-01-09 --text"),
        Call(f"tile toy.roads {AT_SECRET} --at 2024-01-09 --text --revision 12"),
        Call(f"tile toy.control {BOTH_PLACES} --at 2024-01-09 --text --revision 6", shows=False),
    ],
    "seed": [
        Call("seed toy.control,toy.frontline --zooms 6 --json"),
        Call("seed toy.late,toy.roads --zooms 6 --json", LONG),
    ],
    "export": [
        Call("export toy.control {out}/a.pmtiles --zooms 5-6 --json", part=_archived),
        Call("export toy.events {out}/a.mbtiles --zooms 6 --datetime ../2024-01-09 --json", part=_archived),
        Call("export toy {out}/a.pmtiles --zooms 6 --datetime 2099-01-01 --json", LONG, part=_archived),
        Call("export toy.control {out}/a --zooms 6 --history --json", part=_archived),
        Call("export toy.control {out}/a.pmtiles --zooms 6 --revision 6 --json", shows=False, part=_archived),
    ],
    "site make": [
        Call("site make {out}/site --theatre toy --zooms 5-6 --json", LONG, part=_in_site),
        Call("site make {out}/site --theatre crowd --zooms 5-6 --json", part=_in_site),
    ],
    "site upload": Mute("how many files it sent of the caller's own folder"),
    "apply": Mute("what it read in the caller's own files"),
    "theatre list": [Call("theatre list --json", shows=False)],
    "theatre show": [Call("theatre show toy --json", shows=False)],
    "revisions": Desk(),
    "diff": Desk(),
    "withdraw": Desk(),
    "remark": Mute("prints the number of the revision that it itself has just written"),
    "readmit": Mute("says how many ids may come back"),
    "import": Desk(),
    "note list": Desk(),
    "note show": Desk(),
    "note add": Desk(),
    "note edit": Desk(),
    "note end": Desk(),
    "note export": Desk(),
    "note import": Desk(),
    "event show": Desk(),
    "event edit": Desk(),
    "event end": Desk(),
    "event release": Desk(),
    "held list": Desk(),
    "held look": Desk(),
    "held show": Desk(),
    "held accept": Desk(),
    "held reject": Desk(),
    "held approve": Desk(),
    "held cancel": Desk(),
    "held publish-due": Desk(),
    "audit list": Desk(),
    "audit show": Desk(),
    "audit export": Desk(),
    "audit head": Mute("a hash"),
    "audit verify": Mute("a hash, and which entry does not hold"),
    "watch status": Desk(),
    "desk serve": Desk(),
    "desk person add": Mute("a token, and what its operator has just said of it"),
    "desk person list": Mute("names of persons"),
    "desk person remove": Mute("the name of a person"),
    "watch again": Desk(),
    "watch run": Mute("prints nothing but log lines, of files by name"),
    "watch check": Mute("prints what is declared, and how many files there are"),
    "db psql": Desk(),
    "db backup": Desk(),
    "rollback": Mute("prints how much it itself has just written"),
    "mapping try": Mute("prints what it itself has just read of a file, without a database"),
    "mapping suggest": Mute("prints what it itself has just read of a file, without a database"),
    "mapping list": Mute("prints what is shipped"),
    "mapping show": Mute("prints what is shipped, or a file"),
    "mapping schema": Mute("prints what the code declares"),
    "sample": Mute("prints what it itself has just written"),
    "theatre add": Mute("prints what is declared, not held"),
    "theatre hide": Mute("prints that it is hidden"),
    "theatre unhide": Mute("prints that it is shown"),
    "theatre remove": Mute("prints what is declared, and refuses by what is public at this moment"),
    "serve": Mute("prints where it listens; what it serves are the routes"),
    "migrate": Mute("prints what was done to the schema"),
    "check": Mute("prints what is wrong with the installation"),
    "db start": Mute("prints where the cluster is"),
    "db stop": Mute("prints that the cluster stopped"),
    "db restore": Mute("prints of how many layers"),
    "db renew": Mute("prints of how many layers"),
    "db roles": Mute("prints who may do what with which tables"),
    "db status": Mute("prints where the cluster is"),
}


def printed(output: bytes, call: Call, *, but_for: set[str]) -> object:
    """Return all that *output* says, but for the fields named; columns of a table are fields, too."""
    if call.line.endswith("--json") or " show " in call.line:
        document = without(json.loads(output), but_for)
        return document if call.part is None else call.part(document)
    if call.line == "layers":
        return _cells(output.decode(), but_for)
    return output


def _cells(table: str, but_for: set[str]) -> list[list[str]]:
    rows = [line.replace("┃", "│").split("│") for line in table.splitlines()]
    header = next(row for row in rows if len(row) > 1)
    kept = [number for number, name in enumerate(header) if name.strip() not in but_for]
    return [[row[number].strip() for number in kept] for row in rows if len(row) == len(header)]

"""``tileserver watch``: imports of files that change, and the result of each."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, NamedTuple

import msgspec
import typer

from tileserver.cli import session
from tileserver.cli.session import Json, database, has_data, print_json, print_table, with_connection
from tileserver.config import read_settings
from tileserver.counted import counted
from tileserver.desk.layers import checked_layers, layers_of
from tileserver.errors import BadParameter, BadRequest, ImportFailed
from tileserver.store.connect import Connection
from tileserver.store.watching import (
    WatchedEntry,
    WatchedFile,
    Watcher,
    find_watcher,
    forget_files,
    list_entries,
    list_files,
)
from tileserver.times import format_instant
from tileserver.watch.declared import WatchEntry, complaint, load_watch
from tileserver.watch.looking import look_at
from tileserver.watch.watcher import Watching
from tileserver.web.logs import configure_logs

watch = typer.Typer(
    help="Files imported as they change: folders and lists of files, declared in a TOML file.\n\n"
    "Name the file with TILESERVER_WATCH, look at it with [bold]tileserver watch check[/bold], let"
    " [bold]tileserver watch run[/bold] run beside the server.",
    no_args_is_help=True,
)

_SHOWN = 30  # files that failed or are held, in the table

Config = Annotated[
    Path | None, typer.Argument(metavar="FILE", help="The TOML file; TILESERVER_WATCH where none is given.")
]


class _Status(NamedTuple):
    watcher: Watcher | None
    at_work: bool
    entries: list[WatchedEntry]
    files: list[WatchedFile]


@watch.command()
def run(
    file: Config = None,
    once: Annotated[
        bool,
        typer.Option(
            "--once", help="Read every file that there is, once it has settled, and end; for a timer."
        ),
    ] = False,
) -> None:
    """Import files at each change, until SIGTERM; an import that has begun is then taken back.

    There is one watcher for a database: a second one waits until the first has ended. A database that is
    away is waited for. With --once the exit code is 1 where a file failed or is held.
    """
    entries, settings = load_watch(_config(file)), read_settings()
    configure_logs(settings.log)
    with database(settings) as dsn, TemporaryDirectory(prefix="tileserver-watch-") as room:
        asyncio.run(_run(Watching(entries, dsn, Path(room), session.clock.get(), is_once=once)))
    if once:
        found = with_connection(_read_status)
        names = {each.name for each in entries}
        wrong = any(each.failing_from for each in found.entries if each.entry in names)
        if wrong or any(_state(each) == "held" for each in found.files if each.entry in names):
            raise typer.Exit(1)


async def _run(watching: Watching) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, watching.end)
    await watching.run()


@watch.command()
def check(file: Config = None, json: Json = False) -> None:
    """Refuse a wrong TOML file with its line; else list its entries and the number of files of each.

    Where there is a database, the layers have to be in it. Exit code 1 where a folder is not there.
    """
    path = _config(file)
    entries = load_watch(path)
    if has_data(read_settings()):
        with_connection(lambda connection: _check_layers(connection, entries, path))
    found = [(each, *_found(each)) for each in entries]
    if json:
        print_json(
            [
                {**msgspec.to_builtins(each), "found": number, "trouble": trouble}
                for each, number, trouble in found
            ]
        )
    else:
        rows = [
            (each.name, each.layer, each.every, "\n".join(each.patterns), trouble or counted(number, "file"))
            for each, number, trouble in found
        ]
        print_table("", ("entry", "layer", "every", "files", "found"), rows)
    if any(trouble for _, _, trouble in found):
        raise typer.Exit(1)


@watch.command()
def status(json: Json = False) -> None:
    """Show who watches, and of each entry its schedule, its last file and the result.

    Then the files that failed, with the next try, and those that wait for the desk. As JSON every file. For
    the desk: it does not obey the embargo.
    """
    found = with_connection(_read_status)
    if json:
        print_json(_document(found))
        return
    where = found.watcher and f"{found.watcher.host}, process {found.watcher.process}"
    typer.echo(f"watching: {where}" if found.at_work else f"nobody watches; last did {where or 'nobody'}")
    print_table(
        "",
        ("entry", "layer", "every", "looked at", "newest", "result", "revision", "files"),
        [_entry_row(each, found.files) for each in found.entries if each.is_declared],
    )
    waiting = [each for each in found.files if _state(each) in ("failed", "held")]
    if waiting:
        rows = [_file_row(each) for each in waiting[:_SHOWN]]
        print_table("", ("entry", "file", "result", "why", "next"), rows)
        if len(waiting) > _SHOWN:
            typer.echo(f"and {len(waiting) - _SHOWN:,} more; --json has all")


@watch.command()
def again(
    entry: Annotated[str, typer.Argument(help="From: tileserver watch status")],
    file: Annotated[
        str, typer.Argument(help="The path of one file; all of the entry where none is given.")
    ] = "",
) -> None:
    """Have files read again at the next look, such as after their mapping was edited.

    What is in the database already changes nothing. For the desk: it does not obey the embargo.
    """

    async def work(connection: Connection) -> int:
        await checked_layers(connection)
        return await forget_files(connection, entry, file)

    forgotten = with_connection(work)
    if not forgotten:
        raise BadParameter(f"no such file was read for {entry[:80]!r}; see tileserver watch status --json")
    typer.echo(f"to be read again: {counted(forgotten, 'file')} of {entry}")


def _config(file: Path | None) -> Path:
    named = file or read_settings().watch
    if not named:
        raise BadParameter("name the TOML file that says what is watched, or set TILESERVER_WATCH")
    return Path(named)


async def _check_layers(connection: Connection, entries: Sequence[WatchEntry], path: Path) -> None:
    for number, each in enumerate(entries):
        try:
            await layers_of(connection, each.ref.theatre, each.ref.layer)
        except BadRequest as error:
            raise BadParameter(complaint(path, number, "layer", str(error))) from error


def _found(entry: WatchEntry) -> tuple[int, str]:
    try:
        return len(look_at(entry.patterns)), ""
    except ImportFailed as error:
        return 0, str(error)


async def _read_status(connection: Connection) -> _Status:
    await checked_layers(connection)
    watcher, at_work = await find_watcher(connection)
    return _Status(watcher, at_work, await list_entries(connection), await list_files(connection))


def _state(file: WatchedFile) -> str:
    """Return the result of a file in a word; gone, and rejected by the desk, are results as well."""
    if file.gone_at is not None:
        return "gone"
    return "rejected" if file.result == "held" and file.held is None else file.result


def _entry_row(entry: WatchedEntry, files: Sequence[WatchedFile]) -> tuple[str, ...]:
    own = [each for each in files if each.entry == entry.entry]
    newest = max(own, key=lambda each: each.read_at, default=None)
    looked = _time(entry.looked_at)
    counts = Counter(map(_state, own))
    number = ", ".join(f"{n:,} {state}" for state, n in sorted(counts.items())) or "none"
    last = ("", entry.trouble, "") if newest is None else _last(newest, entry.trouble)
    return (entry.entry, entry.layer, entry.every, looked, *last, number)


def _last(newest: WatchedFile, trouble: str) -> tuple[str, str, str]:
    return (
        Path(newest.path).name,
        trouble or _state(newest),
        "" if newest.revision is None else str(newest.revision),
    )


def _file_row(file: WatchedFile) -> tuple[str, ...]:
    after = f"try {_time(file.next_try)}" if file.held is None else f"tileserver held show {file.held}"
    result = f"failed {file.failures}x" if file.result == "failed" else "held"
    return (file.entry, file.path, result, file.said, after)


def _time(at: Any) -> str:
    return "" if at is None else format_instant(at.replace(microsecond=0))


def _document(found: _Status) -> dict[str, Any]:
    watcher = found.watcher
    return {
        "watching": found.at_work,
        "watcher": watcher and {**watcher._asdict(), "began": _time(watcher.began)},
        "entries": [
            {
                "name": each.entry,
                "layer": each.layer,
                "files": each.files.split("\n"),
                "every": each.every,
                "declared": each.is_declared,
                "looked_at": _time(each.looked_at) or None,
                "well_at": _time(each.well_at) or None,
                "failing_from": _time(each.failing_from) or None,
                "trouble": each.trouble,
                "seen": [_file_document(file) for file in found.files if file.entry == each.entry],
            }
            for each in found.entries
        ],
    }


def _file_document(file: WatchedFile) -> dict[str, Any]:
    return {
        "path": file.path,
        "bytes": file.size,
        "hash": file.hash.hex(),
        "result": _state(file),
        "said": file.said,
        "revision": file.revision,
        "held": file.held,
        "read_at": _time(file.read_at),
        "failures": file.failures,
        "next_try": _time(file.next_try) or None,
        "gone_at": _time(file.gone_at) or None,
    }

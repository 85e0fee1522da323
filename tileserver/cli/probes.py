"""Probes of an installation, in the order in which faults are mended.

A probe takes the settings and returns a line that says all is well, or raises a `TileserverError` that says
the fault and how to mend it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from tileserver.cli.archives import look_at_url
from tileserver.cli.session import elsewhere, has_data, misspelt_settings, with_connection
from tileserver.clock import TOLERANCE
from tileserver.complaints import near_miss
from tileserver.config import Settings
from tileserver.counted import counted
from tileserver.disk import RESERVED, free_bytes
from tileserver.embedded.neighbours import running_data_dirs
from tileserver.errors import (
    BadParameter,
    ClusterUnavailable,
    LayerUnavailable,
    ShelfUnavailable,
    TileserverError,
    Unavailable,
)
from tileserver.newsroom.people import load_people
from tileserver.store.connect import Connection
from tileserver.store.contradictions import undeclared_codes
from tileserver.store.instance import database_release, database_time
from tileserver.store.migrations import check_schema
from tileserver.tiles.catalogue import Catalogue, load_catalogue
from tileserver.tiles.shared import SharedTier
from tileserver.tiles.shelf import open_shelf
from tileserver.times import system_clock
from tileserver.watch.declared import load_watch
from tileserver.watch.looking import look_at
from tileserver.web.basemap_archive import read_archive
from tileserver.web.built import STATIC
from tileserver.web.server import listening


def _settings(settings: Settings) -> str:
    """Whether a server could listen, and no setting is misspelt; one of ours that listens is no fault."""
    if wrong := misspelt_settings():
        raise BadParameter(" ".join(wrong))
    try:
        with listening(settings):
            return f"will listen on http://{settings.host}:{settings.port}"
    except BadParameter:
        if _is_ours(settings):
            return f"a tileserver listens on http://{settings.host}:{settings.port} already"
        raise


def _is_ours(settings: Settings) -> bool:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104
    asking = HTTPConnection(host, settings.port, timeout=2)
    try:
        asking.request("GET", "/healthz")
        return asking.getresponse().read() == b'{"status":"ok"}'
    except (OSError, HTTPException):
        return False
    finally:
        asking.close()


def _data(settings: Settings) -> str:
    """Whether the data folder is there and has room; clusters of others on this machine are no fault."""
    if settings.database_url:
        return "DATABASE_URL is set; there is no data folder"
    own = settings.data_dir.resolve()
    if not has_data(settings):
        return f"{own}, no data yet; {elsewhere()}"
    free = free_bytes(own)
    if free < RESERVED:
        raise ClusterUnavailable(
            f"the disk of {own} has {free // 1024**2} MB free: make room. With less than"
            f" {RESERVED // 1024**2} MB PostgreSQL may have to end, and readers see what servers hold already"
        )
    return f"{own}{'' if own in running_data_dirs() else ', not running'}, {free / 1024**3:.1f} GB free"


def _clock(settings: Settings) -> str:
    async def offset(connection: Connection) -> timedelta:
        before = system_clock()
        found = await database_time(connection)
        return found - before - (system_clock() - before) / 2

    found = with_connection(offset)
    if abs(found) > TOLERANCE:
        raise ClusterUnavailable(
            f"the database's clock and this machine's differ by {abs(found)}: set both right; until"
            " then nothing becomes public before the earlier of them says so"
        )
    return "this machine's and the database's agree"


def _layers(settings: Settings) -> str:
    """Whether every layer can be served: its definition, its rows, and one by the other."""

    async def read(connection: Connection) -> tuple[Catalogue, dict[str, str]]:
        await check_schema(connection)
        catalogue = await load_catalogue(connection)
        found = {
            str(ref): f"it holds {', '.join(codes)}, which its definition does not declare"
            for ref, served in catalogue.layers.items()
            if (codes := await undeclared_codes(connection, served.stored.layer_id, served.stored.layer))
        }
        return catalogue, found

    catalogue, wrong = with_connection(read)
    wrong |= {str(ref): each.reason for ref, each in catalogue.missing.items()} | catalogue.unreadable
    if wrong:
        raise LayerUnavailable("; ".join(f"{name}: {reason}" for name, reason in wrong.items()))
    if settings.theatre and settings.theatre not in catalogue.theatres:
        near = near_miss(settings.theatre, catalogue.theatres)
        raise BadParameter(
            f"TILESERVER_THEATRE: there is no theatre {settings.theatre!r} here{near}; another one is shown"
        )
    return f"{len(catalogue.layers)} can be read"


def _database(settings: Settings) -> str:
    kind = "existing" if settings.database_url else "embedded"
    return f"{kind}: PostgreSQL and PostGIS {with_connection(database_release)}"


def _schema(settings: Settings) -> str:
    with_connection(check_schema)
    return "up to date"


def _shelf(settings: Settings) -> str:
    folder, data = settings.shelf, settings.data_dir
    if folder is not None and folder.is_relative_to(data) and not data.exists():  # a look makes nothing
        return f"tiles will be kept in {folder}"
    shelf = open_shelf(settings)
    if shelf is None:
        return "TILESERVER_SHELF is empty; tiles are kept in memory alone"
    shelf.close()
    if shelf.trouble:
        raise ShelfUnavailable(f"no tile is kept in {settings.shelf}: {shelf.trouble}")
    if (free := free_bytes(shelf.folder)) < RESERVED:
        raise ShelfUnavailable(
            f"the disk of {settings.shelf} has {free // 1024**2} MB free: make room. Of the last"
            f" {RESERVED // 1024**2} MB tiles take nothing, so new ones are kept in place of others at most"
        )
    return f"tiles are kept in {settings.shelf}"


def _shared_cache(settings: Settings) -> str:
    async def look(tier: SharedTier) -> str:
        await tier.get_many(["a tile that there is not"])
        trouble = tier.trouble
        await tier.close()
        return trouble

    if not settings.shared_cache:
        return "TILESERVER_SHARED_CACHE is empty; tiles are kept on this machine alone"
    if trouble := asyncio.run(look(SharedTier(settings.shared_cache))):
        raise Unavailable(f"the server of TILESERVER_SHARED_CACHE is not used: {trouble}")
    return "it can be read and written to"


def _front_end(settings: Settings) -> str:
    missing = [name for name in ("pages", "embed.js", "basemap") if not (STATIC / name).exists()]
    if missing:
        raise TileserverError(f"not built: {', '.join(missing)}; run: make setup")
    return "built"


def _basemap(settings: Settings) -> str:
    """Whether the newsroom's own archive can be drawn; a URL has to answer as browsers need."""
    if not settings.basemap:
        return "TILESERVER_BASEMAP is empty; the basemap of the build is shown"
    declared = settings.basemap_schema, settings.basemap_attribution
    try:
        if "://" in settings.basemap:
            return look_at_url(settings.basemap)
        found = read_archive(Path(settings.basemap), *declared)
    except BadParameter as error:
        raise BadParameter(f"TILESERVER_BASEMAP: {error}; until then the build's own is shown") from error
    return f"{settings.basemap}: {found.schema}, zooms {found.minzoom}-{found.maxzoom}, {found.attribution}"


def _watched_files(settings: Settings) -> str:
    if not settings.watch:
        return "TILESERVER_WATCH is empty; no file is watched"
    entries = load_watch(Path(settings.watch))
    found = [f"{each.name} ({counted(len(look_at(each.patterns)), 'file')})" for each in entries]
    return f"{settings.watch}: {', '.join(found)}"


def _desk(settings: Settings) -> str:
    """Whether the file of persons can be read; a desk that nobody set up is no fault."""
    if settings.desk_people is None:
        return "TILESERVER_DESK_PEOPLE is empty; nobody logs in by a token"
    return f"{settings.desk_people}: {', '.join(each.name for each in load_people(settings.desk_people))}"


PROBES: tuple[tuple[str, Callable[[Settings], str]], ...] = (
    ("settings", _settings),
    ("database", _database),
    ("schema", _schema),
    ("data", _data),
    ("clock", _clock),
    ("layers", _layers),
    ("shelf", _shelf),
    ("shared cache", _shared_cache),
    ("front end", _front_end),
    ("basemap", _basemap),
    ("watched files", _watched_files),
    ("desk", _desk),
)

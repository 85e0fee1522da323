"""``tileserver export``: tiles as archives."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from tileserver.cli.options import bounds_lonlat, zooms_within
from tileserver.cli.session import Json, out, print_json, progress_bar, with_service
from tileserver.config import read_settings
from tileserver.errors import BadParameter
from tileserver.export.archive import Written
from tileserver.export.excerpt import Excerpt, TileSource, periods_of
from tileserver.export.making import make, target_of
from tileserver.history.service import HistoryService
from tileserver.tiles.service import TileService
from tileserver.tiles.tiers import open_tiers
from tileserver.times import parse_datetime, spell_datetime

_CONNECTIONS = 4  # that render side by side
_MEMORY = 32 * 1024 * 1024  # bytes of tiles that several addresses share


def export(
    tileset: Annotated[str, typer.Argument(help="Such as ukraine, or ukraine.control")],
    path: Annotated[
        Path, typer.Argument(metavar="OUT", help="A file .pmtiles or .mbtiles, or a folder for archives.")
    ],
    when: Annotated[
        str,
        typer.Option("--datetime", help="A day, an instant or an interval, as in URLs; with --history a/b."),
    ] = "latest",
    history: Annotated[
        bool, typer.Option("--history", help="History tiles, an archive for each period.")
    ] = False,
    zooms: Annotated[str, typer.Option(help="Zooms, such as 0-12 or 8.")] = "0-12",
    bounds: Annotated[
        str, typer.Option(help="west,south,east,north in degrees; all of the map otherwise.")
    ] = "",
    revision: Annotated[int | None, typer.Option(min=1, help="As known in this revision.")] = None,
    form: Annotated[
        str, typer.Option("--format", help="Of the files in a folder: pmtiles or mbtiles.")
    ] = "pmtiles",
    json: Json = False,
) -> None:
    """Write public tiles into an archive, for apps without a network and for plain file servers.

    The tiles of one date or, with --history, of whole periods. In a folder files are named by what they hold,
    and a list beside them says which are the newest. Equal revisions and options give equal bytes.

    [bold]tileserver export western-front --datetime 1944-08-25 --zooms 0-8 paris.pmtiles[/bold]
    """
    target = target_of(path, form)
    with progress_bar() as show:

        async def work(service: TileService) -> list[Written]:
            source = TileSource(
                TileService(service.current, _MEMORY, open_tiers(read_settings())),
                HistoryService(service.current, _MEMORY),
            )
            try:
                chosen = (await service.current.catalogue()).tileset(tileset)
                plain = Excerpt(chosen, zooms_within(zooms, chosen.zooms), bounds_lonlat(bounds), revision)
                parts = await (_periods if history else _date)(source, plain, when)
                return await make(source, parts, target, show)
            finally:
                await source.tiles.close()

        made = with_service(work, connections=_CONNECTIONS)
    if json:
        print_json([{**asdict(each), "path": each.path.name} for each in made])
        return
    for each in made:
        out.print(f"{each.path}: {each.tiles:,} tiles, {each.bytes:,} bytes", highlight=False, soft_wrap=True)


async def _date(source: TileSource, plain: Excerpt, when: str) -> list[Excerpt]:
    """Return the excerpt at *when*, as `replace` of *plain*."""
    if when == "latest":
        return [plain]
    zone = plain.tileset.zone
    return [replace(plain, asked=parse_datetime(when, zone), spelled=spell_datetime(when, zone))]


async def _periods(source: TileSource, plain: Excerpt, when: str) -> list[Excerpt]:
    """Return the excerpt of each period of history that has a day of *when*; of all for ``latest``."""
    if plain.revision is not None:
        raise BadParameter("history is as known now, so --history goes without --revision")
    asked = None if when == "latest" else parse_datetime(when, plain.tileset.zone)
    periods = await periods_of(source, plain.tileset, asked)
    return [replace(plain, period=each) for each in periods]

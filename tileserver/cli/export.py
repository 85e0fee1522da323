"""``tileserver export`` and ``tileserver apply``: archives of tiles, and of changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from tileserver.cli.options import bounds_lonlat
from tileserver.cli.progress import progress_bar
from tileserver.cli.session import Json, err, out, print_json, with_service
from tileserver.config import read_settings
from tileserver.counted import counted
from tileserver.errors import BadParameter
from tileserver.export.archive import Written
from tileserver.export.areas import NamedArea, area_of
from tileserver.export.container import suffix_of
from tileserver.export.delta import apply_delta
from tileserver.export.excerpt import Excerpt, TileSource, periods_of
from tileserver.export.making import Base, Export, Show, Target, target_of
from tileserver.export.pack import PACK, Pack, single
from tileserver.export.workplace import drawn_before, place_of_work
from tileserver.grid import BoundsLonLat, zooms_within
from tileserver.history.service import HistoryService
from tileserver.numerals import whole_number
from tileserver.tiles.service import TileService
from tileserver.tiles.tiers import open_tiers
from tileserver.tiles.tileset import Tileset
from tileserver.times import parse_datetime, spell_datetime

_CONNECTIONS = 4  # that render side by side
_MEMORY = 32 * 1024 * 1024  # bytes of tiles that several addresses share


def export(
    tileset: Annotated[str, typer.Argument(help="Such as ukraine, or ukraine.control")],
    path: Annotated[
        Path, typer.Argument(metavar="OUT", help="A file .pmtiles, .mbtiles or .zip, or a folder.")
    ],
    when: Annotated[
        str, typer.Option("--datetime", help="A day, an instant or an interval, as in URLs.")
    ] = "latest",
    history: Annotated[
        bool, typer.Option("--history", help="History tiles: an archive for each period with such a day.")
    ] = False,
    zooms: Annotated[str, typer.Option(help="Zooms, such as 0-12 or 8.")] = "0-12",
    bounds: Annotated[
        str, typer.Option(help="west,south,east,north in degrees; all of the map otherwise.")
    ] = "",
    area: Annotated[
        str,
        typer.Option(
            help="An oblast or a direction by its name, or a GeoJSON file with areas, in place of --bounds."
        ),
    ] = "",
    revision: Annotated[int | None, typer.Option(min=1, help="As known in this revision.")] = None,
    older: Annotated[
        str,
        typer.Option(
            "--since", help="Only what changed since this revision, or this earlier archive, a file."
        ),
    ] = "",
    form: Annotated[
        str, typer.Option("--format", help="Of what is in a folder or a .zip: pmtiles or mbtiles.")
    ] = "pmtiles",
    json: Json = False,
) -> None:
    """Write public tiles into an archive, for apps without a network and for plain file servers.

    A .zip is an offline pack for apps: the archive, its style, letters, signs and places.
    The tiles of one date or, with --history, of whole periods. In a folder files are named by their bytes,
    and a list beside them says which are the newest. Equal revisions and options give equal bytes.

    [bold]tileserver export western-front --datetime 1944-08-25 --zooms 0-8 paris.pmtiles[/bold]
    """
    target = _target(path, form, older)
    with progress_bar() as show:

        async def work(service: TileService) -> list[Written]:
            source = TileSource(
                TileService(service.current, _MEMORY, open_tiers(read_settings())),
                HistoryService(service.current, _MEMORY),
            )
            try:
                chosen = (await service.current.catalogue()).tileset(tileset)
                plain = Excerpt(
                    chosen, zooms_within(zooms, chosen.zooms), *_part_of(chosen, bounds, area), revision
                )
                parts = await _periods(source, plain, when) if history else _date(plain, when)
                with _telling_of(place_of_work(path, target.is_folder)):
                    if path.suffix == PACK:
                        return [await Pack(source, single(parts), target.suffix, show).write(path)]
                    return await _archives(source, parts, older, target, show)
            finally:
                await source.tiles.close()

        made = with_service(work, connections=_CONNECTIONS)
    _say(made, json)


def apply(
    base: Annotated[Path, typer.Argument(help="The archive that is there.")],
    delta: Annotated[Path, typer.Argument(help="What export --since wrote.")],
    result: Annotated[Path, typer.Argument(metavar="OUT", help="The new archive; may be the base itself.")],
    json: Json = False,
) -> None:
    """Put a delta into its base: the result is, byte for byte, the archive of a whole export.

    [bold]tileserver apply week-44.pmtiles delta.pmtiles week-45.pmtiles[/bold]
    """
    for path in (base, delta, result):
        suffix_of(path)
    _say([apply_delta(base, delta, result)], json)


@contextmanager
def _telling_of(works_in: Path) -> Iterator[None]:
    """Say how many tiles an export that was cut off left, and how many the present one leaves if cut off."""
    if before := drawn_before(works_in):
        _tell(f"goes on: {before:,} tiles were drawn before this export was cut off")
    try:
        yield
    finally:
        if left := drawn_before(works_in):
            _tell(f"{left:,} tiles are kept in {works_in}; the same command goes on from there")


def _tell(line: str) -> None:
    err.print(line, highlight=False, soft_wrap=True)


def _part_of(tileset: Tileset, bounds: str, area: str) -> tuple[BoundsLonLat | None, NamedArea | None]:
    """Return the part of the map of ``--bounds`` or ``--area``; `BadParameter` where there is none."""
    if area and bounds:
        raise BadParameter("--area and --bounds are two ways to say one thing; choose one")
    if area:
        named = area_of(area, tileset.theatre)
        return named.bounds, named
    asked = bounds_lonlat(bounds)
    west, south, east, north = tileset.bounds
    if asked and (asked.west > east or asked.east < west or asked.south > north or asked.north < south):
        raise BadParameter(
            f"--bounds {bounds[:60]} lie wholly outside {tileset.name}: {west},{south},{east},{north}"
        )
    return asked, None


def _target(path: Path, form: str, older: str) -> Target:
    """Return where archives go; of a pack, where its archive would go alone."""
    if path.suffix != PACK:
        return target_of(path, form)
    if older:
        raise BadParameter("a pack is whole, so it goes without --since; an archive goes with it")
    inside = path.with_suffix(f".{form}")
    suffix_of(inside)
    return target_of(inside, form)


async def _archives(
    source: TileSource, parts: list[Excerpt], older: str, target: Target, show: Show
) -> list[Written]:
    """Write *parts*, or of each the changes since *older*; no file without any change."""
    bases = await _bases(source, parts, older, target)
    changed = [each for each in zip(parts, bases, strict=True) if each[0] != each[1]]
    if older and not changed:
        return []
    return await Export(source, *_columns(changed), target, show, bool(older)).run()


def _say(made: Sequence[Written], json: bool) -> None:
    if json:
        print_json([{**asdict(each), "path": each.path.name} for each in made])
        return
    if not made:
        out.print("nothing changed")
    for each in made:
        said = f"{each.path}: {counted(each.tiles, 'tile')}, {each.bytes:,} bytes"
        out.print(said, highlight=False, soft_wrap=True)


def _date(plain: Excerpt, when: str) -> list[Excerpt]:
    """Return *plain* at *when*."""
    if when == "latest":
        return [plain]
    zone = plain.tileset.zone
    return [replace(plain, asked=parse_datetime(when, zone), spelled=spell_datetime(when, zone))]


async def _periods(source: TileSource, plain: Excerpt, when: str) -> list[Excerpt]:
    """Return *plain* in each period of history that has a day of *when*; in all for ``latest``."""
    if plain.revision is not None:
        raise BadParameter("history is as known now, so --history goes without --revision")
    asked = None if when == "latest" else parse_datetime(when, plain.tileset.zone)
    periods = await periods_of(source, plain.tileset, asked)
    return [plain.in_period(each) for each in periods]


async def _bases(source: TileSource, parts: Sequence[Excerpt], older: str, target: Target) -> list[Base]:
    """Return of each part the archive that ``--since`` means: ``None`` where there was none."""
    if not older:
        return [None for _ in parts]
    if (revision := whole_number(older)) is None:
        if len(parts) > 1:
            raise BadParameter(f"--since {older[:80]} is one archive, and these are {len(parts)}")
        return [_archive(Path(older), target) for _ in parts]
    if parts:
        parts[0].tileset.revision(revision)  # refused before anything is drawn
    if not parts or parts[0].period is None:
        return [replace(each, revision=revision) for each in parts]
    return [await source.as_known(each, revision) for each in parts]


def _archive(path: Path, target: Target) -> Path:
    """Return *path*, an archive of the format of *target*, or else raise `BadParameter`."""
    if not path.is_file() or path.suffix != target.suffix:
        raise BadParameter(f"--since {path.name[:80]} is neither a revision nor an archive {target.suffix}")
    return path


def _columns(changed: Sequence[tuple[Excerpt, Base]]) -> tuple[list[Excerpt], list[Base]]:
    return [part for part, _ in changed], [base for _, base in changed]

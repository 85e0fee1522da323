"""``tileserver layers``, ``timeline`` and ``tile``: layers, their changes, and a tile stage by stage."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Any

import typer

from tileserver.cli.session import Json, err, print_json, print_table, with_service
from tileserver.grid import TileAddress, parse_address_text
from tileserver.model import Moment
from tileserver.publish.documents import time_block
from tileserver.publish.timeline import load_past, timeline_document
from tileserver.store.cuts import Cut
from tileserver.store.tiles import statement, tile_rows
from tileserver.tiles.horizon import Horizon, horizon_of
from tileserver.tiles.layer_tile import cut_of, layer_tiles
from tileserver.tiles.locate import Located
from tileserver.tiles.question import Question
from tileserver.tiles.service import TileService
from tileserver.tiles.text import dump_tile
from tileserver.tiles.tileset import ServedLayer, Tileset
from tileserver.times import parse_datetime


class Stage(StrEnum):
    """A stage on a tile's way that can be printed."""

    VERSION = "version"
    SQL = "sql"
    ROWS = "rows"
    TEXT = "text"
    MVT = "mvt"


def layers(json: Json = False) -> None:
    """List every layer: kind, role on the map, newest revision, public days, number of distinct periods."""

    async def work(service: TileService) -> list[tuple[Any, ...]]:
        catalogue = await service.current.catalogue()
        rows = []
        for ref, served in catalogue.layers.items():
            tileset, now = catalogue.tileset(str(ref)), service.current.clock()
            time = time_block(tileset, now)
            span = f"{time['first_day']} to {time['last_day']}" if time["extent"] else "-"
            periods = _public_periods(served, horizon_of(tileset, now))
            layer = served.stored.layer
            rows.append((str(ref), layer.kind, layer.role, time["revision"], span, periods))
        for ref, missing in catalogue.missing.items():
            err.print(f"{ref} is not served: {missing.reason}", highlight=False, soft_wrap=True)
        for theatre, reason in catalogue.unreadable.items():
            err.print(f"{theatre} is not served: {reason}", highlight=False, soft_wrap=True)
        return rows

    rows = with_service(work)
    columns = ("layer", "kind", "role", "revision", "public days", "periods")
    if json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        print_table("Layers", columns, rows)


def _public_periods(served: ServedLayer, horizon: Horizon) -> int:
    """Count the distinct valid periods that are public; a state with a later end holds until the horizon."""
    newest = horizon.state
    own = zip(served.periods.starts.tolist(), served.periods.ends.tolist(), strict=True)
    if served.is_state:
        return len({(start, min(end, newest + 1)) for start, end in own if start <= newest})
    return sum(end <= horizon.ended for _, end in own)


def timeline(
    tileset: Annotated[str, typer.Argument(help="Such as ukraine, or ukraine.control")], json: Json = False
) -> None:
    """List the days on which something changed or happened, and how much; the public part."""

    async def work(service: TileService) -> dict[str, Any]:
        current = service.current
        chosen = (await current.catalogue()).tileset(tileset)
        past = await load_past(current.pool, chosen, chosen.newest, current.clock())
        return timeline_document(chosen, chosen.newest, past)

    document = with_service(work)
    if json:
        print_json(document)
        return
    rows = [
        (day["day"], ", ".join(f"{name} {number}" for name, number in day["changes"].items()), day["events"])
        for day in document["days"]
    ]
    print_table(f"{tileset}: {len(document['changes'])} changes", ("day", "features changed", "events"), rows)


def tile(
    tileset: Annotated[str, typer.Argument(help="Such as ukraine.control")],
    address: Annotated[str, typer.Argument(help="z/x/y, such as 8/154/88")],
    at: Annotated[
        str, typer.Option("--at", help="datetime: 2023-11-09, an instant, or an interval a/b")
    ] = "",
    revision: Annotated[int | None, typer.Option(min=1, help="As known in this revision.")] = None,
    stage: Annotated[Stage, typer.Option(help="How far to go.")] = Stage.MVT,
    text: Annotated[
        bool, typer.Option("--text", help="Print the tile as text: the same as --stage text.")
    ] = False,
) -> None:
    """Cut and print a tile, or any stage on its way.

    [bold]tileserver tile ukraine.control 8/154/88 --at 2023-11-09 --stage rows[/bold]
    """
    wanted = parse_address_text(address)
    printer = _STAGES[Stage.TEXT if text else stage]

    async def work(service: TileService) -> None:
        chosen = (await service.current.catalogue()).tileset(tileset)
        asked = parse_datetime(at, chosen.zone) if at else None
        await printer(
            service, chosen, await service.locate(Question(chosen, wanted, asked, revision)), wanted
        )

    with_service(work)


async def _print_version(_: TileService, tileset: Tileset, located: Located, address: TileAddress) -> None:
    print_json(
        {
            "version": str(located.version),
            "validity": str(located.validity),
            "path": f"/tiles/{tileset.name}/{located.version}/{address}.mvt",
        }
    )


async def _print_sql(service: TileService, tileset: Tileset, located: Located, address: TileAddress) -> None:
    moment = located.state
    if moment is not None:
        # The server asks as of the newest revision that wrote here, and that one may be under embargo; as of
        # an older one the same rows come back.
        first = service.current.view(tileset, address).known_from(moment)
        located = replace(located, state=Moment(moment.at, first))
    for cut in _cuts(service, located, tileset, address):
        query, arguments = statement(cut, address)
        typer.echo(f"-- {tileset.name} {cut.name} {address}: {arguments}\n{query};")


def _cuts(service: TileService, located: Located, tileset: Tileset, address: TileAddress) -> list[Cut]:
    return [cut_of(each) for each in layer_tiles(located, tileset, address, service.current.layer_view)]


async def _print_rows(service: TileService, tileset: Tileset, located: Located, address: TileAddress) -> None:
    async with service.current.pool.acquire() as connection:
        for cut in _cuts(service, located, tileset, address):
            for row in await tile_rows(connection, cut, address):
                print_json(row)


async def _print_text(service: TileService, tileset: Tileset, located: Located, address: TileAddress) -> None:
    typer.echo(dump_tile((await service.answer(Question(tileset, address), located)).body.data), nl=False)


async def _print_mvt(service: TileService, tileset: Tileset, located: Located, address: TileAddress) -> None:
    sys.stdout.buffer.write((await service.answer(Question(tileset, address), located)).body.data)


_STAGES: dict[Stage, Callable[[TileService, Tileset, Located, TileAddress], Awaitable[None]]] = {
    Stage.VERSION: _print_version,
    Stage.SQL: _print_sql,
    Stage.ROWS: _print_rows,
    Stage.TEXT: _print_text,
    Stage.MVT: _print_mvt,
}

"""``tileserver keys``: keys of partners, their quotas and usage, and signed addresses."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit, urlunsplit

import typer
from rich.markup import escape

from tileserver.cli.keys_checked import (
    check_declared,
    check_signable,
    checked_origin,
    class_of,
    end_of,
    label_of,
    pattern_of,
)
from tileserver.cli.keys_told import print_usage, state_of, told
from tileserver.cli.options import By, Why, person
from tileserver.cli.session import Json, clock, out, print_json, print_table, with_connection
from tileserver.config import read_settings
from tileserver.desk.acts import end_key, note_key
from tileserver.errors import BadParameter
from tileserver.store.connect import Connection
from tileserver.store.keys import (
    DayOfUse,
    StoredKey,
    find_key,
    find_keys,
    find_usage,
)
from tileserver.store.migrations import check_schema
from tileserver.times import parse_duration
from tileserver.web.keys_signed import Grant, covered_by, secret_of, sign
from tileserver.web.keys_text import NewKey, make_key

_CLIENTS = """Give the key to whoever asked for it, where nobody else reads it. It goes with each request:

  curl -H 'Authorization: Bearer KEY' URL          or  -H 'X-Api-Key: KEY', or  URL?key=KEY

Public tilesets need no key. docs/keys.md has snippets for MapLibre, QGIS and apps."""

keys = typer.Typer(
    help="Keys of partners: who may ask for how much, for what is not public, or earlier than the public.\n\n"
    "The map and its tiles are public and need no key. A key has quotas and is counted; it opens theatres"
    ' declared with access = "keys", and shows what its embargo class may see before everybody does'
    " (both in the theatre's definition, docs/definition.md).\n\n"
    "[bold]tileserver keys add 'Evening Post, app' --tilesets ukraine --per-minute 600[/bold] prints a key"
    " once; only its hash is kept. [bold]tileserver keys revoke ID[/bold] ends it within a second in every"
    " process. docs/keys.md tells the rest, for operators and for partners.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

Id = Annotated[str, typer.Argument(help="From: tileserver keys list")]


@keys.command()
def add(
    name: Annotated[str, typer.Argument(help="Whose it is, and what for: 'Evening Post, app'.")],
    tilesets: Annotated[
        list[str] | None,
        typer.Option(
            "--tilesets",
            help="A theatre with all its layers (ukraine), one layer (ukraine.control), or * for any; again"
            " for several.",
        ),
    ] = None,
    embargo_class: Annotated[
        str,
        typer.Option("--class", help="The embargo class whose horizon it sees; else the public's."),
    ] = "",
    origin: Annotated[
        list[str] | None,
        typer.Option(
            "--origin",
            help="A site whose pages may use it, https://post.example; again for several; else any.",
        ),
    ] = None,
    per_minute: Annotated[int | None, typer.Option("--per-minute", min=1, help="Requests; else any.")] = None,
    per_month: Annotated[int | None, typer.Option("--per-month", min=1, help="Requests; else any.")] = None,
    expires: Annotated[
        str, typer.Option("--expires", help="When it ends: 365d, or 2027-01-01T00:00:00Z; else never.")
    ] = "",
    by: By = "",
    reason: Why = "",
    json: Json = False,
) -> None:
    """Make a key and print the key: this once, for only its hash is kept."""
    made, now, who = make_key(), clock.get()(), person(by)
    patterns, origins = tuple(map(pattern_of, tilesets or ["*"])), tuple(map(checked_origin, origin or []))
    quotas, end = (per_minute, per_month), end_of(expires, now)
    seen_as = class_of(embargo_class)
    kept = made.id, made.secret_hash, label_of(name), patterns, seen_as, origins, *quotas, now, end
    new = StoredKey(*kept, revoked=None)

    async def work(connection: Connection) -> None:
        await check_schema(connection)
        await check_declared(connection, new)
        await note_key(connection, new, who, reason)

    with_connection(work)
    server_secret = read_settings().signing_secret
    secret = secret_of(server_secret, made.id) if server_secret else None
    if json:
        print_json({"id": made.id, "key": made.text, "signing_secret": secret, **told(new)})
    else:
        _print_new(made, new, secret)


def _print_new(made: NewKey, new: StoredKey, secret: str | None) -> None:
    out.print(f"[bold]{made.id}[/bold]  {escape(new.label)}", highlight=False)
    typer.echo(f"\n  {made.text}\n\nThis is the only time that it is shown.")
    if secret is not None:
        typer.echo(f"It signs addresses with the secret\n\n  {secret}\n")
    typer.echo(_CLIENTS)


@keys.command("list")
def list_(json: Json = False) -> None:
    """List the keys: whose, for which tilesets, until when. No key itself is kept, so none is shown."""

    async def work(connection: Connection) -> list[StoredKey]:
        await check_schema(connection)
        return await find_keys(connection)

    found, now = with_connection(work), clock.get()()
    if json:
        print_json([{"id": each.id, **told(each), "state": state_of(each, now)} for each in found])
        return
    rows = [
        (each.id, each.label, ", ".join(each.tilesets), each.embargo_class or "-", state_of(each, now))
        for each in found
    ]
    print_table("", ("id", "name", "tilesets", "class", "state"), rows)


@keys.command()
def show(key_id: Id, json: Json = False) -> None:
    """Show the rights of a key, and its usage in the last days."""

    async def work(connection: Connection) -> tuple[StoredKey, list[DayOfUse]]:
        await check_schema(connection)
        found = await find_key(connection, key_id)
        return found, await find_usage(connection, (now - timedelta(days=7)).date(), key_id)

    now = clock.get()()
    found, used = with_connection(work)
    if json:
        days = [{"day": str(each.day), "requests": each.requests, "refused": each.refused} for each in used]
        print_json({"id": key_id, **told(found), "state": state_of(found, now), "usage": days})
        return
    rows = [(name, "any" if value in (None, []) else str(value)) for name, value in told(found).items()]
    print_table(f"{key_id}, {state_of(found, now)}", ("", ""), rows)
    print_usage(used)


@keys.command()
def revoke(key_id: Id, by: By = "", reason: Why = "") -> None:
    """End a key for good, within a second in every process, and all addresses that were signed by the key."""
    who = person(by)

    async def work(connection: Connection) -> bool:
        await check_schema(connection)
        return await end_key(connection, key_id, who, reason)

    was_good = with_connection(work)
    typer.echo(f"{key_id}: " + ("revoked" if was_good else "it was revoked already"))


@keys.command()
def usage(
    key_id: Annotated[str, typer.Argument(help="One key; else all.")] = "",
    days: Annotated[int, typer.Option("--days", min=1, max=4000, help="As many days up to today.")] = 30,
    json: Json = False,
) -> None:
    """Count requests by key and day of UTC, and how many were refused; a few seconds late."""
    first = (clock.get()() - timedelta(days=days - 1)).date()

    async def work(connection: Connection) -> list[DayOfUse]:
        await check_schema(connection)
        if key_id:
            await find_key(connection, key_id)
        return await find_usage(connection, first, key_id)

    found = with_connection(work)
    if json:
        print_json([{**each._asdict(), "day": str(each.day)} for each in found])
    else:
        print_usage(found)


@keys.command("sign")
def sign_(
    key_id: Id,
    url: Annotated[
        str,
        typer.Argument(help="Address or path; with {z}/{x}/{y} it is signed for all tiles at once."),
    ],
    lasting: Annotated[str, typer.Option("--for", help="How long it opens: 15m, 24h, 7d.")] = "24h",
) -> None:
    """Sign an address, which then opens for a while all that the key opens there, without showing the key.

    What is signed is the path, or its part before the first brace; datetime and revision may be added. The
    server needs the same TILESERVER_SIGNING_SECRET.
    """
    settings = read_settings()
    if not settings.signing_secret:
        raise BadParameter(
            "TILESERVER_SIGNING_SECRET is not set, which the server has to have too: openssl rand -hex 32"
        )
    parts = urlsplit(url)
    path = parts.path.removeprefix(urlsplit(settings.public_url).path)
    if not path.startswith("/"):
        raise BadParameter(f"{url[:80]!r} has no path; write https://map.example/tiles/ukraine.control/...")
    now, covered = clock.get()(), covered_by(path)
    expires = now + parse_duration(lasting)

    async def work(connection: Connection) -> StoredKey:
        await check_schema(connection)
        return await find_key(connection, key_id)

    check_signable(with_connection(work), covered, now, expires)
    grant = Grant(key_id, int(expires.timestamp()), covered)
    signed = sign(secret_of(settings.signing_secret, key_id), grant)
    query = f"{parts.query}&signed={signed}" if parts.query else f"signed={signed}"
    typer.echo(urlunsplit(parts._replace(query=query)))

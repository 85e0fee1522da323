"""Texts of settings as values: each function returns a value, or raises `ValueError` with the remedy."""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from errno import ENOTDIR
from ipaddress import ip_network
from pathlib import Path
from stat import S_ISDIR
from typing import NamedTuple
from urllib.parse import urlsplit

from tileserver.numerals import whole_number

SCHEMAS = ("shortbread", "protomaps", "openmaptiles")  # of a basemap's layers, as their publishers call them
_LONGEST_NAME = 100
_PREFIX = "TILESERVER_"
_URL_OF_ARCHIVE = re.compile(r"https?://[A-Za-z0-9._-]+(:[0-9]{1,5})?/[A-Za-z0-9._~!$&()*+=:@/%-]+\Z")


class Endpoint(NamedTuple):
    """Address and port to listen at."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def whole(low: int, high: int) -> Callable[[str], int]:
    """Return the parser of whole numbers from *low* to *high*, both inclusive."""

    def parse(text: str) -> int:
        number = whole_number(text, high)
        if number is None or number < low:
            raise ValueError(f"a whole number from {low} to {high}")
        return number

    return parse


def choice_of(*options: str) -> Callable[[str], str]:
    """Return the parser of a word of *options*."""

    def parse(text: str) -> str:
        if text not in options:
            raise ValueError("one of " + ", ".join(option or "nothing" for option in options))
        return text

    return parse


def misspelt(given: Iterable[str], names: Iterable[str]) -> list[str]:
    """Return a complaint for each variable *given* that is near one of the *names* of settings, and none.

    ``TILESERVER_PORT`` is one: nothing reads it, so nothing would refuse it.
    """
    known = {name.removeprefix(_PREFIX): name for name in names}
    unknown = {name.removeprefix(_PREFIX) for name in given if name.startswith(_PREFIX)}
    unknown -= {short for short, name in known.items() if name.startswith(_PREFIX)}
    near = {short: get_close_matches(short, known, 1, 0.7) for short in sorted(unknown)}
    return [
        f"{_PREFIX}{short} is no setting; did you mean {known[found[0]]}?"
        for short, found in near.items()
        if found
    ]


def url(text: str) -> str:
    """Parse an address of http or https, without the slash at its end."""
    if text and not text.startswith(("http://", "https://")):
        raise ValueError("a URL that starts with http:// or https://")
    return text.rstrip("/")


def addresses(text: str) -> tuple[str, ...]:
    """Parse addresses and networks; an address is the network of its own."""
    try:
        return tuple(str(ip_network(part.strip())) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise ValueError("addresses or networks, such as 10.0.0.0/8,::1") from error


def shared_url(text: str) -> str:
    """Parse the address of a Valkey or Redis."""
    if text and not re.match(r"(redis|rediss|valkey|valkeys)://[^/?]|unix:///", text):
        raise ValueError("a URL that starts with redis://, rediss://, valkey://, valkeys:// or unix:///")
    if text and urlsplit(text).port == 0:
        raise ValueError("a URL with a port from 1 to 65535")
    return text


def signing_secret(text: str) -> str:
    """Parse a secret that nobody guesses."""
    if text and (len(text) < 32 or len(set(text)) < 8):
        raise ValueError("32 random characters or more, as openssl rand -hex 32 prints")
    return text


def endpoint(text: str) -> Endpoint | None:
    """Parse a port, or an address and a port."""
    host, _, port = text.rpartition(":")
    number = whole_number(port, 65535)
    if text and not number:
        raise ValueError("a port, or an address and a port as 127.0.0.1:9464")
    return Endpoint(host.strip("[]") or "127.0.0.1", number) if number else None


def switch(text: str) -> bool:
    """Parse on or off."""
    return choice_of("on", "off")(text) == "on"


def folder(text: str) -> Path | None:
    """Parse a folder; ``None`` for off."""
    return Path(text) if text and text != "off" else None


def file_path(text: str) -> Path | None:
    """Parse the path of a file; ``None`` for none."""
    return Path(text) if text else None


def header_name(text: str) -> str:
    """Parse the name of a header, in small letters."""
    if text and not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,62}", text):
        raise ValueError("a header's name, of letters, digits and -, as X-Forwarded-User")
    return text.lower()


def data_folder(text: str) -> Path:
    """Parse a folder that is there or may be made, as far as can be told without making a folder."""
    path = Path(text)
    try:
        if not S_ISDIR(path.stat().st_mode):
            raise NotADirectoryError(ENOTDIR, os.strerror(ENOTDIR))
    except (FileNotFoundError, PermissionError):
        return path  # the embedded cluster says who may make and use the folder
    except OSError as error:
        raise ValueError(f"a folder, or a path at which one can be made ({error.strerror})") from error
    return path


def archive(text: str) -> str:
    """Parse the path or the URL of an archive; a URL, which goes into a policy, of few characters."""
    if "://" in text and not _URL_OF_ARCHIVE.match(text):
        raise ValueError("a path or a URL as https://example.org/map.pmtiles, without ?, #, comma, space")
    if text and not text.endswith(".pmtiles"):
        made = "; pmtiles convert makes it of an MBTiles file" if text.endswith(".mbtiles") else ""
        raise ValueError(f"a path or URL of a PMTiles archive, which ends in .pmtiles{made}")
    return text


def schema(text: str) -> str:
    """Parse the schema of a basemap's layers."""
    if text and text not in SCHEMAS:
        near = get_close_matches(text.lower(), SCHEMAS, n=1, cutoff=0.5)
        raise ValueError("one of " + ", ".join(SCHEMAS) + (f"; did you mean {near[0]!r}?" if near else ""))
    return text


def zoom(text: str) -> int | None:
    """Parse a zoom; ``None`` for off."""
    return None if text == "off" else whole(0, 14)(text)


def one_line(name: str) -> str:
    """Return the name of a person on a single line, of at most 100 characters."""
    return " ".join(name.split())[:_LONGEST_NAME]


def person(text: str) -> str:
    """Return the name of a person; of an empty text the user's of the operating system."""
    try:
        return one_line(text) or getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no name
        return f"user {os.getuid()}"

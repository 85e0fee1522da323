"""Why a database cannot be reached or written to, in words that say where to look."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import asyncpg

from tileserver.errors import StoreFull

FULL = "the disk of the database has no room left, and nothing was changed; make room and try again"

_NO_ADDRESS = "DATABASE_URL is no address of a database; write postgresql://user:password@host/name"
_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl")
_NO_ROOM = "could not write init file"  # of PostgreSQL that greets a new session; it has no code of its own


def is_full(error: BaseException | None) -> bool:
    """Whether PostgreSQL says that its disk has no room: for rows, for sorting, or for a new session."""
    return isinstance(error, asyncpg.DiskFullError) or (
        isinstance(error, asyncpg.InternalServerError) and _NO_ROOM in str(error)
    )


@contextmanager
def told_when_full() -> Iterator[None]:
    """Turn PostgreSQL's complaints of its full disk into `StoreFull`; all else goes on."""
    try:
        yield
    except asyncpg.PostgresError as error:
        if is_full(error):
            raise StoreFull(FULL) from error
        raise


def shown(dsn: str) -> str:
    """Return where *dsn* leads, without who goes there."""
    parts = urlsplit(dsn)
    host = parts.netloc.rpartition("@")[2] or ",".join(parse_qs(parts.query).get("host", ["localhost"]))
    return f"{host}{parts.path}"


def refusal(dsn: str, error: Exception) -> str:
    """Return the reason for a failed connection to *dsn*, and where to look; without the password."""
    where = shown(dsn)
    if is_full(error):
        return f"the database at {where} takes no new connection: {FULL}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"the certificate of the PostgreSQL at {where} is not accepted: {error.verify_message}; see the"
            " names and the last day in it, and that sslrootcert in DATABASE_URL is of whoever signed it"
        )
    return (
        f"no connection to the database at {where}: {error};"
        " see that PostgreSQL runs there and that DATABASE_URL is right"
    )


def address_trouble(dsn: str, error: Exception) -> str:
    """Return the fault in the address *dsn* itself, of which *error* came; empty if none is found."""
    try:
        asked = parse_qs(urlsplit(dsn).query)
    except ValueError:
        return _NO_ADDRESS
    for name in _FILES:
        for path in asked.get(name, []):
            if not os.access(path, os.R_OK):
                return f"DATABASE_URL: the file of {name}, {path}, is not there or may not be read"
    if isinstance(error, ssl.SSLError) or not isinstance(error, ValueError):
        return ""
    if isinstance(error, asyncpg.ClientConfigurationError) and (
        "ssl" in str(error) or "root.crt" in str(error)
    ):
        return f"DATABASE_URL: {error}"  # names of parameters and files
    return _NO_ADDRESS

"""A database over TLS: a certificate that is not accepted, and a file that is not there, are said as such."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.operate.postgres import PASSWORDS, Postgres, machine
from tileserver.errors import BadAddress, StoreUnavailable
from tileserver.store.connect import connect

pytestmark = pytest.mark.db

_SIGNED = (
    ("good", "20", "IP:127.0.0.1"),
    ("named", "20", "DNS:db.example.org"),
    ("expired", "-1", "IP:127.0.0.1"),
)


class Secured(NamedTuple):
    """A PostgreSQL over TLS, and the folder of its certificates and of the authority that signed them."""

    postgres: Postgres
    folder: Path


def _openssl(folder: Path, *argv: str) -> None:
    subprocess.run(["openssl", *argv], cwd=folder, check=True, capture_output=True)


def _authority(folder: Path, name: str) -> None:
    made = "-keyout", f"{name}.key", "-out", f"{name}.crt", "-days", "30", "-subj", f"/CN={name}"
    _openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", *made)


def _certificate(folder: Path, name: str, days: str, names: str) -> None:
    made = "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}"
    _openssl(folder, "req", "-newkey", "rsa:2048", "-nodes", *made)
    (folder / f"{name}.ext").write_text(f"subjectAltName={names}\n")
    signed = "-CA", "authority.crt", "-CAkey", "authority.key", "-CAcreateserial", "-extfile", f"{name}.ext"
    _openssl(folder, "x509", "-req", "-in", f"{name}.csr", *signed, "-days", days, "-out", f"{name}.crt")


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("authority", "another"):
        _authority(folder, name)
    for signed in _SIGNED:
        _certificate(folder, *signed)
    with machine() as made:
        primary = made.primary()
        _show(Secured(primary, folder), "good")
        for setting in ("ssl_cert_file = 'tls.crt'", "ssl_key_file = 'tls.key'", "ssl = on"):
            primary.psql(f"ALTER SYSTEM SET {setting}")
        primary.psql("SELECT pg_reload_conf()")
        yield Secured(primary, folder)


def _show(secured: Secured, name: str) -> None:
    """Let PostgreSQL show the certificate *name* from now on."""
    pgdata = secured.postgres.pgdata
    owner = (pgdata / "PG_VERSION").stat()
    for ending in ("crt", "key"):
        shutil.copyfile(secured.folder / f"{name}.{ending}", pgdata / f"tls.{ending}")
        os.chown(pgdata / f"tls.{ending}", owner.st_uid, owner.st_gid)
        (pgdata / f"tls.{ending}").chmod(0o600)
    secured.postgres.psql("SELECT pg_reload_conf()")


def _ask(secured: Secured, asked: str) -> str:
    """Return what is said of a connection with the parameters *asked*; empty where it came about."""

    async def run() -> str:
        try:
            connection = await connect(f"{secured.postgres.dsn}?{asked}")
        except StoreUnavailable as error:
            return f"{type(error).__name__}: {error}".replace(PASSWORDS["POSTGRES_PASSWORD"], "TOLD")
        assert await connection.fetchval("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        await connection.close()
        return ""

    return asyncio.run(run())


def _verified(secured: Secured, authority: str = "authority") -> str:
    return f"sslmode=verify-full&sslrootcert={secured.folder / authority}.crt"


def _until(secured: Secured, name: str, expected: str) -> str:
    """Return what is said once *name* is shown: PostgreSQL reads its files a moment after it is told to."""
    _show(secured, name)
    for _ in range(100):
        said = _ask(secured, _verified(secured))
        if expected in said if expected else not said:
            break
    return said


def test_a_certificate_of_a_known_authority_for_that_host_is_accepted(secured: Secured) -> None:
    assert _until(secured, "good", "") == ""


@pytest.mark.parametrize(
    ("name", "why"), [("named", "IP address mismatch"), ("expired", "certificate has expired")]
)
def test_a_certificate_that_is_of_another_host_or_too_old_is_said_to_be(
    secured: Secured, name: str, why: str
) -> None:
    said = _until(secured, name, why)
    assert said.startswith(f"{StoreUnavailable.__name__}: the certificate of the PostgreSQL at 127.0.0.1:")
    assert why in said
    assert "TOLD" not in said
    assert _until(secured, "good", "") == ""


def test_a_certificate_of_an_unknown_authority_is_no_wrong_address(secured: Secured) -> None:
    said = _ask(secured, _verified(secured, "another"))
    assert said.startswith(f"{StoreUnavailable.__name__}: the certificate of the PostgreSQL at 127.0.0.1:")
    assert "sslrootcert in DATABASE_URL" in said


def test_a_file_that_is_not_there_and_a_mode_that_there_is_not_are_named(secured: Secured) -> None:
    gone = secured.folder / "gone.crt"
    said = _ask(secured, f"sslmode=verify-full&sslrootcert={gone}")
    named = f"the file of sslrootcert, {gone}, is not there or may not be read"
    assert said == f"{BadAddress.__name__}: DATABASE_URL: {named}"
    assert "`sslmode` parameter must be one of" in _ask(secured, "sslmode=verify")

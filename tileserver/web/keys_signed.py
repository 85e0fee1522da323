"""Signed addresses that expire: a key's leave for a path, or for all paths below, without the key.

``signed=ID.EXPIRES.LENGTH.MAC``: the id of a key, seconds since 1970, how many characters of the path are
covered, and an HMAC-SHA-256 (RFC 2104) over all of these and the covered part. That is the whole path, or
ends with a slash. Times and revisions in the query are not covered: what they open is the key's.

The secret of a key's signatures is made from the server's (``TILESERVER_SIGNING_SECRET``) and the key's id,
so the database holds nothing by which anybody could sign.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from typing import NamedTuple

from tileserver.errors import BadParameter

_SIGNED = re.compile(r"([a-z2-9]{10})\.([1-9][0-9]{0,11})\.([1-9][0-9]{0,3})\.([A-Za-z0-9_-]{43})\Z")
_SCHEME = "tileserver-1"  # another text to be signed is another scheme


class Grant(NamedTuple):
    """Leave of a key for ``covered``, a path or the beginning of paths, up to an instant.

    ``expires`` is in seconds since 1970, exclusive.
    """

    key_id: str
    expires: int
    covered: str


class SignedText(NamedTuple):
    """A grant, and the signature that goes with the grant."""

    grant: Grant
    mac: str


def secret_of(server_secret: str, key_id: str) -> str:
    """Return the secret of signatures by the key *key_id*, which whoever has the key may be given."""
    return _mac(server_secret, f"{_SCHEME}\nsecret\n{key_id}")


def sign(secret: str, grant: Grant) -> str:
    """Return the value of the parameter ``signed``, by the *secret* of `secret_of`."""
    return f"{grant.key_id}.{grant.expires}.{len(grant.covered)}.{_mac(secret, _words(grant))}"


def read_signed(text: str, path: str) -> SignedText | None:
    """Return the grant for *path* in *text*; ``None`` where there can be none."""
    match = _SIGNED.match(text)
    if match is None:
        return None
    length = int(match[3])
    covered = path[:length]
    if length > len(path) or not (length == len(path) or covered.endswith("/")):
        return None
    return SignedText(Grant(match[1], int(match[2]), covered), match[4])


def is_signed(secret: str, signed: SignedText) -> bool:
    """Whether whoever signed had *secret*."""
    return hmac.compare_digest(_mac(secret, _words(signed.grant)), signed.mac)


def covered_by(path: str) -> str:
    """Return the part of *path* that a signature covers: all, or the beginning before the first brace.

    ``/tiles/ukraine/{z}/{x}/{y}.mvt`` is signed once for all its tiles.
    """
    covered = path.partition("{")[0]
    if covered != path and (not covered.endswith("/") or covered.count("/") < 3):
        raise BadParameter(
            f"{path[:80]!r} cannot be signed: what stands before the first brace has to end with a slash,"
            " and to name the tileset: /tiles/ukraine.control/{z}/{x}/{y}.mvt"
        )
    return covered


def _words(grant: Grant) -> str:
    return f"{_SCHEME}\n{grant.key_id}\n{grant.expires}\n{grant.covered}"


def _mac(secret: str, words: str) -> str:
    mac = hmac.new(secret.encode(), words.encode(), hashlib.sha256).digest()
    return urlsafe_b64encode(mac).rstrip(b"=").decode()

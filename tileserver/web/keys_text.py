"""Texts of keys: how a key is made, hashed, and found in a request, which goes on without the key.

A key is 256 random bits, so nobody guesses one from its hash however fast hashes are made: what bcrypt and
its like slow down is the guessing of passwords, and here they would slow down every request by some 100 ms. A
plain SHA-256 takes half a microsecond.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote

HEADERS = frozenset({b"authorization", b"x-api-key"})
_QUERY = (b"key=", b"signed=")
_PARAMETER = re.compile(rb"(?:^|&)(key|signed)=([^&]*)")
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # no two of which look alike
_KEY = re.compile(r"tsk_([a-z2-9]{10})_[A-Za-z0-9_-]{43}\Z")
# RFC 9110, 11.4. What has no key of ours in it is for a proxy in front, which may pass it on.
_SPELLED = re.compile(rb"bearer +(tsk_\S*) *\Z", re.IGNORECASE)
_OURS = b"tsk_"
_LOGGED = re.compile(r"(tsk_[a-z2-9]{10}_)[A-Za-z0-9_-]+")


class NewKey(NamedTuple):
    """A key just made: its id, its whole text, which is told once, and the 32 bytes that are kept."""

    id: str
    text: str
    secret_hash: bytes


class Credentials(NamedTuple):
    """Credentials of a request, a key or a signature, and its path and query without either, as bytes.

    ``trouble`` says why they are no good.
    """

    target: bytes
    key_text: str = ""
    signed: str = ""
    trouble: str = ""


def make_key() -> NewKey:
    """Return a new key."""
    key_id = "".join(secrets.choice(_LETTERS) for _ in range(10))
    text = f"tsk_{key_id}_{secrets.token_urlsafe(32)}"
    return NewKey(key_id, text, hash_of(text))


def hash_of(text: str) -> bytes:
    """Return the SHA-256, 32 bytes, of the key *text*."""
    return hashlib.sha256(text.encode()).digest()


def id_of(text: str) -> str:
    """Return the id of the key *text*; empty where that is no text of a key."""
    match = _KEY.match(text)
    return "" if match is None else match[1]


def shown_in(target: bytes, heard: Mapping[bytes, bytes]) -> Credentials | None:
    """Return the credentials of a request for *target*, the bytes of path and query; ``None`` for none.

    *heard* are its headers, by names in lower case; values of one that is repeated are joined by commas.
    """
    keys: list[str] = []
    signed: list[str] = []
    bare = target
    if _QUERY[0] in target or _QUERY[1] in target:
        path, _, query = target.partition(b"?")
        for name, value in _PARAMETER.findall(query):
            (keys if name == b"key" else signed).append(unquote(value.decode("latin-1")))
        if keys or signed:
            rest = _PARAMETER.sub(b"", query).removeprefix(b"&")
            bare = path + b"?" + rest if rest else path
    trouble = ""
    if _OURS in heard.get(b"authorization", b""):
        spelled = _SPELLED.match(heard[b"authorization"])
        keys.append(spelled[1].decode("latin-1") if spelled else "")
        trouble = "" if spelled else "write the key as Authorization: Bearer KEY, or as X-Api-Key: KEY"
    if b"x-api-key" in heard:
        keys.append(heard[b"x-api-key"].decode("latin-1").strip())
    if not keys and not signed:
        return None
    if len(keys) + len(signed) > 1:
        trouble = "a request shows one key, or one signature, once"
    return Credentials(bare, "".join(keys), "".join(signed), trouble)


def without_keys(text: str) -> str:
    """Return *text* for a log, with the id alone of each key in the text."""
    return _LOGGED.sub(r"\1...", text) if "tsk_" in text else text

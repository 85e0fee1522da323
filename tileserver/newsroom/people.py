"""Persons of the desk: a TOML file of names and hashes of tokens; no token is kept anywhere."""

from __future__ import annotations

import hashlib
import os
import secrets
import tomllib
import unicodedata
from collections.abc import Iterable
from pathlib import Path

import msgspec
import tomli_w

from tileserver.complaints import explain, read_toml
from tileserver.errors import BadParameter
from tileserver.store.scheduled import person_of

LONGEST_NAME = 80
_ALIKE = {"LATIN", "CYRILLIC", "GREEK"}  # alphabets with letters that nobody tells apart
_TOKEN_BYTES = 32  # 256 random bits: nobody guesses them, so a plain hash is enough


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table ``[[person]]``: a name, and the SHA-256 of the token as 64 hexadecimal digits."""

    name: str
    token_sha256: str


class PeopleFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All persons of a file."""

    person: list[Person] = []


def checked_name(text: str) -> str:
    """Return *text* as a person's name; `BadParameter` for an empty, too long, unreadable or mixed name."""
    name = text.strip()
    if not name or len(name) > LONGEST_NAME or any(unicodedata.category(each)[0] == "C" for each in name):
        raise BadParameter(f"a name of the desk has 1 to {LONGEST_NAME} characters that can be read")
    if len(_ALIKE & {unicodedata.name(each, "").split(" ")[0] for each in name}) > 1:
        raise BadParameter(f"{name!r} mixes alphabets, and could be taken for another person's name")
    return name


def load_people(path: Path) -> tuple[Person, ...]:
    """Return the persons of the TOML file *path*; `BadParameter` where the file does not hold together."""
    text = read_toml(path, str(path), "is no list of persons")
    try:
        found = msgspec.convert(tomllib.loads(text), PeopleFile).person
    except msgspec.ValidationError as error:
        raise BadParameter(f"{path}, {explain(error, text, PeopleFile)}") from error
    except tomllib.TOMLDecodeError as error:
        raise BadParameter(f"{path}: {error}") from error
    for each in found:
        checked_name(each.name)
        if len(each.token_sha256) != 64 or set(each.token_sha256) - set("0123456789abcdef"):
            raise BadParameter(f"{path}: token_sha256 of {each.name!r} is no SHA-256 in small hex digits")
    if len({person_of(each.name) for each in found}) != len(found):
        raise BadParameter(
            f"{path}: two persons have one name, and an audit log could not tell them apart; take one out"
        )
    return tuple(found)


def add_person(path: Path, name: str) -> str:
    """Put a person into the file *path*, made where there is none, and return the token, this once."""
    name = checked_name(name)
    there = load_people(path) if path.exists() else ()
    if any(person_of(each.name) == person_of(name) for each in there):
        raise BadParameter(f"{name!r} is in {path} already; remove that one first for a new token")
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    _write(path, [*there, Person(name, token_hash(token))])
    return token


def remove_person(path: Path, name: str) -> None:
    """Take a person out of the file *path*; `BadParameter` where nobody has that *name*."""
    there = load_people(path)
    left = [each for each in there if each.name != name.strip()]
    if len(left) == len(there):
        raise BadParameter(f"nobody in {path} is called {name.strip()[:LONGEST_NAME]!r}")
    _write(path, left)


def token_hash(token: str) -> str:
    """Return the SHA-256 of a token in hex."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _write(path: Path, people: Iterable[Person]) -> None:
    text = tomli_w.dumps({"person": [msgspec.to_builtins(each) for each in people]})
    new = path.with_name(f".{path.name}.new")
    try:
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        new.replace(path)
    except OSError as error:
        raise BadParameter(f"{path} cannot be written: {error.strerror}") from error


class People:
    """The persons of a file, read again after each change of the file; nobody without a file."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self._people: tuple[Person, ...] = ()

    @property
    def are_declared(self) -> bool:
        """Whether there is a file of persons."""
        return self._path is not None

    def by_token(self, token: str) -> Person | None:
        """Return the person with the *token*, in a time that does not say how near a guess was."""
        given, found = token_hash(token), None
        for each in self._read():
            if secrets.compare_digest(each.token_sha256, given):
                found = each
        return found

    def has(self, person: Person) -> bool:
        """Whether *person* is there still, with the same token."""
        return person in self._read()

    def _read(self) -> tuple[Person, ...]:
        if self._path is None:
            return ()
        try:
            seen = self._path.stat()
        except OSError:
            return ()
        stamp = (seen.st_ino, seen.st_size, seen.st_mtime_ns)
        if stamp != self._stamp:
            self._people = ()  # a file that cannot be read lets nobody in
            self._people, self._stamp = load_people(self._path), stamp
        return self._people

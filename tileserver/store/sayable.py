"""Values of a caller that no column can hold: too large a number, a character that PostgreSQL has none of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from tileserver.errors import BadParameter

_UNSAYABLE = (
    asyncpg.CharacterNotInRepertoireError,
    asyncpg.UntranslatableCharacterError,
    asyncpg.NumericValueOutOfRangeError,
)


@contextmanager
def sayable() -> Iterator[None]:
    """Turn a value of the caller's that no column can hold into `BadParameter`."""
    try:
        yield
    except asyncpg.DataError as error:
        if isinstance(error, _UNSAYABLE) or type(error) is asyncpg.DataError:  # the latter by the client
            raise BadParameter(
                "a number is too large, or a text has a character that cannot be kept"
            ) from error
        raise

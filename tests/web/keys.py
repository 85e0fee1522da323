"""Keys for tests: made, stored or let in, and shown."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from tileserver.store.keys import KeysRead, StoredKey
from tileserver.web.keys_text import NewKey

MADE = datetime(2023, 1, 1, tzinfo=UTC)


def stored(made: NewKey, **changes: Any) -> StoredKey:
    """What is kept of a key, which may do everything unless said otherwise."""
    usual = StoredKey(made.id, made.secret_hash, "a partner", ("*",), "", (), None, None, MADE, None, None)
    return usual._replace(**changes)


def bearer_of(text: str) -> dict[str, str]:
    """The header that shows the key *text*."""
    return {"Authorization": f"Bearer {text}"}


def let_in(app: Any, *keys: StoredKey) -> None:
    """Let the server know *keys* as if it had read them from a database in which they are the first."""
    app.state.gate.keys.take(KeysRead(0, [*keys], {}), date(2024, 1, 1))

"""What a document was asked for in time, which its URLs carry on."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters of a document; ``None`` where one was not given.

    ``datetime`` is as `times.spell_datetime` writes it: equal questions make equal documents.
    """

    datetime: str | None = None
    revision: int | None = None

    @property
    def query(self) -> str:
        """The query of a URL that asks for the same, with its question mark; empty for the latest."""
        return _query(datetime=self.datetime, revision=self.revision)

    @property
    def revision_query(self) -> str:
        """The same for a URL whose time is in its path, or that is about all of it."""
        return _query(revision=self.revision)


def _query(**values: str | int | None) -> str:
    # RFC 3986 3.4: a slash and a colon stand for themselves in a query.
    given = [f"{name}={quote(str(value), safe='/:')}" for name, value in values.items() if value is not None]
    return f"?{'&'.join(given)}" if given else ""

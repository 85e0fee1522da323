"""Time parameters of a document, carried on by its URLs."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class TimeQuery:
    """Parameters ``datetime`` and ``revision`` of a document; ``None`` where the request gave none.

    ``datetime`` is as `times.spell_datetime` writes it: equal questions make equal documents.
    """

    datetime: str | None = None
    revision: int | None = None

    @property
    def query(self) -> str:
        """Query of a URL about the same time, with its question mark; empty for the latest."""
        return _query(datetime=self.datetime, revision=self.revision)

    @property
    def revision_query(self) -> str:
        """Query of a URL with its time in the path, or about all of time: the revision alone."""
        return _query(revision=self.revision)


def _query(**values: str | int | None) -> str:
    # RFC 3986 3.4: a slash and a colon stand for themselves in a query.
    given = [f"{name}={quote(str(value), safe='/:')}" for name, value in values.items() if value is not None]
    return f"?{'&'.join(given)}" if given else ""
